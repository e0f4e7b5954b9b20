"""Container images for the tests, made from this machine's own programs: where they run, nothing is pulled.

They are built like AWS's (https://gallery.ecr.aws/lambda): `/lambda-entrypoint.sh` takes the handler and
starts `/var/runtime/bootstrap`, which runs AWS's client. An image is made once and found again by its name,
whose tag tells what it was made of. Each function skips the test where there is no engine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from tests.backends.docker import engine
from tests.backends.docker.image_tar import Tar, libraries_of
from tests.program.running import node_major

_CLIENTS = Path(__file__).parents[3] / "runner/lambda_scenarios/runtimes/clients"
_ENTRYPOINT = """\
#!/bin/sh
if [ $# -ne 1 ]; then
  echo "the entrypoint takes one argument, the handler" >&2
  exit 142
fi
export _HANDLER="$1"
exec /var/runtime/bootstrap
"""
_PYTHON = """\
#!{python} -u
import os, sys
from awslambdaric.__main__ import main
sys.path[:0] = ["/opt/python"]
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
main(["bootstrap", os.environ["_HANDLER"]])
"""
_SETTINGS = [
    'ENTRYPOINT ["/lambda-entrypoint.sh"]',
    "WORKDIR /var/task",
    "ENV PATH=/usr/local/bin:/usr/bin:/bin",
    "ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64",
]
# Those of AWS's images speak en_US.UTF-8, which few machines have; these have the one that all have.
_LOCALE = Path("/usr/lib/locale/C.utf8")
_NODEJS = """\
#!/bin/sh
export LC_ALL=C.UTF-8 AWS_CLIENT=/var/runtime/package/{bundle}
exec /var/lang/bin/node -r /var/runtime/native_stand_in.cjs {program}
"""
# The Runtime API, as little of it as one invocation needs.
_PLAIN_CLIENT = """\
const http = require('http');
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const ask = (method, path, body) => new Promise((resolve, reject) => {
  const place = { host, port, method, path: `/2018-06-01/runtime/invocation/${path}` };
  const request = http.request(place, (answer) => {
    let text = '';
    answer.on('data', (chunk) => { text += chunk; });
    answer.on('end', () => resolve([answer.headers['lambda-runtime-aws-request-id'], text]));
  });
  request.on('error', reject);
  request.end(body);
});
(async () => {
  const [file, name] = process.env._HANDLER.split('.');
  const handler = require(`/var/task/${file}.js`)[name];
  for (;;) {
    const [id, event] = await ask('GET', 'next');
    await ask('POST', `${id}/response`, JSON.stringify(await handler(JSON.parse(event), {})));
  }
})();
"""
_PLAIN = "#!/bin/sh\nexec /var/lang/bin/node /var/runtime/index.cjs\n"
_RUBY = """\
#!/bin/sh
export LC_ALL=C.UTF-8
exec {ruby} /var/runtime/bootstrap.rb
"""
# AWS's client for Ruby is in no registry that tests could fetch it from: this project's own stands in for it,
# made to speak as AWS's does: one invocation at a time, and nothing on stdout that isn't the function's.
_RUBY_CLIENT = """\
require '/var/runtime/ruby_client'
silent = Module.new { def write(_name) = $stdout.flush }
LambdaScenarios::Markers.prepend(silent)
$stdout.sync = true
worker = LambdaScenarios::Worker.new(1, '')
worker.load(ENV['LAMBDA_TASK_ROOT'], ENV['_HANDLER'])
worker.serve
"""
_JAVA = """\
#!/bin/sh
export LC_ALL=C.UTF-8
exec /var/lang/bin/java -XX:MaxRAMPercentage=75 -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \\
  -Djava.net.preferIPv4Stack=true --add-opens=java.base/java.io=ALL-UNNAMED \\
  -cp '/var/runtime/lib/*' {main} "$_HANDLER"
"""
# Those that AWS's client and its serialiser load.
_MODULES = "java.base,java.logging,java.management,java.naming,java.sql,java.xml,jdk.unsupported"
_SHELL = ("cat", "curl", "date", "head", "mktemp", "rm", "sed", "sleep", "tr")


def _made(name: str, recipe: tuple[str, ...], fill: Callable[[Tar], None]) -> str:
    """The image of that name, imported where there is none; `recipe` is what makes it another one."""
    engine.require()
    repository = f"lambda-scenarios-test/{name}"
    tag = hashlib.sha256("\0".join((_ENTRYPOINT, *_SETTINGS, *recipe)).encode()).hexdigest()[:12]
    client = docker.from_env()
    try:
        try:
            client.images.get(f"{repository}:{tag}")
        except ImageNotFound:
            tar = Tar()
            tar.program("/bin/sh")
            tar.tree(_LOCALE, str(_LOCALE))
            tar.text("lambda-entrypoint.sh", _ENTRYPOINT)
            fill(tar)
            client.api.import_image_from_data(tar.bytes(), repository=repository, tag=tag, changes=_SETTINGS)
    finally:
        client.close()
    return f"{repository}:{tag}"


@lru_cache
def python() -> str:
    """This Python, and AWS's client for it."""
    binary = os.path.realpath(sys.executable)
    bootstrap = _PYTHON.format(python=binary)

    def fill(tar: Tar) -> None:
        tar.program(binary)
        library = Path(os.__file__).parent
        tar.tree(
            library,
            str(library),
            ("test", "idlelib", "tkinter", "lib2to3", "ensurepip", "site-packages", "dist-packages"),
        )
        for module in ("awslambdaric", "simplejson", "snapshot_restore_py", "runtime_client"):
            spec = find_spec(module)
            assert spec is not None and spec.origin is not None, f"{module} comes with awslambdaric"
            origin = Path(spec.origin)
            if origin.name == "__init__.py":
                tar.tree(origin.parent, f"{library}/{module}")
            else:
                tar.file(str(origin), f"{library}/{origin.name}")
                if origin.suffix == ".so":
                    for needed in libraries_of(str(origin)):
                        tar.file(os.path.realpath(needed), needed)
        tar.text("var/runtime/bootstrap", bootstrap)

    return _made(f"python-{sys.version_info[0]}.{sys.version_info[1]}", (bootstrap,), fill)


@lru_cache
def nodejs() -> str:
    """The Node.js of PATH, and AWS's client, its native part replaced as in tests/clients/nodejs."""
    from tests.clients.nodejs import conftest as clients

    engine.require()
    node = _node()
    own = Path(clients.HERE)
    major = int(node_major())
    version, bundle = ("3.3.0", "dist/index.mjs") if major < 24 else ("4.0.2", "index.mjs")
    package = Path(clients.unpacked(version, bundle)).parents[bundle.count("/")]
    # Version 4 is a program of its own; version 3 has to be called.
    program = "/var/runtime/index.mjs" if major < 24 else f"/var/runtime/package/{bundle}"
    bootstrap = _NODEJS.format(bundle=bundle, program=program)
    stand_in, start = own / "native_stand_in.cjs", own / "aws_client_3" / "index.mjs"

    def fill(tar: Tar) -> None:
        _add_node(tar, node)
        tar.tree(package, "var/runtime/package")
        tar.file(str(stand_in), "var/runtime/native_stand_in.cjs")
        tar.file(str(start), "var/runtime/index.mjs")
        tar.text("var/runtime/bootstrap", bootstrap)

    recipe = (bootstrap, stand_in.read_text(), start.read_text(), _output(node, "--version"))
    return _made(f"nodejs-{major}", recipe, fill)


@lru_cache
def nodejs_plain() -> str:
    """The Node.js of PATH, and a client of a few lines, for debuggers: what stands in for the native part of
    AWS's client is a thread, which would be stopped as well."""
    engine.require()
    node = _node()

    def fill(tar: Tar) -> None:
        _add_node(tar, node)
        tar.text("var/runtime/index.cjs", _PLAIN_CLIENT)
        tar.text("var/runtime/bootstrap", _PLAIN)

    recipe = (_PLAIN, _PLAIN_CLIENT, _output(node, "--version"))
    return _made(f"nodejs-plain-{node_major()}", recipe, fill)


def _node() -> str:
    if shutil.which("node") is None:
        pytest.skip("needs Node.js: apt-get install nodejs")
    return _output("node", "-p", "process.execPath")


def _add_node(tar: Tar, node: str) -> None:
    tar.program(node, "/var/lang/bin/node")
    for module in ("acorn", "cjs-module-lexer", "undici"):  # where Debian has parts of its Node.js
        tar.tree(Path("/usr/share/nodejs") / module, f"/usr/share/nodejs/{module}")


@lru_cache
def ruby() -> str:
    """The Ruby of PATH, and this project's client."""
    ask = "c = RbConfig::CONFIG; puts RbConfig.ruby, c['rubylibdir'], c['rubyarchdir'], RUBY_VERSION"
    binary, library, architecture, version = _output("ruby", "-e", ask).splitlines()
    bootstrap = _RUBY.format(ruby=binary)
    client = _CLIENTS / "ruby_client.rb"

    def fill(tar: Tar) -> None:
        tar.program(binary)
        for folder in dict.fromkeys((library, architecture)):
            tar.tree(Path(folder), folder, ("bundler", "irb", "rdoc"))
        tar.file(str(client), "var/runtime/ruby_client.rb")
        tar.text("var/runtime/bootstrap.rb", _RUBY_CLIENT)
        tar.text("var/runtime/bootstrap", bootstrap)

    return _made(f"ruby-{version}", (bootstrap, _RUBY_CLIENT, client.read_text()), fill)


@lru_cache
def java() -> str:
    """As much of the Java of PATH as AWS's client needs, that client, and `kill`, which Java lacks."""
    from lambda_scenarios.runtimes.java_client import client, native_library
    from lambda_scenarios.runtimes.java_start import MAIN

    engine.require()
    found = client(os.environ)
    bootstrap = _JAVA.format(main=MAIN)

    def fill(tar: Tar) -> None:
        with tempfile.TemporaryDirectory() as work:
            home = Path(work) / "java"
            lean = ("--strip-java-debug-attributes", "--no-header-files", "--no-man-pages")
            _output("jlink", "--add-modules", _MODULES, *lean, "--output", str(home))
            # Java's own classes as they lie in memory: without them it starts in twice the time.
            _output(str(home / "bin" / "java"), "-Xshare:dump")
            tar.tree(home, "var/lang")
            tar.program(str(home / "bin" / "java"), "var/lang/bin/java")
        for jar in found.class_path.split(os.pathsep):
            tar.file(jar, f"var/runtime/lib/{os.path.basename(jar)}")
        for needed in libraries_of(native_library(found)):  # the jar has it, and unpacks it
            tar.file(os.path.realpath(needed), needed)
        tar.program("/bin/kill")
        tar.text("var/runtime/bootstrap", bootstrap)

    return _made("java", (bootstrap, _MODULES, found.folder, _output("jlink", "--version")), fill)


@lru_cache
def shell() -> str:
    """No client: /bin/sh, curl, and what scripts use. For functions with a `bootstrap` of their own."""

    def fill(tar: Tar) -> None:
        for name in _SHELL:
            tar.program(_output("sh", "-c", f"command -v {name}"), f"/bin/{name}")

    return _made("shell", _SHELL, fill)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
