"""Every ending, on every runtime, through the real program: told apart as Lambda does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.program import running

PYTHON = """\
import os, signal, subprocess, sys, time
counter = 0

def main(event, context):
    global counter
    counter += 1
    do = event.get("do")
    print("out", do)
    print("err", do, file=sys.stderr)
    if do == "raise":
        raise ValueError("negative amount")
    if do == "exit":
        sys.exit(3)
    if do == "exit 0":
        os._exit(0)
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "sleep":
        time.sleep(60)
    if do == "large":
        return "x" * 6291557
    if do == "set":
        return {1, 2}
    if do == "bytes":
        subprocess.run(["sh", "-c", "printf '\\\\377\\\\000x'; printf E >&2"], check=True)
    return {"count": counter, "memory": int(context.memory_limit_in_mb), "local": os.environ["IS_LOCAL"]}
"""
PYTHON_BROKEN = "import no_such_module_anywhere\n"

NODE = """\
const { execFileSync } = require('child_process')
let counter = 0
exports.main = async (event, context) => {
  counter += 1
  const todo = event.do
  process.stdout.write(`out ${todo}\\n`)
  process.stderr.write(`err ${todo}\\n`)
  if (todo === 'raise') throw new RangeError('negative amount')
  if (todo === 'exit') process.exit(3)
  if (todo === 'exit 0') process.exit(0)
  if (todo === 'kill') process.kill(process.pid, 'SIGKILL')
  if (todo === 'sleep' || todo === 'kill') await new Promise((r) => setTimeout(r, 60000))
  if (todo === 'large') return 'x'.repeat(6291557)
  if (todo === 'set') return 10n
  if (todo === 'bytes') {
    execFileSync('sh', ['-c', "printf '\\\\377\\\\000x'; printf E >&2"], { stdio: 'inherit' })
  }
  return { count: counter, memory: Number(context.memoryLimitInMB), local: process.env.IS_LOCAL }
}
"""
NODE_BROKEN = "require('no-such-module-anywhere')\n"

SERVICE = """\
service: endings
provider: {name: aws, memorySize: 256}
functions:
  python: {handler: py.main, runtime: python3.11, timeout: 5}
  pythonBroken: {handler: broken.main, runtime: python3.11}
  pythonMissing: {handler: py.no_such_function, runtime: python3.11}
  node: {handler: js.main, runtime: nodejs20.x, timeout: 5}
  nodeBroken: {handler: jsbroken.main, runtime: nodejs20.x}
  nodeMissing: {handler: js.noSuchFunction, runtime: nodejs20.x}
"""

DEEDS = ("return", "raise", "exit", "exit 0", "kill", "sleep", "large", "set", "bytes", "return again")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run over every deed of both runtimes, in order; the results by scenario name."""
    project = tmp_path_factory.mktemp("endings")
    for name, text in {
        "py.py": PYTHON,
        "broken.py": PYTHON_BROKEN,
        "js.js": NODE,
        "jsbroken.js": NODE_BROKEN,
        "serverless.yml": SERVICE,
    }.items():
        (project / name).write_text(text)
    scenarios = [
        {
            "name": f"{function} {deed}",
            "function": function,
            "event": {"do": deed},
            **({"timeout": 1} if deed == "sleep" else {}),
        }
        for function in ("python", "node")
        for deed in DEEDS
    ]
    scenarios += [
        {"name": name, "function": name}
        for name in ("pythonBroken", "pythonMissing", "nodeBroken", "nodeMissing")
    ]
    (project / "scenarios").mkdir()
    (project / "scenarios" / "s.yml").write_text(json.dumps({"scenarios": scenarios}))
    done = running.run(project, "run", "-j", "2")
    assert done.status == 1, done
    report = json.loads((project / "reports" / "report.json").read_text())
    assert running.left_behind(str(project)) == []
    return {result["name"]: result for result in report["results"]}


