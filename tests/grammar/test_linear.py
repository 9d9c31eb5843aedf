"""No line can make a regular expression take the square of its length.

Steps are counted, not timed, see `backtracking`: the lines are made from each rule's
own sample, cut at every word and filled up with what may come next, over and over.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest

import esa_auth
from esa_auth.envelope import HEADS, Head
from esa_auth.envelope.prefix import _MOST_PIECES, MAX_PREFIX, read_prefix
from esa_auth.grammar import GRAMMAR, RULES, Rule
from esa_auth.grammar.admin import _AUDITS, _FROM, _SAYS
from esa_auth.grammar.inbound import _CLIENT
from esa_auth.grammar.outbound import _SERVER
from esa_auth.grammar.reply import _ESCAPE, _STRING, _TUPLE, MAX_REPLY, read_reply
from tests.support.backtracking import Steps, TooManyStepsError

LENGTH = 150
# Twice the text is twice the steps; the square of it would be four times.
FACTOR = 2.6
SINGLE = (" ", "a", "0", "(", "]", "'", "\\'", ", ", " (a)")
REPLY = "('535', ['5.7.8 no', \"it's\"])[]"
STAMP = "Wed Apr 22 11:44:48 2009"
PATTERNS = {
    **{rule.name: (rule.pattern, rule.sample) for rule in RULES},
    "client": (_CLIENT, "198.51.100.7 reverse dns host a.example verified yes"),
    "server": (_SERVER, "198.51.100.9 port 25"),
    "reply": (_TUPLE, REPLY),
    "quoted": (_STRING, "'5.7.8 \\'no\\' '"),
    "escape": (_ESCAPE, "\\x41"),
    "name and address": (_FROM, "joe from 192.0.2.44"),
    "said of a user": (_SAYS, "the user joe was not authenticat"),
    "audited": (_AUDITS, "appliance: a, user: joe, event: no login"),
}
# What is derived from the rows.
DERIVED: dict[str, tuple["re.Pattern[Any]", str]] = {
    "own words": (GRAMMAR._own_words_pattern, "Authentication OK, user "),
    "mail": (re.compile(GRAMMAR.mail_to_ignore()), "MID 450 queued for delivery"),
    "context": (GRAMMAR.at_sight["icid"], "ICID 450 ACCEPT SG "),
    "close": (GRAMMAR.at_sight["icid"], "ICID 450 close"),
    **{
        f"opening of {side}": (pattern, "New SMTP ICID 450 interface")
        for side, pattern in GRAMMAR.openings
    },
}
LOOKED_FOR: dict[str, tuple["re.Pattern[Any]", str]] = {
    "phrases": (GRAMMAR.phrases.beginning, "SMTP Auth: (ICID 450)"),
    "any wording": (GRAMMAR.phrases._opening, "smtp auth ann"),
}
# What else reads a line, or a part of it, by the package that it is in.
OTHERS = {
    "ecs._ESCAPED": "\\xff",
    "ecs._IPV4": "198.51.100.7",
    "ecs._SCORE": "-9.9",
    "ecs._TLS_VERSION": "TLSv1.2",
    "envelope._LEVEL": "Info: ",
    "envelope._BEGIN": f"<22>{STAMP} ",
    "envelope._LOCAL": STAMP,
    "envelope.ODD_BSD": "2009 Apr 22 11:44:48.5",
    "envelope.RFC3339": "2009-04-22T11:44:48.5+02:00",
    "fields._ISO": "2009-04-22T11:44:48.000Z",
    "formats._EMAIL": "ann@mail.example.com",
    "grammar._QUOTE": "'",
    "grammar._SESSION_AUTH": "icid 450 auth",
    "grammar._ANY_TLS": "STARTTLS",
    "grammar._OF_CONNECTION": "ICID 450 close",
    "grammar._SAID": "TLS success",
    "pipeline._NAMED": "MID 6 ICID 450 From: ",
    "grammar._TAIL": " protocol TLSv1.2 cipher",
    "inputs._COUNT": "12 ",
    "inputs._PERHAPS": "12",
    "inputs._STAMP": f"{STAMP} ",
    "pipeline._LAST_REPEATED": "--- last message repeated 3 times",
    "pipeline._LEVEL": "x [INFO] ",
    "pipeline._MINUTES": STAMP,
    "pipeline._REPEATED": "message repeated 3 times: [",
    "grammar._TRIES": "api: failed login",
    "grammar._DENIES": "access denied for user ",
    "privacy._CODES": "('535', ['5.7.8 '",
    "privacy._MAILBOX": "ann@mail.example.com",
    "privacy._TOKEN": "ICID: 450 ",
    **dict.fromkeys((f"privacy._KINDS_OF_LETTERS.{n}" for n in range(4)), "a"),
}
# Looked for in all of a text, not at its beginning.
SEARCHED = (
    *("pipeline._NAMED", "pipeline._MINUTES"),
    *("ecs._ESCAPED", "grammar._QUOTE", "grammar._SAID"),
    *("privacy._TOKEN", "pipeline._LEVEL", "grammar._ANY_TLS"),
)
# These read a setting, the name of a file, keys that are typed, the schema, an event
# that we made, and the grammar itself.
NO_LINE = {
    *("config._OFFSET", "commands._SEQUENCE", "pipeline._PIECE", "ecs._MARK"),
    *("outputs._TAG", "commands._STAMP", "grammar._OPEN_ENDED", "grammar._LITERAL"),
    *("grammar._ITEM", "inputs._PARTS", "commands._DATE", "commands._AGO"),
    *("grammar._LOOK_AHEAD", "grammar._LETTERS_ONLY", "grammar._NOT_LITERAL"),
    *("grammar._WORD", "grammar._LONG_WORD", "grammar._TELLING", "grammar._SIDE"),
    *("grammar._AROUND_NUMBER", "grammar._LEADING_NUMBER"),
    *("pipeline._PART", "pipeline._OPTIONAL", "pipeline._EITHER", "pipeline._LETTER"),
    *("inputs._STATUS", "inputs._STAMPED", "inputs._NUMBERED", "inputs._ADDRESS"),
}


def patterns_of_the_package() -> dict[str, "re.Pattern[Any]"]:
    """Return every pattern by its package and the name that it has there."""
    found: dict[str, re.Pattern[Any]] = {}
    for module in walk_packages(esa_auth.__path__, "esa_auth."):
        if module.name.endswith("__main__"):
            continue
        with warnings.catch_warnings(record=True):
            # Of what the engine of `stream` imports.
            content = vars(import_module(module.name))
        for name, value in content.items():
            where = f"{module.name.split('.')[1]}.{name}"
            many = value if isinstance(value, tuple) else ()
            every = {f"{where}.{n}": one for n, one in enumerate(many)} | {where: value}
            for key, pattern in every.items():
                if isinstance(pattern, re.Pattern):
                    assert found.setdefault(key, pattern) is pattern, key
    return found


@pytest.fixture(autouse=True)
def deep() -> Iterator[None]:
    """The counter takes a frame of Python for each repetition."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    yield
    sys.setrecursionlimit(before)


