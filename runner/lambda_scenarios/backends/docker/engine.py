"""The Docker engine: found, asked, and told what to run.

`connect` is where everything begins. What is asked before a run goes through the Docker SDK; what happens
while workers run goes over connections that the run's loop watches, since the SDK waits for each answer.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import docker
from docker.errors import APIError, DockerException

from lambda_scenarios.backends.docker import configuration, leftovers, options
from lambda_scenarios.backends.docker.address import certificate_of, explained, host_of, short, tls_of
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
            tls=tls_of(environ),
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
        self._tls = tls_of(environ)
        self._certificate = certificate_of(environ)
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
