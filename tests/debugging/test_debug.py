"""`--debug`, with the debuggers themselves: a breakpoint in the handler, hit before the result comes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_scenarios.model.container import DockerArguments
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.runtimes import debugging
from tests.backends.docker import images
from tests.debugging.dap import Adapter
from tests.debugging.inspector import Inspector
from tests.debugging.waiting import debugged
from tests.program import running
from tests.program.running import VERSION

RUBY = shutil.which("ruby")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs")
needs_ruby = pytest.mark.skipif(RUBY is None, reason="needs Ruby: apt-get install ruby")
needs_jdk = pytest.mark.skipif(
    shutil.which("jdb") is None or shutil.which("javac") is None,
    reason="needs a JDK: apt-get install default-jdk-headless",
)

SERVICE = f"""\
service: shop
provider: {{name: aws, runtime: python{VERSION}, region: eu-west-1}}
functions:
  double: {{handler: app.double}}
  other: {{handler: app.double, environment: {{OTHER: "1"}}}}
  inNode: {{handler: app.double, runtime: nodejs{running.node_major()}.x}}
  inRuby: {{handler: app.double, runtime: ruby3.3}}
  inJava: {{handler: "shop.Double::handle", runtime: java17}}
  inGo: {{handler: bootstrap, runtime: provided.al2023}}
"""
CODE = {
    "app.py": "def double(event, context):\n    doubled = event['n'] * 2\n    return {'doubled': doubled}\n",
    "app.js": "exports.double = async ({n}) => {\n  const doubled = n * 2;\n  return {doubled};\n};\n",
    "app.rb": "def double(event:, context:)\n  doubled = event['n'] * 2\n  { doubled: doubled }\nend\n",
    "bootstrap": "#!/bin/sh\nexit 1\n",
}
STOP = 3  # the line of the result
SCENARIOS = """\
service: ..
scenarios:
  - {name: one, function: double, event: {n: 1}, expect: {output: {doubled: 2}}}
  - {name: two, function: other, event: {n: 2}, expect: {output: {doubled: 4}}}
  - {name: three, function: double, event: {n: 3}, expect: {output: {doubled: 6}}}
"""
# Everything takes longer than that, with a debugger between.
SHORT = ("--timeout", "0.0001")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "serverless.yml").write_text(SERVICE)
    for name, text in CODE.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bootstrap").chmod(0o755)
    (tmp_path / ".venv").symlink_to(sys.prefix)  # whose Python has debugpy
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "all.yml").write_text(SCENARIOS)
    return tmp_path


def attached(port: int) -> Adapter:
    """A client of debugpy that lets the program go on when it likes: `configurationDone` is still to come."""
    adapter = Adapter(port)
    adapter.ask("initialize", adapterID="test", pathFormat="path", linesStartAt1=True)
    adapter.send("attach", justMyCode=True)
    adapter.event("initialized")
    return adapter


def invoking(function: str, *more: str) -> tuple[str, ...]:
    return ("invoke", "-f", function, "-d", '{"n": 4}', *more)


def test_python_stops_in_the_handler_and_no_time_counts(shop: Path) -> None:
    with debugged(shop, *invoking("double", "--debug", "0", *SHORT)) as program:
        port = program.port()
        assert program.configuration() == {
            "name": "lambda-scenarios: double",
            "type": "debugpy",
            "request": "attach",
            "connect": {"host": "127.0.0.1", "port": port},
            "pathMappings": [{"localRoot": str(shop), "remoteRoot": str(shop)}],
        }
        with attached(port) as adapter:
            source = {"path": str(shop / "app.py")}
            adapter.ask("setBreakpoints", source=source, breakpoints=[{"line": STOP}])
            adapter.ask("configurationDone")
            thread = adapter.event("stopped")["threadId"]
            (frame, *_) = adapter.ask("stackTrace", threadId=thread)["stackFrames"]
            assert (frame["source"]["path"], frame["line"]) == (source["path"], STOP)
            assert adapter.ask("evaluate", expression="doubled", frameId=frame["id"])["result"] == "8"
            adapter.send("continue", threadId=thread)
            done = program.end()
    assert (done.status, done.stdout) == (0, '{"doubled": 8}\n'), done
    assert running.left_behind(str(shop)) == []


def test_each_function_has_one_worker_after_the_other(shop: Path) -> None:
    """Two functions at one port: debugpy's adapter of the first has to be gone by then."""
    port = free_port()
    with debugged(shop, "run", "--debug", str(port), "-v", *SHORT) as program:
        for function in ("double", "other"):
            assert program.port() == port
            assert program.function == function
            with attached(port) as adapter:
                adapter.send("configurationDone")
        done = program.end()
    assert done.status == 0, done
    report = json.loads((shop / "reports" / "report.json").read_text())
    workers = {
        result["name"]: result["attempts"][0]["invocations"][0]["worker"] for result in report["results"]
    }
    assert workers["one"] == workers["three"] != workers["two"]
    assert len(re.findall("waits for its debugger", done.stderr)) == 2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def test_an_interrupt_ends_the_waiting(shop: Path) -> None:
    with debugged(shop, "run", "--debug", "0", env={running.MARK: str(shop)}) as program:
        program.port()
        program.process.send_signal(signal.SIGINT)
        assert program.end().status == 130
    assert running.left_behind(str(shop)) == []


