"""Detections of logins to the appliance itself."""

from conf.build.detections import ORIGIN, SECOND, After, Counted, Detection, Is
from conf.build.table.selections import ADMIN, PASSWORD_GUESSING, VALID_ACCOUNT
from esa_auth.thresholds import figure, span

ADMINISTRATORS = (
    Detection(
        "admin_login_guessing",
        "Guessing of Logins to the Appliance",
        "high",
        PASSWORD_GUESSING,
        "Logins to the appliance itself fail in five or more different seconds within a"
        " quarter of an hour, from one network, or on one appliance where its lines"
        " give no address.",
        ("A script or a monitoring system with an old password",),
        (*ADMIN, Is("event.outcome", ("failure",))),
        Counted(
            ORIGIN,
            span("admin_login_guessing"),
            figure("admin_login_guessing", "failures"),
            "failures",
            SECOND,
        ),
    ),
    Detection(
        "admin_login_after_failures",
        "Login to the Appliance After Failures",
        "critical",
        (*PASSWORD_GUESSING, *VALID_ACCOUNT),
        "Somebody logs in to the appliance itself from a network that had failed in"
        " five or more different seconds within the quarter of an hour before.",
        ("An administrator who remembers the password at the sixth try",),
        ADMIN,
        After(
            (ORIGIN,),
            span("admin_login_after_failures"),
            figure("admin_login_after_failures", "failures"),
            distinct=SECOND,
        ),
    ),
)
