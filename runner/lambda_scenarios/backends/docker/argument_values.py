"""How the values of `docker run`'s options are read (pure, but for the files of --env-file and --label-file).

Each takes the text of a value and what it is read with. All raise `Wrong` with a reason, or ValueError where
none is needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from lambda_scenarios.backends.docker import options
from lambda_scenarios.errors import did_you_mean
from lambda_scenarios.model.container import Gpus, Mount


class Reading(NamedTuple):
    """What values are read with: the variables of the shell, and where relative paths begin."""

    environ: Mapping[str, str]
    cwd: str


class Wrong(Exception):
    """The value of an option can't be used."""


def boolean(name: str, text: str) -> bool:
    # What Go's strconv.ParseBool takes.
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise Wrong(f"`{name}` is true or false, not `{text}`")


def filled(text: str, _reading: Reading) -> str:
    if not text:
        raise ValueError(text)
    return text


def each(text: str, _reading: Reading) -> tuple[str, ...]:
    if not text:
        raise ValueError(text)
    return (text,)


def capability(text: str, _reading: Reading) -> tuple[str, ...]:
    """`NET_ADMIN`, `cap_net_admin`, `all`: as the engine has them."""
    name = text.upper()
    if not name:
        raise ValueError(text)
    return (name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}",)


def number(text: str, _reading: Reading) -> int:
    return int(text)


def size(text: str, _reading: Reading) -> str:
    options.size(text)
    return text


def size_or_unlimited(text: str, _reading: Reading) -> str:
    if text != "-1":
        options.size(text)
    return text


def nano_cpus(text: str, _reading: Reading) -> int:
    from fractions import Fraction

    value = Fraction(text) * 1_000_000_000
    if value.denominator != 1 or value < 0:
        raise ValueError(text)
    return int(value)


def variable(text: str, reading: Reading) -> tuple[tuple[str, str | None], ...]:
    """`NAME=VALUE`; `NAME` alone is the shell's own, and unset where it has none."""
    name, equals, value = text.partition("=")
    if not name:
        raise ValueError(text)
    if equals:
        return ((name, value),)
    return ((name, reading.environ.get(name)),)


def variables_of(text: str, reading: Reading) -> tuple[tuple[str, str], ...]:
    """A file with a `NAME=VALUE` in each line, without quotes or continuation: as `docker` reads it."""
    return _lines_of(text, reading, "--env-file", _known_variable)


def _known_variable(line: str, reading: Reading) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in variable(line, reading) if value is not None)


def labels_of(text: str, reading: Reading) -> tuple[tuple[str, str], ...]:
    return _lines_of(text, reading, "--label-file", lambda line, _reading: (_pair(line),))


def _lines_of(
    name: str,
    reading: Reading,
    option: str,
    read: Callable[[str, Reading], tuple[tuple[str, str], ...]],
) -> tuple[tuple[str, str], ...]:
    path = os.path.join(reading.cwd, os.path.expanduser(name))
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(f"`{option} {name}` can't be read: {getattr(error, 'strerror', None) or error}") from None
    found: list[tuple[str, str]] = []
    for line in lines:
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        if re.search(r"\s", stripped.partition("=")[0]) or stripped.startswith("="):
            raise Wrong(f"`{option} {name}`: `{stripped}` is no NAME=VALUE")
        found += read(stripped, reading)
    return tuple(found)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name:
        raise ValueError(text)
    return name, value


def pairs(text: str, _reading: Reading) -> tuple[tuple[str, str], ...]:
    return (_pair(text),)


def sysctl(text: str, _reading: Reading) -> tuple[tuple[str, str], ...]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(text)
    return ((name, value),)


def volume(text: str, reading: Reading) -> tuple[str, ...]:
    """`SOURCE:TARGET[:OPTIONS]`; a source that is a path (`./x`, `~/x`) is from here."""
    source, colon, rest = text.partition(":")
    if not colon:
        raise Wrong(f"`-v {text}` needs SOURCE:TARGET")
    if not rest.startswith("/"):
        raise Wrong(f"`-v {text}`: the place inside the container begins with /")
    if source in (".", "..") or source.startswith(("./", "../", "~")):
        source = os.path.normpath(os.path.join(reading.cwd, os.path.expanduser(source)))
    elif not source:
        raise ValueError(text)
    return (f"{source}:{rest}",)


_MOUNT_NAMES = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "ro": "readonly",
}
_MOUNT_OPTIONS = frozenset(
    ("readonly", "consistency", "bind-propagation", "volume-nocopy", "tmpfs-size", "tmpfs-mode")
)


