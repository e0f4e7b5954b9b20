"""What extensions are written against: packages that `lambda-scenarios` finds by their entry points.

| group | the entry point names |
|---|---|
| `lambda_scenarios.matchers` | a `Matcher`, or its `judge` alone: `$name: argument` in `expect` |
| `lambda_scenarios.template_functions` | a function: `{{ name(…) }}` and `{{ value \\| name }}` |
| `lambda_scenarios.reporters` | a function from a `Run` to chunks of text: `--report name=PATH` |
| `lambda_scenarios.backends` | a `Backend`, or its `command` alone: `--backend name`, `backend: name` |

Names are lower case, with digits and underscores. An extension is imported when a suite uses it, never
before.
What this module has keeps its names and meaning as long as `API_VERSION` stays; named tuples may get
further fields, those that extensions make with defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lambda_scenarios.model.record import (
    AttemptRecord,
    DiffLine,
    EnvironmentRecord,
    ErrorRecord,
    InvocationRecord,
    MismatchRecord,
    Record,
    RunEnd,
    RunInfo,
    Status,
)
from lambda_scenarios.model.values import Json

__all__ = [
    "API_VERSION",
    "AttemptRecord",
    "Backend",
    "Command",
    "DiffLine",
    "EnvironmentRecord",
    "ErrorRecord",
    "InvocationRecord",
    "Json",
    "Matcher",
    "MismatchRecord",
    "Record",
    "Run",
    "RunEnd",
    "RunInfo",
    "Status",
    "Worker",
]

API_VERSION = 1


class Matcher(NamedTuple):
    """`judge(argument, found)` gives None where the value matches, else what is wrong, in one line.

    `argument` is what the scenario file says behind `$name:`, its templates rendered; `found` the value in
    the result. Both are JSON in Python's types, and copies. `check(argument)` gives None for an argument that
    makes sense, else what is wrong with it; it is called before anything is run, by `validate` too. Where
    either raises, the scenario ends in error, and says which matcher failed.
    """

    judge: Callable[[Any, Any], str | None]
    check: Callable[[Any], str | None] | None = None


class Run(NamedTuple):
    """A run that has ended, for a reporter.

    `records()` reads the results one by one, in the order of the scenario files, as often as it is called;
    secrets in them are masked. `counts` has the statuses that occur.
    """

    info: RunInfo
    end: RunEnd
    counts: Mapping[Status, int]
    environments: Sequence[EnvironmentRecord]
    records: Callable[[], Iterator[Record]]


class Worker(NamedTuple):
    """A worker that a backend is to start: a process that serves invocations of one function.

    `command` is what would be started on this machine, and `environment` (complete, `AWS_LAMBDA_RUNTIME_API`
    among it) what it would be started with. `runtime_api` is `host:port` of its Lambda Runtime API, which
    listens on this machine's loopback interface. `function` is its key, `name` what it is called on AWS,
    `code` the directory of its code, `memory` in MiB; `directory` is where the run was started.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    runtime_api: str
    function: str
    name: str
    runtime: str
    handler: str
    code: str
    memory: int
    architecture: str
    directory: str


class Command(NamedTuple):
    """What a backend starts: `arguments`, the first being the program (looked for on PATH where it has no
    slash), and `environment`, by default the worker's own.

    Its standard output and error are the function's output. It, and all that it started in its process
    group, is killed when the worker isn't needed any more, or took too long: what lives elsewhere has to end
    with it.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str] | None = None


class Backend(NamedTuple):
    """`command(worker)` says what to start in place of `worker.command`.

    With `own_client` the worker's command is none (`()`), and the runtime needn't be on this machine: what is
    started brings a client of the Lambda Runtime API of its own, such as AWS's.
    """

    command: Callable[[Worker], Command | Sequence[str]]
    own_client: bool = False
