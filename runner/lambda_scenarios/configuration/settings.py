"""The settings of a configuration file: a literal table, and what a sound value of each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lambda_scenarios.model.values import WrittenFloat, WrittenInt
from lambda_scenarios.scenarios.merging import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

# What a value is: `pairs` are a mapping of names to scalars, for options with NAME=VALUE; `texts` and `paths`
# are lists.
Kind = Literal[
    "flag",
    "text",
    "path",
    "report",
    "seconds",
    "count",
    "whole",
    "jobs",
    "pairs",
    "texts",
    "paths",
    "role",
    "port",
]


class Setting(NamedTuple):
    """`option` is the attribute that the command line's option has, where it isn't the setting's name.

    `weak`: scenario files can say it too, and what they say counts more. The command line counts more than
    both.
    """

    kind: Kind
    option: str = ""
    weak: bool = False
    choices: tuple[str, ...] = ()


SETTINGS: dict[str, Setting] = {
    # select
    "paths": Setting("paths"),
    "keyword": Setting("text"),
    "tag": Setting("text"),
    "function": Setting("texts"),
    "last_failed": Setting("flag"),
    "changed_since": Setting("text"),
    "shard": Setting("text"),
    "timings": Setting("paths"),
    # run
    "backend": Setting("text", weak=True, choices=("auto", "local", "docker", "aws")),
    "missing_runtime": Setting("text", choices=("error", "skip")),
    "jobs": Setting("jobs"),
    "isolation": Setting("text", weak=True, choices=("warm", "cold")),
    "retries": Setting("whole", weak=True),
    "repeat": Setting("count", weak=True),
    "timeout": Setting("seconds", weak=True),
    "max_time": Setting("seconds"),
    "max_failures": Setting("count"),
    "order": Setting("text", choices=("defined", "random")),
    "seed": Setting("text"),
    "now": Setting("text"),
    "fail_on_flaky": Setting("flag"),
    "warm_check": Setting("flag"),
    # service
    "service": Setting("path", weak=True),
    "stage": Setting("text", weak=True),
    "region": Setting("text"),
    "param": Setting("pairs", weak=True),
    "env": Setting("pairs", weak=True),
    "var": Setting("pairs", weak=True),
    "inherit_env": Setting("flag"),
    "credentials": Setting("text", weak=True, choices=("none", "inherit", "role")),
    "aws_profile": Setting("text"),
    "assume_role": Setting("role", weak=True),
    "qualifier": Setting("text"),
    "ignore_env": Setting("flag"),
    "docker_image": Setting("pairs"),
    "docker_arg": Setting("texts"),
    "skip_package": Setting("flag"),
    "strict": Setting("flag"),
    # report
    "report_dir": Setting("path"),
    "junit": Setting("report"),
    "html": Setting("report"),
    "json": Setting("report"),
    "ctrf": Setting("report"),
    "tap": Setting("report"),
    "report": Setting("pairs"),
    "junit_flavor": Setting("text", choices=("default", "strict")),
    "label": Setting("pairs"),
    "mask": Setting("texts"),
    "history": Setting("path"),
    "github": Setting("flag"),
    "coverage": Setting("flag"),
    "verbose": Setting("flag"),
    "quiet": Setting("flag"),
    "no_reports": Setting("flag"),
    # other
    "update_snapshots": Setting("flag"),
    "debug": Setting("port"),
    # of the file alone
    "exclude": Setting("texts"),
}

# How a preset goes over the top level, and the command line over both.
RULES = Rules(
    frozenset(name for name, setting in SETTINGS.items() if setting.kind == "pairs"),
    frozenset({"mask"}),
    (frozenset({"credentials", "assume_role"}), frozenset({"verbose", "quiet"})),
)
# What selects scenarios: none of it counts where the command line names one.
SELECTION = frozenset({"keyword", "tag", "function", "last_failed", "changed_since", "shard"})


_NUMBERS = frozenset({int, float, WrittenInt, WrittenFloat})


def _text(value: Any) -> bool:
    return type(value) is str and value != ""


def _scalar(value: Any) -> bool:
    return type(value) is str or type(value) is bool or type(value) in _NUMBERS


_SOUND: dict[Kind, Callable[[Any], bool]] = {
    "flag": lambda value: type(value) is bool,
    "text": _text,
    "path": _text,
    "report": _text,
    "seconds": lambda value: type(value) in _NUMBERS and 0 < value <= 999_999_999,
    "count": lambda value: type(value) is int and value >= 1,
    "whole": lambda value: type(value) is int and value >= 0,
    "jobs": lambda value: value == "auto" or (type(value) is int and value >= 1),
    "pairs": lambda value: (
        type(value) is dict
        and all(
            _scalar(item) and key != "" and "=" not in key and "\0" not in key for key, item in value.items()
        )
    ),
    "texts": lambda value: type(value) is list and all(map(_text, value)),
    "paths": lambda value: type(value) is list and all(map(_text, value)),
    "role": lambda value: type(value) is bool or _text(value),
    "port": lambda value: type(value) is bool or (type(value) is int and 0 <= value <= 65535),
}


def are_plainly_sound(document: Any) -> bool:
    """Whether the schema surely accepts the document. False says nothing: it is stricter, never laxer."""
    if type(document) is not dict:
        return False
    presets = document.get("presets", {})
    return (
        all(key == "presets" or _is_sound(key, value) for key, value in document.items())
        and type(presets) is dict
        and all(
            name and type(preset) is dict and all(_is_sound(key, value) for key, value in preset.items())
            for name, preset in presets.items()
        )
    )


def _is_sound(name: str, value: Any) -> bool:
    setting = SETTINGS.get(name)
    return (
        setting is not None
        and _SOUND[setting.kind](value)
        and (not setting.choices or value in setting.choices)
    )
