"""The real program with containers: which functions run in them, and that none is left, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import docker
import pytest

from lambda_scenarios.backends.docker.address import host_of
from tests.backends.docker import engine, images
from tests.program import running
from tests.program.running import VERSION

SOURCE = """
import os, pathlib
def handler(event, context):
    found = {name: sorted(os.listdir(place)) for name, place in (("task", "/var/task"), ("opt", "/opt"))}
    return {**found, "say": event.get("say")}
def waits(event, context):
    print("it waits", flush=True)
    import signal
    signal.pause()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A service with a layer or two, and an image of its own."""
    (tmp_path / "shop.py").write_text(SOURCE)
    for name, file in (("one", "a"), ("two", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(file)
        (tmp_path / name / "both").write_text(name)
    (tmp_path / "serverless.yml").write_text(
        f"service: shop\nprovider: {{name: aws, runtime: python{VERSION}, memorySize: 256, timeout: 30}}\n"
        "package: {patterns: ['!**', 'shop.py']}\n"
        "functions:\n"
        "  listed: {handler: shop.handler, layers: [{Ref: OneLambdaLayer}, {Ref: TwoLambdaLayer}]}\n"
        "  waiting: {handler: shop.waits}\n"
        f"  built: {{image: {{uri: '{images.python()}', command: [json.dumps],"
        " entryPoint: [/lambda-entrypoint.sh]}}\n"
        "  absent: {image: lambda-scenarios-test/never-made}\n"
        "  foreign: {handler: shop.handler, runtime: dotnet8}\n"
        "layers: {one: {path: one}, two: {path: two}}\n"
    )
    (tmp_path / "scenarios").mkdir()
    tmp_path.chmod(0o755)
    return tmp_path


def write(project: Path, *scenarios: str) -> None:
    text = "scenarios:\n" + "".join(f"  - {scenario}\n" for scenario in scenarios)
    (project / "scenarios" / "s.yml").write_text(text)


def report(project: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((project / "reports" / "report.json").read_text())
    return {result["name"]: result for result in found["results"]}


ARGUMENTS = ("run", "--backend", "docker", "--docker-image")


def image() -> str:
    return f"python{VERSION}={images.python()}"


def test_the_package_and_the_layers(project: Path) -> None:
    write(project, "{name: a, function: listed, event: {say: x}, expect: {output_includes: {say: x}}}")
    done = running.run(project, *ARGUMENTS, image(), env={"XDG_CACHE_HOME": str(project / "cache")})
    assert done.status == 0, done
    (invocation,) = report(project)["a"]["attempts"][0]["invocations"]
    assert invocation["backend"] == "docker"
    assert invocation["output"] == {"task": ["shop.py"], "opt": ["a", "b", "both"], "say": "x"}
    (merged,) = (project / "cache" / "lambda-scenarios" / "opt").iterdir()
    assert (merged / "both").read_text() == "two"


def test_auto_takes_images_to_the_engine_and_the_rest_not(project: Path) -> None:
    write(
        project,
        "{name: here, function: listed, event: {}, expect: {error: {type: FileNotFoundError}}}",
        "{name: image, function: built, event: {a: 1}, expect: {error: {type: TypeError}}}",
    )
    done = running.run(project, "run")
    found = report(project)
    backends = {name: one["attempts"][0]["invocations"][0]["backend"] for name, one in found.items()}
    assert backends == {"here": "local", "image": "docker"}, done
    # json.dumps takes one argument: the command of serverless.yml was the handler.
    assert found["image"]["status"] == "passed", done


def test_images_that_are_missing(project: Path) -> None:
    write(project, "{name: a, function: absent}", "{name: b, function: foreign}")
    done = running.run(project, "run")
    assert done.status == 1
    assert (
        "the image lambda-scenarios-test/never-made isn't on this machine, and can't be pulled" in done.stdout
    )
    assert "public.ecr.aws/lambda/dotnet:8 can't be pulled" in done.stdout
    assert "another registry or image: --docker-image dotnet8=IMAGE" in done.stdout
    assert "pulling public.ecr.aws/lambda/dotnet:8, which isn't on this machine yet" in done.stderr
    assert running.run(project, "run", "--missing-runtime", "skip").status == 0


@pytest.mark.no_engine
@pytest.mark.parametrize(
    ("host", "words"),
    [
        (
            "unix:///nowhere.sock",
            "no Docker engine answers at /nowhere.sock, which DOCKER_HOST names: there is no such socket",
        ),
        (
            "tcp://127.0.0.1:1",
            "engine answers at tcp://127.0.0.1:1, which DOCKER_HOST names: connection refused",
        ),
        ("127.0.0.1:1", "no Docker engine answers at tcp://127.0.0.1:1, which DOCKER_HOST names"),
        ("ssh://me@elsewhere", "containers of ssh://me@elsewhere can't reach this machine"),
        ("nonsense", "`nonsense`, which DOCKER_HOST names, is no address of a Docker engine"),
        ("tcp://", "`tcp://`, which DOCKER_HOST names, is no address of a Docker engine"),
    ],
)
def test_no_engine(host: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SOURCE)
    functions = f"functions: {{f: {{handler: shop.handler, runtime: python{VERSION}}}}}\n"
    (tmp_path / "s.yml").write_text(f"{functions}service: null\nscenarios: [{{name: a, function: f}}]\n")
    arguments = ("run", "s.yml", "--backend", "docker")
    done = running.run(tmp_path, *arguments, env={"DOCKER_HOST": host})
    assert done.status == 1
    assert words in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    skipped = running.run(tmp_path, *arguments, "--missing-runtime", "skip", env={"DOCKER_HOST": host})
    assert skipped.status == 0


def _waiting(project: Path, *arguments: str, host: str | None = None) -> subprocess.Popen[bytes]:
    """The program, whose function waits in a container; `host` is a DOCKER_HOST."""
    write(project, "{name: a, function: waiting}", "{name: b, function: waiting, isolation: cold}")
    environ = None if host is None else {"DOCKER_HOST": host}
    process = running.start(project, [*ARGUMENTS, image(), *arguments], environ)
    engine.watch("program", process.pid)
    until = time.monotonic() + 60
    while not any("it waits" in logs for logs in engine.logs()):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(number: signal.Signals, project: Path) -> None:
    done = running.interrupt(_waiting(project, "-j", "2"), number)
    assert done.status == 130
    assert engine.containers() == []
    assert {one["status"] for one in report(project).values()} == {"not run"}


def test_secrets_of_docker_arguments_are_masked(project: Path) -> None:
    (project / "variables").write_text("DB_PASSWORD=of-the-file\n")
    (project / "shop.py").write_text(
        "import os\ndef handler(event, context):\n"
        "    return [os.environ[name] for name in ('API_TOKEN', 'DB_PASSWORD')]\n"
    )
    write(project, "{name: a, function: plain, expect: {output: []}}")
    service = (project / "serverless.yml").read_text()
    (project / "serverless.yml").write_text(
        service.replace("functions:\n", "functions:\n  plain: {handler: shop.handler}\n")
    )
    arguments = ("--docker-arg=--env-file variables", "--docker-arg=-e API_TOKEN=of-the-line")
    done = running.run(project, *ARGUMENTS, image(), *arguments)
    assert done.status == 1, done
    shown = [done.stdout, done.stderr, *(path.read_text() for path in (project / "reports").iterdir())]
    assert [text for text in shown if "of-the-file" in text or "of-the-line" in text] == []
    assert '"***"' in done.stdout


def test_what_one_container_can_have_at_a_time(project: Path) -> None:
    write(project, *(f"{{name: {name}, function: listed, isolation: cold}}" for name in "abc"))
    alone = ("--docker-arg", f"--name lambda-scenarios-test-{os.getpid()}")
    done = running.run(project, *ARGUMENTS, image(), *alone, "-j", "1")
    assert done.status == 0, done
    done = running.run(project, *ARGUMENTS, image(), *alone, "-j", "3")
    assert done.status == 1
    assert "one container at a time can have a name or a port of this machine: -j 1" in done.stdout


def test_the_engine_goes_away(project: Path) -> None:
    host, _ = host_of(os.environ)
    if not host.startswith("unix://"):
        pytest.skip("this engine is at no socket of this machine, beside which there could be a port")
    command = [
        sys.executable,
        str(Path(__file__).with_name("tcp_engine.py")),
        host.removeprefix("unix://"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as proxy:
        assert proxy.stdout is not None
        process = _waiting(project, "-j", "2", host=f"tcp://127.0.0.1:{int(proxy.stdout.readline())}")
        proxy.kill()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, (out, err)
    assert b"the Docker engine went away (" in out
    assert {one["status"] for one in report(project).values()} == {"error"}
    write(project, "{name: a, function: listed}")
    assert running.run(project, *ARGUMENTS, image()).status == 0  # removes what could not be


def test_an_image_for_another_machine(project: Path) -> None:
    write(project, "{name: a, function: listed}")
    done = running.run(project, *ARGUMENTS, image(), "--docker-arg", "--platform linux/s390x")
    assert done.status == 1
    assert f"{images.python()} for linux/s390x: the one on this machine is for linux/" in done.stderr
    assert " alone, and can't be pulled for linux/s390x" in done.stdout


def test_killed(project: Path) -> None:
    process = _waiting(project, "-j", "2")
    process.kill()
    process.communicate()
    _until_gone()


def test_killed_with_all_that_it_started(project: Path) -> None:
    # The reaper too: the function ends as nobody listens to it any more, its container is the next run's:
    # this test's, or that of another that is run beside it.
    process = _waiting(project)
    for child in running_children(process.pid):
        os.kill(child, signal.SIGKILL)
    process.kill()
    process.communicate()
    until = time.monotonic() + 60
    while any(state == "running" for state in engine.states()):
        assert time.monotonic() < until
        time.sleep(0.05)
    write(project, "{name: a, function: listed}")
    assert running.run(project, *ARGUMENTS, image()).status == 0
    assert engine.containers() == []


def test_containers_of_others_are_left_alone() -> None:
    client = docker.from_env()
    name = images.python()
    labels = {"lambda-scenarios.runner": f"another-machine - {os.getpid()} 1"}
    other = client.api.create_container(name, labels=labels)["Id"]
    try:
        from lambda_scenarios.backends.docker.engine import connect

        connect(os.environ).client.close()
        assert client.api.inspect_container(other)["Id"] == other
    finally:
        client.api.remove_container(other)
        client.close()


def running_children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(child) for child in text.split()]


def _until_gone() -> None:
    until = time.monotonic() + 60
    while engine.containers():
        assert time.monotonic() < until
        time.sleep(0.05)
