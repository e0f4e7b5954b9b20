"""One invocation of a deployed function, by botocore's own client: sent again, given up, or neither."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.session import Session

from lambda_scenarios.backends.aws import calls
from lambda_scenarios.backends.aws.calls import Answer, Refused, Result, Standing, Unanswered, invoke
from lambda_scenarios.backends.aws.invoker import Invoker
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.execution.loop import Loop
from lambda_scenarios.model.remote import RemoteCall, RemoteSpec
from tests.backends.aws.fake_lambda import KEYS, Fake, Reply, Request, echo, refusal
from tests.program.running import NO_CREDENTIALS

SPEC = RemoteSpec("shop-dev-echo", "eu-west-1", "dev")
OTHER = RemoteSpec("shop-dev-other", "eu-west-1", "dev")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(calls, "_LONGEST_WAIT", 0.002)


def client(fake: Fake, wait: float = 20.0) -> Any:
    from botocore.config import Config

    return Session().create_client(
        "lambda",
        region_name="eu-west-1",
        endpoint_url=fake.url,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="x",
        config=Config(read_timeout=wait, retries={"total_max_attempts": 1}),
    )


def ended(fake: Fake, standing: Standing, spec: RemoteSpec = SPEC) -> Result:
    return invoke(client(fake), spec, RemoteCall(20.0), b"{}", standing)


def test_it_is_given_up_where_nothing_is_answered(fake: Fake) -> None:
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    fake.functions["shop-dev-echo"] = lambda _: refusal(
        429,
        "TooManyRequestsException",
        "Rate Exceeded.",
        Reason=reason,
    )
    found = ended(fake, Standing(patience=0.05))
    assert isinstance(found, Refused)
    assert f"TooManyRequestsException, {reason}" in found.problem
    assert "AWS says: Rate Exceeded.\nits reserved concurrency is used up, or 0" in found.problem
    assert len(fake.requests) > 1


@pytest.mark.parametrize(
    ("reason", "goes_on"),
    [
        ("ConcurrentInvocationLimitExceeded", True),
        ("ReservedFunctionConcurrentInvocationLimitExceeded", False),
    ],
)
def test_it_goes_on_while_others_are_answered(fake: Fake, reason: str, goes_on: bool) -> None:
    """Only a limit of the function's own has nothing to do with others."""
    standing = Standing(patience=0.0)

    def refused(request: Request) -> Reply:
        if len(fake.requests) > 3:
            return echo(request)
        standing.answered(OTHER)
        standing.patience = 60.0 if goes_on else 0.0
        return refusal(429, "TooManyRequestsException", Reason=reason)

    fake.functions["shop-dev-echo"] = refused
    found = ended(fake, standing)
    assert isinstance(found, Answer if goes_on else Refused)


def test_no_answer_in_time_is_not_tried_again(fake: Fake) -> None:
    def never(request: Request) -> Reply:
        fake.released.wait()
        return echo(request)

    fake.functions["shop-dev-echo"] = never
    found = invoke(client(fake, wait=0.2), SPEC, RemoteCall(0.2), b"{}", Standing())
    assert isinstance(found, Unanswered)
    assert found.waited_ms >= 200
    assert len(fake.requests) == 1


class Broken:
    """A client whose connections break after the request."""

    def __init__(self) -> None:
        self.calls = 0

    def invoke(self, **_: Any) -> Any:
        self.calls += 1
        raise ConnectionClosedError(endpoint_url="https://lambda.test")


def test_a_broken_connection_is_not_tried_again_and_no_reason_to_stop() -> None:
    standing, broken = Standing(), Broken()
    for _ in range(2):
        found = invoke(broken, SPEC, RemoteCall(1.0), b"{}", standing)
        assert isinstance(found, Refused)
        assert "broke off before shop-dev-echo had answered\nit may have run" in found.problem
    assert broken.calls == 2


def test_what_is_the_matter_with_one_function_is_not_with_others(fake: Fake) -> None:
    standing = Standing()
    assert isinstance(ended(fake, standing, OTHER), Refused)
    assert isinstance(ended(fake, standing, OTHER), Refused)
    assert isinstance(ended(fake, standing), Answer)
    assert [request.function for request in fake.requests] == ["shop-dev-other", "shop-dev-echo"]


def test_the_end_of_a_run_wakes_whoever_waits(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_FIRST_WAIT", 3600.0)
    monkeypatch.setattr(calls, "_LONGEST_WAIT", 3600.0)
    standing = Standing(patience=1e9)

    def refused(_: Request) -> Reply:
        threading.Timer(0.0, standing.ending.set).start()
        return refusal(429, "TooManyRequestsException")

    fake.functions["shop-dev-echo"] = refused
    assert isinstance(ended(fake, standing), Refused)


class TestInvoker:
    def environ(self, fake: Fake) -> dict[str, str]:
        return {**os.environ, **NO_CREDENTIALS, **fake.environ}

    def drive(self, invoker: Invoker, work: Callable[[Loop, list[Result]], None]) -> list[Result]:
        loop = Loop()
        found: list[Result] = []
        invoker.begin(loop)
        try:
            work(loop, found)
        finally:
            invoker.end()
            loop.close()
        return found

    def test_results_come_to_the_loop(self, fake: Fake) -> None:
        invoker = Invoker(self.environ(fake), 2)
        call = RemoteCall(20.0)
        invoker.prepare(SPEC, call)

        def work(loop: Loop, found: list[Result]) -> None:
            for _ in range(2):
                invoker.take_seat()
                invoker.invoke(SPEC, call, b"[1]", found.append)
            while len(found) < 2:
                loop.turn(None)

        assert all(isinstance(one, Answer) for one in self.drive(invoker, work))

    def test_there_are_no_more_seats_than_asked_for(self, fake: Fake) -> None:
        invoker = Invoker(self.environ(fake), 1)

        def work(_: Loop, __: list[Result]) -> None:
            invoker.take_seat()
            with pytest.raises(OSError, match="ulimit"):
                invoker.take_seat()
            invoker.leave_seat()
            invoker.take_seat()

        self.drive(invoker, work)

    def test_what_is_under_way_at_the_end_is_left_alone(self, fake: Fake) -> None:
        def never(request: Request) -> Reply:
            fake.released.wait()
            return echo(request)

        fake.functions["shop-dev-echo"] = never
        invoker = Invoker(self.environ(fake), 1)
        call = RemoteCall(20.0)
        invoker.prepare(SPEC, call)

        def work(_: Loop, found: list[Result]) -> None:
            invoker.take_seat()
            invoker.invoke(SPEC, call, b"{}", found.append)
            fake.wait_for(1)

        assert self.drive(invoker, work) == []

    def test_a_defect_of_this_program_is_not_lost(self, fake: Fake) -> None:
        invoker = Invoker(self.environ(fake), 1)
        call = RemoteCall(20.0)
        invoker.prepare(SPEC, call)

        def work(loop: Loop, _: list[Result]) -> None:
            def fail(_: Result) -> None:
                raise ZeroDivisionError

            invoker.take_seat()
            invoker.invoke(SPEC, call, b"{}", fail)
            loop.turn(None)

        with pytest.raises(ZeroDivisionError):
            self.drive(invoker, work)

    def test_a_profile_that_isnt_there(self, fake: Fake, tmp_path: Path) -> None:
        environ = {**self.environ(fake), "AWS_CONFIG_FILE": str(tmp_path / "none")}
        with pytest.raises(MissingPart, match="there is no AWS profile `work`"):
            Invoker(environ, 1).prepare(SPEC._replace(profile="work"), RemoteCall(20.0))
