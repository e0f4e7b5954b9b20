"""The configuration file's part of a command's options: what the command line leaves open."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lambda_scenarios.configuration.find import Found, find
from lambda_scenarios.errors import Diagnostic, NothingSelected, UsageError

if TYPE_CHECKING:
    from lambda_scenarios.configuration.read import Configuration
    from lambda_scenarios.model.values import DocPath, Json, Origin
    from lambda_scenarios.runtimes.runtime import World


def add_preset(parser: argparse._ActionsContainer) -> None:
    """For commands that call `configure`."""
    parser.add_argument(
        "--preset",
        action="append",
        metavar="NAME",
        help="named settings of the configuration file, over its others",
    )


def configure(options: argparse.Namespace, world: World, found: Found | None = None) -> None:
    """Reads the configuration file and gives the options that the command line leaves open what it says.

    Sets `options.configuration`. What scenario files may say too isn't given to options of commands that read
    them (`paths`), since it is weaker than they are: `read.above` has it. Problems of the file are raised as
    UsageError, but for those commands, which tell them together with the problems of scenario files.
    """
    found = find(world.cwd) if found is None else found
    presets = getattr(options, "preset", None) or ()
    options.settings_at = {}
    options.configured_role = None
    options.unset_env = ()
    if not found.files and not presets:
        options.configuration = None
        options.root = found.root
        return
    from lambda_scenarios.configuration.read import read

    configuration = read(found, presets)
    options.configuration, options.root = configuration, found.root
    reads_scenarios = "paths" in options
    problems = configuration.problems or tuple(_fill(options, configuration, world, reads_scenarios))
    if problems and not reads_scenarios:
        raise UsageError(*problems)
    options.configuration = configuration._replace(problems=problems)


def _fill(
    options: argparse.Namespace, configuration: Configuration, world: World, reads_scenarios: bool
) -> Iterator[Diagnostic]:
    """Gives options their values; yields what can't be used."""
    from lambda_scenarios.configuration.settings import RULES, SELECTION, SETTINGS

    keys, origins = configuration.settings
    given: frozenset[str] = options.given
    actions: dict[str, argparse.Action] = {action.dest: action for action in options.parser.actions()}
    named = reads_scenarios and any("::" in path for path in options.paths)
    taken = {name for name, setting in SETTINGS.items() if (setting.option or name) in given}
    for name, value in keys.items():
        setting = SETTINGS[name]
        option = setting.option or name
        action = actions.get(option)
        displaced = not RULES.displaced(name).isdisjoint(taken) and name not in taken
        if name == "assume_role" and reads_scenarios:
            if isinstance(value, str) and RULES.displaced(name).isdisjoint(taken):
                options.configured_role = value
        elif (
            displaced
            or action is None
            or (setting.weak and reads_scenarios)
            or (setting.kind == "flag") is not (action.nargs == 0)
            or (setting.kind == "report" and "report_dir" not in options)
            or (named and name in SELECTION)
            or (name == "function" and action.required)
        ) or (option in given and setting.kind != "pairs" and name not in RULES.united):
            continue
        else:
            if name == "env":  # of one invocation
                yield from _plain_environment(options, value, origins)
            try:
                setattr(options, option, _value(options, name, value, action, world.cwd))
            except argparse.ArgumentTypeError as error:
                yield Diagnostic(f"`{name}` {error}", origins[name,])
            except argparse.ArgumentError as error:
                yield Diagnostic(f"`{name}`: {error.message}", origins[name,])
            options.settings_at[name] = origins[name,]


