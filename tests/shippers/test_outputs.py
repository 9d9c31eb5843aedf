"""What the files for shippers take for granted: secrets, folders, files."""

import re
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, needs_checkout

pytestmark = needs_checkout

HOSTS = ["vector", "fluentd", "fluent-bit"]
# The appliance's logs, and what every Debian has.
GIVEN = {"/var/log/esa", "/etc/ssl/certs", "/etc/default", "/dev", "/opt/esa-auth/bin"}
# The package of Vector makes both, with their owner.
GIVEN |= {"/etc/vector", "/var/lib/vector"}
_PATH = re.compile(r"(?<![\w/:])/(?:var|etc|opt|run|tmp)/[\w./*-]*\w")
_VARIABLE = re.compile(r"\$\{([A-Z_]+)|ENV(?:\.fetch\(|\[)'(\w+)'")


def files(host: str) -> dict[str, str]:
    """Return the configuration files of a host, without what is said in them."""
    found = {}
    for file in sorted((ROOT / "conf" / host).iterdir()):
        if file.suffix not in {".conf", ".yaml"} or file.name == "service.conf":
            continue
        lines = file.read_text("utf-8").splitlines()
        said = [line for line in lines if not re.match(r" *# ?[A-Z`@$]", line)]
        found[file.name] = "\n".join(said)
    return found


def page(host: str) -> str:
    return (ROOT / "examples" / host / "README.md").read_text("utf-8")


def made(host: str) -> set[str]:
    """Return the folders that the page makes."""
    steps = re.findall(r"^    (?:install -d|mkdir -p) .*", page(host), re.MULTILINE)
    return {path for step in steps for path in _PATH.findall(step)}


@pytest.mark.parametrize("host", HOSTS)
def test_every_folder_is_made_by_a_step_of_the_page(host: str) -> None:
    folders = made(host) | GIVEN
    for name, text in files(host).items():
        for path in _PATH.findall(text):
            assert any(path == f or path.startswith(f"{f}/") for f in folders), (
                f"{name}: {path}"
            )


@pytest.mark.parametrize("host", HOSTS)
def test_every_secret_is_named_on_the_page(host: str) -> None:
    """A file, or a variable where the host puts it in."""
    text = page(host)
    for name, said in files(host).items():
        for path in re.findall(r"File\.read\('([^']+)'\)", said):
            assert Path(path).name in text, f"{name}: {path}"
        for match in _VARIABLE.finditer(said):
            assert host == "fluent-bit", f"{name}: {match[0]} is put in by nobody"
            assert f"`{match[1]}`" in text, f"{name}: {match[0]}"
        for secret in re.findall(r"SECRET\[esa_auth\.(\w+)\]", said):
            assert f"/etc/vector/secrets/esa-auth/{secret}\n" in text, (
                f"{name}: {secret}"
            )


def test_no_secret_stands_in_a_file() -> None:
    """A password, token or key is a file, a variable or a backend."""
    word = re.compile(
        r"(?i)^ *#? *(?:\w*(?:passw(?:or)?d|token|shared_key))[ :]+(?P<value>\S.*)$",
        re.MULTILINE,
    )
    for host in HOSTS:
        for name, text in files(host).items():
            for match in word.finditer(text):
                value = match["value"]
                assert re.search(r"File\.read|SECRET\[|\$\{[A-Z_]+\}", value), (
                    f"{name}: {match[0]}"
                )


@pytest.mark.parametrize("host", ["fluentd", "fluent-bit"])
def test_nobody_writes_where_the_service_of_esa_auth_writes(host: str) -> None:
    """With `DynamicUser`, its folders are closed to all others."""
    for name, text in files(host).items():
        if name.startswith(("to_", "forward", "output")):
            assert "/var/log/esa-auth" not in text, name
            assert "/var/lib/esa-auth" not in text, name
