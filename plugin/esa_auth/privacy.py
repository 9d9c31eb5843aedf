"""Replaces names before an event, a dead letter or a session holds them.

A `Pseudonymizer` knows facts and texts, not where they go. It cuts out names, tokens
and words of others by their place, which the row of the grammar says; a name whose
place is unknown may not leave. Of free text (a remote reply) only its codes stay. Of a
rejected line only what the appliance alone can have written stays: nobody can tell
where in the rest a name is, and a name can be any word.
"""

import hmac
import re
from binascii import b2a_base64
from typing import TypeVar

from esa_auth.model.dead_letter import DAMAGED_LETTER, DeadLetter
from esa_auth.model.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    Bounced,
    InboundResult,
    OutboundResult,
    masked,
)
from esa_auth.model.session import Session, Source
from esa_auth.places import HIDDEN, Places, Span, hidden, replaced

REDACTED = "[redacted]"
_URLSAFE = bytes.maketrans(b"+/", b"-_")
# A line that a syslog cut inside the name goes on where its outcome seemed to end. The
# shortest usual cut is at 1024 bytes, and its header may be gone since.
_MAY_BE_CUT = 800
_MAILBOX = re.compile(r"[^@\s]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z0-9-]{2,63}")
_SHORTEST_PASSWORD = 8
_KINDS_OF_LETTERS = (
    re.compile(r"[a-z]"),
    re.compile(r"[A-Z]"),
    re.compile(r"[0-9]"),
    re.compile(r"[^A-Za-z0-9._\\\s-]"),
)
_TOKEN = re.compile(r"[^\s'\"(),:;<>\[\]{}=]+")
# What a reply begins with: how AsyncOS writes its code, and the code of RFC 3463.
_CODES = re.compile(
    r"[ ]*(?:\(['\"][0-9]{3}['\"], \[['\"])?"
    r"(?:[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![^\s'\"]))?"
)


Tried = TypeVar("Tried", InboundResult, AuthNotice)


