"""Requests to AWS as the scheduler's workers: what becomes of those that are not answered, and mixed runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_scenarios.backends.aws.invoker import Invoker
from lambda_scenarios.execution.plan import Lane, Task, WorkerSpec
from lambda_scenarios.execution.scheduler import Limits, Scheduler
from lambda_scenarios.execution.starting import Means
from lambda_scenarios.model.outcome import BackendFailed, Outcome, Returned, TimedOut
from lambda_scenarios.model.remote import RemoteCall, RemoteSpec
from tests.backends.aws.fake_lambda import Fake, Reply, Request, echo
from tests.execution.running import Watcher
from tests.program import running

SPEC = RemoteSpec("shop-dev-echo", "eu-west-1", "dev")


def schedule(fake: Fake, *calls: RemoteCall, jobs: int = 2) -> list[Outcome]:
    """An invocation for each call, whose event is its number; outcomes in that order."""
    invoker = Invoker({**os.environ, **running.NO_CREDENTIALS, **fake.environ}, jobs)
    for call in calls:
        invoker.prepare(SPEC, call)
    tasks = tuple(Task(n, b"%d" % n, 1.0, 1000.0, b"", remote=call) for n, call in enumerate(calls))
    watcher = Watcher(lambda _case, _outcome: True, lambda: None)
    lane = Lane(WorkerSpec((), (), 1, "", 1, remote=SPEC), tasks)
    left, why = Scheduler([lane], Limits(jobs, 8), Means(invoker=invoker)).run(lambda: watcher)
    assert (left, why) == ((), None)
    return [outcome for _, outcome in sorted(watcher.outcomes, key=lambda pair: pair[0])]


def never(fake: Fake) -> None:
    def held(request: Request) -> Reply:
        if request.event == 0:
            fake.released.wait()
        return echo(request)

    fake.functions["shop-dev-echo"] = held


def test_no_answer_within_a_timeout_of_the_scenarios_own(fake: Fake) -> None:
    never(fake)
    late, other = schedule(fake, RemoteCall(0.2, limited=True), RemoteCall(20.0))
    assert isinstance(late.ending, TimedOut)
    assert late.ending.seconds == 1.0
    assert "it may still run on AWS" in late.ending.message
    assert late.logs_truncated
    assert isinstance(other.ending, Returned)


def test_no_answer_within_that_of_the_service_file(fake: Fake) -> None:
    never(fake)
    (late,) = schedule(fake, RemoteCall(0.2))
    assert isinstance(late.ending, BackendFailed)
    assert "its timeout is 1 by the service file" in late.ending.problem
    assert len(fake.requests) == 1


def test_requests_have_places_in_the_order_of_the_tasks(fake: Fake) -> None:
    outcomes = schedule(fake, *[RemoteCall(20.0)] * 5, jobs=1)
    assert [request.event for request in fake.requests] == [0, 1, 2, 3, 4]
    assert [(outcome.worker, outcome.nth) for outcome in outcomes] == [(1, n) for n in range(1, 6)]


PROJECT = """\
functions:
  here: {handler: app.handler, runtime: VERSION, code: .}
  there: {handler: app.handler, runtime: python3.11, code: .}
defaults: {env: {A: here}}
scenarios:
  - {name: here, function: here, expect: {output: here}}
  - {name: there, function: there, backend: aws, expect: {output: {a: 1}}, event: {a: 1}}
"""


def test_both_in_one_run(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import os\ndef handler(event, context): return os.environ['A']\n")
    version = f"python3.{sys.version_info[1]}"
    (tmp_path / "s.yml").write_text(PROJECT.replace("VERSION", version))
    fake.functions["local-dev-there"] = echo
    environ = {**fake.environ, "AWS_REGION": "eu-west-1"}
    done = running.run(tmp_path, "run", "s.yml", "--ignore-env", env=environ)
    assert done.status == 0, done
    found = json.loads((tmp_path / "reports" / "report.json").read_text())
    used = {result["name"]: result["attempts"][0]["invocations"][0]["backend"] for result in found["results"]}
    assert used == {"here": "local", "there": "aws"}


@pytest.mark.parametrize(("most", "told"), [(256, True), (4096, False)])
def test_fewer_where_no_more_files_can_be_open(fake: Fake, tmp_path: Path, most: int, told: bool) -> None:
    """The soft limit is raised; the hard one is told of."""
    (tmp_path / "serverless.yml").write_text(
        "service: shop\nprovider: {name: aws, runtime: python3.11}\n"
        "functions: {echo: {handler: app.handler}}\n"
    )
    (tmp_path / "app.py").write_text("def handler(event, context): return event\n")
    names = "".join(f"  - {{name: s{n}, function: echo}}\n" for n in range(20))
    (tmp_path / "s.yml").write_text("scenarios:\n" + names)
    done = subprocess.run(
        [
            *("/bin/sh", "-c", f'ulimit -Sn 256 && ulimit -Hn {most} && exec "$@"', "sh"),
            *(*running.PROGRAM, "run", "s.yml", "--backend", "aws", "-j", "200"),
        ],
        cwd=tmp_path,
        env=running.environment(fake.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    assert ("128 requests to AWS at once, not 200" in done.stderr) == told
