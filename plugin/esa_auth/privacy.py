"""What takes the place of names before an event, a letter or a session holds them.

A `Veil` knows facts and texts, not where they go. It works by what may stay: of free
text (a remote reply, a line that no rule reads) only words of a fixed list and SMTP's
codes do, because nobody can tell where in it a name is.
"""

import hmac
import re
from binascii import b2a_base64
from collections.abc import Callable
from typing import TypeVar

from esa_auth.facts import (
    AdminLogin,
    AdminLogout,
    AuthNotice,
    Bounced,
    InboundResult,
    OutboundResult,
)
from esa_auth.joined import Session, Source
from esa_auth.letter import DAMAGED_LETTER, Letter
from esa_auth.token import HIDDEN, without_token

REDACTED = "[redacted]"
_URLSAFE = bytes.maketrans(b"+/", b"-_")
# What stands before a name, in lines of SMTP AUTH and of logins to the appliance.
_NAME_AT = re.compile(
    r"SMTP Auth:? \(ICID [0-9]{1,12}\) [A-Za-z/ ]{1,40} for user: ?"
    r"|(?:The |CLI: |GUI: |Action: |PID [0-9]{1,10}: |Authentication OK, )?[Uu]ser "
    r"|An authentication attempt by the user |logout:\S+ user:|Session \S+ user:"
    r"|SourceIP:\S+ Destination:\S* Username:"
    r"|Appliance: [^,]*, Interaction Mode: [A-Za-z]+, User: "
)
_SERVER_BEFORE = "could not reach forwarding server "
_MAILBOX = re.compile(r"[^@\s]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z0-9-]{2,63}")
_SHORTEST_PASSWORD = 8
_KINDS_OF_LETTERS = (
    re.compile(r"[a-z]"),
    re.compile(r"[A-Z]"),
    re.compile(r"[0-9]"),
    re.compile(r"[^A-Za-z0-9._\\\s-]"),
)
# A number of a session or message, SMTP's codes, a short number, else a word.
_TOKEN = re.compile(
    r"\b(?:ICID|DCID|MID):? [0-9]{1,12}\b"
    r"|[^\s'\"(),:;<>\[\]{}=]+"
)
_CODE = re.compile(
    r"(?:ICID|DCID|MID):? [0-9]{1,12}|[0-9]{1,3}|(?:19|20)[0-9]{2}"
    r"|[245]\.[0-9]{1,3}\.[0-9]{1,3}"
)
# Words of AsyncOS and of replies: without them nobody could mend a rule by a letter.
_SAYINGS = (
    "mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec",
    "info warning critical debug trace mail_logs",
    "smtp auth icid dcid mid rid ip ldap sasl tls for user using mechanism with",
    "profile succeeded failed query lookup success failure is misconfigured or missing",
    "causing an could not reach forwarding server reason forward connection to port",
    "interface connections available authentication the new close address command",
    "before plain login cram-md5 digest-md5 xoauth2 oauthbearer ntlm gssapi external",
    "looks like and no rule reads it",
    "error errors invalid credentials incorrect denied relay relaying access rejected",
    "bad accepted unknown mailbox full unavailable temporarily temporary permanent",
    "recipient sender rejected by destination response message try again later too",
    "many policy service of from in at on has been was must first required encryption",
    "bounced done delayed delivery start ok e a not be this that your you please host",
    "domain name found does exist hidden",
    "an attempt by successfully authenticated logged logout log session expired",
    "privilege based https http ssh gui cli pid source destination location event",
    "because inactivity timeout appliance interaction mode passphrase",
)
_WORDS = frozenset(word for words in _SAYINGS for word in words.split())


Tried = TypeVar("Tried", InboundResult, AuthNotice)