def _plain_environment(
    options: argparse.Namespace, env: Mapping[str, Json], origins: Mapping[DocPath, Origin]
) -> Iterator[Diagnostic]:
    """What only scenarios can do with variables of the file; sets `options.unset_env`."""
    from lambda_scenarios.scenarios.templating import is_template

    said = {text.partition("=")[0] for text in options.env or ()}
    options.unset_env = tuple(name for name, value in env.items() if value is None and name not in said)
    for name, value in env.items():
        if isinstance(value, str) and is_template(value) and name not in said:
            origin = origins.get(("env", name)) or origins[("env",)].at(name)
            label = f"give it by --env {name}=VALUE"
            yield Diagnostic(
                f"the template of `{name}` is for scenarios: here nothing renders it", origin, label
            )


def _value(options: argparse.Namespace, name: str, value: Any, action: argparse.Action, cwd: str) -> Any:
    """What the option would hold, had the command line said it. Raises argparse's errors."""
    from lambda_scenarios.configuration.settings import SETTINGS
    from lambda_scenarios.scenarios.build import as_text

    root, kind = options.root, SETTINGS[name].kind
    if kind == "flag":
        return value
    if kind == "pairs":
        texts = {key: as_text(item) for key, item in value.items() if item is not None}
        if name == "report":
            texts = {key: text if text == "-" else _path(text, root, cwd) for key, text in texts.items()}
        ours = [f"{key}={text}" for key, text in texts.items()]
        theirs = getattr(options, action.dest) or []
        said = {text.partition("=")[0] for text in theirs}
        return [one for one in ours if one.partition("=")[0] not in said] + theirs
    if kind in ("texts", "paths"):
        items = [_path(text, root, cwd) for text in value] if kind == "paths" else list(value)
        return items + ((getattr(options, action.dest) or []) if name == "mask" else [])
    if value is True:  # of options whose argument may be left out
        return action.const
    if value is False:
        return action.default
    text = as_text(value)
    if kind == "path" or (kind == "report" and text != "-"):
        text = _path(text, root, cwd)
    return action.type(text) if callable(action.type) else text


def _path(written: str, root: str, cwd: str) -> str:
    """A path of the configuration file as the command line would name it."""
    file, separator, name = written.partition("::")
    return os.path.relpath(os.path.join(root, file), cwd) + separator + name


def described(options: argparse.Namespace, cwd: str) -> tuple[str, ...]:
    """Which file configured the command; nothing where there is none."""
    configuration: Configuration | None = options.configuration
    if configuration is None or configuration.file is None:
        return ()
    from lambda_scenarios.phrases import shown_path

    presets = "".join(f" · preset {name}" for name in options.preset or ())
    return (f"settings: {shown_path(configuration.file, cwd)}{presets}",)


def pointed(error: UsageError, options: argparse.Namespace) -> UsageError:
    """The same, with its place in the configuration file where that has the option that it is about."""
    return UsageError(*(_pointed(one, options) for one in error.diagnostics))


def _pointed(diagnostic: Diagnostic, options: argparse.Namespace) -> Diagnostic:
    if diagnostic.where is not None:
        return diagnostic
    name = _about(diagnostic.problem, options)
    return diagnostic if name is None else diagnostic._replace(where=options.settings_at[name])


def _option_of(name: str) -> str:
    return "-k" if name == "keyword" else f"--{name.replace('_', '-')}"


def _about(problem: str, options: argparse.Namespace) -> str | None:
    """The setting that gave the option which a message names, if one did."""
    settings_at: dict[str, Origin] = options.settings_at
    for name in settings_at:
        if name == "paths":
            if any(f" {path}" in problem for path in options.paths):
                return name
        elif _option_of(name) in problem.split("`", maxsplit=1)[0].replace(":", " ").split():
            return name
    return None


def nothing_selected(error: NothingSelected, options: argparse.Namespace, cwd: str) -> NothingSelected:
    """The same, with the configuration file named where that says what to select."""
    name = _about(str(error), options)
    if name is None:
        return error
    from lambda_scenarios.phrases import shown_path
    from lambda_scenarios.scenarios.yaml_source import locate

    place = locate(options.settings_at[name])
    return NothingSelected(f"{error}\n  {shown_path(place.file, cwd)}:{place.line} says `{name}`")