@needs_node
def test_node_stops_in_the_handler(shop: Path) -> None:
    stop_in_node(shop, os.path.realpath(shop))


@pytest.mark.parametrize("shown", [(), ("-e", "NODE_OPTIONS=--enable-source-maps")])
def test_node_stops_in_a_container(shop: Path, shown: tuple[str, ...]) -> None:
    (shop / ".venv").unlink()  # it would be packaged
    image = f"nodejs{running.node_major()}.x={images.nodejs_plain()}"
    stop_in_node(shop, "/var/task", "--docker", "--docker-image", image, *shown)


def stop_in_node(shop: Path, remote: str, *more: str) -> None:
    with debugged(shop, *invoking("inNode", "--debug", "0", *SHORT, *more)) as program:
        port = program.port()
        configuration = program.configuration()
        assert (configuration["type"], configuration["port"]) == ("node", port)
        assert configuration["remoteRoot"] == remote
        assert os.path.exists(os.path.join(configuration["localRoot"], "app.js"))
        with Inspector(port) as inspector:
            inspector.ask("Debugger.enable")
            url = f"file://{remote}/app.js"
            inspector.ask("Debugger.setBreakpointByUrl", lineNumber=STOP - 1, url=url)
            inspector.ask("Runtime.runIfWaitingForDebugger")
            assert inspector.event("Debugger.paused")["reason"] == "Break on start"
            inspector.ask("Debugger.resume")
            (frame, *_) = inspector.event("Debugger.paused")["callFrames"]
            assert frame["functionName"] == "exports.double"
            value = inspector.ask(
                "Debugger.evaluateOnCallFrame", callFrameId=frame["callFrameId"], expression="doubled"
            )
            assert value["result"]["value"] == 8
            inspector.send("Debugger.resume")
            done = program.end()
    assert (done.status, done.stdout) == (0, '{"doubled":8}\n'), done


class Console:
    """A debugger that is spoken to by lines."""

    def __init__(self, *command: str, **variables: str) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
        )
        self._heard = b""

    def __enter__(self) -> Console:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def hear(self, text: str) -> None:
        """Waits until it says that."""
        assert self._process.stdout is not None
        while text.encode() not in self._heard:
            more = os.read(self._process.stdout.fileno(), 65536)
            assert more, self._heard
            self._heard += more
        self._heard = self._heard.partition(text.encode())[2]


@needs_ruby
def test_ruby_stops_in_the_handler(shop: Path) -> None:
    assert RUBY is not None
    script = '$stdout.sync = true; load Gem.bin_path("debug", "rdbg")'
    rdbg = (RUBY, "-e", script, "--", "--attach", "127.0.0.1")
    with debugged(shop, *invoking("inRuby", "--debug", "0", *SHORT)) as program:
        port = program.port()
        assert program.configuration()["debugPort"] == f"127.0.0.1:{port}"
        with Console(*rdbg, str(port), NO_COLOR="1", RUBY_DEBUG_NO_RELINE="1") as debugger:
            debugger.hear("app.rb:1")  # where it waited: in the first line of the handler's file
            debugger.tell(f"break {STOP}")
            debugger.hear("BP - Line")
            debugger.tell("continue")
            debugger.hear("Stop by")
            debugger.tell("p doubled")
            debugger.hear("=> 8")
            debugger.tell("continue")
            done = program.end()
    assert (done.status, done.stdout) == (0, '{"doubled":8}\n'), done


@needs_jdk
def test_java_stops_in_the_handler(shop: Path) -> None:
    source = shop / "Double.java"
    source.write_text(
        "package shop;\npublic class Double {\n  public java.util.Map<String, Integer> "
        'handle(java.util.Map<String, Integer> event) {\n    int doubled = event.get("n") * 2;\n'
        '    return java.util.Map.of("doubled", doubled);\n  }\n}\n'
    )
    subprocess.run(["javac", "-g", "-d", shop / "target" / "classes", source], check=True)
    with debugged(shop, *invoking("inJava", "--debug", "0", *SHORT)) as program:
        port = program.port()
        assert program.configuration()["port"] == port
        with Console("jdb", "-attach", f"127.0.0.1:{port}") as debugger:
            debugger.hear("main[1]")  # suspended before the first class
            debugger.tell("stop at shop.Double:5")
            debugger.hear("breakpoint")
            debugger.tell("resume")
            debugger.hear("Breakpoint hit")
            debugger.hear("line=5")
            debugger.tell("print doubled")
            debugger.hear("doubled = 8")
            debugger.tell("resume")
            done = program.end()
    assert (done.status, done.stdout) == (0, '{"doubled":8}\n'), done


