"""`run --backend aws` through the real program, beside a Lambda that does what a test wants."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.backends.aws.fake_lambda import Fake, Reply, Request, echo, refusal
from tests.program import running

SERVICE = """\
service: shop
provider: {name: aws, runtime: python3.11, region: eu-west-1}
functions:
  echo: {handler: app.handler}
  other: {handler: app.handler, timeout: 900}
"""


# Neither code, artifact, layer nor parameter is there, and nobody but Lambda may be asked for anything.
NOTHING_HERE = {
    "serverless.yml": """\
service: shop
provider: {name: aws, runtime: python3.11, environment: {KEY: "${ssm:/key}"}}
layers: {libs: {path: gone}}
functions:
  echo:
    handler: gone.handler
    layers: [{Ref: LibsLambdaLayer}]
    environment: {URL: {"Fn::ImportValue": shop-url}}
    package: {artifact: target/gone.zip}
""",
    "template.yaml": """\
Transform: AWS::Serverless-2016-10-31
Resources:
  echo:
    Type: AWS::Serverless::Function
    Properties:
      {FunctionName: shop-dev-echo, Runtime: java21, Handler: gone.Handler, CodeUri: gone/, Layers: [gone/],
       Environment: {Variables: {URL: {"Fn::ImportValue": shop-url}}}}
