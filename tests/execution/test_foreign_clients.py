"""Clients that aren't this project's: AWS's own for Python, and shell scripts around curl."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lambda_scenarios.model.outcome import FunctionError, InitFailed, Returned, TimedOut, WorkerDied
from tests.execution import running
from tests.execution.running import aws_spec, lane, run, shell_spec, task

HANDLER = """
import os, signal, sys
print("loading")
def main(event, context):
    print("case", event)
    os.write(2, b"on stderr\\n")
    do = event.get("do")
    if do == "raise":
        raise ValueError("no")
    if do == "exit":
        os._exit(4)
    if do == "wait":
        signal.pause()
    if do == "large":
        return "x" * 6_500_000
    if do == "recurse":
        return main(event, context) if event.pop("silent", None) else forever(200)
    return event

def forever(name_that_makes_each_line_longer_than_it_would_be_otherwise):
    return forever(name_that_makes_each_line_longer_than_it_would_be_otherwise + 1)
"""


class TestClientOfAws:
    def test_endings(self, tmp_path: Path) -> None:
        deeds = ["ok", "raise", "ok", "exit", "ok", "wait", "large", "ok", "recurse", "ok"]
        tasks = [
            task(case, json.dumps({"do": deed, "case": case}), timeout=0.5 if deed == "wait" else 20)
            for case, deed in enumerate(deeds)
        ]
        done = run([lane(aws_spec(tmp_path, HANDLER), *tasks)], jobs=1)
        assert len(done.outcomes) == len(deeds)
        wanted = {"ok": Returned, "exit": WorkerDied, "wait": TimedOut}
        for case, deed in enumerate(deeds):
            outcome = done.of(case)
            assert isinstance(outcome.ending, wanted.get(deed, FunctionError)), (deed, outcome.ending)
            assert outcome.logs.startswith(
                b"case {'do': '%s', 'case': %d}\non stderr\n" % (deed.encode(), case)
            )
            assert outcome.init_logs == (b"loading\n" if outcome.nth == 1 else b"")
            assert (outcome.init_ms is not None) == (outcome.nth == 1)
        large = done.of(6).ending
        assert isinstance(large, FunctionError)
        assert large.error_type == "Function.ResponseSizeTooLarge"
        # Its X-Ray cause, a header, is as long as the stack.
        recursion = done.of(8).ending
        assert isinstance(recursion, FunctionError)
        assert recursion.error_type == "RecursionError"
        assert running.no_children()

    def test_loading_fails(self, tmp_path: Path) -> None:
        done = run([lane(aws_spec(tmp_path, "import no_such_module_anywhere"), task(0), task(1))])
        for case in (0, 1):
            ending = done.of(case).ending
            assert isinstance(ending, InitFailed)
            assert ending.error_type == "Runtime.ImportModuleError"

    def test_megabytes_both_ways(self, tmp_path: Path) -> None:
        spec = aws_spec(tmp_path, "def main(event, context): return event")
        large = json.dumps("x" * 5_000_000)
        done = run([lane(spec, task(0, large), task(1, "1"), task(2, large))], jobs=1)
        for case, event in ((0, large), (1, "1"), (2, large)):
            assert done.of(case).ending == Returned(event.encode())


POST = "curl -sS -o /dev/null"
JSON = "-H 'Content-Type: application/json'"
API = '"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime'
LOOP = """
while :; do
  curl -sS -D head -o event %(api)s/invocation/next"
  id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^ \\r]*\\).*/\\1/Ip' head)
  %(body)s
