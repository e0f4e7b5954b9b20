"""How one invocation ended, and what was seen of it."""

from typing import NamedTuple


class Returned(NamedTuple):
    """The handler returned; `payload` is the response body as the client sent it."""

    payload: bytes
    content_type: str = "application/json"
    streamed: bool = False


class FunctionError(NamedTuple):
    """The client reported an error of the invocation.

    `raised` tells what the handler raised from what the runtime said of its result (a result that
    can't be serialised, or that is too large).
    """

    error_type: str
    message: str
    stack: tuple[str, ...]
    raised: bool = True


class InitFailed(NamedTuple):
    """Loading the handler failed: `Runtime.ImportModuleError`, or what the module raised."""

    error_type: str
    message: str
    stack: tuple[str, ...]


class TimedOut(NamedTuple):
    """The timeout passed (`seconds`), and the worker's whole process group was killed."""

    seconds: float
    message: str
    error_type: str = "Sandbox.Timedout"


class WorkerDied(NamedTuple):
    """The process went away without an answer: `sys.exit`, a signal, the kernel's OOM killer."""

    message: str
    status: int | None  # exit status; None where a signal ended it
    signal: int | None
    error_type: str = "Runtime.ExitError"


class BackendFailed(NamedTuple):
    """This side could not run it: the interpreter did not start, an engine went away."""

    problem: str


Ending = Returned | FunctionError | InitFailed | TimedOut | WorkerDied | BackendFailed


class Outcome(NamedTuple):
    """One invocation, ended.

    `logs` is what the invocation wrote to stdout and stderr, in the order of writing, byte for byte;
    `init_logs` what the worker wrote while it loaded the handler, given with its first invocation.
    Durations are milliseconds as measured beside the handler; `memory_mb` is the worker's peak
    resident size so far, None where it is not known. What Lambda itself says of the invocation is in
    `billed_ms` and `memory_size_mb`.
    """

    ending: Ending
    request_id: str
    started_at: float  # seconds since the epoch
    duration_ms: float
    init_ms: float | None  # None: the worker was warm
    memory_mb: int | None
    logs: bytes
    init_logs: bytes
    worker: int  # number of the worker in this run, from 1
    nth: int  # how-manieth invocation of that worker, from 1
    logs_truncated: bool = False
    billed_ms: int | None = None
    memory_size_mb: int | None = None
