"""ATT&CK's names for the tactics and techniques that the detections are tagged with.

Of MITRE ATT&CK for Enterprise, https://attack.mitre.org.
"""

from conf.build.detections import Detection

SITE = "https://attack.mitre.org"
# Sigma's tag -> number and name.
TACTICS = {
    "credential-access": ("TA0006", "Credential Access"),
    "impact": ("TA0040", "Impact"),
    "initial-access": ("TA0001", "Initial Access"),
    "resource-development": ("TA0042", "Resource Development"),
}
# Technique -> its tactic here, and its name.
TECHNIQUES = {
    "T1040": ("credential-access", "Network Sniffing"),
    "T1078": ("initial-access", "Valid Accounts"),
    "T1110": ("credential-access", "Brute Force"),
    "T1110.001": ("credential-access", "Password Guessing"),
    "T1110.003": ("credential-access", "Password Spraying"),
    "T1110.004": ("credential-access", "Credential Stuffing"),
    "T1499": ("impact", "Endpoint Denial of Service"),
    "T1531": ("impact", "Account Access Removal"),
    "T1586": ("resource-development", "Compromise Accounts"),
    "T1586.002": ("resource-development", "Email Accounts"),
}


def tactics(detection: Detection) -> list[str]:
    """Return the tactics of a detection, as Sigma writes them."""
    tags = (tag.removeprefix("attack.") for tag in detection.tags)
    return [tag for tag in tags if tag in TACTICS]


def techniques(detection: Detection, tactic: str) -> dict[str, list[str]]:
    """Return a detection's techniques of a tactic, each with its sub-techniques."""
    numbers = sorted(n for n in detection.techniques if TECHNIQUES[n][0] == tactic)
    found: dict[str, list[str]] = {}
    for number in numbers:
        found.setdefault(number.split(".")[0], [])
        if "." in number:
            found[number.split(".")[0]].append(number)
    return found


def page(number: str) -> str:
    """Return the address of the page about a tactic or technique, which ends in `/`."""
    kind = "tactics" if number.startswith("TA") else "techniques"
    return f"{SITE}/{kind}/{number.replace('.', '/')}/"
