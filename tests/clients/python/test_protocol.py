"""The client's side of the protocol: the parser by itself, and real processes against a stub server."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.clients.python.client_module import CLIENT, load_client
from tests.clients.runtime_api_stub import Invoke, Observed, Stub, invocation_response, observe

client = load_client()
NONCE = "00112233445566aa"

# --- the parser

headers = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True).filter(
            lambda n: n.lower() not in ("content-length", "transfer-encoding")
        ),
        st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), max_size=20).map(str.strip),
    ),
    max_size=5,
)
responses = st.lists(
    st.tuples(st.sampled_from([200, 202, 413]), headers, st.binary(max_size=200)), max_size=8
)


def written(status: int, fields: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{n}: {v}" for n, v in fields), f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def in_chunks(status: int, fields: list[tuple[str, str]], pieces: list[bytes]) -> bytes:
    """As a server writes a body whose length it doesn't know, or doesn't say."""
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{n}: {v}" for n, v in fields), "Transfer-Encoding: chunked"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return "\r\n".join([*lines, "", ""]).encode() + chunks + b"0\r\nSome-Trailer: x\r\n\r\n"


@settings(deadline=None, max_examples=80)
@given(st.lists(st.lists(st.binary(max_size=100), max_size=4), max_size=6), st.lists(st.integers(0, 2000)))
def test_any_split_of_chunks_gives_the_same_responses(bodies: list[list[bytes]], cuts: list[int]) -> None:
    parts = [in_chunks(200, [("a", "b")], pieces) + written(202, [], b"x") for pieces in bodies]
    stream = b"".join(parts)
    at = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    parser = client.ResponseParser()
    found = [body for begin, end in itertools.pairwise(at) for _, _, body in parser.feed(stream[begin:end])]
    assert found == [body for pieces in bodies for body in (b"".join(pieces), b"x")]


@settings(deadline=None, max_examples=80)
@given(responses, st.lists(st.integers(0, 2000), max_size=30))
def test_any_split_gives_the_same_responses(
    expected: list[tuple[int, list[tuple[str, str]], bytes]], cuts: list[int]
) -> None:
    stream = b"".join(written(*response) for response in expected)
    at = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    parser = client.ResponseParser()
    found = []
    for begin, end in itertools.pairwise(at):
        found += parser.feed(memoryview(stream[begin:end]))
    assert found == [
        (status, {**{n.lower(): v for n, v in fields}, "content-length": str(len(body))}, body)
        for status, fields, body in expected
    ]


def test_byte_by_byte() -> None:
    stream = invocation_response(Invoke("id-1", b'{"a": "\r\n\r\n"}')) * 3
    parser = client.ResponseParser()
    found = [response for i in range(len(stream)) for response in parser.feed(stream[i : i + 1])]
    assert [(status, body) for status, _, body in found] == [(200, b'{"a": "\r\n\r\n"}')] * 3


@settings(deadline=None)
@given(st.binary())
def test_what_is_no_http_is_refused_or_awaited(data: bytes) -> None:
    parser = client.ResponseParser()
    with contextlib.suppress(ValueError):
        assert parser.feed(data) == []


@settings(deadline=None)
@given(st.binary() | st.from_regex(rb"(-?[0-9a-f]{1,3}(;x)?\r\n){1,5}", fullmatch=True))
def test_what_is_no_chunk_is_refused_or_awaited(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        client.chunked_body(bytearray(data))


# --- processes

SOURCE = """
import json, os, subprocess, sys, time
print("loading")

def echo(event, context):
    return event

def talk(event, context):
    n = event["n"]
    print("out", n)
    if n % 3 == 0:
        print("err", n, file=sys.stderr)
    if n % 10 == 0:
        subprocess.run(["/bin/sh", "-c", "echo child %d; echo child err %d >&2" % (n, n)], check=True)
    if n % 50 == 0:
        print("x" * 200_000)
    if n % 7 == 0:
        print("no newline", n, end="")
    if n % 11 == 0:
        raise ValueError(n)
    return n

def context(event, context):
    if isinstance(context, str):
        return context
    return {k: v for k, v in vars(context).items() if k[0] != "_" and k != "identity"}