# What can't be


def refused(shop: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    done = running.run(shop, *arguments, env=env)
    assert (done.status, done.stdout) == (2, ""), done
    return done.stderr


def test_a_port_in_use(shop: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = refused(shop, "run", "--debug", str(port))
    assert f"error: debugpy can't have the port {port}: address already in use" in told
    assert "--debug 0 takes any that is free" in told
    assert "nothing was run" in told


def other_venv(shop: Path) -> None:
    (shop / ".venv").unlink()
    python = os.path.realpath(sys.executable)
    subprocess.run([python, "-m", "venv", "--without-pip", shop / ".venv"], check=True)


def test_a_python_without_debugpy(shop: Path) -> None:
    other_venv(shop)
    told = refused(shop, *invoking("double", "--debug"))
    assert "error: .venv/bin/python, which runs double, has no debugpy" in told
    assert "to install it: .venv/bin/python -m pip install debugpy" in told


def test_a_debugpy_of_the_code_itself_is_taken(shop: Path) -> None:
    """As `pip install --target .` puts it there."""
    other_venv(shop)
    import debugpy

    os.symlink(os.path.dirname(debugpy.__file__), shop / "debugpy")
    with (
        debugged(shop, *invoking("double", "--debug", "0")) as program,
        attached(program.port()) as adapter,
    ):
        adapter.send("configurationDone")
        done = program.end()
    assert (done.status, done.stdout) == (0, '{"doubled": 8}\n'), done


@needs_ruby
def test_a_ruby_without_its_gem(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ruby = tmp_path / "bin" / "ruby"
    ruby.write_text(f'#!/bin/sh\nexec {RUBY} --disable-gems "$@"\n')
    ruby.chmod(0o755)
    told = refused(shop, *invoking("inRuby", "--debug"), env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert "bin/ruby, which runs inRuby, has no gem `debug`" in told
    assert "install debug" in told


def test_a_custom_runtime(shop: Path) -> None:
    told = refused(shop, *invoking("inGo", "--debug"))
    assert "--debug doesn't know what the bootstrap of inGo (provided.al2023) is made of" in told
    assert "dlv attach PID" in told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--debug", "70000"), "takes a port, 0 to 65535, not `70000`"),
        (("--debug=http",), "takes a port, 0 to 65535, not `http`"),
        (("--debug", "-j", "4"), "--debug and --jobs 4 contradict each other"),
        (("--debug", "--backend", "aws"), "--debug can't stop double on AWS"),
        (("--debug", "nowhere.yml"), "nowhere.yml"),  # which is a path, not a port
    ],
)
def test_the_option(shop: Path, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in refused(shop, "run", *arguments)


def test_python_in_a_container(shop: Path) -> None:
    (shop / ".venv").unlink()  # it would be packaged
    image = f"python{VERSION}={images.python()}"
    told = refused(shop, *invoking("double", "--debug", "--docker", "--docker-image", image))
    assert "--debug can't make debugpy wait in a container, where double runs" in told
    assert "--docker-arg '-p 127.0.0.1:5678:5678'" in told


def test_java_in_a_container() -> None:
    function = Function(
        key="f",
        name="s-dev-f",
        handler="shop.F",
        runtime="java21",
        code="/code",
        service=ServiceInfo("s", "dev", "us-east-1", "/code", None),
    )
    given = (("JAVA_TOOL_OPTIONS", "-Dmine=1"), ("OTHER", "2"))
    variables, arguments, debugger = debugging.attachable_container(
        given, DockerArguments(ports=("80:80",)), function, debugging.Debugging(0), "/var/task"
    )
    (port,) = re.findall(r"127\.0\.0\.1:(\d+)$", debugger.headline)
    assert dict(variables) == {
        "JAVA_TOOL_OPTIONS": "-Dmine=1 -agentlib:jdwp=transport=dt_socket,server=y,suspend=y,"
        f"address=0.0.0.0:{port}",
        "OTHER": "2",
    }
    assert arguments.ports == ("80:80", f"127.0.0.1:{port}:{port}")


def test_a_container_on_another_machine() -> None:
    service = ServiceInfo("s", "dev", "us-east-1", "/code", None)
    function = Function("f", "s-dev-f", "shop.F", "java21", "/code", service)
    told = debugging.attachable_container(
        (), DockerArguments(), function, debugging.Debugging(0), "/var/task", far="tcp://build:2375"
    )[2]
    (port,) = re.findall(r":(\d+)$", told.headline)
    assert told.how.splitlines()[0].endswith(
        f"is on the machine of tcp://build:2375; first: ssh -L {port}:127.0.0.1:{port} build"
    )
