"""What `${source:…}` can ask: one function a source, and the table of all of them.

Each follows the Serverless Framework, version 3 (lib/configuration/variables/sources/ and, for
`param`, @serverless/dashboard-plugin/lib/resolve-params.js).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from lambda_scenarios.errors import UsageError, did_you_mean
from lambda_scenarios.model.values import PROGRAMS, Json, Place
from lambda_scenarios.services.javascript_text import text_in_text
from lambda_scenarios.services.variables import Asked, Located, Missing, Resolver, Source, SourceError


def _self(resolver: Resolver, asked: Asked) -> Located | Missing:
    path = tuple(asked.address.split(".")) if asked.address else ()
    found = resolver.follow(resolver.document, path)
    if found is None:
        return _nothing_at(resolver, resolver.document, path)
    if isinstance(found.value, str):
        # It is resolved; what it holds now counts as written where it was asked for.
        return Located(found.value, asked.origin)
    return found


def _nothing_at(resolver: Resolver, start: Located, path: tuple[str, ...]) -> Missing:
    """Says how far `path` leads, and which key was perhaps meant."""
    for length in range(len(path)):
        parent = resolver.follow(start, path[:length])
        child = resolver.follow(start, path[: length + 1])
        if child is None and parent is not None:
            whole = ".".join(path)
            reason = f"there is no value `{whole}` in this file"
            keys = tuple(parent.value) if isinstance(parent.value, dict) else ()
            if path[length] in keys:
                return Missing(f"`{'.'.join(path[: length + 1])}` is null")
            if path == ("provider", "stage"):
                return Missing(reason, "`${sls:stage}` is the stage, also where none is written")
            if path == ("provider", "region"):
                return Missing(reason, "`${aws:region}` is the region, also where none is written")
            close = did_you_mean(path[length], keys)
            if close:
                meant = ".".join([*path[:length], close, *path[length + 1 :]])
                return Missing(reason, f"did you mean `{meant}`?")
            return Missing(reason)
    return Missing("there is no such value in this file")


def _opt(resolver: Resolver, asked: Asked) -> Located | Missing:
    options: dict[str, Json] = {"stage": resolver.settings.stage, "region": resolver.settings.region}
    if not asked.address:
        return Located(options, asked.origin)
    if options.get(asked.address):
        return Located(options[asked.address], asked.origin)
    return Missing(
        f"the option --{asked.address} is not given",
        f"give it, or a fallback: ${{opt:{asked.address}, 'value'}}",
    )


def _env(resolver: Resolver, asked: Asked) -> Located | Missing:
    name = asked.address
    if not name:
        raise SourceError("the name of an environment variable is missing")
    value = resolver.settings.environ.get(name)
    if value is None:
        value = _dotenv(resolver).get(name)
    if value is None:
        return Missing(
            f"the environment variable {name} is not set",
            f"set it, or give a fallback: ${{env:{name}, 'value'}}",
        )
    return Located(value, asked.origin)


def _dotenv(resolver: Resolver) -> Mapping[str, str]:
    """The variables of `.env.<stage>`, else `.env`, where the service says `useDotenv`."""
    if resolver.dotenv is None:
        resolver.dotenv = {}  # what decides whether and which file is read can't come from that file
        use = resolver.lookup("useDotenv")
        if use is not None and use.value not in (False, ""):
            for name in (f".env.{resolver.stage()}", ".env"):
                try:
                    text = resolver.settings.text_of(os.path.join(resolver.settings.root, name))
                except FileNotFoundError:
                    continue
                except UsageError as error:
                    raise SourceError(error.diagnostics[0].problem) from None
                from lambda_scenarios.services import dotenv  # few services have such a file

                resolver.dotenv = dotenv.expand(dotenv.parse(text), resolver.settings.environ)
                break
    return resolver.dotenv


def _file(resolver: Resolver, asked: Asked) -> Located | Missing:
    name = text_in_text(asked.params[0]) if asked.params else None
    if not name:
        raise SourceError("the path of a file is missing")
    if "\0" in name:
        raise SourceError("the path of the file holds a NUL character")
    path = os.path.normpath(os.path.join(resolver.settings.root, name))
    suffix = os.path.splitext(path)[1]
    try:
        if suffix in PROGRAMS:
            from lambda_scenarios.services.module_source import value_from_module  # rare, and it costs

            exported = value_from_module(resolver, asked, path, _dotenv(resolver))
            if isinstance(exported, Located) and exported.origin == asked.origin:
                raise SourceError("it refers to itself")
            return exported
        structured = suffix in (".yml", ".yaml", ".json", ".tfstate")
        content = resolver.settings.parsed(path) if structured else resolver.settings.text_of(path)
    except FileNotFoundError:
        return Missing(f"there is no file {name}", _nearest_file(path))
    except UsageError as error:
        raise SourceError(f"{name} can't be read", notes=_notes(error, name)) from None
    whole = Located(content, asked.origin._replace(file=path, path=(), key=False))
    if not asked.address:
        return whole
    found = resolver.follow(whole, tuple(asked.address.split(".")), settle_last=False)
    if found is not None and found.origin == asked.origin:
        raise SourceError("it refers to itself")
    return found or Missing(f"there is no value `{asked.address}` in {name}")


def _notes(error: UsageError, name: str) -> tuple[str, ...]:
    """What is wrong with a file that a variable refers to, each with its place in that file."""
    notes = []
    for diagnostic in error.diagnostics:
        where = diagnostic.where
        place = f":{where.line}:{where.column}" if isinstance(where, Place) else ""
        label = f" ({diagnostic.label})" if diagnostic.label else ""
        notes.append(f"{name}{place}: {diagnostic.problem}{label}")
    return tuple(notes)


def _nearest_file(path: str) -> str:
    try:
        names = os.listdir(os.path.dirname(path))
    except OSError:
        return ""
    close = did_you_mean(os.path.basename(path), names)
    return f"did you mean `{close}`?" if close else ""


def _sls(resolver: Resolver, asked: Asked) -> Located | Missing:
    if asked.address == "stage":
        return Located(resolver.stage(), asked.origin)
    if asked.address == "instanceId":
        return Located(resolver.settings.instance_id, asked.origin)
    raise SourceError(f"`sls` knows `stage` and `instanceId`, not `{asked.address}`")


def _param(resolver: Resolver, asked: Asked) -> Located | Missing:
    name = asked.address
    if not name:
        raise SourceError("the name of a parameter is missing")
    if name in resolver.settings.params:
        return Located(resolver.settings.params[name], asked.origin)
    stage = resolver.stage()
    # `stages.<stage>.params` is where version 4 of the Framework keeps them.
    places = (
        ("params", stage),
        ("stages", stage, "params"),
        ("params", "default"),
        ("stages", "default", "params"),
    )
    known: list[str] = []
    for place in places:
        params = resolver.lookup(*place)
        if params is None or not isinstance(params.value, dict):
            continue
        known += params.value
        if params.value.get(name) is not None:
            return Located(params.value[name], params.origin.at(name))
    close = did_you_mean(name, tuple(known))
    label = f"did you mean `{close}`?" if close else f"pass it: --param {name}=value"
    return Missing(f"there is no parameter `{name}` for stage {stage}", label)


def _str_to_bool(resolver: Resolver, asked: Asked) -> Located | Missing:  # noqa: ARG001 - all sources are called alike
    text = text_in_text(asked.params[0]) if asked.params else None
    if text is None:
        raise SourceError("strToBool needs a value")
    word = text.strip().lower()
    if word not in ("true", "1", "false", "0"):
        raise SourceError(f"strToBool takes true, false, 1 or 0, not `{text}`")
    return Located(word in ("true", "1"), asked.origin)


def _of_aws(resolver: Resolver, asked: Asked) -> Located | Missing:
    from lambda_scenarios.services.aws_sources import AWS_SOURCES  # few services have such variables

    return AWS_SOURCES[asked.source](resolver, asked)


SOURCES: dict[str, Source] = {
    "self": _self,
    "opt": _opt,
    "env": _env,
    "file": _file,
    "sls": _sls,
    "param": _param,
    "strToBool": _str_to_bool,
    "ssm": _of_aws,
    "cf": _of_aws,
    "s3": _of_aws,
    "aws": _of_aws,
}
