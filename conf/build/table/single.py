"""Detections in which one event is a finding."""

from conf.build.detections import OLD, SESSION, AtLeast, Detection, Each, Is
from conf.build.table.selections import (
    ADMIN,
    ATTEMPT,
    DATASET,
    NAMED,
    PASSWORD_GUESSING,
    SENT,
    SUCCESS,
    VALID_ACCOUNT,
)
from esa_auth.thresholds import figure

SINGLE = (
    Detection(
        "auth_without_tls",
        "SMTP AUTH Password Sent in Clear Text",
        "medium",
        ("attack.credential-access", "attack.t1040"),
        "A client gave user and password by PLAIN or LOGIN on a connection without TLS."
        " It fires only where the opening of the connection was seen, so a lost line is"
        " no finding.",
        ("Old devices on a network of their own",),
        (
            *ATTEMPT,
            Is("tls.established", (False,)),
            Is("cisco_esa.auth.mechanism", ("PLAIN", "LOGIN")),
        ),
        Each(),
        OLD,
        "bb774afe-1b3e-5afe-8036-108a074eb4a7",
    ),
    Detection(
        "backend_unreachable",
        "SMTP AUTH Back End Unreachable",
        "medium",
        ("attack.impact", "attack.t1499"),
        "The gateway cannot ask the directory or the forwarding server that checks"
        " passwords, or the profile for it is broken. Nobody can log in meanwhile.",
        ("Maintenance of the directory or the forwarding server",),
        (
            DATASET,
            Is("event.action", ("smtp-auth-backend-error",)),
            Is(
                "event.code",
                (
                    "SMTPAUTH_FWD_SERVER_FAILED",
                    "SMTPAUTH_FWD_SERVER_FAILED_ALERT",
                    "SMTPAUTH_FWD_SERVER_BADCFG",
                    "SMTPAUTH_LDAP_QUERY_FAILED",
                ),
            ),
        ),
        Each(),
        OLD,
        "2ce08753-9dc1-57c4-8c81-e4a2b2e61358",
    ),
    Detection(
        "outbound_credentials_refused",
        "Outbound Relay Refuses the Credentials of the Gateway",
        "medium",
        ("attack.impact", "attack.t1531"),
        "The gateway logs in at another server (smart host, partner) with an outgoing"
        " SMTP AUTH profile and is refused for good: the password was changed, expired"
        " or revoked.",
        ("A password change that was not yet entered in the profile",),
        (
            DATASET,
            Is("event.action", ("smtp-auth-client",)),
            Is("event.outcome", ("failure",)),
            Is("error.code", ("530", "534", "535", "538")),
        ),
        Each(),
        OLD,
        "ae855287-be36-5684-bd26-ea9929ca47bc",
    ),
    Detection(
        "success_on_rejected_connection",
        "SMTP AUTH Success on a Rejected Connection",
        "high",
        VALID_ACCOUNT,
        "The Host Access Table had rejected the client (a block list, a bad"
        " reputation), and with delayed rejection the client could log in all the same"
        " and may relay.",
        ("A user on travel behind an address with a bad reputation",),
        (*SUCCESS, Is("cisco_esa.policy.action", ("REJECT",))),
        Each(),
        OLD,
        "990f6c57-16ff-500a-a511-ee9e9887b977",
    ),
    Detection(
        "recipients_burst_after_success",
        "Burst of Recipients After an SMTP AUTH Success",
        "high",
        ("attack.resource-development", *VALID_ACCOUNT, "attack.t1586.002"),
        "A session in which a client logged in has sent several messages to a hundred"
        " or more recipients in all: an account that was taken over and sends spam. One"
        " message to all colleagues is none.",
        ("Newsletters and other bulk mail sent with a login",),
        (
            DATASET,
            SENT,
            NAMED,
            AtLeast(
                "cisco_esa.summary.recipients",
                figure("recipients_burst_after_success", "recipients"),
            ),
            AtLeast(
                "cisco_esa.summary.messages",
                figure("recipients_burst_after_success", "messages"),
            ),
        ),
        Each(SESSION),
        OLD,
        "3c91b77a-915b-51b4-b890-ce944dcf05b1",
    ),
    Detection(
        "admin_account_locked",
        "Login to the Appliance Refused After Too Many Attempts",
        "high",
        PASSWORD_GUESSING,
        "The appliance says that a user has exceeded the limit of attempts to log in to"
        " the appliance itself: somebody guesses the password of an administrator.",
        ("An administrator, or a script, with an old password",),
        (*ADMIN, Is("event.code", ("ADMIN_ATTEMPTS_EXCEEDED",))),
        Each(),
    ),
    Detection(
        "relay_volume_open_session",
        "SMTP AUTH Session That Is Still Open Sends to Many Recipients",
        "high",
        ("attack.resource-development", *VALID_ACCOUNT, "attack.t1586.002"),
        "A session in which a client logged in has sent several messages to 500"
        " or more recipients and is not closed yet: mail is going out now, and can be"
        " stopped.",
        ("Newsletters, invoices and other bulk mail sent with a login",),
        (
            DATASET,
            Is("event.action", ("smtp-session-progress",)),
            NAMED,
            AtLeast(
                "cisco_esa.summary.recipients",
                figure("relay_volume_open_session", "recipients"),
            ),
            AtLeast(
                "cisco_esa.summary.messages",
                figure("relay_volume_open_session", "messages"),
            ),
        ),
        Each(SESSION),
    ),
)
