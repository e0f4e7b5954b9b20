"""Reads arguments of `docker run` (pure, but for the files of --env-file).

https://docs.docker.com/reference/cli/docker/container/run/
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lambda_scenarios.backends.docker import options
from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.container import DockerArguments, Gpus, Mount


class _Option(NamedTuple):
    """What an option does: `field` of DockerArguments ("": nothing here), and how its text becomes a value.
    `many`: may be given several times. A flag needs no value, but may have `=true` or `=false`."""

    field: str
    read: Callable[[str, _Reading], Any]
    many: bool = False
    flag: bool = False


class _Reading(NamedTuple):
    environ: Mapping[str, str]
    cwd: str


class _Wrong(Exception):
    """The value of an option can't be used."""


def parse(texts: Sequence[str], environ: Mapping[str, str], cwd: str) -> DockerArguments:
    """What `--docker-arg` was given, each text holding one argument or several, quoted as in a shell.

    `environ` is where `-e NAME` finds its value; relative paths are from `cwd`. Raises UsageError.
    """
    words: list[str] = []
    for text in texts:
        try:
            words += shlex.split(text)
        except ValueError as error:
            raise UsageError(Diagnostic(f"--docker-arg `{text}`: {str(error).lower()}")) from None
    try:
        return _Parser(_Reading(environ, cwd)).parse(words)
    except _Wrong as wrong:
        raise UsageError(Diagnostic(f"--docker-arg: {wrong}")) from None


class _Parser:
    def __init__(self, reading: _Reading) -> None:
        self._reading = reading
        self._found: dict[str, Any] = {}

    def parse(self, words: list[str]) -> DockerArguments:
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word.startswith("--") and len(word) > 2:
                name, equals, value = word.partition("=")
                self._one(name, value if equals else None, rest)
            elif word.startswith("-") and len(word) > 1:
                self._short(word, rest)
            else:
                raise _unexpected(word)
        return DockerArguments(**self._found)

    def _one(self, name: str, value: str | None, rest: list[str]) -> None:
        option = OPTIONS.get(name)
        if option is None:
            raise _unknown(name)
        if option.flag:
            self._set(name, option, _boolean(name, "true" if value is None else value))
            return
        if value is None:
            if not rest:
                raise _Wrong(f"`{name}` needs a value")
            value = rest.pop(0)
        self._set(name, option, value)

    def _short(self, word: str, rest: list[str]) -> None:
        """`-p 80:80`, `-p80:80`, `-p=80:80`; flags may stand together: `-itP`."""
        letters = word[1:]
        while letters:
            name, letters = "-" + letters[0], letters[1:]
            option = OPTIONS.get(name)
            if option is None:
                raise _unknown(name if len(word) == 2 else f"{name}` of `{word}")
            if option.flag:
                value = None
                if letters.startswith("="):
                    value, letters = letters[1:], ""
                self._set(name, option, _boolean(name, "true" if value is None else value))
                continue
            if letters:
                value, letters = letters.removeprefix("="), ""
            elif rest:
                value = rest.pop(0)
            else:
                raise _Wrong(f"`{name}` needs a value")
            self._set(name, option, value)

    def _set(self, name: str, option: _Option, value: Any) -> None:
        if not option.field:
            return
        try:
            found = value if option.flag else option.read(value, self._reading)
        except _Wrong:
            raise
        except (ValueError, KeyError, IndexError):
            raise _Wrong(f"`{name}` can't be `{value}`") from None
        if option.many:
            found = (*self._found.get(option.field, ()), *found)
        self._found[option.field] = found


def _boolean(name: str, text: str) -> bool:
    # What Go's strconv.ParseBool takes.
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise _Wrong(f"`{name}` is true or false, not `{text}`")


def _unknown(name: str) -> UsageError:
    bare = name.partition("`")[0]
    if bare in _REFUSED:
        return UsageError(Diagnostic(f"--docker-arg: `{bare}` can't be given: {_REFUSED[bare]}"))
    close = did_you_mean(bare, [*OPTIONS])
    notes = (f"did you mean `{close}`?",) if close else ()
    return UsageError(Diagnostic(f"--docker-arg: unknown argument of docker run: `{name}`", None, "", notes))