def invocation(results: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = results[name]["attempts"][-1]["invocations"][-1]
    return found


RAISED = {"python": "ValueError", "node": "RangeError"}
# Node.js: the client of nodejs20.x; from nodejs24.x on it is Runtime.JSONStringifyError.
UNSERIALISABLE = {"python": "Runtime.MarshalError", "node": "Error"}


@pytest.mark.parametrize("runtime", ["python", "node"])
class TestEndings:
    def test_result(self, results: dict[str, Any], runtime: str) -> None:
        found = invocation(results, f"{runtime} return")
        assert found["ending"] == "returned"
        assert found["output"] == {"count": 1, "memory": 256, "local": "true"}
        assert found["logs"] == "out return\nerr return\n"
        assert found["init_ms"] > 0
        assert found["nth"] == 1
        assert found["memory_mb"] > 5

    def test_error(self, results: dict[str, Any], runtime: str) -> None:
        found = invocation(results, f"{runtime} raise")
        assert found["ending"] == "function error"
        assert (found["error"]["type"], found["error"]["message"]) == (RAISED[runtime], "negative amount")
        assert found["error"]["stack"]

    @pytest.mark.parametrize(
        ("deed", "reason"),
        [
            ("exit", "Runtime exited with error: exit status 3"),
            ("exit 0", "Runtime exited without providing a reason"),
            ("kill", "Runtime exited with error: signal: killed"),
        ],
    )
    def test_exit(self, results: dict[str, Any], runtime: str, deed: str, reason: str) -> None:
        found = invocation(results, f"{runtime} {deed}")
        assert found["ending"] == "worker died"
        assert found["error"]["type"] == "Runtime.ExitError"
        assert found["error"]["message"] == f"RequestId: {found['request_id']} Error: {reason}"
        assert found["logs"] == f"out {deed}\nerr {deed}\n"

    def test_timeout(self, results: dict[str, Any], runtime: str) -> None:
        found = invocation(results, f"{runtime} sleep")
        assert found["ending"] == "timed out"
        assert found["error"]["type"] == "Sandbox.Timedout"
        assert found["error"]["message"] == (
            f"RequestId: {found['request_id']} Error: Task timed out after 1.00 seconds"
        )
        assert found["duration_ms"] == 1000
        assert found["logs"] == "out sleep\nerr sleep\n"

    def test_result_too_large(self, results: dict[str, Any], runtime: str) -> None:
        found = invocation(results, f"{runtime} large")
        assert found["ending"] == "function error"
        assert found["error"]["type"] == "Function.ResponseSizeTooLarge"
        assert found["error"]["message"] == (
            "Response payload size (6291559 bytes) exceeded maximum allowed payload size (6291556 bytes)."
        )

    def test_result_that_cannot_be_serialised(self, results: dict[str, Any], runtime: str) -> None:
        found = invocation(results, f"{runtime} set")
        assert found["ending"] == "function error"
        assert found["error"]["type"] == UNSERIALISABLE[runtime]

    def test_bytes_of_a_child_in_order(self, results: dict[str, Any], runtime: str) -> None:
        found = invocation(results, f"{runtime} bytes")
        assert found["logs"] == "out bytes\nerr bytes\n\ufffd\0xE"

    def test_a_new_worker_after_each_bad_ending(self, results: dict[str, Any], runtime: str) -> None:
        where = [
            (i["worker"], i["nth"], (i.get("output") or {}).get("count"))
            for i in (invocation(results, f"{runtime} {deed}") for deed in DEEDS)
        ]
        workers = [worker for worker, _, _ in where]
        # return, raise, exit share one; exit 0, kill, sleep, large have one each. What follows may share the
        # next, or run beside it.
        assert [workers.index(worker) for worker in workers[:8]] == [0, 0, 0, 3, 4, 5, 6, 7]
        assert not set(workers[8:]) & set(workers[:7])
        assert where[0][2] == 1

    def test_init_failures(self, results: dict[str, Any], runtime: str) -> None:
        broken = invocation(results, f"{runtime}Broken")
        assert broken["ending"] == "init failed"
        assert broken["error"]["type"] == "Runtime.ImportModuleError"
        missing = invocation(results, f"{runtime}Missing")
        assert missing["ending"] == "init failed"
        assert missing["error"]["type"] == "Runtime.HandlerNotFound"
