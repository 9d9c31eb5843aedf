"""Detections of accounts that somebody else may have: logins, and what was sent."""

from conf.build.detections import (
    ACCOUNT,
    NETWORK,
    OLD,
    After,
    AtLeast,
    Detection,
    FirstSeen,
    Volume,
)
from conf.build.table.selections import (
    ATTEMPT,
    DATASET,
    KNOWN_SOURCE,
    NAMED,
    PASSWORD_GUESSING,
    SENT,
    SUCCESS,
    VALID_ACCOUNT,
)
from esa_auth.thresholds import figure, span

GOT_IN = (
    Detection(
        "success_after_failures",
        "SMTP AUTH Success After Failures",
        "high",
        (*PASSWORD_GUESSING, *VALID_ACCOUNT),
        "A user gets in from a network that had failed at least five times for the same"
        " user within the fifteen minutes before: a guessed password.",
        ("A user who mistypes a new password and then gets it right",),
        (*ATTEMPT, KNOWN_SOURCE, NAMED),
        After(
            (NETWORK, ACCOUNT),
            span("success_after_failures"),
            figure("success_after_failures", "failures"),
        ),
        OLD,
        "32bd5ece-1d59-52ac-aeb1-775adad0c614",
    ),
    Detection(
        "success_after_failures_elsewhere",
        "SMTP AUTH Success After Failures from Many Networks",
        "high",
        (*PASSWORD_GUESSING, *VALID_ACCOUNT),
        "A user gets in, from anywhere, after ten or more failures for the same user"
        " from three or more networks within the hour before.",
        ("A user with many devices on many networks, on the day of a new password",),
        (*ATTEMPT, KNOWN_SOURCE, NAMED),
        After(
            (ACCOUNT,),
            span("success_after_failures_elsewhere"),
            figure("success_after_failures_elsewhere", "failures"),
            figure("success_after_failures_elsewhere", "networks"),
        ),
    ),
    Detection(
        "relay_volume_by_user",
        "SMTP AUTH User Sends to Many Recipients Within an Hour",
        "high",
        ("attack.resource-development", *VALID_ACCOUNT, "attack.t1586.002"),
        "One user has sent to five hundred or more recipients within an hour, over all"
        " sessions and sources: a leaked credential that is used in small portions.",
        ("Newsletters, invoices and other bulk mail sent with a login",),
        (DATASET, SENT, NAMED, AtLeast("cisco_esa.summary.recipients", 1)),
        Volume(
            span("relay_volume_by_user"), figure("relay_volume_by_user", "recipients")
        ),
    ),
    Detection(
        "relay_volume_by_day",
        "SMTP AUTH User Sends to Many Recipients Within a Day",
        "medium",
        ("attack.resource-development", *VALID_ACCOUNT, "attack.t1586.002"),
        "One user has sent to two thousand or more recipients within a day, over all"
        " sessions and sources.",
        ("Newsletters, invoices and other bulk mail sent with a login",),
        (DATASET, SENT, NAMED, AtLeast("cisco_esa.summary.recipients", 1)),
        Volume(
            span("relay_volume_by_day"), figure("relay_volume_by_day", "recipients")
        ),
    ),
    Detection(
        "first_seen_network",
        "SMTP AUTH Success from a Network New for the User",
        "low",
        VALID_ACCOUNT,
        "A user who is known for a week or longer gets in from an IPv4 address or IPv6"
        " /64 that the user never came from within the last thirty days.",
        ("Users on travel, at home, on a new provider",),
        (*SUCCESS, KNOWN_SOURCE, NAMED),
        FirstSeen(
            span("first_seen_network", "history"),
            span("first_seen_network", "recent"),
            span("first_seen_network", "known"),
        ),
    ),
)