def _unexpected(word: str) -> UsageError:
    return UsageError(
        Diagnostic(
            f"--docker-arg: `{word}` is no option of docker run",
            None,
            "",
            ("the image is the function's own, or that of --docker-image RUNTIME=IMAGE",),
        )
    )


# How values are read.


def _text(text: str, _reading: _Reading) -> str:
    if not text:
        raise ValueError(text)
    return text


def _each(text: str, _reading: _Reading) -> tuple[str, ...]:
    if not text:
        raise ValueError(text)
    return (text,)


def _capability(text: str, _reading: _Reading) -> tuple[str, ...]:
    """`NET_ADMIN`, `cap_net_admin`, `all`: as the engine has them."""
    name = text.upper()
    if not name:
        raise ValueError(text)
    return (name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}",)


def _number(text: str, _reading: _Reading) -> int:
    return int(text)


def _size(text: str, _reading: _Reading) -> str:
    options.size(text)
    return text


def _size_or_unlimited(text: str, _reading: _Reading) -> str:
    if text != "-1":
        options.size(text)
    return text


def _nano_cpus(text: str, _reading: _Reading) -> int:
    from fractions import Fraction

    value = Fraction(text) * 1_000_000_000
    if value.denominator != 1 or value < 0:
        raise ValueError(text)
    return int(value)


def _variable(text: str, reading: _Reading) -> tuple[tuple[str, str | None], ...]:
    """`NAME=VALUE`; `NAME` alone is the shell's own, and unset where it has none."""
    name, equals, value = text.partition("=")
    if not name:
        raise ValueError(text)
    if equals:
        return ((name, value),)
    return ((name, reading.environ.get(name)),)


def _variables_of(text: str, reading: _Reading) -> tuple[tuple[str, str], ...]:
    """A file with a `NAME=VALUE` in each line, without quotes or continuation: as `docker` reads it."""
    return _lines_of(text, reading, "--env-file", _known_variable)


def _known_variable(line: str, reading: _Reading) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in _variable(line, reading) if value is not None)


def _labels_of(text: str, reading: _Reading) -> tuple[tuple[str, str], ...]:
    return _lines_of(text, reading, "--label-file", lambda line, _reading: (_pair(line),))


