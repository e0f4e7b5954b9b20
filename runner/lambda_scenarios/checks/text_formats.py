"""The formats of `$format` and of `format` in JSON Schemas, judged from the text alone."""

from __future__ import annotations

import re
from collections.abc import Callable

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:z|([+-])(\d{2}):(\d{2}))", re.ASCII | re.IGNORECASE)
_DURATION = re.compile(
    r"P(?:\d+W|(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)", re.ASCII
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"', re.ASCII)
_OCTET = re.compile(r"0|[1-9]\d{0,2}", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE | re.ASCII)
_URI_TEXT = re.compile(r"(?:[\w\-.~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", re.ASCII)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_uuid(text: str) -> bool:
    """Any version, with hyphens, in either case (RFC 9562)."""
    return _UUID.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """`full-date` of RFC 3339: a day that exists."""
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    if not 1 <= month <= 12:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] + leap


def is_time(text: str) -> bool:
    """`full-time` of RFC 3339: with seconds and an offset; 60 only where UTC can have a leap second."""
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    hour, minute, second = (int(match.group(i)) for i in (1, 2, 3))
    sign = -1 if match.group(4) == "-" else 1
    offset_hours, offset_minutes = int(match.group(5) or 0), int(match.group(6) or 0)
    if hour > 23 or minute > 59 or second > 60 or offset_hours > 23 or offset_minutes > 59:
        return False
    if second < 60:
        return True
    utc = hour * 60 + minute - sign * (offset_hours * 60 + offset_minutes)
    return utc % 1440 == 1439


def is_date_time(text: str) -> bool:
    """`date-time` of RFC 3339: the separator is `T`, in either case."""
    return text[10:11] in ("T", "t") and is_date(text[:10]) and is_time(text[11:])


def is_duration(text: str) -> bool:
    """`duration` of RFC 3339, appendix A (ISO 8601 without fractions)."""
    return _DURATION.fullmatch(text) is not None


def is_hostname(text: str) -> bool:
    """Labels of letters, digits and hyphens (RFC 1123); no final dot."""
    return len(text) <= 253 and all(map(_LABEL.fullmatch, text.split(".")))


def is_ipv4(text: str) -> bool:
    """Four decimal numbers without leading zeros (RFC 3986's reading, not `inet_aton`'s)."""
    parts = text.split(".")
    return len(parts) == 4 and all(_OCTET.fullmatch(part) and int(part) <= 255 for part in parts)


def is_ipv6(text: str) -> bool:
    """RFC 4291, without a zone."""
    import ipaddress  # 5 ms: only where it is asked for

    if "%" in text:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def is_email(text: str) -> bool:
    """`Mailbox` of RFC 5321: atoms or a quoted string, `@`, a host name or an address in brackets."""
    local, at, domain = text.rpartition("@")
    if not at or len(local) > 64 or not (_ATOMS.fullmatch(local) or _QUOTED.fullmatch(local)):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        address = domain[1:-1]
        return is_ipv6(address[5:]) if address[:5].lower() == "ipv6:" else is_ipv4(address)
    return is_hostname(domain)


def is_uri_reference(text: str) -> bool:
    """The characters that RFC 3986 allows, percent-encoding whole, one fragment at most."""
    before, _, fragment = text.partition("#")
    if not _URI_TEXT.fullmatch(before) or not _URI_TEXT.fullmatch(fragment):
        return False
    authority = re.match(r"(?:[^:/?]*:)?//([^/?]*)", before)
    if authority is None:
        return "[" not in before and "]" not in before
    host = authority.group(1).rpartition("@")[2]
    rest = before[authority.end() :]
    if "[" in rest or "]" in rest:
        return False
    if host.startswith("["):
        address, bracket, port = host[1:].partition("]")
        return bool(bracket) and is_ipv6(address) and re.fullmatch(r"(:\d*)?", port, re.ASCII) is not None
    return re.fullmatch(r"[^:\[\]]*(:\d*)?", host, re.ASCII) is not None


def is_uri(text: str) -> bool:
    """An absolute URI (RFC 3986): a scheme is required."""
    scheme = _SCHEME.match(text)
    return scheme is not None and len(text) > scheme.end() and is_uri_reference(text)


# The names that `$format` takes.
FORMATS: dict[str, Callable[[str], bool]] = {
    "uuid": is_uuid,
    "date-time": is_date_time,
    "date": is_date,
    "time": is_time,
    "email": is_email,
    "uri": is_uri,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "hostname": is_hostname,
}

# JSON Schemas know these besides; jsonschema passes over formats whose packages are missing.
SCHEMA_FORMATS: dict[str, Callable[[str], bool]] = {
    **FORMATS,
    "uri-reference": is_uri_reference,
    "duration": is_duration,
}
