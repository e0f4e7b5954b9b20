"""Secrets: which variables hold them, and how their values are kept out of every report.

A name is split into words (`dbPassword`, `DB_PASSWORD` and `db-password` are alike), so that `MONKEY`,
`AUTHOR` and `KEYBOARD` hold no secret. Ordinary neighbours make a word harmless: `TABLE_KEY` names a key
of a table, `SECRET_ARN` says where a secret lies, `TOKEN_TTL` how long one lives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from lambda_scenarios.model.record import (
    DiffLine,
    EnvironmentRecord,
    InvocationRecord,
    MismatchRecord,
    Record,
    RunInfo,
)

MASK = "***"
# Shorter values stand in too many innocent texts: they are masked as whole words alone.
MIN_LENGTH = 6
# Letters and digits that stand everywhere even as words.
_TOO_SHORT = 2

_WORD = re.compile(r"[A-Z0-9]+(?![a-z])|[A-Z]?[a-z0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A variable whose name holds one of these, anywhere, is secret …
_SECRET_WORDS = _words(
    "password passwords passwd passphrase pwd secret secrets token tokens credential credentials creds "
    "apikeys authtoken accesstoken clientsecret authorization dsn connstr connectionstring bearer "
    "jwt"
)
_SECRET_ENDS = ("password", "passwd", "apikey", "secretkey", "accesskey", "privatekey", "authkey", "apitoken")
# … and so is one whose last word is one of these, since elsewhere they mean something else.
_SECRET_LAST = _words("key keys auth private pass")
# Last words that say: this is about a secret, not the secret itself.
_HARMLESS_LAST = _words(
    "name names arn arns id ids path file filename dir directory prefix suffix ttl expiry expires "
    "expiration lifetime length size limit count type kind mode method algorithm alg header host hostname "
    "port region endpoint uri issuer audience version rotation enabled disabled required optional table "
    "index bucket queue topic role policy provider service manager store scope scopes schema format field "
    "column attribute attributes param parameter timeout seconds minutes hours days minute hour day "
    "age stage alias url urls"
)
# Before `key`: keys that everybody may know.
_HARMLESS_KEYS = _words(
    "table partition sort hash range primary foreign composite natural surrogate unique index cache object "
    "bucket item group order shard deduplication dedup idempotency message routing lookup feature flag "
    "public config configuration setting context metadata tag label event record row column map json s3 "
    "redis dynamo dynamodb kms locale translation i18n sorting search filter query state partitioning"
)
# Before `key`: keys that open something, whatever follows (`API_KEY_V2`).
_SECRET_KEYS = _words(
    "api secret private access encryption decryption signing license auth client master account storage "
    "shared admin webhook hmac ssh deploy subscription"
)
_HARMLESS_TOKENS = _words("max min next page pagination continuation num count total sync")
# The shell's own.
_HARMLESS_NAMES = frozenset(("PWD", "OLDPWD"))
_ALWAYS = re.compile(
    r"access_?key_?id$|secret_?access_?key$|connection_?string$|conn_?str$|secret_key_base$", re.IGNORECASE
)
# A user's password in a URL, and a key in PEM: secrets by any name.
_URL_PASSWORD = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:]*:([^\s/?#@]+)@")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")

# Values that a secret variable may have and that stand in other words as well: masked as whole words alone.
_JSON_WORDS = _words("true false null none")
_ORDINARY = _words(
    "default defaults development production staging testing example examples enabled disabled undefined "
    "unknown required optional anonymous inherit public private password secret string number object "
    "localhost changeme function handler lambda"
)


def _is_secret(name: str) -> bool:
    if name in _HARMLESS_NAMES:
        return False
    if _ALWAYS.search(name):
        return True
    # `PASSWORD2` is a password, but `S3` isn't `S`.
    words = [word.lower() for word in _WORD.findall(name) if not word.isdigit()]
    words = [word.rstrip("0123456789") if len(word) > 2 else word for word in words]
    if not words or words[-1] in _HARMLESS_LAST:
        return False
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last in _SECRET_LAST:
        return not (last in ("key", "keys") and before in _HARMLESS_KEYS)
    if last in ("token", "tokens") and before in _HARMLESS_TOKENS:
        return False
    return any(
        word in _SECRET_WORDS
        or word.endswith(_SECRET_ENDS)
        or (word in _SECRET_KEYS and following in ("key", "keys"))
        for word, following in zip(words, [*words[1:], ""], strict=True)
    )


def secret_names(names: Iterable[str], extra: Iterable[str] = ()) -> frozenset[str]:
    """Those of `names` that look like names of secrets, or stand in `extra` (in any case)."""
    more = {name.casefold() for name in extra}
    return frozenset(name for name in names if name.casefold() in more or _is_secret(name))


def _url_passwords(value: str) -> list[str]:
    return _URL_PASSWORD.findall(value) if "://" in value else []


def _holds_secret(value: str) -> bool:
    return bool(_url_passwords(value)) or ("-----BEGIN" in value and _PEM.search(value) is not None)


def mask_environment(
    variables: Iterable[tuple[str, str]], extra: Iterable[str] = ()
) -> tuple[tuple[str, str], ...]:
    """The variables with `***` for the values of secrets; empty values stay visible as such."""
    listed = tuple(variables)
    secret = secret_names([name for name, _ in listed], extra)
    return tuple(
        (name, MASK if value and (name in secret or _holds_secret(value)) else value)
        for name, value in listed
    )


def secret_values(variables: Iterable[tuple[str, str]], extra: Iterable[str] = ()) -> frozenset[str]:
    """The values that no report may show, for `Masker`: of secret variables, and passwords in URLs."""
    listed = tuple(variables)
    secret = secret_names([name for name, _ in listed], extra)
    found: set[str] = set()
    for name, value in listed:
        if name in secret or _holds_secret(value):
            found.add(value)
        found.update(_url_passwords(value))
    return frozenset(found)


# The end of `--param=NAME`, of `-eNAME`, or of `-e NAME` within a `--docker-arg`.
_GIVEN_NAME = re.compile(r"[\w.-]+$")


def secrets_of_command(words: Iterable[str], extra: Iterable[str] = ()) -> frozenset[str]:
    """The values that a command line gives by `NAME=VALUE` and no report may show, in whatever option."""
    given = []
    for whole in words:
        for word in {whole, *whole.split()}:
            for equals in re.finditer("=", word):
                name = _GIVEN_NAME.search(word, 0, equals.start())
                if name is not None and equals.end() < len(word):
                    given.append((name.group(), word[equals.end() :]))
    return secret_values(given, extra)


def _anywhere(value: str) -> bool:
    """Whether a value is masked wherever it stands; others are as whole words."""
    return len(value) >= MIN_LENGTH and value.strip().lower() not in _ORDINARY


def _as_word(value: str) -> bool:
    return (
        not _anywhere(value) and len(value.strip()) > _TOO_SHORT and value.strip().lower() not in _JSON_WORDS
    )


def _json_forms(value: str) -> set[str]:
    """The value as it stands in JSON texts, in JSON texts within those, and in Python's `repr`."""
    forms = {value}
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=ascii_)[1:-1] for form in forms for ascii_ in (True, False)}
    return forms | {repr(value)[1:-1]}