def remaining(event, context):
    return [context.get_remaining_time_in_millis(), context._epoch_deadline_time_in_ms - time.time() * 1000]

def descriptors(event, context):
    inside = subprocess.run(
        ["/bin/sh", "-c", "for f in 3 4 5 6 7 8 9; do [ ! -e /proc/self/fd/$f ] || echo $f; done"],
        stdout=subprocess.PIPE, close_fds=False, check=True,
    )
    return inside.stdout.decode()

def fork_and_return(event, context):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return "parent" if child else "child"

def fork_and_fail(event, context):
    child = os.fork()
    if not child:
        raise ValueError("in the child")
    os.waitpid(child, 0)
    return "parent"

def nested(event, context):
    # A child opens files, and its own child writes to them: are they still open there?
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        files = [os.open(os.devnull, os.O_WRONLY) for _ in range(6)]
        if os.fork() == 0:
            try:
                for file in files:
                    os.write(file, b"x")
                os.write(writer, b"fine")
            except OSError as problem:
                os.write(writer, str(problem).encode())
            os._exit(0)
        os.wait()
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    return os.read(reader, 100).decode()


def memory(event, context):
    return len(b"x" * event["mb"] * 2**20)

def slow(event, context):
    time.sleep(event["s"])

def nonblocking(event, context):
    os.set_blocking(1, False)
    return "x" * 10

async def coroutine(event, context):
    return 1

def threads(event, context):
    import threading
    return [t.name for t in threading.enumerate()]

def names(event, context):
    main = sys.modules["__main__"]
    known = [m for m in sys.modules if "client" in m]
    path = [p for p in sys.path if "clients" in p]
    return [[n for n in vars(main) if n[:2] != "__"], sys.argv, path, known]
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("task")
    (folder / "app.py").write_text(SOURCE)
    (folder / "forks.py").write_text(
        "import os\nif not os.fork():\n    pass\ndef handler(e, c):\n    return 1\n"
    )
    return str(folder)


def environment(root: str, handler: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LAMBDA_TASK_ROOT": root,
        "_HANDLER": handler if "." in handler else f"app.{handler}",
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
    }


def command(credits_given: int = 1) -> list[str]:
    return [sys.executable, "-u", CLIENT, str(credits_given), NONCE]


def run(root: str, handler: str, queue: list[Invoke], credits_given: int = 1) -> Observed:
    return observe(
        command(credits_given), environment(root, handler), root, queue, ahead=max(credits_given, 1)
    )


def by_markers(output: bytes) -> dict[str, bytes]:
    """What was written, by the request id of the marker that ends it; '' for what follows the last."""
    parts = re.split(rb"\x00%s ([^ \n]+)\n" % NONCE.encode(), output)
    return {**{parts[i + 1].decode(): parts[i] for i in range(0, len(parts) - 1, 2)}, "": parts[-1]}


def results(observed: Observed) -> list[object]:
    return [json.loads(post.body) for post in observed.posts]


def test_output_of_prefetched_invocations_is_attributed_exactly(root: str) -> None:
    queue = [Invoke(f"id-{n}", json.dumps({"n": n}).encode()) for n in range(200)]
    observed = run(root, "talk", queue, credits_given=16)
    output = by_markers(b"".join(observed.outputs) + observed.rest)
    assert list(output) == ["init", *(f"id-{n}" for n in range(200)), ""]
    assert output["init"] == b"loading\n"
    assert output[""] == b""
    for n in range(200):
        expected = f"out {n}\n"
        if n % 3 == 0:
            expected += f"err {n}\n"
        if n % 10 == 0:
            expected += f"child {n}\nchild err {n}\n"
        if n % 50 == 0:
            expected += "x" * 200_000 + "\n"
        if n % 7 == 0:
            expected += f"no newline {n}"
        found = output[f"id-{n}"].decode()
        if n % 11 == 0:
            assert found.startswith(f"{expected}[ERROR] ValueError: {n}\rTraceback")
        else:
            assert found == expected
    assert [post.kind for post in observed.posts] == ["response" if n % 11 else "error" for n in range(200)]
    assert [post.request_id for post in observed.posts] == [f"id-{n}" for n in range(200)]