def hostile(sample: str) -> Iterator[tuple[str, str]]:
    """Yield (what a line begins with, what is then repeated)."""
    words = re.findall(r"\S+\s*", sample)
    for cut in range(len(words) + 1):
        head, rest = "".join(words[:cut]), words[cut : cut + 5]
        phrases = {
            "".join(rest[start : start + size])
            for start in range(len(rest))
            for size in (1, 2, 4)
        }
        for pump in (*SINGLE, *sorted(phrases)):
            yield head, pump


def worst_growth(
    pattern: "re.Pattern[str] | re.Pattern[bytes]", sample: str, searched: bool = False
) -> float:
    """Return by how much the steps grow at most when the line doubles."""
    steps, worst = Steps(pattern), 0.0
    read = steps.sub if searched else steps.fullmatch
    for head, pump in hostile(sample):
        taken = []
        copies = LENGTH // len(pump)
        for count in (copies, 2 * copies):
            # The newline is in no line: it makes the end fail.
            read(head + pump * count + "\n")
            taken.append(steps.taken)
        # Steps that every line takes tell nothing of growth.
        if taken[1] > LENGTH:
            worst = max(worst, taken[1] / taken[0])
    return worst


@pytest.mark.parametrize("name", PATTERNS)
def test_steps_grow_with_the_line(name: str) -> None:
    assert worst_growth(*PATTERNS[name]) < FACTOR