class Pseudonymizer:
    """Replaces names by pseudonyms, and likely passwords by ``[redacted]``."""

    def __init__(self, key: bytes | None, redact: bool) -> None:
        """Take the key of the pseudonyms; None: names stay, unless ``redact``.

        ``redact`` takes away names that are likely passwords.
        """
        self._key = key
        self._redact = redact
        # So that names of one key can be told from those of the next.
        label = b"" if key is None else hmac.digest(key, b"esa-auth key id\0", "sha256")
        self.key_id = label[:4].hex()

    @property
    def about(self) -> str:
        """The settings, which must be those that a saved session was made with."""
        return f"{self.key_id} {self._redact}"

    def name(self, name: str) -> str:
        """Return the pseudonym of ``name``: equal names of a key have equal ones."""
        if self._key is None or name in ("", REDACTED):
            return name
        what = b"esa-auth name\0" + name.encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, what, "sha256")[:16]
        short = b2a_base64(digest).translate(_URLSAFE)[:22].decode()
        return f"pn-{self.key_id}-{short}"

    def text(self, text: str) -> str:
        """Return free text with what may be a name taken out of it."""
        if self._key is None:
            return text
        codes = _CODES.match(text)
        begin = codes[0] if codes else ""
        tokens = [token.strip(".!?") for token in _TOKEN.findall(text, len(begin))]
        shown: list[str] = []
        for token in tokens:
            word = self.name(token) if _MAILBOX.fullmatch(token) else HIDDEN
            if word != HIDDEN or shown[-1:] != [HIDDEN]:
                shown.append(word)
        if shown and begin[-1:].isdigit():
            begin += " "
        # So that what is left of a line can be read as the line was.
        end = f"{quote[-1]}])" if (quote := begin.partition(", [")[2][:1]) else ""
        return begin + " ".join(shown) + end

    def result(
        self, fact: InboundResult | OutboundResult, source: Source, places: Places
    ) -> tuple[InboundResult | OutboundResult, Source] | None:
        """Return the verdict on an attempt and the line that says it, without names.

        None if their place in it is not known; so do `notice` and `admin`.
        """
        if isinstance(fact, OutboundResult):
            return self._reply(fact, source, places)
        failed = fact.outcome == "failure"
        named = self._user(fact.user, failed, source, places)
        return named and (fact._replace(user=named[0]), named[1])

    def notice(
        self, fact: AuthNotice, source: Source, places: Places
    ) -> tuple[AuthNotice, Source] | None:
        """Return a notice and the line that says it, without names."""
        if fact.user is not None:
            named = self._user(fact.user, True, source, places)
            return named and (fact._replace(user=named[0]), named[1])
        if not places.texts:
            return fact, source
        server = fact.server
        if server is not None:
            # Behind its first word any wording may follow, and name somebody.
            first, blank, rest = server.partition(" ")
            server = first + self.text(blank + rest) if rest else server
        reason = fact.reason and self.text(fact.reason)
        fact = fact._replace(server=server, reason=reason)
        return fact, self._without_texts(source, places)

    def admin(
        self, fact: AdminLogin | AdminLogout, source: Source, places: Places
    ) -> tuple[AdminLogin | AdminLogout, Source] | None:
        """Return a login to the appliance and its line, without name and token."""
        if fact.user is None:
            body = replaced(source.body or "", hidden(places))
            return fact, _rewritten(source, body)
        failed = isinstance(fact, AdminLogin) and fact.outcome == "failure"
        privilege = fact.privilege if isinstance(fact, AdminLogin) else None
        told = tuple(text for text in (fact.address, privilege) if text)
        # Behind a name of asterisks may stand what was typed, as behind any other.
        named = self._user(
            fact.user, failed, source, places, told, as_is=masked(fact.user)
        )
        return named and (fact._replace(user=named[0]), named[1])

    def redacted(
        self, fact: Tried, source: Source, places: Places
    ) -> tuple[Tried, Source]:
        """Return what a client said and its line without a name, secret or not."""
        if (span := _span(fact.user or "", source, places)) is None:
            source = source._replace(raw=REDACTED.encode(), body=REDACTED)
        else:
            body = replaced(source.body or "", [(span, REDACTED)])
            source = _rewritten(source, body)
        flags = (*source.flags, "redacted_user")
        return fact._replace(user=REDACTED), source._replace(flags=flags)

    def bounced(self, fact: Bounced) -> Bounced:
        """Return a bounce without the names in its reply."""
        return fact._replace(reason=fact.reason and self.text(fact.reason))

    def forget_mistyped(self, session: Session, fact: InboundResult) -> None:
        """Forget at a success the names tried before it: they were likely mistyped."""
        if fact.outcome == "failure" or not self._redact or session.last_success:
            return
        if any(tried != fact.user for tried in session.users):
            session.users = {REDACTED: None}

    def letter(self, letter: DeadLetter, own: str) -> DeadLetter:
        """Return a dead letter whose line nobody can read a name of, nor replay.

        ``own`` is what its line begins with that only the appliance can have written.
        """
        if letter.hints.withheld:
            return letter
        reasons = letter.reasons
        blank = " " if own[-1:] not in ("", " ", "(") else ""
        if letter.why in ("invalid_event", DAMAGED_LETTER):
            # They repeat the value that is wrong.
            reasons = tuple(reason.partition(": ")[0] for reason in reasons)
        return letter._replace(
            raw=f"{own}{blank}{HIDDEN}".encode(),
            reasons=reasons,
            hints=letter.hints._replace(withheld=True),
        )

    def _user(
        self,
        name: str,
        failed: bool,
        source: Source,
        places: Places,
        told: tuple[str, ...] = (),
        *,
        as_is: bool = False,
    ) -> tuple[str, Source] | None:
        """Return the covered name and its line; what the fact has ``told`` stays.

        So does a name that is to be written ``as_is``.
        """
        if not name and places.user is None:
            return name, source
        span = _span(name, source, places)
        if span is None or places.user is None or len(source.raw or b"") > _MAY_BE_CUT:
            return None
        secret = self._redact and failed and looks_like_a_password(name)
        covered = REDACTED if secret else name if as_is else self.name(name)
        body, pieces = source.body or "", [(span, covered), *hidden(places)]
        behind = span[1], places.user[1]
        rest = body[slice(*behind)]
        if rest and not any(_only(text, rest) for text in told):
            # It may be what was typed.
            pieces.append((behind, HIDDEN if failed else self.text(rest)))
        flags = (*source.flags, "redacted_user") if secret else source.flags
        return covered, _rewritten(source, replaced(body, pieces))._replace(flags=flags)

    def _reply(
        self, fact: OutboundResult, source: Source, places: Places
    ) -> tuple[OutboundResult, Source] | None:
        if fact.reason is None or self._key is None:
            return fact, source
        if not places.texts:
            return None
        fact = fact._replace(reason=self.text(fact.reason))
        return fact, self._without_texts(source, places)

    def _without_texts(self, source: Source, places: Places) -> Source:
        body = source.body or ""
        pieces = [(span, self.text(body[slice(*span)])) for span in places.texts]
        return _rewritten(source, replaced(body, pieces))


def looks_like_a_password(name: str) -> bool:
    """Whether ``name`` is more likely a password than an account.

    That is: no mailbox and nothing with a backslash, eight letters or more, and of
    three kinds (small, capital, digit, other) or of two with one of the other kind.
    """
    if len(name) < _SHORTEST_PASSWORD or _MAILBOX.fullmatch(name) or "\\" in name:
        return False
    kinds = [bool(kind.search(name)) for kind in _KINDS_OF_LETTERS]
    return sum(kinds) >= 3 or (kinds[3] and sum(kinds) == 2)


def _span(name: str, source: Source, places: Places) -> Span | None:
    """Return where ``name`` stands in the body, if that is where its row has it."""
    if places.user is None:
        return None
    start, end = places.user
    if not (source.body or "").startswith(name, start) or start + len(name) > end:
        return None
    return start, start + len(name)


def _only(text: str, rest: str) -> bool:
    """Whether ``rest`` is ``text`` behind one word and nothing else."""
    before = rest.removesuffix(text)
    return before != rest and len(re.findall(r"\w+", before)) == 1


def _rewritten(source: Source, body: str) -> Source:
    """Return ``source`` with another body, behind the same prefix."""
    if body == source.body:
        return source
    raw = (source.raw or b"").decode("utf-8", "backslashreplace")
    # Behind it stands nothing, or the bracket of a repeated message.
    head, found, rest = raw.rpartition(source.body or "")
    line = head + body + rest if found else body
    return source._replace(raw=line.encode(), body=body)