def test_as_many_requests_as_credits_are_sent_ahead(root: str) -> None:
    stub = Stub()
    process = subprocess.Popen(
        command(5),
        env={**environment(root, "echo"), "AWS_LAMBDA_RUNTIME_API": stub.address},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"loading\n"
        assert process.stdout.readline() == f"\0{NONCE} init\n".encode()
        stub.wait_for_requests(5)
        stub.queue.extend([Invoke("id-1"), Invoke("id-2")])
        stub.allow(2)
        stub.wait_for_requests(7)  # one more with each answer
        assert len(stub.posts) == 2
    finally:
        stub.close()
        assert process.wait(30) == 0  # the connection has ended
        assert process.stdout.read().count(b"\0") == 2
        process.stdout.close()


def test_large_event_and_large_result(root: str) -> None:
    event = json.dumps({"text": "ä" * 3_000_000}).encode()
    observed = run(root, "echo", [Invoke("id-1", event), Invoke("id-2", event)])
    assert [post.body for post in observed.posts] == [event, event]


def test_duration_and_memory(root: str) -> None:
    queue = [Invoke(f"id-{mb}", b'{"mb": %d}' % mb) for mb in (1, 80, 1)]
    posts = run(root, "memory", queue).posts
    kib = [int(post.headers["lambda-scenarios-memory-kb"]) for post in posts]
    assert 5_000 < kib[0] < 80_000  # not this process's, whose peak a child inherits where one is careless
    assert kib[1] > kib[0] + 75 * 1024  # the kernel counts in batches
    assert kib[1] <= kib[2] < kib[1] + 10_000  # a peak: it never falls
    (slow,) = run(root, "slow", [Invoke("id-1", b'{"s": 0.05}')]).posts
    assert 50_000 <= int(slow.headers["lambda-scenarios-duration-us"]) < 50_000_000  # not nanoseconds


def test_deadline_begins_with_the_handler(root: str) -> None:
    fields = (("Lambda-Scenarios-Remaining-Ms", "1234.5"),)
    observed = run(root, "remaining", [Invoke("id-1", b"{}", fields)])
    shown, exact = json.loads(observed.posts[0].body)
    assert isinstance(shown, int)
    assert 0 < shown <= 1234
    assert 0 < exact <= 1235


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ('{"replace": "a text"}', "a text"),
        ('{"replace": ""}', ""),
        ('{"set": {"function_name": "other", "tenantName": "\\u00e4", "n": [1, {"a": null}]}}',
         {"function_name": "other", "tenantName": "ä", "n": [1, {"a": None}]}),
        ('{"set": {}}', {"function_name": "orders"}),
    ],
)  # fmt: skip
def test_context_overrides(root: str, override: str, expected: object) -> None:
    fields = (("Lambda-Scenarios-Context", override),)
    overridden, plain = results(
        run(root, "context", [Invoke("id-1", b"{}", fields), Invoke("id-2")], credits_given=2)
    )
    assert isinstance(plain, dict)
    assert plain["function_name"] == "orders"
    if isinstance(expected, dict):
        expected = {**plain, "aws_request_id": "id-1", **expected}
    assert overridden == expected


def test_coroutine_gets_a_hint_and_no_warning(root: str) -> None:
    observed = run(root, "coroutine", [Invoke("id-1"), Invoke("id-2")])
    assert [post.kind for post in observed.posts] == ["error", "error"]
    assert b"async handlers don't run in Lambda's Python" in observed.outputs[0]
    assert b"never awaited" not in b"".join(observed.outputs)


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc, which only Linux has")
def test_children_inherit_no_descriptor(root: str) -> None:
    assert results(run(root, "descriptors", [Invoke("id-1")])) == [""]


@pytest.mark.parametrize("handler", ["fork_and_return", "fork_and_fail"])
def test_a_forked_child_answers_nothing(root: str, handler: str) -> None:
    observed = run(root, handler, [Invoke("id-1"), Invoke("id-2")])
    assert results(observed) == ["parent", "parent"]


