"""Passwords that were typed as user names, as far as they can be told."""

import random
import string

import msgpack
import orjson
import pytest

from esa_auth.pipeline import Settings
from esa_auth.pipeline.ledger import Ledger
from esa_auth.privacy import REDACTED, looks_like_a_password
from tests.support.harness import inbound, made, native, opened, run

SETTINGS = Settings(reference=1_782_864_000, id_key=b"i" * 32, redact=True)


def passwords(count: int = 200) -> list[str]:
    chance = random.Random(35)
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    found = []
    for number in range(count):
        letters = [
            c for kind in (*kinds, "!#$%&*+/=?") for c in chance.choices(kind, k=3)
        ]
        chance.shuffle(letters)
        # As people write them, too.
        found.append(f"Summer-{number}x9Q" if number % 4 == 0 else "".join(letters))
    return found


@pytest.mark.parametrize(
    "name",
    [
        "P@ssw0rd",
        "Summer2024",
        "tr0ub4dor&3",
        "AGFubgBzZWNyZXQ=",
        "hunter2!",
        "summer!!",
        "SUMMER!!",
        "1234567!",
    ],
)
def test_what_looks_like_a_password(name: str) -> None:
    assert looks_like_a_password(name)


@pytest.mark.parametrize(
    "name",
    [
        "ann",
        "ann@example.com",
        "Ann.Lee2@Mail.Example.com",
        "EXAMPLE\\Ann.Lee2",
        "ann.lee",
        "svc_backup-01",
        "administrator",
        "Administrator",
        "12345678",
        "!!!!!!!!",
        "hunter!",
    ],
)
def test_what_looks_like_an_account(name: str) -> None:
    assert not looks_like_a_password(name)


@pytest.mark.parametrize("way", ["snapshot", "ledger"])
def test_no_password_of_a_failure_is_in_the_state(way: str) -> None:
    pipeline = made(SETTINGS)
    pipeline.feed([native(inbound(user=word)) for word in passwords()])
    if way == "snapshot":
        saved: bytes = msgpack.packb(pipeline.snapshot())
    else:
        ledger = Ledger(pipeline.registry.named(SETTINGS.appliance))
        saved = b"".join(value or b"" for _, value in ledger.changes())
    assert REDACTED.encode() in saved
    assert [word for word in passwords() if word.encode() in saved] == []


def test_no_password_of_a_failure_is_written() -> None:
    words = passwords()
    lines = [*map(native, opened())]
    lines += [native(inbound(user=word)) for word in words]
    ldap = "SMTP Auth: (ICID 450) LDAP query/user lookup failed for user: "
    lines += [native(ldap + word, 1) for word in words]
    lines += [native(f"SMTP Auth: (ICID 450) deferred for user: {w}", 2) for w in words]
    ended = run(lines, SETTINGS)
    written = orjson.dumps([ended.events, ended.dead]).decode()

    assert len(ended.events) == 2 * len(words) + 1
    assert len(ended.dead) == len(words)
    assert [word for word in words if word in written] == []
    assert ended.results[0]["user"] == {"name": REDACTED}
    assert ended.results[0]["cisco_esa"]["flags"] == ["redacted_user"]


def test_no_password_of_a_refused_administrator_is_written() -> None:
    words = passwords()
    wordings = (
        "User {} failed authentication.",
        "User {} from 192.0.2.44 failed authentication.",
        "An authentication attempt by the user {} from 192.0.2.44 failed",
        "Appliance: a, Interaction Mode: GUI, User: {}, Source IP: 192.0.2.44, "
        "Event: Invalid username or passphrase",
    )
    for wording in wordings:
        ended = run([native(wording.replace("{}", word)) for word in words], SETTINGS)
        written = orjson.dumps([ended.events, ended.dead]).decode()
        assert len(ended.events) == len(words)
        assert [word for word in words if word in written] == []
        assert ended.results[0]["user"] == {"name": REDACTED}
        flags = [e["cisco_esa"]["flags"] for e in ended.results]
        assert all("redacted_user" in kinds for kinds in flags)


def test_the_name_of_a_success_stays() -> None:
    lines = [native(inbound(user="Summer2024", outcome="succeeded"))]
    assert run(lines, SETTINGS).results[0]["user"]["name"] == "Summer2024"


def test_a_success_takes_what_was_tried_before_it_out_of_the_summary() -> None:
    tried = [native(inbound(user="correct horse")), native(inbound(user="ann"))]
    lines = [*map(native, opened()), *tried]
    lines.append(native(inbound(user="ann", outcome="succeeded"), 1))
    lines.append(native(inbound(user="ben"), 2))
    end = run([*lines, native("ICID 450 close", 3)], SETTINGS).events[-1]

    assert end["related"]["user"] == [REDACTED, "ann", "ben"]
    assert end["user"]["name"] == "ann"


def test_only_success_leaves_the_summary_whole() -> None:
    lines = [native(inbound(user=name)) for name in ("ann", "ben")]
    end = run([*lines, native("ICID 450 close", 3)], SETTINGS).events[-1]
    assert end["related"]["user"] == ["ann", "ben"]