done
"""


def bootstrap(folder: Path, body: str, before: str = "") -> str:
    return f"cd {folder}\n{before}\n" + LOOP % {"api": API, "body": body}


@pytest.mark.skipif(running.CURL is None, reason="needs curl")
class TestShell:
    def test_a_connection_for_each_request(self, tmp_path: Path) -> None:
        body = f'echo "case $(cat event)"; {POST} --data-binary @event {API}/invocation/$id/response"'
        spec = shell_spec(tmp_path, bootstrap(tmp_path, body, before="echo loading"))
        done = run([lane(spec, *[task(case, str(case)) for case in range(5)])], jobs=1)
        for case in range(5):
            outcome = done.of(case)
            assert (outcome.ending, outcome.nth) == (
                Returned(b"%d" % case, "application/x-www-form-urlencoded"),
                case + 1,
            )
            assert outcome.logs == b"case %d\n" % case
        assert done.of(0).init_logs == b"loading\n"
        assert running.no_children()

    def test_megabytes_both_ways(self, tmp_path: Path) -> None:
        # Above a megabyte, curl waits for `100 Continue`.
        body = (
            "curl -sS -o /dev/null -H 'Content-Type: application/json' -H 'Expect: 100-continue' "
            f'--data-binary @event {API}/invocation/$id/response"'
        )
        large = json.dumps("x" * 5_000_000)
        done = run(
            [lane(shell_spec(tmp_path, bootstrap(tmp_path, body)), task(0, large), task(1, large))], jobs=1
        )
        assert [done.of(case).ending for case in (0, 1)] == [Returned(large.encode())] * 2

    def test_chunks(self, tmp_path: Path) -> None:
        body = (
            "curl -sS -o /dev/null -H 'Transfer-Encoding: chunked' -H 'Content-Type: text/plain' "
            f'--data-binary @event {API}/invocation/$id/response"'
        )
        done = run([lane(shell_spec(tmp_path, bootstrap(tmp_path, body)), task(0, '"a"'))])
        assert done.of(0).ending == Returned(b'"a"', "text/plain")

    def test_it_fails_to_load_and_goes_on(self, tmp_path: Path) -> None:
        before = (
            "curl -sS -o /dev/null -H 'Lambda-Runtime-Function-Error-Type: Runtime.NoSuchHandler' "
            f"""-d '{{"errorMessage": "none"}}' {API}/init/error\""""
        )
        done = run([lane(shell_spec(tmp_path, bootstrap(tmp_path, "exit 1", before)), task(0))])
        assert done.of(0).ending == InitFailed("Runtime.NoSuchHandler", "none", ())

    def test_it_fails_to_load_after_it_has_loaded(self, tmp_path: Path) -> None:
        body = (
            f'{POST} -d "{{}}" {API}/init/error"; '
            f'{POST} {JSON} -d 1 {API}/invocation/$id/response"; '
            f'{POST} -d "{{}}" {API}/init/error"'
        )
        done = run([lane(shell_spec(tmp_path, bootstrap(tmp_path, body)), task(0), task(1))], jobs=1)
        assert [done.of(case).ending for case in (0, 1)] == [Returned(b"1"), Returned(b"1")]

    def test_it_answers_twice_and_what_nobody_asked(self, tmp_path: Path) -> None:
        post = "curl -sS -o /dev/null -w '%{http_code} ' -H 'Content-Type: application/json' -d"
        body = (
            f'{post} 0 {API}/invocation/unknown/response"; {post} 1 {API}/invocation/$id/response"; '
            f'{post} 2 {API}/invocation/$id/response" >>late; {post} 2 {API}/no/such/path" >>late'
        )
        done = run([lane(shell_spec(tmp_path, bootstrap(tmp_path, body)), task(0), task(1))], jobs=1)
        for case in (0, 1):
            assert done.of(case).ending == Returned(b"1")
        assert (tmp_path / "late").read_text().startswith("403 404 ")

    def test_it_ends_between_invocations(self, tmp_path: Path) -> None:
        body = f'{POST} {JSON} -d 1 {API}/invocation/$id/response"; n=$((n + 1)); [ "$n" -lt 2 ] || exit 0'
        done = run([lane(shell_spec(tmp_path, bootstrap(tmp_path, body)), *map(task, range(5)))], jobs=1)
        assert len(done.outcomes) == 5
        # Lambda, too, tells the death of a runtime to whoever is invoked then.
        kinds = {type(outcome.ending) for _, outcome in done.outcomes}
        assert kinds <= {Returned, WorkerDied}
        assert isinstance(done.of(0).ending, Returned)

    def test_a_client_that_speaks_no_http(self, tmp_path: Path) -> None:
        script = """
exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}
printf 'HELO there\\r\\n\\r\\n' >&3
cat <&3
exit 5
"""
        spec = shell_spec(tmp_path, script)
        outcome = run([lane(spec._replace(command=("/bin/bash", spec.command[1])), task(0))]).of(0)
        assert isinstance(outcome.ending, WorkerDied)
        assert outcome.ending.status == 5