_CUT = re.compile(r"(…|\.\.\.)")
# Escapes that a JSON text needn't have used: a search for the forms of a secret doesn't find these.
_UNUSUAL_ESCAPE = re.compile(r"\\[/u]")
_STRING_OR_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*', re.DOTALL)


class Masker:
    """Replaces the values of secrets in any text. Without values it gives every text back as it is."""

    def __init__(self, values: Iterable[str]) -> None:
        values = [value for value in values if value != MASK]
        kept = [value for value in values if _anywhere(value)]
        words = sorted(
            {value.strip() for value in values if _as_word(value)}, key=lambda word: (-len(word), word)
        )
        self._words = tuple(words)
        any_word = "|".join(map(re.escape, words))
        self._word_pattern = re.compile(rf"(?<!\w)(?:{any_word})(?!\w)") if words else None
        # A value of several lines may be printed line by line.
        lines = {line.strip() for value in kept for line in value.splitlines() if len(line.strip()) >= 16}
        forms = {form for value in {*kept, *lines} for form in _json_forms(value)}
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if forms else None

    @property
    def active(self) -> bool:
        """Whether there is anything to mask."""
        return self._pattern is not None or self._word_pattern is not None

    def text(self, text: str) -> str:
        """The text with `***` for every secret, also for one of which `…` left only the beginning."""
        if self._word_pattern is not None and any(word in text for word in self._words):
            text = self._word_pattern.sub(MASK, text)
        if self._pattern is None or not text:
            return text
        # A search for each is several times as fast as the pattern, and nearly always finds nothing.
        if any(form in text for form in self._forms):
            text = self._pattern.sub(MASK, text)
        return self._without_cut_ones(text) if "…" in text or "..." in text else text

    def _without_cut_ones(self, text: str) -> str:
        pieces = _CUT.split(text)  # what was cut, and between two pieces the mark
        for n in range(0, len(pieces), 2):
            if n + 1 < len(pieces):
                pieces[n] = self._masked_end(pieces[n])
            if n > 0:
                pieces[n] = self._masked_beginning(pieces[n])
        return "".join(pieces)

    def _masked_end(self, piece: str) -> str:
        for form in self._forms:
            head = form[:MIN_LENGTH]
            at = piece.find(head, max(0, len(piece) - len(form)))
            while at >= 0:
                if form.startswith(piece[at:]):
                    return piece[:at] + MASK
                at = piece.find(head, at + 1)
        return piece

    def _masked_beginning(self, piece: str) -> str:
        for form in self._forms:
            tail = form[-MIN_LENGTH:]
            at = piece.rfind(tail, 0, len(form))
            while at >= 0:
                end = at + len(tail)
                if form.endswith(piece[:end]):
                    return MASK + piece[end:]
                at = piece.rfind(tail, 0, end - 1)
        return piece

    def json_text(self, text: str) -> str:
        """The same for a JSON text, which stays valid JSON: strings are masked inside, numbers whole."""
        if not self.active:
            return text
        known = (*self._forms, *self._words)
        if not (any(form in text for form in known) or "…" in text or _UNUSUAL_ESCAPE.search(text)):
            return text
        masked = _STRING_OR_NUMBER.sub(self._masked_token, text)
        if not any(form in masked for form in self._forms):
            return masked
        # A secret that is itself a JSON document, and lies in the text as one.
        return f'"{MASK}"'

    def _masked_token(self, match: re.Match[str]) -> str:
        token = match[0]
        if token[0] != '"':
            return f'"{MASK}"' if token in self._words or any(f in token for f in self._forms) else token
        value = json.loads(token, strict=False)
        masked = self.text(value)
        return token if masked == value else json.dumps(masked, ensure_ascii=False)


