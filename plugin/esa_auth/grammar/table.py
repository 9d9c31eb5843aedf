"""The rows, and everything that is derived from them."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from esa_auth.grammar import admin
from esa_auth.grammar.departure import Departure, nearest
from esa_auth.grammar.opening import whole_words
from esa_auth.grammar.phrases import Phrases
from esa_auth.grammar.rule import EVENT_FAMILIES, Family, Rule, compiled
from esa_auth.model.facts import Fact, Side, Unread
from esa_auth.places import Places

# Words that may open a wording of the AUTH family that a later AsyncOS brings.
AUTH_WORDS = ("smtp auth", "smtpauth", "auth ", "auth:", "sasl")
_SESSION_AUTH = re.compile(r"[di]cid:? [0-9]+ auth\b")
# A NUL, and a line feed, a carriage return and a NUL as rsyslog escapes them.
_LINE_ENDS = ("\0", "#012", "#015", "#000")
# They matter once their connection has AUTH, so most of them are never read.
MAIL_FAMILIES: frozenset[Family] = frozenset({"message", "delivery"})


class Reading(NamedTuple):
    """What a row says of a body."""

    rule: Rule
    match: re.Match[str]
    fact: Fact


class Grammar:
    """Reads bodies with its rows, and tells others which lines to bring."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        # No line of these may be passed over, whatever stands before it.
        self.event_rules = tuple(r for r in rules if r.family in EVENT_FAMILIES)
        self._by_lead = _by_lead(rules)
        # What a body may begin with that no row reads, and that looks like these.
        self.unread_beginnings = (*AUTH_WORDS, *admin.LOGIN_WORDS)
        self.phrases = Phrases(
            self.event_rules, self.unread_beginnings, self.looks_like_auth
        )

    @cached_property
    def _own_words_pattern(self) -> re.Pattern[str]:
        own = dict.fromkeys(filter(None, map(self._own_words, self.event_rules)))
        return compiled("|".join(own) or "(?!)", any_case=True)

    @cached_property
    def delimiters(self) -> dict[Family, re.Pattern[str]]:
        """The text that stands around a name; the blank before it belongs to that."""
        return {family: self._delimiters(family) for family in EVENT_FAMILIES}

    # ---- one body -------------------------------------------------------------------

    def reading(self, body: str) -> Reading | None:
        """Return what ``body`` says, and the row that reads it, or None."""
        text = body.rstrip()
        if text.endswith(_LINE_ENDS):
            text = trimmed(text)
        for rule in self._by_lead.get(text[:4].lower(), ()):
            if match := rule.pattern.fullmatch(text):
                fact = rule.build(match)
                return None if fact is None else Reading(rule, match, fact)
        return None

    def read(self, body: str) -> Fact | Unread:
        """Return what ``body`` says, or `Unread`."""
        reading = self.reading(body)
        return reading.fact if reading else Unread(self.looks_like_auth(body))

    def places(self, body: str) -> Places:
        """Return where in ``body`` the user name and the like stand."""
        reading = self.reading(body)
        return reading.rule.places(reading.match) if reading else Places()

    def own_text(self, body: str) -> str:
        """Return the beginning of any ``body`` that only the appliance can write."""
        end = 0
        for rule in self._by_lead.get(body[:4].lower(), ()):
            if match := rule.own.match(body):
                end = max(end, match.end())
        return whole_words(body, end)

    def nearest(self, body: str) -> Departure | None:
        """Return the row that goes furthest along with an unread ``body``."""
        return nearest(body, self.rules)

    def looks_like_auth(self, body: str) -> bool:
        """Return whether an unread body looks like one that would be an event.

        Only by words at its start or by the appliance's own words in a session line or
        behind a user: a Subject, header tail or remote reply must not be able to look
        like one.
        """
        lowered = body[:400].lower()
        if self._own_words_pattern.match(lowered):
            return True
        if lowered.startswith(("dcid", "icid")):
            return (
                "smtp auth" in lowered
                or " sasl " in f"{lowered} "
                or _SESSION_AUTH.match(lowered) is not None
            )
        if lowered.startswith(AUTH_WORDS):
            return True
        return admin.like(lowered, body[-40:].lower())

    def reads_a_head(self, body: str) -> bool:
        """Return whether ``body``, without a level before it, may begin later on.

        "User log User joe failed authentication." reads as of the user "log User joe",
        and may be of joe, behind words of a collector. No head is what has a number, as
        of a connection, before the name: else whoever tries to log in could hide that.
        """
        text = trimmed(body)
        reading = self.reading(text)
        if reading is None:
            return self.looks_like_auth(text) and self.phrases.ends(text, 1)
        user = reading.rule.places(reading.match).user
        if user is None or any(map(str.isdigit, text[: user[0]])):
            return False
        return self.phrases.ends(text, user[0])

    # ---- which lines to bring -------------------------------------------------------

    @cached_property
    def families_by_lead(self) -> dict[bytes, frozenset[Family]]:
        """What lines that begin with four bytes may be."""
        found: dict[bytes, set[Family]] = defaultdict(set)
        for rule in self.rules:
            for lead in rule.leads:
                found[lead.encode()].add(rule.family)
        return {lead: frozenset(families) for lead, families in found.items()}

    @cached_property
    def unread_leads(self) -> frozenset[bytes]:
        """The first four bytes of lines that no row reads and none may miss.

        A wording that no row has may be in small letters or in capitals.
        """
        words = [
            *AUTH_WORDS,
            *(f"{word}{behind}" for word in admin.LOGIN_WORDS for behind in " :"),
        ]
        return frozenset(
            form(word[:4]).encode()
            for word in words
            for form in (str.lower, str.upper, str.capitalize)
        )

    @cached_property
    def openings(self) -> list[tuple[Side, re.Pattern[bytes]]]:
        """What the lines that open a connection begin with, up to its number."""
        return [
            (rule.side, re.compile(f"{rule.up_to_number} ".encode(), _flags(rule)))
            for rule in self.rules
            if rule.family == "opening" and rule.side
        ]

    @cached_property
    def at_sight(self) -> dict[Side, re.Pattern[bytes]]:
        """What finds the number in lines of a connection, and reads no further.

        It matches lines that say at sight what they are: a context line or, with the
        group ``close``, the last one.
        """
        sides = {row.side for row in self.rules if row.at_sight and row.side}
        return {side: self._at_sight(side) for side in sides}

    def mail_passed_over(self) -> dict[str, str]:
        """Return first words of bodies on mail, each with letters.

        A row may read such a body only if its next word, that is no number, begins with
        one of the letters.
        """
        second: dict[str, set[str | None]] = defaultdict(set)
        for rule in self.rules:
            second[rule.lead].add(rule.second_letter)
        mail = {r.lead for r in self.rules if r.family in MAIL_FAMILIES}
        return {
            lead: "".join(sorted(filter(None, letters)))
            for lead, letters in second.items()
            if lead in mail and None not in letters
        }

    def mail_to_ignore(self) -> str:
        """Return an expression for bodies on mail that no row reads.

        Half of all lines tell of a message what nobody asks for.
        """
        return "|".join(
            f"{lead}:? (?:[0-9]+ {behind}|{behind})"
            for lead, letters in self.mail_passed_over().items()
            for behind in [f"(?![0-9{letters}])"]
        )

    def words_at_sight(self, side: Side, family: Family) -> list[str]:
        """Return what a line of ``family`` says at sight behind its number."""
        rules = (r for r in self.rules if r.side == side and r.family == family)
        return [word for rule in rules for word in rule.at_sight]

    def _at_sight(self, side: Side) -> re.Pattern[bytes]:
        found = (row for row in self.rules if row.at_sight and row.side == side)
        rows = [row for row in found if row.family != "ignored"]
        # All have the number in front, so that it is the same group.
        (beginning,) = {row.up_to_number for row in rows}
        context, close = (
            "|".join(
                re.escape(words)
                for row in rows
                if (row.family == "close") is ends
                for words in row.at_sight
            )
            for ends in (False, True)
        )
        either = rf"{beginning} (?:{context}|(?P<close>{close}) *\Z)"
        return re.compile(either.encode())

    def _delimiters(self, family: Family) -> re.Pattern[str]:
        rules = (rule for rule in self.rules if rule.family == family)
        found = sorted(frozenset[str]().union(*(rule.delimiters for rule in rules)))
        return re.compile("|".join(map(re.escape, found)) or "(?!)")

    def _own_words(self, rule: Rule) -> str | None:
        """Return an expression for what only lines of an event begin with, if any."""
        if rule.family == "login" and not admin.tells_of_login(rule.beginning):
            return None
        others = any(
            other.leads & rule.leads and other.family not in EVENT_FAMILIES
            for other in self.rules
        )
        return rule.own_words(with_lead_alone=not others)


def _by_lead(rules: Iterable[Rule]) -> dict[str, tuple[Rule, ...]]:
    table: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        table[f"{rule.lead} "[:4].lower()].append(rule)
    return {lead: tuple(found) for lead, found in table.items()}


def _flags(rule: Rule) -> re.RegexFlag:
    return re.IGNORECASE if rule.any_case else re.NOFLAG


def trimmed(body: str) -> str:
    """Return ``body`` without blanks behind it, and what a line end became."""
    text = body.rstrip()
    if not text.endswith(_LINE_ENDS):
        return text
    end = len(text)
    while text.endswith(_LINE_ENDS, 0, end):
        end -= 1 if text.endswith("\0", 0, end) else 4
    return text[:end].rstrip()
