"""The runtime interface client for Python 3.8 and later: `python -u python_client.py CREDITS NONCE`.

Python compiles a script anew each time it starts one, which takes half as long as the interpreter
itself. So there is a second way, which keeps the compiled code in `__pycache__`:

    python -u -c 'import sys; sys.path.insert(0, sys.argv.pop(1)); import python_client as c; c.main()' \\
        DIRECTORY_OF_THIS_FILE CREDITS NONCE

It loads the handler that `_HANDLER` names, serves it with invocations from the Lambda Runtime API, and
behaves towards the user's code as AWS's own client does (awslambdaric 4.2; the file that each part
follows is named beside it). What it says to the runner is written down in ARCHITECTURE.md, "Runtime
clients". Top to bottom: protocol, JSON, context, logging, errors, loading, the loop.

Standard library only, and little of it: what costs time to import (json, logging, traceback,
importlib, socket) is imported by the user's code or when there is something to report, never before.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False  # the constant of `typing`, without its import
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType, TracebackType
    from typing import Any, NoReturn

    Headers = dict[str, str]  # names in lower case
    Response = tuple[int, Headers, bytes]  # status, headers, body

API = "/2018-06-01/runtime"
PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100  # bytes of a result; what is larger, Lambda refuses

# --- protocol: bytes in, responses out; no I/O


class ResponseParser:
    """Finds the responses in the bytes that a server sends, however the network cuts them."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # no end of a head begins before this offset
        self._head: tuple[int, Headers] | None = None
        self._length: int | None = 0  # None: in chunks

    def feed(self, data: bytes | bytearray | memoryview) -> list[Response]:
        """Take further bytes; return the responses that are complete by now, in order.

        Raises ValueError for what is not HTTP/1.x. This project's server always says the length; others,
        such as AWS's runtime interface emulator, send larger events in chunks.
        """
        buffer = self._buffer
        buffer += data
        responses: list[Response] = []
        while True:
            if self._head is None:
                end = buffer.find(b"\r\n\r\n", self._searched)
                if end < 0:
                    self._searched = max(0, len(buffer) - 3)
                    return responses
                self._head = parse_head(bytes(buffer[:end]))
                chunked = "transfer-encoding" in self._head[1]
                self._length = None if chunked else int(self._head[1].get("content-length", "0"))
                del buffer[: end + 4]
                self._searched = 0
            length = self._length
            if length is None:
                found = chunked_body(buffer)
                if found is None:
                    return responses
                body, length = found
            elif len(buffer) < length:
                return responses
            else:
                body = bytes(buffer[:length])
            responses.append((*self._head, body))
            del buffer[:length]
            self._head = None