def _masked_mismatch(m: MismatchRecord, text: Callable[[str], str]) -> MismatchRecord:
    return m._replace(
        location=text(m.location),
        message=text(m.message),
        expected=text(m.expected),
        found=text(m.found),
        diff=tuple(DiffLine(line.sign, text(line.text)) for line in m.diff),
    )


def _masked_invocation(i: InvocationRecord, masker: Masker) -> InvocationRecord:
    text = masker.text
    return i._replace(
        event=masker.json_text(i.event),
        context=None if i.context is None else masker.json_text(i.context),
        output=None if i.output is None else masker.json_text(i.output),
        error=i.error
        and i.error._replace(
            type=text(i.error.type), message=text(i.error.message), stack=tuple(map(text, i.error.stack))
        ),
        logs=text(i.logs),
        init_logs=text(i.init_logs),
        mismatches=tuple(_masked_mismatch(m, text) for m in i.mismatches),
    )


def mask_record(record: Record, masker: Masker) -> Record:
    """The record without secrets. What identifies it (id, file, name, tags, functions) stays."""
    if not masker.active:
        return record
    return record._replace(
        description=masker.text(record.description),
        reason=None if record.reason is None else masker.text(record.reason),
        attempts=tuple(
            a._replace(
                reason=None if a.reason is None else masker.text(a.reason),
                invocations=tuple(_masked_invocation(i, masker) for i in a.invocations),
            )
            for a in record.attempts
        ),
    )


def mask_run(info: RunInfo, masker: Masker) -> RunInfo:
    """The run's header without secrets, which `--env NAME=VALUE` may have put into its command."""
    if not masker.active:
        return info
    return info._replace(
        command=tuple(map(masker.text, info.command)),
        labels=tuple((name, masker.text(value)) for name, value in info.labels),
        services=tuple(map(masker.text, info.services)),
    )


def environment_record(
    key: int,
    variables: Iterable[tuple[str, str]],
    identity: str,
    masker: Masker,
    extra: Iterable[str] = (),
) -> EnvironmentRecord:
    """A worker's environment for the reports: secret variables masked, and secrets inside of others."""
    masked = mask_environment(variables, extra)
    shown = tuple((name, masker.text(value)) for name, value in masked)
    return EnvironmentRecord(key, shown, masker.text(identity))