def mount(text: str, reading: Reading) -> tuple[Mount, ...]:  # noqa: PLR0912  # a table of keys
    kind, source, target = "volume", "", ""
    found: list[tuple[str, str]] = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = _MOUNT_NAMES.get(name.strip().lower(), name.strip().lower())
        if name in ("readonly", "volume-nocopy"):
            found.append((name, "true" if boolean(name, value if equals else "true") else "false"))
        elif not equals:
            raise Wrong(f"`--mount {text}`: `{part}` must be KEY=VALUE")
        elif name == "type":
            kind = value.lower()
        elif name == "source":
            source = value
        elif name == "target":
            target = value
        elif name in _MOUNT_OPTIONS:
            found.append((name, value))
        else:
            close = did_you_mean(name, [*_MOUNT_NAMES, *_MOUNT_OPTIONS, "type", "source", "target"])
            hint = f", did you mean `{close}`?" if close else ""
            raise Wrong(f"`--mount {text}`: unknown key `{name}`{hint}")
    if kind not in ("bind", "volume", "tmpfs"):
        raise Wrong(f"`--mount {text}`: the type is bind, volume or tmpfs")
    if not target:
        raise Wrong(f"`--mount {text}` needs a target")
    if kind == "bind":
        if not source:
            raise Wrong(f"`--mount {text}` needs a source")
        source = os.path.normpath(os.path.join(reading.cwd, os.path.expanduser(source)))
    for name, value in found:
        if name == "tmpfs-size":
            options.size(value)
        elif name == "tmpfs-mode":
            int(value, 8)
    return (Mount(kind, source, target, tuple(found)),)


def tmpfs(text: str, _reading: Reading) -> tuple[tuple[str, str], ...]:
    path, _, settings = text.partition(":")
    if not path.startswith("/"):
        raise ValueError(text)
    return ((path, settings),)


def port(text: str, _reading: Reading) -> tuple[str, ...]:
    options.port_bindings(text)
    return (text,)


def exposed(text: str, _reading: Reading) -> tuple[str, ...]:
    if ":" in text:
        raise ValueError(text)
    options.port_bindings(text)
    return (text,)


def host(text: str, _reading: Reading) -> tuple[str, ...]:
    """`NAME:IP` or `NAME=IP`."""
    name, equals, address = text.partition("=")
    if not equals:
        name, _, address = text.partition(":")
    if not name or not address:
        raise ValueError(text)
    return (f"{name}:{address.removeprefix('[').removesuffix(']')}",)


def ulimit(text: str, _reading: Reading) -> tuple[tuple[str, int, int], ...]:
    """`NAME=SOFT[:HARD]`; -1 is unlimited."""
    name, equals, limits = text.partition("=")
    if name not in _ULIMITS or not equals:
        raise ValueError(text)
    soft, colon, hard = limits.partition(":")
    low = int(soft)
    high = int(hard) if colon else low
    if high != -1 and (low == -1 or low > high):
        raise Wrong(f"`--ulimit {text}`: the soft limit is above the hard one")
    return ((name, low, high),)


# github.com/docker/go-units, ulimit.go
_ULIMITS = frozenset(
    (
        *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss"),
        *("rtprio", "rttime", "sigpending", "stack"),
    )
)


def gpus(text: str, _reading: Reading) -> Gpus:
    """`all`, a number, or `device=0,1`, `count=2`, `capabilities=…` (a list in quotes)."""
    if text == "all":
        return Gpus(-1)
    if text.lstrip("-").isdigit():
        return Gpus(int(text))
    import csv

    count: int | None = None
    devices: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    for part in next(csv.reader([text])):
        name, equals, value = part.partition("=")
        if name == "device" and equals:
            devices = tuple(value.split(","))
        elif name == "count" and equals:
            count = -1 if value == "all" else int(value)
        elif name == "capabilities" and equals:
            capabilities = tuple(value.split(","))
        elif name == "driver" and value == "nvidia":
            continue
        else:
            raise ValueError(text)
    return Gpus(
        1 if count is None else count, devices, (*capabilities, *(() if "gpu" in capabilities else ("gpu",)))
    )


def device(text: str, _reading: Reading) -> tuple[str, ...]:
    parts = text.split(":")
    if (
        len(parts) > 3
        or not parts[0].startswith("/")
        or (len(parts) == 3 and not set(parts[2]) <= set("rwm"))
    ):
        raise ValueError(text)
    return (text,)