def test_a_module_that_forks_while_loading(root: str) -> None:
    observed = run(root, "forks.handler", [Invoke("id-1")])
    assert results(observed) == [1]
    assert b"".join(observed.outputs).count(b" init\n") == 1


def test_nothing_but_the_user_s_code_runs(root: str) -> None:
    assert results(run(root, "threads", [Invoke("id-1")])) == [["MainThread"]]


HIDDEN = [[], ["/var/runtime/bootstrap.py"], [], []]  # names in __main__, sys.argv, sys.path, sys.modules


def test_names_of_the_client_are_hidden(root: str) -> None:
    assert results(run(root, "names", [Invoke("id-1")])) == [HIDDEN]


def test_marker_on_a_pipe_that_does_not_block(root: str) -> None:
    observed = run(root, "nonblocking", [Invoke(f"id-{n}") for n in range(3)])
    output = by_markers(b"".join(observed.outputs) + observed.rest)
    assert list(output) == ["init", "id-0", "id-1", "id-2", ""]


@pytest.mark.parametrize("when", ["waiting", "working"])
def test_the_process_ends_with_the_connection(root: str, when: str) -> None:
    stub = Stub([Invoke("id-1", b'{"s": 0.2}')], allowed=1 if when == "working" else 0)
    process = subprocess.Popen(
        command(),
        env={**environment(root, "slow"), "AWS_LAMBDA_RUNTIME_API": stub.address},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        stub.wait_for_requests(1)
    finally:
        stub.close()
    try:
        assert process.wait(30) == 0
        assert b"Traceback" not in process.stdout.read()
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()


def test_a_worker_that_can_not_start_says_why(root: str) -> None:
    elsewhere = {**environment(root, "echo"), "LAMBDA_TASK_ROOT": os.path.join(root, "nowhere")}
    for variables in (elsewhere, {**environment(root, "echo"), "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}):
        ended = subprocess.run(command(), env=variables, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert ended.stderr.startswith("lambda-scenarios: the worker can't start: ")
        assert ended.stderr.count("\n") == 1


def test_init_error_is_answered_before_the_exit(root: str) -> None:
    observed = observe(command(), environment(root, "missing"), root, [Invoke("id-1")])
    assert [post.kind for post in observed.posts] == ["init error"]
    assert observed.posts[0].headers["lambda-runtime-function-error-type"] == "Runtime.HandlerNotFound"
    assert observed.status == 1


BY_IMPORT = "import sys; sys.path.insert(0, sys.argv.pop(1)); import python_client as c; c.main()"


def test_it_can_be_imported_by_a_line_of_code(root: str) -> None:
    """The other way to start it, for which Python keeps the compiled code."""
    start = [sys.executable, "-u", "-c", BY_IMPORT, os.path.dirname(CLIENT), "1", NONCE]
    observed = observe(start, environment(root, "names"), root, [Invoke("id-1")])
    assert results(observed) == [HIDDEN]
    observed = observe(start, environment(root, "missing"), root, [Invoke("id-1")])
    assert observed.status == 1


def test_light_start(root: str, tmp_path: os.PathLike[str]) -> None:
    """Nothing heavy is imported for a handler that imports nothing (`-S`: nor by this interpreter's site)."""
    with open(os.path.join(tmp_path, "light.py"), "w", encoding="utf-8") as file:
        file.write(
            "def handler(event, context):\n    import sys\n"
            "    return sorted({'json', 'logging', 'traceback', 'socket', 're', 'typing', 'http', 'enum',"
            " 'importlib', 'warnings', 'collections', 'functools', 'contextlib'} & set(sys.modules))\n"
        )
    start = [sys.executable, "-S", "-u", CLIENT, "1", NONCE]
    observed = observe(
        start, {**environment(str(tmp_path), "light.handler")}, str(tmp_path), [Invoke("id-1")]
    )
    assert results(observed) == [[]]


def test_a_fork_inside_a_fork_keeps_its_files(root: str) -> None:
    assert results(run(root, "nested", [Invoke("id-1", b"{}")])) == ["fine"]