@pytest.mark.parametrize("name", OTHERS)
def test_steps_grow_with_what_is_read_of_a_line(name: str) -> None:
    pattern = patterns_of_the_package()[name]
    assert worst_growth(pattern, OTHERS[name], name in SEARCHED) < FACTOR


@pytest.mark.parametrize("name", [*DERIVED, *LOOKED_FOR])
def test_steps_grow_with_what_is_derived_from_the_rows(name: str) -> None:
    pattern, sample = {**DERIVED, **LOOKED_FOR}[name]
    assert worst_growth(pattern, sample, name in LOOKED_FOR) < FACTOR


def test_the_counter_sees_a_search_that_begins_anew_everywhere() -> None:
    assert worst_growth(re.compile(r"a+(?=b)"), "a a", searched=True) >= FACTOR


def test_no_pattern_is_left_out() -> None:
    told = {id(pattern) for pattern, _ in PATTERNS.values()} | {
        id(head.pattern) for head in HEADS
    }
    left = {
        name
        for name, pattern in patterns_of_the_package().items()
        if id(pattern) not in told
    }
    assert left == OTHERS.keys() | NO_LINE


@pytest.mark.parametrize(
    ("pattern", "sample"),
    [
        (
            r"to (.*), port ([0-9]+), interface (.*), ([0-9]+) x",
            "to a, port 25, interface b",
        ),
        (r"host +(.*) verified", "host a verified"),
        (r"(\w+ ?)*", "a a"),
        (r"(.+?) (.+?) x", "a b x"),
    ],
)
def test_the_counter_sees_a_square(pattern: str, sample: str) -> None:
    """The first two stood in the rules once."""
    try:
        growth = worst_growth(re.compile(pattern, re.DOTALL), sample)
    except TooManyStepsError:
        growth = FACTOR
    assert growth >= FACTOR


def test_the_counter_agrees_with_re() -> None:
    for rule in RULES:
        for other in RULES:
            found = Steps(rule.pattern).fullmatch(other.sample)
            assert found is (rule.pattern.fullmatch(other.sample) is not None)


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.name)
def test_a_piece_of_a_head_takes_few_steps_whatever_the_line(head: Head) -> None:
    """It is looked for in the first bytes only, so a bound is enough."""
    for pattern in [head.pattern for head in HEADS]:
        steps = Steps(pattern)
        for begin, pump in hostile(head.sample.decode("latin-1")):
            line = (begin + pump * MAX_PREFIX)[:MAX_PREFIX]
            steps.match(line)
            assert steps.taken < 40 * MAX_PREFIX


def test_a_head_of_any_number_of_pieces_is_given_up() -> None:
    for piece in (b"<22>", b"Apr 22 11:00:00 a b: ", b"Original Address=192.0.2.1 "):
        found = read_prefix(piece * MAX_PREFIX)
        assert found.body_at <= len(piece) * _MOST_PIECES


def test_a_reply_of_quotes_that_nothing_closes() -> None:
    """The quotes are looked for once, not once behind each of them."""
    text = "('535', ['" + "\\'" * (MAX_REPLY // 2 - 12) + "])"
    assert read_reply(text) == ("535", None)
    many = "('535', [" + "'a', " * 1000 + "'b'])"
    code, reason = read_reply(many)
    assert code == "535"
    assert reason == "a " * 1000 + "b"


def test_rules_are_all_here() -> None:
    assert len(PATTERNS) == len({rule.name for rule in RULES}) + 8
    assert all(isinstance(rule, Rule) for rule in RULES)