""",
    "s.yml": "functions: {echo: {handler: gone.handler, runtime: nodejs22.x, code: gone, layers: [gone]}}\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "serverless.yml").write_text(SERVICE)
    (tmp_path / "app.py").write_text("def handler(event, context): return 'local'\n")
    return tmp_path


def scenarios(shop: Path, text: str) -> None:
    (shop / "s.yml").write_text(text)


def one(shop: Path, more: str = "") -> None:
    scenarios(shop, f"scenarios:\n  - {{name: one, function: echo{more}}}\n")


def run(shop: Path, fake: Fake, *arguments: str) -> running.Done:
    return running.run(shop, "run", "s.yml", "--backend", "aws", *arguments, env=fake.environ)


def results(shop: Path) -> list[Any]:
    found: list[Any] = json.loads((shop / "reports" / "report.json").read_text())["results"]
    return found


def invocation(shop: Path) -> Any:
    (result,) = results(shop)
    return result["attempts"][0]["invocations"][0]


class TestWhatIsSent:
    @pytest.mark.parametrize("file", NOTHING_HERE)
    def test_what_is_deployed_needs_nothing_here(self, file: str, tmp_path: Path, fake: Fake) -> None:
        fake.functions["local-dev-echo"] = echo
        (tmp_path / file).write_text(NOTHING_HERE[file])
        with (tmp_path / "s.yml").open("a") as stream:
            stream.write("scenarios: [{name: one, function: echo, event: 1, expect: {output: 1}}]\n")
        done = running.run(tmp_path, "run", "s.yml", "--backend", "aws", env=fake.environ)
        assert done.status == 0, done
        with (tmp_path / "s.yml").open("a") as stream:
            stream.write("defaults: {backend: aws}\n")
        done = running.run(tmp_path, "run", "s.yml", env=fake.environ)
        assert (done.status, done.stderr) == (0, ""), done
        if file != "s.yml":
            done = running.run(
                tmp_path, "invoke", "-f", "echo", "-d", "1", "--backend", "aws", env=fake.environ
            )
            assert (done.status, done.stdout) == (0, "1\n"), done
        assert {request.event for request in fake.requests} == {1}
        assert running.run(tmp_path, "validate", "s.yml", env=fake.environ).status == 0
        assert running.run(tmp_path, "run", "s.yml", "--backend", "local", env=fake.environ).status == 2

    def test_the_event_to_the_deployed_function(self, shop: Path, fake: Fake) -> None:
        one(shop, ", event: {a: 1}, expect: {output: {a: 1}, logs: seen}")
        done = run(shop, fake)
        assert done.status == 0, done
        (request,) = fake.requests
        assert request[:5] == ("shop-dev-echo", None, {"a": 1}, None, "Tail")
        found = invocation(shop)
        assert found["backend"] == "aws"
        assert found["request_id"] == request.id
        assert found["logs"] == "seen\n" and not found["logs_truncated"]
        figures = ("duration_ms", "billed_ms", "memory_mb", "memory_size_mb", "init_ms")
        assert [found[name] for name in figures] == [1.5, 2, 45, 256, None]
        report = json.loads((shop / "reports" / "report.json").read_text())
        assert report["environments"] == [
            {"key": 1, "variables": {}, "identity": "the deployed function's role"}
        ]

    def test_by_the_scenario_qualifier_stage_and_context(self, shop: Path, fake: Fake) -> None:
        one(shop, ", backend: aws, context: {client_context: {custom: {n: é}}}")
        fake.functions["shop-prod-echo"] = echo
        done = running.run(shop, "run", "s.yml", "--qualifier", "live", "--stage", "prod", env=fake.environ)
        assert done.status == 0, done
        (request,) = fake.requests
        assert request[:4] == ("shop-prod-echo", "live", {}, {"custom": {"n": "é"}})

    def test_by_the_chosen_profile(self, shop: Path, fake: Fake) -> None:
        one(shop)
        (shop / "keys").write_text("[work]\naws_access_key_id = AKIAOFWORK\naws_secret_access_key = x\n")
        environ = {**fake.environ, "AWS_SHARED_CREDENTIALS_FILE": str(shop / "keys")}
        done = running.run(shop, "run", "s.yml", "--backend", "aws", "--aws-profile", "work", env=environ)
        assert done.status == 0, done
        assert [request.access_key for request in fake.requests] == ["AKIAOFWORK"]

    def test_no_local_code_is_run_and_nothing_is_built(self, shop: Path, fake: Fake) -> None:
        scenarios(
            shop,
            "functions: {echo: {handler: app.handler, runtime: python3.11, build: exit 1}}\n"
            "scenarios: [{name: one, function: echo, isolation: cold, expect: {output: {}}}]\n",
        )
        done = run(shop, fake)
        assert done.status == 0, done
        assert "`isolation: cold` changes nothing on AWS" in done.stderr

    def test_the_warm_check_leaves_it_out(self, shop: Path, fake: Fake) -> None:
        scenarios(
            shop,
            "scenarios:\n"
            "  - {name: there, function: echo, backend: aws}\n"
            "  - {name: here, function: other, backend: local}\n",
        )
        done = running.run(shop, "run", "s.yml", "--warm-check", env=fake.environ)
        assert done.status == 0, done
        assert "warning: --warm-check leaves out 1 scenario on AWS" in done.stderr
        assert len(fake.requests) == 1
        done = run(shop, fake, "--warm-check")
        assert (done.status, "--warm-check can't check functions on AWS" in done.stderr) == (2, True), done
        assert len(fake.requests) == 1


class TestWhatCantBeSent:
    def test_variables_are_refused(self, shop: Path, fake: Fake) -> None:
        one(shop, ", env: {A: b}")
        done = run(shop, fake)
        assert done.status == 2
        assert "environment variables can't be set on AWS" in done.stderr
        assert "s.yml:2:" in done.stderr and "--ignore-env leaves them out" in done.stderr
        assert run(shop, fake, "--ignore-env", "-e", "C=d").status == 0
        one(shop)
        assert run(shop, fake, "-e", "C=d").status == 2
        assert run(shop, fake, "--inherit-env").status == 2
        assert len(fake.requests) == 1

    @pytest.mark.parametrize(
        ("context", "told"),
        [
            ("{aws_request_id: abc}", "`aws_request_id` of the context can't be chosen on AWS"),
            ("{more: 1}", "can't be given attributes"),
            ("text", "can't be replaced"),
            ("{client_context: {a: " + "x" * 3000 + "}}", "and Lambda takes at most 3583"),
        ],
    )
    def test_the_context_is_lambdas(self, shop: Path, fake: Fake, context: str, told: str) -> None:
        one(shop, f", context: {context}")
        done = run(shop, fake)
        assert done.status == 2
        assert told in done.stderr and "s.yml:2:" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--qualifier", "a b"), "takes a version or an alias, not `a b`"),
            (("--credentials", "role"), "--credentials is about functions that run here"),
        ],
    )
    def test_options(self, shop: Path, fake: Fake, arguments: tuple[str, ...], told: str) -> None:
        one(shop)
        done = run(shop, fake, *arguments)
        assert (done.status, told in done.stderr) == (2, True)

    def test_a_qualifier_needs_aws(self, shop: Path, fake: Fake) -> None:
        one(shop)
        done = running.run(shop, "run", "s.yml", "--qualifier", "live", env=fake.environ)
        assert (done.status, "no scenario runs there" in done.stderr) == (2, True)


class TestRefusals:
    def test_what_isnt_deployed(self, shop: Path, fake: Fake) -> None:
        del fake.functions["shop-dev-echo"]
        scenarios(shop, "scenarios:\n" + "".join(f"  - {{name: s{n}, function: echo}}\n" for n in range(5)))
        done = run(shop, fake, "-j", "1", "--qualifier", "live")
        assert done.status == 1
        assert "there is no function shop-dev-echo with the qualifier live in eu-west-1" in done.stdout
        assert "deploy it (stage dev)" in done.stdout
        assert {result["status"] for result in results(shop)} == {"error"}
        assert len(fake.requests) == 1, "the others would be answered the same"

    def test_no_credentials(self, shop: Path, fake: Fake) -> None:
        one(shop)
        environ = {"AWS_ENDPOINT_URL": fake.url}
        done = running.run(shop, "run", "s.yml", "--backend", "aws", env=environ)
        assert done.status == 1
        assert "deployed functions can't be invoked: there are no AWS credentials" in done.stdout
        assert [result["status"] for result in results(shop)] == ["error"]
        assert not fake.requests

    def test_no_network(self, shop: Path, fake: Fake) -> None:
        scenarios(shop, "scenarios:\n" + "".join(f"  - {{name: s{n}, function: echo}}\n" for n in range(50)))
        environ = {**fake.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        done = running.run(shop, "run", "s.yml", "--backend", "aws", "-j", "3", env=environ)
        assert done.status == 1
        assert "AWS can't be reached" in done.stdout
        assert {result["status"] for result in results(shop)} == {"error"}

    def test_expired_keys_are_asked_for_once(self, shop: Path, fake: Fake) -> None:
        fake.functions["shop-dev-echo"] = lambda _: refusal(403, "ExpiredTokenException", "expired")
        scenarios(shop, "scenarios:\n" + "".join(f"  - {{name: s{n}, function: echo}}\n" for n in range(5)))
        done = run(shop, fake, "-j", "1")
        assert done.status == 1
        assert "the AWS credentials have expired" in done.stdout
        assert len(fake.requests) == 1

    def test_access_denied(self, shop: Path, fake: Fake) -> None:
        one(shop)
        fake.functions["shop-dev-echo"] = lambda _: refusal(403, "AccessDeniedException", "not you")
        assert run(shop, fake).status == 1
        (result,) = results(shop)
        assert "it needs the permission lambda:InvokeFunction" in result["reason"]
        assert "AWS says: not you" in result["reason"]

    def test_what_passes_is_tried_again(self, shop: Path, fake: Fake) -> None:
        answers = [
            refusal(429, "TooManyRequestsException", "Rate Exceeded."),
            refusal(500, "ServiceException", "once more"),
            refusal(409, "ResourceConflictException", "the function is Pending"),
            Reply(b"<html>", status=503),
        ]
        fake.functions["shop-dev-echo"] = lambda request: answers.pop(0) if answers else echo(request)
        one(shop, ", event: [1], expect: {output: [1]}")
        done = run(shop, fake)
        assert done.status == 0, done
        assert len(fake.requests) == 5

    @pytest.mark.parametrize(
        ("reply", "told"),
        [
            (
                refusal(502, "InvalidRuntimeException", "of 2015"),
                "ends with InvalidRuntimeException: of 2015",
            ),
            (refusal(413, "RequestTooLargeException", "6 MB"), "ends with RequestTooLargeException: 6 MB"),
            (Reply(b"<html>", status=504), "it may have run, and is therefore not invoked again"),
        ],
    )
    def test_what_doesnt_pass_isnt(self, shop: Path, fake: Fake, reply: Reply, told: str) -> None:
        fake.functions["shop-dev-echo"] = lambda _: reply
        one(shop)
        assert run(shop, fake).status == 1
        assert len(fake.requests) == 1
        assert told in results(shop)[0]["reason"]

    def test_validate_refuses_the_same(self, shop: Path) -> None:
        one(shop, ", backend: aws, env: {A: b}")
        assert running.run(shop, "validate", "s.yml").status == 2
        assert running.run(shop, "validate", "s.yml", "--ignore-env").status == 0


class TestLogs:
    def test_a_tail_never_proves_what_is_not_in_it(self, shop: Path, fake: Fake) -> None:
        fake.functions["shop-dev-echo"] = lambda request: Reply(request.event, log="secret\n" + "x" * 5000)
        one(shop, ", expect: {logs: {$not: {$contains: secret}}}")
        done = run(shop, fake)
        assert done.status == 1
        (result,) = results(shop)
        assert result["status"] == "error"
        assert "only a part of the logs is known" in result["reason"]
        assert invocation(shop)["logs_truncated"]

    def test_nor_is_what_it_lacks_a_failure(self, shop: Path, fake: Fake) -> None:
        fake.functions["shop-dev-echo"] = lambda request: Reply(request.event, log="early\n" + "x" * 5000)
        one(shop, ", expect: {logs: early}")
        assert run(shop, fake).status == 1
        assert [result["status"] for result in results(shop)] == ["error"]
        one(shop, ", expect: {logs: early, output: 1}")
        assert run(shop, fake).status == 1
        assert [result["status"] for result in results(shop)] == ["failed"]

    def test_what_is_in_it_counts(self, shop: Path, fake: Fake) -> None:
        fake.functions["shop-dev-echo"] = lambda request: Reply(request.event, log="x" * 5000 + " late\n")
        one(shop, ", expect: {logs: late}")
        assert run(shop, fake).status == 0


class TestTimeouts:
    def test_one_of_the_scenarios_own_is_held_to(self, shop: Path, fake: Fake) -> None:
        fake.functions["shop-dev-echo"] = lambda _: Reply("late", duration=1200.0)
        one(shop, ", timeout: 1, expect: {error: {type: Sandbox.Timedout, message: {$regex: after 1.00}}}")
        done = run(shop, fake)
        assert done.status == 0, done
        one(shop, ", expect: {output: late}")
        assert run(shop, fake).status == 0


class TestEnd:
    @pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupt_waits_for_nothing(self, shop: Path, fake: Fake, signal_: signal.Signals) -> None:
        def never(request: Request) -> Reply:
            fake.released.wait()
            return echo(request)

        fake.functions["shop-dev-other"] = never
        scenarios(shop, "scenarios:\n" + "".join(f"  - {{name: s{n}, function: other}}\n" for n in range(5)))
        started = running.start(shop, ("run", "s.yml", "--backend", "aws", "-j", "2"), fake.environ)
        fake.wait_for(2)
        started.send_signal(signal_)
        stdout, stderr = started.communicate(timeout=30)
        assert started.returncode == 130, stderr
        reasons = [result["reason"] for result in results(shop)]
        assert {result["status"] for result in results(shop)} == {"not run"}
        under_way = [reason for reason in reasons if "the function may still run on AWS" in reason]
        assert len(under_way) == 2, stdout
        assert len(fake.requests) == 2

    def test_the_time_of_a_run(self, shop: Path, fake: Fake) -> None:
        def never(request: Request) -> Reply:
            fake.released.wait()
            return echo(request)

        fake.functions["shop-dev-other"] = never
        scenarios(shop, "scenarios: [{name: s, function: other}]\n")
        done = run(shop, fake, "--max-time", "0.5")
        assert done.status == 1, done
        assert "--max-time" in results(shop)[0]["reason"]

    def test_the_first_failure(self, shop: Path, fake: Fake) -> None:
        scenarios(
            shop,
            "defaults: {function: echo, expect: {output: 1}}\n"
            "scenarios:\n" + "".join(f"  - {{name: s{n}, event: {n}}}\n" for n in range(9)),
        )
        done = run(shop, fake, "-j", "1", "-x")
        assert done.status == 1
        assert [result["status"] for result in results(shop)].count("failed") == 1
        assert len(fake.requests) == 1


class TestManyAtOnce:
    def test_as_many_as_asked_for_and_never_more(self, shop: Path, fake: Fake) -> None:
        fake.functions["shop-dev-echo"] = fake.hold(7)
        scenarios(
            shop,
            "scenarios:\n"
            + "".join(
                f"  - {{name: s{n}, function: echo, event: {n}, expect: {{output: {n}}}}}\n"
                for n in range(60)
            ),
        )
        done = run(shop, fake, "-j", "7")
        assert done.status == 0, done
        assert fake.most_at_once == 7
        assert sorted(request.event for request in fake.requests) == list(range(60))

    def test_throttled_ones_are_not_more(self, shop: Path, fake: Fake) -> None:
        """Lambda that serves three at once, and refuses further ones."""
        busy = [0]

        def limited(request: Request) -> Reply:
            with fake.changed:
                if busy[0] >= 3:
                    return refusal(429, "TooManyRequestsException", "Rate Exceeded.")
                busy[0] += 1
            reply = echo(request)
            with fake.changed:
                busy[0] -= 1
            return reply

        fake.functions["shop-dev-echo"] = limited
        scenarios(shop, "scenarios:\n" + "".join(f"  - {{name: s{n}, function: echo}}\n" for n in range(60)))
        done = run(shop, fake, "-j", "12")
        assert done.status == 0, done
        assert fake.most_at_once <= 12

    def test_a_thousand(self, shop: Path, fake: Fake) -> None:
        fake.functions["shop-dev-echo"] = fake.hold(1000)
        scenarios(
            shop,
            "scenarios:\n"
            "  - name: '{{ matrix.n }}'\n    function: echo\n    event: '{{ matrix.n }}'\n"
            "    expect: {output: '{{ matrix.n }}'}\n"
            f"    matrix: {{n: {list(range(1000))}}}\n",
        )
        done = run(shop, fake, "-j", "1000")
        assert done.status == 0, done.stdout[-2000:] + done.stderr[-2000:]
        assert fake.most_at_once == 1000
        assert len(fake.requests) == 1000
