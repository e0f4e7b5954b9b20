"""Lambda itself, for a run: clients by profile and region, and the threads that wait for its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lambda_scenarios.errors import MissingPart

if TYPE_CHECKING:
    from lambda_scenarios.backends.aws.calls import Result
    from lambda_scenarios.execution.loop import Loop
    from lambda_scenarios.model.remote import RemoteCall, RemoteSpec

# Seconds. With a thousand of them at once, a handshake takes its time.
_CONNECT_TIMEOUT = 10
# Descriptors that a run has open besides its connections.
_OTHER_FILES = 128


class Invoker:
    """Made when the first scenario needs it; `jobs` requests are under way at once, and never more.

    Clients are made before anything is sent (`prepare`): that checks the credentials, and is not for threads.
    """

    def __init__(self, environ: Mapping[str, str], jobs: int, patience: float | None = None) -> None:
        from lambda_scenarios.backends.aws.calls import PATIENCE, Standing
        from lambda_scenarios.backends.aws.pool import Pool

        self._environ = environ
        self.jobs = _descriptors_for(jobs)  # fewer where this machine lets no more files be open
        self._standing = Standing(PATIENCE if patience is None else patience)
        self._pool = Pool(self.jobs)
        self._sessions: dict[str | None, Any] = {}  # by profile
        self._without: dict[str | None, MissingPart] = {}  # the same, where there are no credentials
        self._clients: dict[tuple[str | None, str, float], Any] = {}

    def prepare(self, spec: RemoteSpec, call: RemoteCall) -> None:
        """Makes sure that this can be sent. Raises MissingPart where there are no credentials."""
        key = (spec.profile, spec.region, call.wait)
        if key in self._clients:
            return
        if spec.profile in self._without:
            raise self._without[spec.profile]
        from lambda_scenarios.aws.reasons import Call, explain
        from lambda_scenarios.aws.session import environment

        try:
            with environment(self._environ):
                self._clients[key] = self._client(spec, call.wait)
        except Exception as error:  # noqa: BLE001 - botocore raises ValueError and OSError as well
            failure = explain(error, Call("lambda", spec.region, "Invoke", spec.profile))
            what = "deployed functions" if failure.general else spec.name
            notes = (*failure.notes, "to invoke what is deployed takes your own credentials")
            missing = MissingPart(f"{what} can't be invoked: {failure.reason}", notes, skippable=False)
            if failure.general:
                self._without[spec.profile] = missing
            raise missing from None

    def _client(self, spec: RemoteSpec, wait: float) -> Any:
        from botocore.config import Config
        from botocore.exceptions import NoCredentialsError

        from lambda_scenarios.aws.session import open_session

        session = self._sessions.get(spec.profile)
        if session is None:
            session = open_session(spec.profile)
            credentials = session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            # Fetched now, where somebody can type the code of a device, and only once.
            credentials.get_frozen_credentials()
            self._sessions[spec.profile] = session
        config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=wait,
            max_pool_connections=self.jobs,
            retries={"total_max_attempts": 1},  # nothing that may have begun is sent twice
            tcp_keepalive=True,
        )
        return session.create_client("lambda", region_name=spec.region, config=config)

    def begin(self, loop: Loop) -> None:
        self._pool.begin(loop)

    def take_seat(self) -> None:
        """For one more request at once. Raises OSError where that can't be."""
        self._pool.take_seat()

    def leave_seat(self) -> None:
        self._pool.leave_seat()

    def invoke(
        self, spec: RemoteSpec, call: RemoteCall, event: bytes, done: Callable[[Result], None]
    ) -> None:
        """Sends it, from a thread; `done` is called in the loop's own."""
        from lambda_scenarios.backends.aws.calls import invoke

        client = self._clients[spec.profile, spec.region, call.wait]
        self._pool.run(lambda: invoke(client, spec, call, event, self._standing), done)

    def end(self) -> None:
        """Nothing more is sent, and nothing waited for; what is under way can't be taken back."""
        self._standing.ending.set()
        self._pool.end()


def _descriptors_for(jobs: int) -> int:
    """How many requests can be under way at once: the limit of open files is raised as far as it may be."""
    import contextlib
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = jobs + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS has a limit of its own below the hard one
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return jobs
    return max(1, min(jobs, soft - _OTHER_FILES))