def _lines_of(
    name: str,
    reading: _Reading,
    option: str,
    read: Callable[[str, _Reading], tuple[tuple[str, str], ...]],
) -> tuple[tuple[str, str], ...]:
    path = os.path.join(reading.cwd, os.path.expanduser(name))
    try:
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _Wrong(
            f"`{option} {name}` can't be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    found: list[tuple[str, str]] = []
    for line in lines:
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        if re.search(r"\s", stripped.partition("=")[0]) or stripped.startswith("="):
            raise _Wrong(f"`{option} {name}`: `{stripped}` is no NAME=VALUE")
        found += read(stripped, reading)
    return tuple(found)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name:
        raise ValueError(text)
    return name, value


def _pairs(text: str, _reading: _Reading) -> tuple[tuple[str, str], ...]:
    return (_pair(text),)


def _sysctl(text: str, _reading: _Reading) -> tuple[tuple[str, str], ...]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(text)
    return ((name, value),)


def _volume(text: str, reading: _Reading) -> tuple[str, ...]:
    """`SOURCE:TARGET[:OPTIONS]`; a source that is a path (`./x`, `~/x`) is from here."""
    source, colon, rest = text.partition(":")
    if not colon:
        raise _Wrong(f"`-v {text}` needs SOURCE:TARGET")
    if not rest.startswith("/"):
        raise _Wrong(f"`-v {text}`: the place inside the container begins with /")
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


def _mount(text: str, reading: _Reading) -> tuple[Mount, ...]:  # noqa: PLR0912  # a table of keys
    kind, source, target = "volume", "", ""
    found: list[tuple[str, str]] = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = _MOUNT_NAMES.get(name.strip().lower(), name.strip().lower())
        if name in ("readonly", "volume-nocopy"):
            found.append((name, "true" if _boolean(name, value if equals else "true") else "false"))
        elif not equals:
            raise _Wrong(f"`--mount {text}`: `{part}` must be KEY=VALUE")
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
            raise _Wrong(f"`--mount {text}`: unknown key `{name}`{hint}")
    if kind not in ("bind", "volume", "tmpfs"):
        raise _Wrong(f"`--mount {text}`: the type is bind, volume or tmpfs")
    if not target:
        raise _Wrong(f"`--mount {text}` needs a target")
    if kind == "bind":
        if not source:
            raise _Wrong(f"`--mount {text}` needs a source")
        source = os.path.normpath(os.path.join(reading.cwd, os.path.expanduser(source)))
    for name, value in found:
        if name == "tmpfs-size":
            options.size(value)
        elif name == "tmpfs-mode":
            int(value, 8)
    return (Mount(kind, source, target, tuple(found)),)


def _tmpfs(text: str, _reading: _Reading) -> tuple[tuple[str, str], ...]:
    path, _, settings = text.partition(":")
    if not path.startswith("/"):
        raise ValueError(text)
    return ((path, settings),)


def _port(text: str, _reading: _Reading) -> tuple[str, ...]:
    options.port_bindings(text)
    return (text,)


def _exposed(text: str, _reading: _Reading) -> tuple[str, ...]:
    if ":" in text:
        raise ValueError(text)
    options.port_bindings(text)
    return (text,)


def _host(text: str, _reading: _Reading) -> tuple[str, ...]:
    """`NAME:IP` or `NAME=IP`."""
    name, equals, address = text.partition("=")
    if not equals:
        name, _, address = text.partition(":")
    if not name or not address:
        raise ValueError(text)
    return (f"{name}:{address.removeprefix('[').removesuffix(']')}",)


def _ulimit(text: str, _reading: _Reading) -> tuple[tuple[str, int, int], ...]:
    """`NAME=SOFT[:HARD]`; -1 is unlimited."""
    name, equals, limits = text.partition("=")
    if name not in _ULIMITS or not equals:
        raise ValueError(text)
    soft, colon, hard = limits.partition(":")
    low = int(soft)
    high = int(hard) if colon else low
    if high != -1 and (low == -1 or low > high):
        raise _Wrong(f"`--ulimit {text}`: the soft limit is above the hard one")
    return ((name, low, high),)


# github.com/docker/go-units, ulimit.go
_ULIMITS = frozenset(
    (
        *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss"),
        *("rtprio", "rttime", "sigpending", "stack"),
    )
)


def _gpus(text: str, _reading: _Reading) -> Gpus:
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


def _device(text: str, _reading: _Reading) -> tuple[str, ...]:
    parts = text.split(":")
    if (
        len(parts) > 3
        or not parts[0].startswith("/")
        or (len(parts) == 3 and not set(parts[2]) <= set("rwm"))
    ):
        raise ValueError(text)
    return (text,)


_OPTION_OF = {
    "--add-host": _Option("hosts", _host, many=True),
    "--cap-add": _Option("cap_add", _capability, many=True),
    "--cap-drop": _Option("cap_drop", _capability, many=True),
    "--cgroup-parent": _Option("cgroup_parent", _text),
    "--cgroupns": _Option("cgroupns", _text),
    "--cpu-period": _Option("cpu_period", _number),
    "--cpu-quota": _Option("cpu_quota", _number),
    "--cpu-shares": _Option("cpu_shares", _number),
    "--cpus": _Option("nano_cpus", _nano_cpus),
    "--cpuset-cpus": _Option("cpuset_cpus", _text),
    "--cpuset-mems": _Option("cpuset_mems", _text),
    "--detach": _Option("", _text, flag=True),
    "--device": _Option("devices", _device, many=True),
    "--dns": _Option("dns", _each, many=True),
    "--dns-option": _Option("dns_options", _each, many=True),
    "--dns-search": _Option("dns_search", _each, many=True),
    "--domainname": _Option("domain", _text),
    "--entrypoint": _Option("entrypoint", _text),
    "--env": _Option("environment", _variable, many=True),
    "--env-file": _Option("environment", _variables_of, many=True),
    "--expose": _Option("expose", _exposed, many=True),
    "--gpus": _Option("gpus", _gpus),
    "--group-add": _Option("groups", _each, many=True),
    "--hostname": _Option("hostname", _text),
    "--init": _Option("init", _text, flag=True),
    "--interactive": _Option("", _text, flag=True),
    "--ipc": _Option("ipc", _text),
    "--label": _Option("labels", _pairs, many=True),
    "--label-file": _Option("labels", _labels_of, many=True),
    "--mac-address": _Option("mac_address", _text),
    "--memory": _Option("memory", _size),
    "--memory-reservation": _Option("memory_reservation", _size),
    "--memory-swap": _Option("memory_swap", _size_or_unlimited),
    "--memory-swappiness": _Option("memory_swappiness", _number),
    "--mount": _Option("mounts", _mount, many=True),
    "--name": _Option("name", _text),
    "--network": _Option("network", _text),
    "--network-alias": _Option("aliases", _each, many=True),
    "--oom-kill-disable": _Option("oom_kill_disable", _text, flag=True),
    "--oom-score-adj": _Option("oom_score_adj", _number),
    "--pid": _Option("pid", _text),
    "--pids-limit": _Option("pids_limit", _number),
    "--platform": _Option("platform", _text),
    "--privileged": _Option("privileged", _text, flag=True),
    "--publish": _Option("ports", _port, many=True),
    "--publish-all": _Option("publish_all", _text, flag=True),
    "--quiet": _Option("", _text, flag=True),
    "--read-only": _Option("read_only", _text, flag=True),
    "--rm": _Option("", _text, flag=True),
    "--runtime": _Option("runtime", _text),
    "--security-opt": _Option("security", _each, many=True),
    "--shm-size": _Option("shm_size", _size),
    "--stop-signal": _Option("stop_signal", _text),
    "--sysctl": _Option("sysctls", _sysctl, many=True),
    "--tmpfs": _Option("tmpfs", _tmpfs, many=True),
    "--ulimit": _Option("ulimits", _ulimit, many=True),
    "--user": _Option("user", _text),
    "--userns": _Option("userns", _text),
    "--uts": _Option("uts", _text),
    "--volume": _Option("volumes", _volume, many=True),
    "--volumes-from": _Option("volumes_from", _each, many=True),
    "--workdir": _Option("workdir", _text),
}
# Other spellings, and letters.
_SAME = {
    "--net": "--network",
    "--net-alias": "--network-alias",
    "--dns-opt": "--dns-option",
    "-c": "--cpu-shares",
    "-d": "--detach",
    "-e": "--env",
    "-h": "--hostname",
    "-i": "--interactive",
    "-l": "--label",
    "-m": "--memory",
    "-p": "--publish",
    "-P": "--publish-all",
    "-q": "--quiet",
    "-u": "--user",
    "-v": "--volume",
    "-w": "--workdir",
}
OPTIONS: Mapping[str, _Option] = {
    **_OPTION_OF,
    **{name: _OPTION_OF[other] for name, other in _SAME.items()},
}

_STREAM = "the runner itself listens to the container's output"
_LIFE = "the runner itself starts, stops and removes its containers"
_REFUSED = {
    "-t": _STREAM,
    "--tty": _STREAM,
    "-a": _STREAM,
    "--attach": _STREAM,
    "--sig-proxy": _STREAM,
    "--log-driver": _STREAM,
    "--log-opt": _STREAM,
    "--detach-keys": _STREAM,
    "--restart": _LIFE,
    "--stop-timeout": _LIFE,
    "--cidfile": _LIFE,
    "--pull": "an image that is missing is pulled, one that is there is taken: `docker pull` renews it",
}
