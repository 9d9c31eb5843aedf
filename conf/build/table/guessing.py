"""Detections of guessing at the gateway: what fails, and how often."""

from conf.build.detections import (
    ACCOUNT,
    NETWORK,
    OLD,
    SESSION,
    Counted,
    Detection,
    Has,
    Scattered,
)
from conf.build.table.selections import (
    ATTEMPT,
    FAILURE,
    KNOWN_SOURCE,
    NAMED,
    PASSWORD_GUESSING,
)
from esa_auth.thresholds import figure, span

GUESSING = (
    Detection(
        "brute_force_by_source",
        "SMTP AUTH Brute Force from One Network",
        "medium",
        PASSWORD_GUESSING,
        "Ten or more failed logins at the gateway from one IPv4 address or one IPv6 /64"
        " within five minutes, whatever the user names.",
        (
            "A scanner, printer or script that keeps an old password",
            "Many users behind one address",
        ),
        (*FAILURE, KNOWN_SOURCE),
        Counted(
            NETWORK,
            span("brute_force_by_source"),
            figure("brute_force_by_source", "failures"),
            "failures",
        ),
        OLD,
        "b0a4e6cf-c128-5f4c-a855-dc2036bf651b",
    ),
    Detection(
        "slow_brute_force",
        "Slow SMTP AUTH Brute Force from One Network",
        "medium",
        PASSWORD_GUESSING,
        "A hundred or more failed logins at the gateway from one IPv4 address or one"
        " IPv6 /64 within a day, however slow.",
        ("A device that keeps an old password and tries it every few minutes",),
        (*FAILURE, KNOWN_SOURCE),
        Counted(
            NETWORK,
            span("slow_brute_force"),
            figure("slow_brute_force", "failures"),
            "failures",
        ),
    ),
    Detection(
        "password_spray",
        "SMTP AUTH Password Spray from One Network",
        "high",
        ("attack.credential-access", "attack.t1110", "attack.t1110.003"),
        "One IPv4 address or IPv6 /64 fails for ten or more different users within ten"
        " minutes: few passwords tried on many accounts, under the lock-out of each."
        " Users who got in from there within the window do not count.",
        (
            "A relay or web mail that logs in on behalf of many users, on the day its"
            " back end is down",
        ),
        (*ATTEMPT, KNOWN_SOURCE, NAMED),
        Counted(
            NETWORK,
            span("password_spray"),
            figure("password_spray", "users"),
            "users",
            ACCOUNT,
            forgiven=True,
        ),
        OLD,
        "87a36fea-366e-5157-b1db-14eff4a3195b",
    ),
    Detection(
        "one_user_from_many_sources",
        "SMTP AUTH Guessing of One User from Many Networks",
        "medium",
        ("attack.credential-access", "attack.t1110", "attack.t1110.001"),
        "Logins of one user name fail from five or more IPv4 addresses or IPv6 /64"
        " within one hour: a botnet that shares the guessing.",
        ("A changed password of a user with many devices on many networks",),
        (*FAILURE, KNOWN_SOURCE, NAMED),
        Counted(
            ACCOUNT,
            span("one_user_from_many_sources"),
            figure("one_user_from_many_sources", "networks"),
            "networks",
            NETWORK,
        ),
        OLD,
        "580ea6f8-b2da-5638-b8af-0dc4140c9969",
    ),
    Detection(
        "distributed_guessing",
        "SMTP AUTH Guessing Spread over Many Networks",
        "high",
        (
            "attack.credential-access",
            "attack.t1110",
            "attack.t1110.003",
            "attack.t1110.004",
        ),
        "Within an hour thirty or more networks fail a few times each for fifteen or"
        " more users, and hardly any gets in: a spray by a botnet, or credential"
        " stuffing through proxies. No rule for one source sees it.",
        ("A back end that refuses everybody, until it is repaired",),
        (*ATTEMPT, KNOWN_SOURCE),
        Scattered(
            span("distributed_guessing"),
            figure("distributed_guessing", "tries"),
            figure("distributed_guessing", "networks"),
            figure("distributed_guessing", "users"),
            figure("distributed_guessing", "percent"),
        ),
    ),
    Detection(
        "guessing_without_address",
        "SMTP AUTH Brute Force in One Session of Unknown Address",
        "medium",
        PASSWORD_GUESSING,
        "Ten or more failed logins in one session whose opening line was not seen, so"
        " that no rule by source counts them.",
        ("A device that keeps an old password, while lines are lost",),
        (*FAILURE, Has("source.ip", there=False)),
        Counted(
            SESSION,
            span("guessing_without_address"),
            figure("guessing_without_address", "failures"),
            "failures",
        ),
    ),
)
