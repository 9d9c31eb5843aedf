"""What events of one kind have in common."""

from conf.build.detections import Has, Is

DATASET = Is("event.dataset", ("cisco_esa.auth",))
ATTEMPT = (DATASET, Is("event.action", ("smtp-auth",)))
FAILURE = (*ATTEMPT, Is("event.outcome", ("failure",)))
SUCCESS = (*ATTEMPT, Is("event.outcome", ("success",)))
# What a session has sent: said when it ends, and while it lives if that is switched on.
SENT = Is("event.action", ("smtp-session-end", "smtp-session-progress"))
ADMIN = (DATASET, Is("event.action", ("admin-login",)))
LETTER = (DATASET, Is("event.kind", ("pipeline_error",)))
KNOWN_SOURCE = Has("source.ip")
NAMED = Has("user.name")

# Tactics and techniques of ATT&CK.
PASSWORD_GUESSING = ("attack.credential-access", "attack.t1110", "attack.t1110.001")
VALID_ACCOUNT = ("attack.initial-access", "attack.t1078")
