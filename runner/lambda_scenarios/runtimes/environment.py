"""The environment that a function sees (scenario-format.md, section 6): pure.

Lambda's variables: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from lambda_scenarios.model.function import Function
from lambda_scenarios.model.scenario import ContextOverride
from lambda_scenarios.runtimes.identity import Identity, without_credentials
from lambda_scenarios.runtimes.runtime import Launch

_FROM_SHELL = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "AWS_CA_BUNDLE",
)
_FROM_SHELL_PREFIXES = ("LC_", "AWS_ENDPOINT_URL")
# What the worker itself stands on: a function that sets these could not be served.
_OURS = ("_HANDLER", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_RUNTIME_API")


class Settings(NamedTuple):
    """What is the same for all functions of a run."""

    shell: Mapping[str, str]
    inherit: bool  # --inherit-env
    log_stream: str


def at_start(shell: Mapping[str, str], *, inherit: bool) -> dict[str, str]:
    """What every function's environment begins with."""
    found = dict(shell) if inherit else _hermetic(shell)
    # It would switch clients to serving several invocations at once.
    found.pop("AWS_LAMBDA_MAX_CONCURRENCY", None)
    found.setdefault("LANG", "en_US.UTF-8")
    found["TZ"] = ":UTC"
    return found


def environment(
    function: Function,
    launch: Launch,
    context: ContextOverride,
    overrides: tuple[tuple[str, str | None], ...],
    identity: Identity,
    settings: Settings,
) -> tuple[tuple[str, str], ...]:
    """All variables of a worker but AWS_LAMBDA_RUNTIME_API, sorted by name.

    Later ones win: the shell's, Lambda's, credentials, the function's own, IS_LOCAL, the scenario's.
    """
    if launch.code is not None:
        function = function._replace(code=launch.code)
    found = without_credentials(at_start(settings.shell, inherit=settings.inherit))
    found.update(_of_lambda(function, context, settings.log_stream))
    found.update(identity.variables)
    found.update(function.environment)
    found["IS_LOCAL"] = "true"
    for name, value in overrides:
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    own = _of_lambda(function, context, settings.log_stream)
    found.update({name: own[name] for name in _OURS if name in own})
    for name, value in launch.environment:
        paths = _mapped(found.get(name, ""), function) if name in launch.search_paths else ""
        joined = os.pathsep.join(part for part in (value, paths) if part)
        if joined:
            found[name] = joined
    return tuple(sorted(found.items()))


# What of the shell is about this machine, and would be wrong inside a container.
_OF_THIS_MACHINE = frozenset(
    (
        *(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "PWD",
            "OLDPWD",
            "TMPDIR",
            "HOSTNAME",
            "LD_LIBRARY_PATH",
            "LANG",
            "LANGUAGE",
        ),
        *("LD_PRELOAD", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
        *("AWS_CA_BUNDLE", "VIRTUAL_ENV", "JAVA_HOME", "GEM_HOME", "GEM_PATH", "GOPATH", "NVM_DIR"),
    )
)
_OF_THIS_MACHINE_PREFIXES = ("PYTHON", "NODE_", "DOCKER_", "XDG_", "DYLD_", "LC_")
_LOOPBACK = re.compile(r"(?<=//)(localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)")


def fit_for_containers(shell: Mapping[str, str], *, inherit: bool) -> dict[str, str]:
    """What of the shell a function in a container may see: nothing that names places of this machine."""
    found = dict(shell) if inherit else _hermetic(shell)
    return {
        name: value
        for name, value in found.items()
        if name not in _OF_THIS_MACHINE and not name.startswith(_OF_THIS_MACHINE_PREFIXES)
    }


def from_inside(variables: tuple[tuple[str, str], ...], host: str) -> tuple[tuple[str, str], ...]:
    """Variables of a container: endpoints and proxies on this machine's loopback are asked for at `host`; the
    handler of an image is the image's."""
    return tuple(
        (name, _LOOPBACK.sub(host, value) if _leads_out(name) else value)
        for name, value in variables
        if value or name != "_HANDLER"
    )


def _leads_out(name: str) -> bool:
    return name.startswith("AWS_ENDPOINT_URL") or name.lower() in ("http_proxy", "https_proxy", "all_proxy")


def _hermetic(shell: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in shell.items()
        if name in _FROM_SHELL or name.startswith(_FROM_SHELL_PREFIXES)
    }


def _of_lambda(function: Function, context: ContextOverride, log_stream: str) -> dict[str, str]:
    name = context.function_name or function.name
    memory = context.memory_limit_in_mb or function.memory
    found = {
        "_HANDLER": function.handler,
        "AWS_REGION": function.service.region,
        "AWS_DEFAULT_REGION": function.service.region,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_FUNCTION_VERSION": context.function_version or "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": context.log_group_name or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": context.log_stream_name or log_stream,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "LAMBDA_TASK_ROOT": function.code,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
    }
    if function.runtime and not function.runtime.startswith("provided"):
        found["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{function.runtime}"
    return found


def _mapped(value: str, function: Function) -> str:
    """A search path with Lambda's own directories as they are here, and relative ones from the code."""
    parts = []
    for part in value.split(os.pathsep):
        if part == "/var/task" or part.startswith("/var/task/"):
            parts.append(function.code + part[len("/var/task") :])
        elif part == "/opt" or part.startswith("/opt/"):
            inside = [layer + part[len("/opt") :] for layer in reversed(function.layers)]
            parts += [path for path in inside if os.path.exists(path)] or [part]
        elif part:
            parts.append(part if os.path.isabs(part) else os.path.join(function.code, part))
    return os.pathsep.join(parts)