class Veil:
    """Covers names; ``key`` gives pseudonyms, None leaves names that are no secret."""

    def __init__(self, key: bytes | None, redact: bool) -> None:
        """``redact`` takes away names that are likely passwords."""
        self._key = key
        self._redact = redact
        # So that names of one key can be told from those of the next.
        label = b"" if key is None else hmac.digest(key, b"esa-auth key id\0", "sha256")
        self.key_id = label[:4].hex()

    @property
    def about(self) -> str:
        """What a saved session must have been made with to be taken up."""
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
        return text if self._key is None else _hidden(text, self.name)

    def result(
        self, fact: InboundResult | OutboundResult, source: Source
    ) -> tuple[InboundResult | OutboundResult, Source]:
        """Return the verdict on an attempt and the line that says it, without names."""
        if isinstance(fact, OutboundResult):
            return self._reply(fact, source)
        failed = fact.outcome == "failure"
        user, source = self._user(fact.user, failed, source)
        return fact._replace(user=user), source

    def notice(self, fact: AuthNotice, source: Source) -> tuple[AuthNotice, Source]:
        """Return a notice and the line that says it, without names."""
        if fact.user is not None:
            user, source = self._user(fact.user, True, source)
            return fact._replace(user=user), source
        body = source.body or ""
        if fact.server is not None and _SERVER_BEFORE in body:
            # Behind its first word any wording may follow, and name somebody.
            server, blank, rest = fact.server.partition(" ")
            at = body.index(_SERVER_BEFORE) + len(_SERVER_BEFORE) + len(server)
            source = _rewritten(source, body[:at] + self.text(body[at:]))
            reason = fact.reason and self.text(fact.reason)
            server += blank + self.text(rest)
            return fact._replace(server=server, reason=reason), source
        if fact.reason:
            reason = self.text(fact.reason)
            kept = body[: len(body) - len(fact.reason)]
            return fact._replace(reason=reason), _rewritten(source, kept + reason)
        return fact, source

    def admin(
        self, fact: AdminLogin | AdminLogout, source: Source
    ) -> tuple[AdminLogin | AdminLogout, Source]:
        """Return a login to the appliance and its line, without name and token."""
        body = source.body or ""
        if (bare := without_token(body)) != body:
            source = _rewritten(source, bare)
        if fact.user is None:
            return fact, source
        failed = isinstance(fact, AdminLogin) and fact.outcome == "failure"
        user, source = self._user(fact.user, failed, source)
        return fact._replace(user=user), source

    def redacted(self, fact: Tried, source: Source) -> tuple[Tried, Source]:
        """Return what a client said and its line without a name, secret or not."""
        other = _renamed(source, fact.user or "", REDACTED)
        source = other or _rewritten(source, REDACTED)
        flags = (*source.flags, "redacted_user")
        return fact._replace(user=REDACTED), source._replace(flags=flags)

    def bounced(self, fact: Bounced) -> Bounced:
        """Return a bounce without the names in its reply."""
        return fact._replace(reason=fact.reason and self.text(fact.reason))

    def verdict(self, session: Session, fact: InboundResult) -> None:
        """Forget at a success what was tried before: likely it was mistyped."""
        if fact.outcome == "failure" or not self._redact or session.last_success:
            return
        if any(tried != fact.user for tried in session.users):
            session.users = {REDACTED: None}

    def letter(self, letter: Letter) -> Letter:
        """Return a dead letter whose line nobody can read a name of, nor replay."""
        if letter.recall.withheld:
            return letter
        text = letter.raw.decode("utf-8", "backslashreplace")
        reasons = letter.reasons
        if letter.why in ("invalid_event", DAMAGED_LETTER):
            # They repeat the value that is wrong.
            reasons = tuple(reason.partition(": ")[0] for reason in reasons)
        return letter._replace(
            raw=_hidden(text, lambda _: HIDDEN).encode(),
            reasons=reasons,
            recall=letter.recall._replace(withheld=True),
        )

    def _user(self, name: str, failed: bool, source: Source) -> tuple[str, Source]:
        secret = self._redact and failed and looks_like_a_password(name)
        covered = REDACTED if secret else self.name(name)
        other = None if covered == name else _renamed(source, name, covered)
        if other is None:
            return name, source
        flags = (*source.flags, "redacted_user") if secret else source.flags
        return covered, other._replace(flags=flags)

    def _reply(
        self, fact: OutboundResult, source: Source
    ) -> tuple[OutboundResult, Source]:
        if fact.outcome == "success" or self._key is None:
            return fact, source
        body = source.body or ""
        words = "using the profile "
        at = body.index(words) + len(words) + len(fact.profile)
        body = body[:at] + self.text(body[at:])
        reason = fact.reason and self.text(fact.reason)
        return fact._replace(reason=reason), _rewritten(source, body)


def looks_like_a_password(name: str) -> bool:
    """Whether ``name`` is more likely a password than an account.

    That is: no mailbox and nothing with a backslash, eight letters or more, and of
    three kinds (small, capital, digit, other) or of two with one of the other kind.
    """
    if len(name) < _SHORTEST_PASSWORD or _MAILBOX.fullmatch(name) or "\\" in name:
        return False
    kinds = [bool(kind.search(name)) for kind in _KINDS_OF_LETTERS]
    return sum(kinds) >= 3 or (kinds[3] and sum(kinds) == 2)


def _renamed(source: Source, name: str, other: str) -> Source | None:
    """Return ``source`` with another name in its line; None if it has none."""
    body = source.body or ""
    if (match := _NAME_AT.match(body)) is None:
        return None
    rest = body[match.end() + len(name) :]
    return _rewritten(source, body[: match.end()] + other + rest)


def _rewritten(source: Source, body: str) -> Source:
    """Return ``source`` with another body, behind the same prefix."""
    raw = (source.raw or b"").decode("utf-8", "backslashreplace").rstrip()
    # Behind it stands nothing, or the bracket of a repeated message.
    at = raw.rindex(source.body or "")
    rest = raw[at + len(source.body or "") :]
    return source._replace(raw=(raw[:at] + body + rest).encode(), body=body)


def _hidden(text: str, mailbox: Callable[[str], str]) -> str:
    def one(match: re.Match[str]) -> str:
        token = match[0]
        word = token.strip(".!?-|").lower()
        if not word or word in _WORDS or _CODE.fullmatch(token):
            return token
        return mailbox(token) if _MAILBOX.fullmatch(token) else HIDDEN

    return _TOKEN.sub(one, text)
