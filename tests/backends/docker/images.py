"""Container images for the tests, made from this machine's own programs: where they run, nothing is pulled.

They are built like AWS's (https://gallery.ecr.aws/lambda): `/lambda-entrypoint.sh` takes the handler and
starts `/var/runtime/bootstrap`, which runs AWS's client.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from tests.backends.docker import engine
from tests.program.running import node_major

_ENTRYPOINT = """\
#!/bin/sh
if [ $# -ne 1 ]; then
  echo "the entrypoint takes one argument, the handler" >&2
  exit 142
fi
export _HANDLER="$1"
exec /var/runtime/bootstrap
"""
_BOOTSTRAP = """\
#!{python} -u
import os, sys
from awslambdaric.__main__ import main
sys.path[:0] = ["/opt/python"]
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
main(["bootstrap", os.environ["_HANDLER"]])
"""

# The Runtime API, as little of it as one invocation needs.
_NODE_CLIENT = """\
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


def _libraries(program: str) -> Iterator[str]:
    done = subprocess.run(("ldd", program), capture_output=True, text=True, check=True)
    yield from re.findall(r"(/\S+) \(0x", done.stdout)


class _Tar:
    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115  # closed by bytes()
        self._names: set[str] = set()
        for folder in ("var/task", "var/runtime", "opt", "etc", "bin"):
            self.folder(folder, 0o755)
        self.folder("tmp", 0o1777)

    def folder(self, name: str, mode: int) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.mode = tarfile.DIRTYPE, mode
        self._tar.addfile(info)

    def text(self, name: str, text: str, mode: int = 0o755) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(text.encode()), mode
        self._tar.addfile(info, io.BytesIO(text.encode()))

    def program(self, path: str, name: str | None = None) -> None:
        """A program with its libraries, each where the loader looks for it."""
        self.file(os.path.realpath(path), name or path)
        for library in _libraries(os.path.realpath(path)):
            self.file(os.path.realpath(library), library)

    def file(self, path: str, name: str) -> None:
        if name not in self._names:
            self._names.add(name)
            info = self._tar.gettarinfo(path, arcname=name.lstrip("/"))
            if info.islnk():
                info.type, info.size = tarfile.REGTYPE, os.path.getsize(path)
            info.mode |= 0o444
            with open(path, "rb") as file:
                self._tar.addfile(info, file)

    def tree(self, folder: Path, name: str, left_out: Iterable[str] = ()) -> None:
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and not {"__pycache__", *left_out}.intersection(parts):
                self.file(str(path), f"{name}/{'/'.join(parts)}")
                if path.suffix == ".so":
                    for library in _libraries(str(path)):
                        self.file(os.path.realpath(library), library)

    def bytes(self) -> bytes:
        self._tar.close()
        return self._buffer.getvalue()


def _imported(name: str, tar: _Tar, changes: list[str]) -> str:
    client = docker.from_env()
    try:
        client.api.import_image_from_data(tar.bytes(), repository=name, tag="latest", changes=changes)
    finally:
        client.close()
    return f"{name}:latest"


def _there(name: str) -> bool:
    client = docker.from_env()
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    finally:
        client.close()
    return True


@lru_cache
def python() -> str:
    """An image with this Python and AWS's client for it, and /bin/sh. Skips where there is no engine."""
    engine.require()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    name = f"lambda-scenarios-test/python-{version}"
    if _there(name):
        return f"{name}:latest"
    tar = _Tar()
    binary = os.path.realpath(sys.executable)
    tar.program(binary)
    tar.program("/bin/sh")
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
                for needed in _libraries(str(origin)):
                    tar.file(os.path.realpath(needed), needed)
    tar.text("lambda-entrypoint.sh", _ENTRYPOINT)
    tar.text("var/runtime/bootstrap", _BOOTSTRAP.format(python=binary))
    return _imported(
        name,
        tar,
        [
            'ENTRYPOINT ["/lambda-entrypoint.sh"]',
            "WORKDIR /var/task",
            "ENV PATH=/usr/local/bin:/usr/bin:/bin",
            "ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64",
        ],
    )


@lru_cache
def nodejs() -> str:
    """An image with this Node.js and a client of a few lines, and /bin/sh. Skips where there is no engine."""
    engine.require()
    path = shutil.which("node")
    if path is None:
        pytest.skip("needs Node.js: apt-get install nodejs")
    name = f"lambda-scenarios-test/nodejs-{node_major()}"
    if _there(name):
        return f"{name}:latest"
    tar = _Tar()
    tar.program(path, "/var/lang/bin/node")
    tar.program("/bin/sh")
    for module in ("acorn", "cjs-module-lexer", "undici"):  # where Debian has parts of its Node.js
        tar.tree(Path("/usr/share/nodejs") / module, f"/usr/share/nodejs/{module}")
    tar.text("lambda-entrypoint.sh", _ENTRYPOINT)
    tar.text("var/runtime/bootstrap", "#!/bin/sh\nexec /var/lang/bin/node /var/runtime/index.cjs\n")
    tar.text("var/runtime/index.cjs", _NODE_CLIENT)
    return _imported(name, tar, ['ENTRYPOINT ["/lambda-entrypoint.sh"]', "WORKDIR /var/task"])
