"""The Docker engine: found, asked, and told what to run.

`connect` is where everything begins. What is asked before a run goes through the Docker SDK; what happens
while workers run goes over connections that the run's loop watches, since the SDK waits for each answer.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import docker
from docker.errors import APIError, DockerException
from docker.utils import parse_host

from lambda_scenarios.backends.docker import configuration, leftovers, options
from lambda_scenarios.backends.docker.container import Container
from lambda_scenarios.backends.docker.reach import Reach, find, refuse_one_way
from lambda_scenarios.errors import MissingPart

if TYPE_CHECKING:
    from lambda_scenarios.execution.loop import Loop
    from lambda_scenarios.model.container import ContainerSpec

# Engine 20.10 (December 2020): the first that knows `host-gateway` and the platform of a container.
_OLDEST = (1, 41)
_TIMEOUT = 60
# The same for its first answers: an engine that hangs is told as one.
_FIRST_ANSWERS = 15
# Seconds that the end of a run waits for its containers to be removed.
_LAST = 30.0


class Answer(NamedTuple):
    """What the engine said; `status` 0: nothing, the connection broke. `stream` is the connection itself
    where it has become that of a container."""

    status: int
    body: bytes
    stream: socket.socket | None = None

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        try:
            found = json.loads(self.body)["message"]
        except (ValueError, KeyError, TypeError):
            return self.body.decode("utf-8", "replace").strip()
        return str(found)


class _Request(NamedTuple):
    connection: http.client.HTTPConnection
    descriptor: int
    on_answer: Callable[[Answer], None]
    upgrade: bool


def connect(environ: Mapping[str, str]) -> Engine:
    """The engine that DOCKER_HOST, the current context or the usual socket names.

    Raises MissingPart where there is none, in one line that says what to do.
    """
    host, by = "the Docker engine", ""
    try:
        host, by = host_of(environ)
        refuse_one_way(host)
        client = docker.APIClient(
            base_url=host,
            version="auto",
            timeout=_FIRST_ANSWERS,
            tls=_tls(environ),
            user_agent="lambda-scenarios",
        )
    except (DockerException, OSError, ValueError) as error:
        raise explained(host, by, error) from None
    try:
        version = tuple(int(part) for part in client.api_version.split(".")[:2])
        if version < _OLDEST:
            engine = client.version().get("Version", "?")
            raise MissingPart(
                f"the Docker engine {engine} is too old",
                ("20.10 or later is needed", "or: --missing-runtime skip"),
            )
        info = client.info()
        bridge = None
        with contextlib.suppress(APIError):
            bridge = client.inspect_network("bridge")
        reach = find(host, info, bridge, environ)
        client.timeout = _TIMEOUT
        leftovers.remove(client)
    except (DockerException, OSError) as error:
        client.close()
        raise explained(host, by, error) from None
    except MissingPart:
        client.close()
        raise
    return Engine(client, host, reach, info, environ)


def host_of(environ: Mapping[str, str]) -> tuple[str, str]:
    """The engine's URL, and what names it (empty: nothing does): DOCKER_HOST, else the context (that of
    DOCKER_CONTEXT, or as `docker context use` chose it), else the socket of the system or of Docker Desktop.

    Raises MissingPart for what is no URL of an engine, and for a context that isn't there.
    """
    named = environ.get("DOCKER_HOST", "").strip()
    if named:
        return _url(named, "DOCKER_HOST", environ), "DOCKER_HOST"
    from docker.context import ContextAPI

    chosen = environ.get("DOCKER_CONTEXT") or None
    context = ContextAPI.get_context(chosen)
    if context is None and chosen is not None:
        raise MissingPart(
            f"there is no Docker context `{chosen}`, which DOCKER_CONTEXT names",
            ("docker context ls lists them", "or: --missing-runtime skip"),
        )
    if context is not None and context.Host:
        by = f"the context `{context.Name}`"
        found = _url(str(context.Host), by, environ)
        if found != "unix:///var/run/docker.sock":
            return found, by
    usual = "/var/run/docker.sock"
    of_desktop = os.path.join(environ.get("HOME", "/"), ".docker", "run", "docker.sock")
    exists = not os.path.exists(usual) and os.path.exists(of_desktop)
    return "unix://" + (of_desktop if exists else usual), ""


def _url(text: str, by: str, environ: Mapping[str, str]) -> str:
    """`unix:///path`, `tcp://host:port` or `ssh://…`, whatever is left out: as Docker completes it."""
    if text.startswith("ssh://"):
        return text
    try:
        url = urlsplit(text)
        if url.scheme == "tcp" and url.hostname and url.port is None:
            text = f"{text.rstrip('/')}:{2376 if _tls(environ) else 2375}"
        completed = str(parse_host(text))
    except (DockerException, ValueError) as error:
        raise MissingPart(
            f"`{text}`, which {by} names, is no address of a Docker engine: {short(error)}",
            ("as in unix:///var/run/docker.sock or tcp://127.0.0.1:2375", "or: --missing-runtime skip"),
        ) from None
    return completed.replace("http+unix://", "unix://").replace("http://", "tcp://")


def _tls(environ: Mapping[str, str]) -> docker.tls.TLSConfig | bool:
    """What DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say."""
    if not environ.get("DOCKER_TLS_VERIFY") and not environ.get("DOCKER_CERT_PATH"):
        return False
    return docker.tls.TLSConfig(
        client_cert=_certificate(environ),
        ca_cert=os.path.join(_certificates(environ), "ca.pem"),
        verify=bool(environ.get("DOCKER_TLS_VERIFY")),
    )


def _certificates(environ: Mapping[str, str]) -> str:
    return environ.get("DOCKER_CERT_PATH") or os.path.join(environ.get("HOME", "/"), ".docker")


def _certificate(environ: Mapping[str, str]) -> tuple[str, str]:
    folder = _certificates(environ)
    return os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")


def explained(host: str, by: str, error: Exception) -> MissingPart:
    """Why there is no engine, and what helps. `by` is what names the host, empty where nothing does."""
    text = str(error)
    skip = "or: --missing-runtime skip"
    path = host.removeprefix("unix://") if host.startswith("unix://") else None
    if "Permission denied" in text or "PermissionError" in text:
        return MissingPart(
            f"this user may not use the Docker engine ({path or host}: permission denied)",
            ("to allow it: sudo usermod -aG docker $USER, and log in again", skip),
        )
    if by:
        why = "there is no such socket" if path and not os.path.exists(path) else short(error)
        other = "unset DOCKER_HOST" if by == "DOCKER_HOST" else "docker context use default"
        return MissingPart(
            f"no Docker engine answers at {path or host}, which {by} names: {why}",
            (f"start that one; or, for the usual engine of this machine: {other}", skip),
        )
    if path is not None and os.path.exists(path):
        return MissingPart(
            f"no Docker engine answers at {path}",
            ("to start it: systemctl start docker, or open Docker Desktop", skip),
        )
    if path is not None:
        return MissingPart("this needs a Docker engine, and none runs on this machine", (advice(), skip))
    return MissingPart(f"no Docker engine answers at {host}: {short(error)}", (skip,))


def advice() -> str:
    """What installs or starts an engine here."""
    import shutil
    import sys

    if sys.platform == "darwin":
        if os.path.exists("/Applications/Docker.app"):
            return "to start it: open -a Docker"
        return "to install it: brew install --cask docker, and open Docker Desktop"
    if shutil.which("dockerd") is not None:
        return "to start it: systemctl start docker (or dockerd)"
    return "to install it: apt-get install docker.io (Debian, Ubuntu)"


def short(error: Exception) -> str:
    """What the system said, out of what the HTTP client made of it."""
    text = str(error) or type(error).__name__
    if "timed out" in text:
        return "no answer in time"
    told = re.search(r"\[Errno -?\d+\] ([\w ]+)|\(\d+, '([\w ]+)'|[A-Z]\w+\('([\w ]+)'", text)
    if told is not None:
        return str(next(filter(None, told.groups()))).lower()
    return text.rpartition(": ")[2].rstrip(")'\"") if len(text) > 100 else text


class Engine:
    """One engine, for a run. Containers are started between `begin` and `end`."""

    def __init__(
        self,
        client: docker.APIClient,
        host: str,
        reach: Reach,
        info: Mapping[str, Any],
        environ: Mapping[str, str],
    ) -> None:
        self.client = client
        self.host = host
        self.reach = reach
        self.rootless = any("rootless" in str(option) for option in info.get("SecurityOptions") or ())
        self._tls = _tls(environ)
        self._certificate = _certificate(environ)
        self._labels = leftovers.labels()
        self._loop: Loop | None = None
        self._ended: Callable[[], None] = lambda: None
        self._requests: dict[int, _Request] = {}
        self._removals = 0
        self._waiting: list[Callable[[], None]] = []

    # Starting.

    def begin(self, loop: Loop, ended: Callable[[], None]) -> None:
        """`ended` is called when some container has ended."""
        self._loop = loop
        self._ended = ended

    def start(
        self,
        spec: ContainerSpec,
        environment: Mapping[str, str],
        *,
        output: Callable[[bytes], None],
        changed: Callable[[], None],
        started: Callable[[], None],
    ) -> Container:
        """A container, about to be created. Raises OSError where the engine can't be reached."""
        body = configuration.body(spec, environment, self._labels)
        query: dict[str, str] = {}
        if spec.platform is not None:
            query["platform"] = spec.platform
        if spec.arguments.name is not None:
            query["name"] = spec.arguments.name
        given = spec.arguments
        alone = given.name is not None or any(outside for _, outside, _ in options.all_bindings(given))
        return Container(self, body, query, output=output, changed=changed, started=started, alone=alone)

    def ended(self) -> None:
        self._ended()

    def explain(self, answer: Answer) -> str:
        """Why a container could not be run; what helps in further lines."""
        if not answer.status:
            return f"the Docker engine went away ({answer.message})"
        message = answer.message
        if "bind source path does not exist" in message:
            path = message.rpartition(": ")[2]
            return f"the Docker engine at {self.host} doesn't see this machine's {path}"
        told = f"the Docker engine refused: {message}"
        if "already allocated" in message or "already in use" in message:
            told += "\none container at a time can have a name or a port of this machine: -j 1"
        return told

    # Requests whose answers the loop waits for.

    def send(
        self,
        method: str,
        path: str,
        on_answer: Callable[[Answer], None],
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] = {},
        upgrade: bool = False,
    ) -> None:
        """Asks, and goes on. Raises OSError where the engine can't be reached."""
        assert self._loop is not None, "begun"
        connection = self._connection()
        target = f"/v{self.client.api_version}{quote(path)}"
        headers = {"Content-Type": "application/json"}
        if query:
            target += "?" + urlencode(query)
        if upgrade:
            headers |= {"Connection": "Upgrade", "Upgrade": "tcp"}
        try:
            connection.request(method, target, None if body is None else json.dumps(body), headers)
        except BaseException:
            connection.close()
            raise
        descriptor = connection.sock.fileno()
        self._requests[descriptor] = _Request(connection, descriptor, on_answer, upgrade)
        self._loop.watch(descriptor, lambda: self._answered(descriptor))

    def _connection(self) -> http.client.HTTPConnection:
        url = urlsplit(self.host)
        if url.scheme in ("unix", "http+unix"):
            return _UnixConnection(url.path)
        host, port = url.hostname or "127.0.0.1", url.port
        if isinstance(self._tls, docker.tls.TLSConfig):
            import ssl

            context = ssl.create_default_context(cafile=self._tls.ca_cert)
            if not self._tls.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            context.load_cert_chain(*self._certificate)
            return http.client.HTTPSConnection(host, port or 2376, timeout=_TIMEOUT, context=context)
        return http.client.HTTPConnection(host, port or 2375, timeout=_TIMEOUT)

    def _answered(self, descriptor: int) -> None:
        request = self._requests.pop(descriptor)
        self.unwatch(descriptor)
        connection, stream = request.connection, None
        try:
            response = connection.getresponse()
            if request.upgrade and response.status in (101, 200):
                # Nothing has been printed yet: all that was read ahead is the answer's own head.
                stream, connection.sock = connection.sock, None
                answer = Answer(response.status, b"", stream)
            else:
                answer = Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            answer = self.unreached(error)
        if stream is None:
            connection.close()
        try:
            request.on_answer(answer)
        except OSError as error:  # of a request that follows
            request.on_answer(self.unreached(error))

    def unreached(self, error: Exception) -> Answer:
        """What stands for the answer of an engine that can't be asked any more."""
        return Answer(0, short(error).encode())

    def watch(self, descriptor: int, ready: Callable[[], None]) -> None:
        assert self._loop is not None, "begun"
        self._loop.watch(descriptor, ready)

    def unwatch(self, descriptor: int) -> None:
        assert self._loop is not None, "begun"
        self._loop.unwatch(descriptor)

    # Ending.

    def remove(self, container: str) -> None:
        """Kills and removes it, while the run goes on."""
        self._removals += 1
        try:
            self.send("DELETE", f"/containers/{container}", self._removed, query={"force": "1", "v": "1"})
        except OSError:
            self._removals -= 1

    def _removed(self, _answer: Answer) -> None:
        self._removals -= 1
        if not self._removals:
            waiting, self._waiting = self._waiting, []
            for then in waiting:
                then()

    @property
    def is_removing(self) -> bool:
        return self._removals > 0

    def when_removed(self, then: Callable[[], None]) -> None:
        """Calls `then`, which raises nothing, when what is being removed now is gone."""
        self._waiting.append(then)

    def end(self) -> None:
        """Waits until every container is removed, and makes sure where the engine has not said so.
        Idempotent."""
        import time

        if self._loop is None:
            return
        until = time.monotonic() + _LAST
        while self._requests and time.monotonic() < until:
            self._loop.turn(0.1)
        for request in list(self._requests.values()):
            self.unwatch(request.descriptor)
            request.connection.close()
        unsure = bool(self._requests or self._removals)
        self._requests.clear()
        self._loop = None
        if unsure:
            with contextlib.suppress(DockerException, OSError):
                leftovers.remove_own(self.client)
        self.client.close()

    def remove_all(self) -> None:
        """Removes what the run has left, over a connection of its own: for a process that was forked."""
        with contextlib.suppress(DockerException, OSError):
            client = docker.APIClient(
                base_url=self.host, version=self.client.api_version, timeout=_TIMEOUT, tls=self._tls
            )
            leftovers.remove_labelled(client, self._labels)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self._path)