def parse_head(head: bytes) -> tuple[int, Headers]:
    """Status and headers of a response, without the empty line that ends them."""
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    if not first.startswith("HTTP/1."):
        raise ValueError(f"not a response of HTTP/1: {first[:40]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(first[9:12]), headers


def chunked_body(data: bytearray) -> tuple[bytes, int] | None:
    """The body whose chunks `data` begins with, and the offset of its end; None where it isn't complete."""
    places = []
    at = 0
    size = -1
    while size:
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        size = int(data[at:end].partition(b";")[0], 16)
        if size < 0:
            raise ValueError("a chunk of negative size")
        at = end + 2
        if size:
            places.append((at, at + size))
            at += size + 2
    while True:  # trailers, up to an empty line
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        at, begin = end + 2, at
        if end == begin:
            return b"".join([data[a:b] for a, b in places]), at


def next_request(host: str) -> bytes:
    """The request for the next invocation."""
    return f"GET {API}/invocation/next HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def post_request(host: str, path: str, headers: str, body: bytes) -> bytes:
    """A POST. `path` begins after the API's version; `headers` are whole lines."""
    length = f"Content-Length: {len(body)}\r\n"
    return f"POST {API}/{path} HTTP/1.1\r\nHost: {host}\r\n{length}{headers}\r\n".encode() + body


# --- JSON: awslambdaric/lambda_runtime_marshaller.py, which is simplejson with settings of its own


class Fault(Exception):
    """What the runtime itself has to say against a handler, an event or a result."""

    def __init__(self, error_type: str, message: str, stack: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.stack = stack or []


class _DecoderSettings:
    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(name: str) -> NoReturn:
        raise ValueError(name)


class Json:
    """Encodes and decodes as AWS's client does, with the C core of the standard library where it can.

    `escape` says whether non-ASCII text is written as escapes, as AWS does before Python 3.12.
    """

    def __init__(self, escape: bool) -> None:
        core = standard("_json")
        self._dumps_marshal = standard("marshal").dumps
        self._scan = core.make_scanner(_DecoderSettings)
        self._quote = core.encode_basestring_ascii if escape else core.encode_basestring
        # No memo of containers: a cycle ends in RecursionError, and is named by the slow encoder.
        self._encode_plain = core.make_encoder(
            None, _refuse, self._quote, None, ": ", ", ", False, False, True
        )

    def decode(self, data: bytes) -> Any:
        """The value of a JSON document; raises ValueError with the message of simplejson."""
        text = data.decode()
        begin = 1 if text[:1] == "\ufeff" else 0
        if text[begin : begin + 1] in (" ", "\t", "\n", "\r"):
            begin = len(text) - len(text[begin:].lstrip(" \t\n\r"))
        try:
            value, end = self._scan(text, begin)
        except StopIteration as found:
            raise _decode_error("Expecting value", text, found.value) from None
        except SystemError:  # the C code asks for an exception of a module that is not loaded yet
            standard("json")
            return self.decode(data)
        except ValueError as problem:
            if str(problem) in ("NaN", "Infinity", "-Infinity"):
                at = _offset_of_constant(text)
                raise _decode_error("Expecting value", text, at) from None
            raise
        if end != len(text):
            rest = text[end:].lstrip(" \t\n\r")
            if rest:
                raise _decode_error("Extra data", text, len(text) - len(rest), len(text))
        return value

    def encode(self, value: Any) -> str:
        """The JSON text; raises what simplejson raises, with its message."""
        try:
            # marshal (C, in memory) takes values of the very builtin types and refuses every subclass:
            # the cheapest way to learn that no named tuple hides in there, which simplejson writes as
            # an object and the standard library as a list. What else it takes reaches `_refuse`.
            self._dumps_marshal(value)
            return "".join(self._encode_plain(value, 0))
        except Exception:  # noqa: BLE001 - whatever is wrong, the slow encoder finds it and says it
            parts: list[str] = []
            try:
                self._encode_odd(value, set(), parts)
            except RecursionError:
                problem = "maximum recursion depth exceeded while encoding a JSON object"
                raise RecursionError(problem) from None
            return "".join(parts)

    def _encode_odd(self, value: Any, around: set[int], out: list[str]) -> None:
        """Any value, tested in simplejson's order. `around`: the ids of the containers around it."""
        text = self._text(value)
        if text is None:
            text = _literal(value)
        if text is not None:
            out.append(text)
            return
        members = _as_dict(value)
        if members is None and isinstance(value, dict):
            members = value
        if members is None and not isinstance(value, (list, tuple)):
            out.append(_decimal(value))
            return
        if id(value) in around:
            raise ValueError("Circular reference detected")
        around.add(id(value))
        separator = ""
        if members is None:
            out.append("[")
            for item in value:
                out.append(separator)
                self._encode_odd(item, around, out)
                separator = ", "
            out.append("]")
        else:
            out.append("{")
            for key, item in members.items():
                out += (separator, self._key(key), ": ")
                self._encode_odd(item, around, out)
                separator = ", "
            out.append("}")
        around.discard(id(value))

    def _text(self, value: Any) -> str | None:
        if isinstance(value, bytes):
            value = str(value, "utf-8")
        return str(self._quote(value)) if isinstance(value, str) else None

    def _key(self, key: Any) -> str:
        text = self._text(key)
        if text is None:
            text = _literal(key)
            if text is None:
                name = key.__class__.__name__
                raise TypeError(f"keys must be str, int, float, bool or None, not {name}")
            text = str(self._quote(text))
        return text


def _literal(value: Any) -> str | None:
    """The JSON text of a constant or a number; None for anything else."""
    text = None
    if value is None:
        text = "null"
    elif value is True or value is False:
        text = "true" if value else "false"
    elif isinstance(value, int):
        text = str(int(value))  # an enumeration's own text would be its name
    elif isinstance(value, float):
        text = repr(float(value))
        text = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text, text)
    return text


def _as_dict(value: Any) -> dict[Any, Any] | None:
    """The fields of a named tuple, or of anything else that has `_asdict()`."""
    method = getattr(value, "_asdict", None)
    fields = None
    if callable(method):
        try:
            fields = method()
        except TypeError:  # the class of a named tuple, not an instance
            return None
        if not isinstance(fields, dict):
            raise TypeError(f"_asdict() must return a dict, not {type(fields).__name__}")
    return fields


def _decimal(value: Any) -> str:
    decimal = sys.modules.get("decimal")  # not imported: then there is no Decimal
    if decimal is not None and isinstance(value, decimal.Decimal):
        return "NaN" if value.is_nan() else str(value)
    raise TypeError(f"Object of type {value.__class__.__name__} is not JSON serializable")


def _refuse(value: object) -> NoReturn:
    raise TypeError(value)


def _offset_of_constant(text: str) -> int:
    """Where the first NaN or Infinity outside of strings stands."""
    tokens = standard("re").finditer(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity', text)
    return next((token.start() for token in tokens if token.group()[0] != '"'), 0)


def _decode_error(problem: str, text: str, begin: int, end: int | None = None) -> ValueError:
    """Worded as simplejson/errors.py."""

    def place(offset: int) -> str:
        before = text[:offset]
        column = offset - before.rfind("\n")
        return f"line {before.count(chr(10)) + 1} column {column}"

    if end is None:
        return ValueError(f"{problem}: {place(begin)} (char {begin})")
    return ValueError(f"{problem}: {place(begin)} - {place(end)} (char {begin} - {end})")


# --- context: awslambdaric/lambda_context.py


def _slots_repr(self: Any) -> str:
    fields = ",".join([f"{name}={getattr(self, name)}" for name in self.__slots__])
    return f"{self.__class__.__name__}([{fields}])"


def _filled(kind: Any, values: dict[str, Any]) -> Any:
    """An instance whose slots have these values, None where there is none."""
    instance = kind()
    for name in kind.__slots__:
        setattr(instance, name, values.get(name))
    return instance


class CognitoIdentity:
    __module__ = "awslambdaric.lambda_context"
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")
    __repr__ = _slots_repr


class Client:
    __module__ = "awslambdaric.lambda_context"
    __slots__ = (  # noqa: RUF023 - the order in which the representation shows them
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )
    __repr__ = _slots_repr


class ClientContext:
    __module__ = "awslambdaric.lambda_context"
    __slots__ = ("custom", "env", "client")  # noqa: RUF023 - as above
    __repr__ = _slots_repr


class LambdaContext:
    """What a handler receives as its second argument; `contexts` makes them."""

    __module__ = "awslambdaric.lambda_context"

    def get_remaining_time_in_millis(self) -> int:
        deadline: int = self.__dict__["_epoch_deadline_time_in_ms"]
        return max(0, deadline - int(time.time() * 1000))

    def w3c(self) -> dict[str, str]:
        return dict(self.__dict__["_w3c_fields"])

    def log(self, msg: object) -> None:
        sys.stdout.write(str(msg))

    def __repr__(self) -> str:
        shown = (
            *("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb"),
            *("function_version", "invoked_function_arn", "client_context", "identity", "tenant_id"),
        )
        fields = ",".join([f"{name}={getattr(self, name)}" for name in shown])
        return f"{self.__class__.__name__}([{fields}])"


ENVIRONMENT_FIELDS = (
    ("log_group_name", "AWS_LAMBDA_LOG_GROUP_NAME"),
    ("log_stream_name", "AWS_LAMBDA_LOG_STREAM_NAME"),
    ("function_name", "AWS_LAMBDA_FUNCTION_NAME"),
    ("memory_limit_in_mb", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
    ("function_version", "AWS_LAMBDA_FUNCTION_VERSION"),
)


def contexts(json: Json) -> Callable[[Headers], Any]:
    """A function that makes the context of an invocation, and starts its deadline, from the headers.

    As in AWS the environment is asked each time, since a handler may change it; but decoding five
    variables costs more than the rest, so it is done where the raw values changed.
    """
    names = [os.fsencode(name) for _, name in ENVIRONMENT_FIELDS]
    known: list[Any] = [None, {}]  # raw values, fields

    def environment() -> dict[str, Any]:
        raw = getattr(os.environ, "_data", None)  # CPython's own; gone where os.environ was replaced
        values = raw and [raw.get(name) for name in names]
        if not values or known[0] != values:
            known[:] = values, {field: os.environ.get(name) for field, name in ENVIRONMENT_FIELDS}
        fields: dict[str, Any] = known[1]
        return fields

    def make(headers: Headers) -> Any:
        remaining = headers.get("lambda-scenarios-remaining-ms")
        if remaining is not None:
            deadline = int(time.time() * 1000) + int(float(remaining))
        else:
            deadline = int(headers.get("lambda-runtime-deadline-ms", "0"))
        override = headers.get("lambda-scenarios-context")
        overrides = json.decode(override.encode()) if override else {}
        if "replace" in overrides:
            return overrides["replace"]
        context = LambdaContext()
        fields = context.__dict__
        fields["aws_request_id"] = headers["lambda-runtime-aws-request-id"]
        fields.update(environment())
        fields["invoked_function_arn"] = headers.get("lambda-runtime-invoked-function-arn")
        fields["tenant_id"] = headers.get("lambda-runtime-aws-tenant-id")
        client = _header_json(json, headers.get("lambda-runtime-client-context"), "Client Context")
        identity = _header_json(json, headers.get("lambda-runtime-cognito-identity"), "Cognito Identity")
        fields["_w3c_fields"] = _w3c(client)
        fields["client_context"] = _client_context(client)
        given = {} if identity is None else identity
        fields["identity"] = _filled(
            CognitoIdentity,
            {
                "cognito_identity_id": given.get("cognitoIdentityId"),
                "cognito_identity_pool_id": given.get("cognitoIdentityPoolId"),
            },
        )
        fields["_epoch_deadline_time_in_ms"] = deadline
        for name, value in overrides.get("set", {}).items():
            setattr(context, name, value)
        return context

    return make


def _header_json(json: Json, text: str | None, name: str) -> Any:
    if not text:
        return None
    try:
        return json.decode(text.encode("utf-8", "surrogateescape"))
    except ValueError as problem:
        message = f"Unable to parse {name} JSON: {problem}"
        raise Fault("Runtime.LambdaContextUnmarshalError", message) from None


def _w3c(client: Any) -> dict[str, str]:
    """Take the trace context out of a client context: it has an accessor of its own."""
    if not isinstance(client, dict) or "w3c" not in client:
        return {}
    fields = client.pop("w3c")
    if not isinstance(fields, dict):
        return {}
    return {k: fields[k] for k in ("traceparent", "tracestate", "baggage") if isinstance(fields.get(k), str)}


def _client_context(given: Any) -> Any:
    if given is None:
        return None
    context = _filled(ClientContext, given)
    if context.client is not None:
        context.client = _filled(Client, context.client)
    return context


# --- logging: the handler on the root logger, awslambdaric/bootstrap.py and lambda_runtime_log_utils.py


class Current:
    """The invocation that runs: log records carry its id."""

    request_id = ""
    tenant_id: str | None = None


class LogSink:
    """What AWS's handler writes to: standard output, as it is at that moment."""

    def log(self, msg: str, frame_type: object = None) -> None:  # noqa: ARG002 - AWS's signature
        sys.stdout.write(msg)


def install_logging(logging: Any, current: Current) -> None:
    """Put AWS's handler on the root logger of a `logging` module that was just imported."""
    json_format = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level == "TRACE":
        level = "DEBUG"

    class LambdaLoggerHandler(logging.Handler):  # type: ignore[misc]  # loaded at run time
        def __init__(self) -> None:
            logging.Handler.__init__(self)
            self.log_sink = LogSink()

        def emit(self, record: Any) -> None:
            self.log_sink.log(self.format(record))

    class LambdaLoggerFilter(logging.Filter):  # type: ignore[misc]  # loaded at run time
        def filter(self, record: Any) -> bool:
            record.aws_request_id = current.request_id
            record.tenant_id = current.tenant_id
            return True

    if json_format or level:
        LambdaLoggerHandler.__name__ = "LambdaLoggerHandlerWithFrameType"  # another class there
    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler()
    if json_format:
        handler.setFormatter(_json_formatter(logging))
    else:
        line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(line, "%Y-%m-%dT%H:%M:%S"))
    root = logging.getLogger()
    if level in logging._nameToLevel:
        root.setLevel(level)
    handler.addFilter(LambdaLoggerFilter())
    root.addHandler(handler)


def _json_formatter(logging: Any) -> Any:
    traceback = standard("traceback")
    encode = standard("json").JSONEncoder(ensure_ascii=False, default=str).encode
    # Every attribute of a record that is not the user's `extra`.
    own = {*logging.makeLogRecord({}).__dict__, "aws_request_id", "tenant_id", "_frame_type"} - {"taskName"}

    class JsonFormatter(logging.Formatter):  # type: ignore[misc]  # loaded at run time
        def __init__(self) -> None:
            super().__init__(datefmt="%Y-%m-%dT%H:%M:%SZ")

        def format(self, record: Any) -> str:
            record.levelno = min(50, max(0, record.levelno)) // 10 * 10
            record.levelname = logging.getLevelName(record.levelno)
            as_given = isinstance(record.msg, dict) and not record.args
            line = {
                "timestamp": self.formatTime(record, self.datefmt),
                "level": record.levelname,
                "message": record.msg if as_given else record.getMessage(),
                "logger": record.name,
            }
            if record.exc_info:
                kind, value, trace = record.exc_info
                line["stackTrace"] = traceback.format_tb(trace)
                line["errorType"] = kind.__name__
                line["errorMessage"] = str(value)
            line["requestId"] = getattr(record, "aws_request_id", None)
            if record.exc_info:
                line["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
            if getattr(record, "tenant_id", None) is not None:
                line["tenantId"] = record.tenant_id
            for name, value in record.__dict__.items():
                if name not in own and name not in line:
                    line[name] = value
            return str(encode({name: value for name, value in line.items() if value is not None})) + "\n"

    return JsonFormatter()


def watch_for_logging(current: Current) -> None:
    """Install AWS's handler as soon as `logging` is imported.

    AWS's client imports it first of all. That takes as long as the rest of this client's start, and
    many handlers don't use it: so wait for the first import, and act before it returns.
    """
    if "logging" in sys.modules:
        install_logging(sys.modules["logging"], current)
        return

    class WatchForLogging:
        @classmethod
        def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
            if name != "logging":
                return None
            sys.meta_path.remove(cls)
            found = (finder.find_spec(name, path, target) for finder in sys.meta_path)
            spec = next((spec for spec in found if spec is not None), None)
            if spec is not None and spec.loader is not None:
                loader, load = spec.loader, spec.loader.exec_module

                def exec_module(module: ModuleType) -> None:
                    del loader.exec_module  # the instance's: the class has its own
                    load(module)
                    install_logging(module, current)

                loader.exec_module = exec_module  # type: ignore[method-assign]  # of this one instance
            return spec

    sys.meta_path.insert(0, WatchForLogging)


# --- errors: awslambdaric/bootstrap.py


def user_part(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this client that lead to the user's code."""
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return trace


def stack_of(trace: TracebackType | None, loading: bool = False) -> list[str]:
    """`stackTrace`: entries as of `traceback.format_list`.

    AWS loads with `importlib.import_module`, whose import costs a millisecond; this client calls what
    that calls, and adds its frame here.
    """
    traceback = standard("traceback")
    frames = [(f.filename, f.lineno, f.name, f.line) for f in traceback.extract_tb(user_part(trace))]
    if loading and frames and frames[0][2] == "_gcd_import":
        code = standard("importlib").import_module.__code__
        last = max(line for _, line in standard("dis").findlinestarts(code) if line)
        text = standard("linecache").getline(code.co_filename, last).strip()
        frames.insert(0, (code.co_filename, last, "import_module", text))
    entries: list[str] = traceback.format_list(frames)
    return entries


def error_document(message: str, error_type: str, stack: list[str], request_id: str = "") -> dict[str, Any]:
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": stack}


def log_error(error: dict[str, Any], json: Json) -> None:
    """Write an error to the log as AWS does: one line, its parts joined by carriage returns, indented
    by no-break spaces; or one JSON object."""
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON":
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        sys.stdout.write(json.encode({"timestamp": stamp, "level": "ERROR", **error}) + "\n")
        return
    kind, message = error["errorType"], error["errorMessage"]
    title = "[ERROR]" + (" " + kind if kind else "")
    if message:
        title += (": " if kind else " ") + message
    lines = [title, "Traceback (most recent call last):"]
    for entry in error["stackTrace"]:
        for line in entry.splitlines() if entry else ("",):
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    sys.stdout.write("\r".join(lines) + "\n")


def end_by(problem: BaseException) -> NoReturn:
    """End the process as an exception does that nobody catches, without this client's frames."""
    seen: BaseException | None = problem
    while seen is not None:
        seen.__traceback__ = user_part(seen.__traceback__)
        seen = seen.__context__
    sys.excepthook(type(problem), problem, problem.__traceback__)
    if isinstance(problem, KeyboardInterrupt):  # as the interpreter: die of the signal
        signal = standard("signal")
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    sys.exit(1)


# --- loading: awslambdaric/bootstrap.py, `_get_handler`

# What AWS's client has imported before the user's code: there, modules of the user with these names
# are never loaded.
LOADED_BY_AWS = frozenset(
    (
        "collections",
        "contextlib",
        "copyreg",
        "decimal",
        "enum",
        "functools",
        "importlib",
        "json",
        "keyword",
        "linecache",
        "logging",
        "numbers",
        "operator",
        "re",
        "reprlib",
        "string",
        "textwrap",
        "threading",
        "token",
        "tokenize",
        "traceback",
        "types",
        "warnings",
        "weakref",
    )
)


def standard(name: str) -> Any:
    """A module of the standard library, even where the user has one of the same name."""
    module = sys.modules.get(name)
    if module is None:
        path = sys.path
        library = os.path.dirname(os.__file__)
        sys.path = [library, os.path.join(library, "lib-dynload")]
        try:
            module = __import__(name)
        finally:
            sys.path = path
    return module


def load_handler(name: str) -> Any:
    """The function that `_HANDLER` names. Raises Fault, or what the user's module raises."""
    module_name, dot, function = name.rpartition(".")
    if not dot:
        reason = "not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': {reason}")
    if module_name.partition(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    dotted = module_name.replace("/", ".")
    try:
        if dotted.startswith("."):
            module = standard("importlib").import_module(dotted)
        else:
            module = sys.modules["_frozen_importlib"]._gcd_import(dotted)
    except ImportError as problem:
        message = f"Unable to import module '{module_name}': {problem}"
        raise Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as problem:
        message = f"Syntax error in module '{module_name}': {problem}"
        place = f'  File "{problem.filename}" Line {problem.lineno}\n    {problem.text}'
        raise Fault("Runtime.UserCodeSyntaxError", message, [place]) from None
    try:
        return getattr(module, function)
    except AttributeError:
        message = f"Handler '{function}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


# --- streams, markers, memory


class Unbuffered:
    """AWS wraps both streams so. A handler can tell: `write` returns nothing, `with` closes nothing."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> Unbuffered:
        return self

    def __exit__(self, *problem: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, msg: str) -> None:
        self.stream.write(msg)
        self.stream.flush()

    def writelines(self, msgs: Any) -> None:
        self.stream.writelines(msgs)
        self.stream.flush()


class Markers:
    """Writes the markers, to a duplicate of file descriptor 1 that outlives what handlers do to it."""

    def __init__(self, nonce: str) -> None:
        self._prefix = b"\0" + nonce.encode() + b" "
        self.descriptor = os.dup(1)
        self._streams = (sys.stdout, sys.stderr)
        self._through = getattr(sys.stdout, "write_through", False)  # with -u nothing is held back

    def write(self, request_id: str) -> None:
        """End the output of an invocation. Leaves the process where nobody reads it any more."""
        out, err = self._streams
        now = getattr(sys, "stdout", None), getattr(sys, "stderr", None)  # a handler can delete them
        if now[0] is not out or now[1] is not err or not self._through:
            for stream in (out, err, *now):
                try:  # noqa: SIM105 - contextlib takes time to import
                    stream.flush()  # type: ignore[union-attr]  # None is one of the things that may be there
                except Exception:  # noqa: BLE001, S110 - closed, or whatever a handler put there
                    pass
        data = self._prefix + request_id.encode() + b"\n"
        while data:
            try:
                data = data[os.write(self.descriptor, data) :]
            except BlockingIOError:  # someone made the pipe non-blocking, for this process too
                standard("select").select([], [self.descriptor], [])
            except OSError:
                os._exit(0)


def memory_meter() -> Callable[[], int | None]:
    """A function that gives the peak resident size of this process, in KiB, or None.

    On Linux `ru_maxrss` begins with the parent's, so the kernel's `VmHWM` is read; that takes ten
    times as long as the count of page faults, and without a fault there is no new memory.
    """
    try:
        usage = standard("resource").getrusage
    except ImportError:
        return lambda: None
    if sys.platform == "darwin":
        return lambda: int(usage(0).ru_maxrss) // 1024
    known: list[int | None] = [-1, None]  # faults, KiB

    def measure() -> int | None:
        now = usage(0)
        faults = now[6] + now[7]
        if faults != known[0] or not faults:
            known[:] = faults, _high_water() or int(now.ru_maxrss) or None
        return known[1]

    return measure


def _high_water() -> int | None:
    try:
        descriptor = os.open("/proc/self/status", os.O_RDONLY)
        status = os.read(descriptor, 4096)
        os.close(descriptor)
    except OSError:
        return None
    _, found, rest = status.partition(b"VmHWM:")
    return int(rest.split(None, 1)[0]) if found else None


# --- the loop


class Worker:
    """One connection, one handler, invocations one after another."""

    def __init__(self, nonce: str, current: Current) -> None:
        socket = standard("_socket")
        self.current = current
        self.markers = Markers(nonce)
        self.host = os.environ.get("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
        address, _, port = self.host.rpartition(":")
        family = socket.AF_INET6 if address[:1] == "[" else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.connect((address.strip("[]"), int(port)))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection.detach()
        self.parser = ResponseParser()
        self.chunk = memoryview(bytearray(65536))
        # A forked child answers no invocation and keeps nothing open. Python 3.8 lets go of what is
        # registered here when hardly anything of the interpreter is left: so nothing hangs on it.
        self.alone = [True]

        def let_go(
            held: list[int] = [self.connection, self.markers.descriptor],  # noqa: B006 - one list, emptied once
            close: Callable[[int], None] = os.close,
        ) -> None:
            while held:  # a child's own child has nothing to close: these numbers may be the user's by then
                close(held.pop())

        os.register_at_fork(after_in_child=let_go)
        os.register_at_fork(after_in_child=self.alone.clear)

    def send(self, data: bytes) -> None:
        """Write all of it. Ends the process with the connection."""
        try:
            sent = os.write(self.connection, data)
            while sent < len(data):
                sent += os.write(self.connection, memoryview(data)[sent:])
        except OSError:
            os._exit(0)

    def receive(self) -> list[Response]:
        """The next responses; there may be none yet. Ends the process with the connection."""
        try:
            count = os.readv(self.connection, [self.chunk])
        except OSError:
            count = 0
        if not count:
            os._exit(0)
        return self.parser.feed(self.chunk[:count])

    def escape(self) -> bool:
        """Whether JSON is written in ASCII only. AWS looks at this variable, not at the interpreter."""
        prefix, _, minor = os.environ.get("AWS_EXECUTION_ENV", "").rpartition(".")
        return prefix != "AWS_Lambda_python3" or minor not in ("12", "13", "14", "15")

    def load(self, name: str, escape: bool) -> Any:
        """The handler. Where it can't be loaded, say so to the runner and to the log, and exit with 1."""
        try:
            return load_handler(name)
        except Fault as fault:
            error = error_document(fault.message, fault.error_type, fault.stack)
        except Exception as problem:  # noqa: BLE001 - whatever a module raises is told
            stack = stack_of(problem.__traceback__, loading=True)
            error = error_document(str(problem), type(problem).__name__, stack)
        if self.alone:
            json = Json(escape)
            log_error(error, json)
            kind = error["errorType"].encode("ascii", "backslashreplace").decode()
            headers = f"Lambda-Runtime-Function-Error-Type: {kind}\r\nContent-Type: application/json\r\n"
            self.send(post_request(self.host, "init/error", headers, json.encode(error).encode()))
            while not self.receive():
                pass
        sys.exit(1)

    def serve(self, handler: Any, credits_given: int, escape: bool) -> NoReturn:
        """Handle invocations until the connection ends."""
        if not self.alone:  # the user's module forked while it was loaded
            os._exit(0)
        next_one = next_request(self.host)
        self.markers.write("init")
        self.send(next_one * credits_given)
        json = Json(escape)  # from here on the runner works at the same time
        make_context = contexts(json)
        memory = memory_meter()
        while True:
            for status, headers, body in self.receive():
                request_id = headers.get("lambda-runtime-aws-request-id")
                if status != 200 or request_id is None:  # the answer to a POST
                    continue
                self.current.request_id = request_id
                self.current.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
                trace_environment(headers.get("lambda-runtime-trace-id"))
                begin = time.perf_counter_ns()
                end, kind, content_type, text = handle(handler, headers, body, json, make_context)
                microseconds = (end - begin) // 1000
                if not self.alone:
                    os._exit(0)
                result = text if isinstance(text, bytes) else text.encode()
                self.markers.write(request_id)
                kib = memory()
                answer = f"Content-Type: {content_type}\r\nLambda-Scenarios-Duration-Us: {microseconds}\r\n"
                if kib is not None:
                    answer += f"Lambda-Scenarios-Memory-Kb: {kib}\r\n"
                post = post_request(self.host, f"invocation/{request_id}/{kind}", answer, result)
                self.send(post + next_one)
                if credits_given > 1 and len(result) > PAYLOAD_LIMIT:
                    # The runner takes a new worker after it: begin nothing that would be begun again.
                    while True:
                        self.receive()


def trace_environment(trace_id: str | None) -> None:
    """Set or remove the X-Ray variable, as AWS does before each invocation."""
    if trace_id is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    elif "_X_AMZN_TRACE_ID" in os.environ:
        del os.environ["_X_AMZN_TRACE_ID"]


def handle(
    handler: Any, headers: Headers, body: bytes, json: Json, make_context: Callable[[Headers], Any]
) -> tuple[int, str, str, str | bytes]:
    """Call the handler once. Returns when it ended (of `perf_counter_ns`: what has to be imported to
    report an error is none of its time), the path's last part, the content type, and the body to post.

    Raises what AWS's client lets through: what isn't an `Exception`, and exceptions whose text can't
    be had. awslambdaric/bootstrap.py, `handle_event_request`.
    """
    hint = ""
    try:
        context = make_context(headers)
        event: Any = body
        if headers.get("content-type", "application/json") == "application/json":
            try:
                event = json.decode(body)
            except Exception as problem:  # noqa: BLE001 - as AWS, whatever it is
                message = f"Unable to unmarshal input: {problem}"
                raise Fault("Runtime.UnmarshalError", message) from None
        result = handler(event, context)
        if isinstance(result, bytes):
            return time.perf_counter_ns(), "response", "application/unknown", result
        try:
            text = json.encode(result)
            return time.perf_counter_ns(), "response", "application/json", text
        except Exception as problem:  # noqa: BLE001 - `_asdict` of the user may raise anything
            hint = asynchronous_hint(result)
            message = f"Unable to marshal response: {problem}"
            raise Fault("Runtime.MarshalError", message) from None
    except Fault as fault:
        end = time.perf_counter_ns()
        error = error_document(fault.message, fault.error_type, fault.stack)
    except Exception as problem:  # noqa: BLE001 - what a handler raises is the result of the invocation
        end = time.perf_counter_ns()
        stack = stack_of(problem.__traceback__)
        error = error_document(str(problem), type(problem).__name__, stack)
    error["requestId"] = headers["lambda-runtime-aws-request-id"]
    log_error(error, json)
    if hint:
        sys.stdout.write(hint)
    return end, "error", "application/json", json.encode(error)


def asynchronous_hint(result: Any) -> str:
    """A line for the log where an `async def` was taken for a handler, and an end to its coroutine."""
    name = type(result).__name__
    if name == "coroutine":
        result.close()  # or Python warns that it was never awaited
    elif name != "async_generator":
        return ""
    return (
        "lambda-scenarios: async handlers don't run in Lambda's Python: use a plain one with asyncio.run()\n"
    )


def wait_for_settings() -> None:
    """Read the arguments and the environment from the standard input: `credits`, `nonce`, then
    `NAME=VALUE`s, each ended by NUL. Ends the process where there are none: it isn't needed."""
    data = b""
    while True:
        chunk = os.read(0, 65536)
        if not chunk:
            break
        data += chunk
    if not data:
        os._exit(0)
    parts = data.split(b"\0")[:-1]
    sys.argv[1:] = [part.decode() for part in parts[:2]]
    os.environ.clear()
    for part in parts[2:]:
        name, _, value = part.partition(b"=")
        os.environb[name] = value
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def main() -> NoReturn:
    """Become a worker: hide this program from the user's code, load the handler, serve it."""
    if len(sys.argv) == 1:
        wait_for_settings()
    credits_given, nonce = int(sys.argv[1]), sys.argv[2]
    if __name__ != "__main__":  # imported, from `-c`
        del sys.modules[__name__], sys.path[0]
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]  # this file's directory, or that in which `-c` was run
    this_module = globals()["this_module"] = sys.modules["__main__"]  # it must outlive its name
    sys.modules["__main__"] = type(this_module)("__main__")
    sys.argv[:] = ["/var/runtime/bootstrap.py"]  # as in Lambda
    sys.stdout, sys.stderr = Unbuffered(sys.stdout), Unbuffered(sys.stderr)
    root = os.environ.get("LAMBDA_TASK_ROOT") or os.getcwd()
    current = Current()
    try:
        os.chdir(root)
        worker = Worker(nonce, current)
        modules = {entry.partition(".")[0] for entry in os.listdir(root)}
    except OSError as problem:
        sys.exit(f"lambda-scenarios: the worker can't start: {problem}")
    escape = worker.escape()
    watch_for_logging(current)
    for name in LOADED_BY_AWS & modules:
        standard(name)
    sys.path.insert(0, root)
    try:
        handler = worker.load(os.environ.get("_HANDLER", ""), escape)
        worker.serve(handler, credits_given, escape)
    except SystemExit:
        raise
    except BaseException as problem:  # noqa: BLE001 - all but exits end here, as they do in AWS's client
        end_by(problem)


if __name__ == "__main__":
    main()
