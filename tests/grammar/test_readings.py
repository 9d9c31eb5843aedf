"""What the rows make of single bodies: counts, replies, the longest name."""

import pytest

from esa_auth.grammar import GRAMMAR
from esa_auth.grammar.reply import read_reply
from esa_auth.model.facts import AdminLogin, Delivered, Tls, Unread


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (
            "('535', ['5.7.8 Error: authentication failed', 'try later'])",
            ("535", "5.7.8 Error: authentication failed try later"),
        ),
        (
            """('550', ["don't", 'caf\\xe9 \\'a\\'\\n'])""",
            ("550", "don't caf\xe9 'a'\n"),
        ),
        ("('421', [])", ("421", None)),
        ("('000', ['timed out']) []", ("000", "timed out")),
        ("('535', ['a']) ['b'] [c]", ("535", "a")),
        ("not a tuple", (None, "not a tuple")),
        ("", (None, None)),
    ],
)
def test_a_reply_is_its_code_and_its_lines(
    text: str, reply: tuple[str | None, str | None]
) -> None:
    assert read_reply(text) == reply


@pytest.mark.parametrize(
    ("recipients", "count"), [("0", 1), ("0, 1", 2), ("3, 4, 5", 3), ("", 0)]
)
def test_recipients_are_counted(recipients: str, count: int) -> None:
    fact = GRAMMAR.read(f"Message done DCID 5633 MID 441 to RID [{recipients}]")
    assert fact == Delivered("5633", count)


def test_the_longest_name_of_an_administrator() -> None:
    for address in ("", " from 192.0.2.9"):
        fact = GRAMMAR.read(f"User {'n' * 256}{address} failed authentication.")
        assert isinstance(fact, AdminLogin)
        assert fact.user == "n" * 256
        longer = GRAMMAR.read(f"User {'n' * 257}{address} failed authentication.")
        assert longer == Unread(auth_like=True)


@pytest.mark.parametrize(
    ("words", "is_tls"),
    [
        ("TLS renegotiated", True),
        ("author of TLS", True),
        ("AUTH over TLS", False),
        ("AUTH: TLS", False),
        ("SMTP AUTH over TLS", False),
    ],
)
def test_auth_in_other_words_is_no_line_on_tls(words: str, *, is_tls: bool) -> None:
    fact = GRAMMAR.read(f"ICID 450 {words}")
    expected = Tls("icid", "450", None) if is_tls else Unread(auth_like=True)
    assert fact == expected
