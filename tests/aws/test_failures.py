"""Look-ups that can't be made: they fail at once, say why and what helps, and nothing is tried again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from lambda_scenarios.aws import lookups as module
from lambda_scenarios.aws.lookups import LookupFailed, Lookups
from tests.aws.moto_server import REGION

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Listener:
    """Answers every connection with the same bytes, none at all with `b""`, and counts them."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.connections = 0
        self.paths: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                request = connection.recv(65536)
                self.paths.append(request.split(b" ")[1].decode() if b" " in request else "")
                connection.sendall(self.answer)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@contextmanager
def listening(status: str, body: str = "", kind: str = "application/x-amz-json-1.1") -> Iterator[Listener]:
    data = body.encode()
    fields = (f"content-type: {kind}", f"content-length: {len(data)}", "connection: close")
    head = "\r\n".join((f"HTTP/1.1 {status}", *fields, "", ""))
    listener = Listener(head.encode() + data)
    try:
        yield listener
    finally:
        listener.close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def failure(action: Callable[[], object]) -> LookupFailed:
    with pytest.raises(LookupFailed) as caught:
        action()
    return caught.value


def every(lookups: Lookups) -> list[Callable[[], object]]:
    return [
        lambda: lookups.ssm("/a", REGION),
        lambda: lookups.ssm("/b", REGION),
        lambda: lookups.outputs("stack", REGION),
        lambda: lookups.outputs("stack", "us-west-2"),
        lambda: lookups.physical_id("stack", REGION, "T"),
        lambda: lookups.export(REGION, "e"),
        lambda: lookups.account_id(REGION),
        lambda: lookups.s3_text("bucket", "key", REGION),
        lambda: lookups.secret("s", REGION),
    ]


@contextmanager
def connections() -> Iterator[list[object]]:
    """The addresses that a connection was begun to."""
    tried: list[object] = []
    connect = socket.socket.connect

    def counted(self: socket.socket, address: object) -> None:
        tried.append(address)
        connect(self, address)  # type: ignore[arg-type]  # whatever it is

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", counted)
        yield tried


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_without_credentials_nothing_is_sent(environ: dict[str, str]) -> None:
    lookups = Lookups({**environ, "AWS_ENDPOINT_URL": closed_port()})
    with connections() as tried:
        found = [failure(one) for one in every(lookups)]
    assert tried == []
    assert {one.reason for one in found} == {"there are no AWS credentials"}
    assert found[0].general
    assert "--aws-profile" in found[0].notes[0]


def test_without_a_network_each_endpoint_is_tried_once(environ: dict[str, str]) -> None:
    lookups = Lookups({**environ, **KEYS, "AWS_ENDPOINT_URL": closed_port()})
    with connections() as tried:
        found = [failure(one) for one in (*every(lookups), *every(lookups))]
    assert all(one.reason.startswith("AWS can't be reached") and one.general for one in found)
    assert len({one.reason for one in found}) == 1  # so that it is told once
    # One for each service and region, however many values are asked for.
    assert len(tried) == 6


def test_what_never_answers_is_tried_twice_for_all_of_aws(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.httpsession import ConnectTimeoutError, URLLib3Session

    sent: list[str] = []

    def unanswered(self: URLLib3Session, request: object) -> None:
        sent.append(request.url)  # type: ignore[attr-defined]  # botocore has no types
        raise ConnectTimeoutError(endpoint_url=sent[-1])

    monkeypatch.setattr(URLLib3Session, "send", unanswered)
    lookups = Lookups({**environ, **KEYS})
    found = [failure(one) for one in every(lookups)]
    assert len(sent) == 2
    assert all(one.general for one in found)


def test_a_request_that_is_never_answered_is_tried_twice_for_all_of_aws(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stands, and nothing comes: as with a proxy that swallows everything."""
    from botocore.config import Config

    from lambda_scenarios.aws import session

    hurried = Config(connect_timeout=0.1, read_timeout=0.1, retries={"total_max_attempts": 1})
    monkeypatch.setattr(session, "CONFIG", hurried)
    with socket.create_server(("127.0.0.1", 0)) as silent, connections() as tried:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        lookups = Lookups({**environ, **KEYS, "AWS_ENDPOINT_URL": url})
        found = [failure(one) for one in every(lookups)]
    assert len(tried) == 2
    assert all(one.general for one in found)


@pytest.mark.parametrize(
    ("code", "reason", "note", "general"),
    [
        ("ExpiredTokenException", "the AWS credentials have expired", "aws sso login", True),
        ("UnrecognizedClientException", "AWS does not accept the credentials", "get-caller-identity", True),
        ("AccessDeniedException", "access denied", "it needs the permission ssm:GetParameter", False),
        ("InternalServerError", "GetParameter of ssm in eu-west-1 ends with InternalServerError", "", False),
    ],
)
def test_what_aws_answers(environ: dict[str, str], code: str, reason: str, note: str, general: bool) -> None:
    body = f'{{"__type": "{code}", "message": "User x is\\n not authorised"}}'
    with listening("400 Bad Request", body) as listener:
        lookups = Lookups({**environ, **KEYS, "AWS_ENDPOINT_URL": listener.url})
        found = failure(lambda: lookups.ssm("/a", REGION))
        again = failure(lambda: lookups.ssm("/b", REGION))
        assert listener.connections == (1 if general else 2)
    assert found.reason.startswith(reason)
    assert note in "\n".join(found.notes)
    assert (found.general, again.general) == (general, general)
    if code == "AccessDeniedException":
        assert "AWS says: User x is not authorised" in found.notes


def test_too_many_requests_are_tried_once_more(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BEFORE_A_SECOND_TRY", 0.0)
    with listening("400 Bad Request", '{"__type": "ThrottlingException"}') as listener:
        lookups = Lookups({**environ, **KEYS, "AWS_ENDPOINT_URL": listener.url})
        found = failure(lambda: lookups.ssm("/a", REGION))
        assert listener.connections == 2
    assert found.reason == "AWS has too many requests for ssm in eu-west-1"


def test_a_server_error_is_not_tried_again(environ: dict[str, str]) -> None:
    with listening("503 Service Unavailable", "") as listener:
        lookups = Lookups({**environ, **KEYS, "AWS_ENDPOINT_URL": listener.url})
        failure(lambda: lookups.ssm("/a", REGION))
        assert listener.connections == 1


@pytest.mark.parametrize("body", ["", "<html>", "rubbish", "{}", "[]", '{"Parameter": 1}', "\x00"])
def test_what_is_not_aws_is_told_so(environ: dict[str, str], body: str) -> None:
    with listening("200 OK", body) as listener:
        lookups = Lookups({**environ, **KEYS, "AWS_ENDPOINT_URL": listener.url})
        asked = every(lookups)
        del asked[7]  # an object of S3 may be anything
        found = [failure(one) for one in asked]
    for one in found:
        assert one.reason.startswith("what answers")
        assert "is not AWS" in one.reason
        assert one.notes == ("where do AWS_ENDPOINT_URL and the proxy lead?",)


@pytest.mark.parametrize(
    ("config", "reason", "note"),
    [
        ("", "there is no AWS profile `dev`", "aws configure list-profiles"),
        ("[profile dev]\nregion = eu-west-1\n", "the profile `dev` has no AWS credentials", "aws configure"),
        (
            "[profile dev]\nsso_start_url = https://x.example\nsso_region = eu-west-1\n"
            "sso_account_id = 123456789012\nsso_role_name = r\n",
            "the AWS sign-in of profile `dev` is missing or over",
            "aws sso login --profile dev",
        ),
        (
            "[profile dev]\ncredential_process = false\n",
            "the AWS credentials of profile `dev` can't be had",
            "",
        ),
        (
            "[profile dev]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = none\n",
            "the configuration of AWS of profile `dev` can't be used",
            "",
        ),
        ("[profile dev\n", "the configuration of AWS of profile `dev` can't be used", ""),
        (
            "[profile dev]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
            "mfa_serial = arn:aws:iam::123456789012:mfa/u\n"
            "[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n",
            "the AWS credentials of profile `dev` can't be had",
            "",
        ),
    ],
)
def test_profiles(environ: dict[str, str], tmp_path: Path, config: str, reason: str, note: str) -> None:
    (tmp_path / "config").write_text(config)
    lookups = Lookups({**environ, "AWS_ENDPOINT_URL": closed_port()}, "dev")
    with connections() as tried:
        found = [failure(one) for one in every(lookups)]
    assert tried == []
    assert {one.reason for one in found} == {found[0].reason}
    assert found[0].reason.startswith(reason)
    assert found[0].general
    assert note in "\n".join(found[0].notes)


def test_the_metadata_service_is_asked_only_where_it_answers(environ: dict[str, str]) -> None:
    silent = {**environ, "AWS_EC2_METADATA_DISABLED": "false"}
    silent["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = closed_port()
    with connections() as tried:
        found = [failure(one) for one in every(Lookups(silent))]
    assert {one.reason for one in found} == {"there are no AWS credentials"}
    assert len(tried) == 1
    with listening("404 Not Found") as listener:
        answering = {**silent, "AWS_EC2_METADATA_SERVICE_ENDPOINT": listener.url}
        failure(lambda: Lookups(answering).ssm("/a", REGION))
        assert "/latest/api/token" in listener.paths


def test_credentials_of_a_container_are_found(environ: Mapping[str, str]) -> None:
    body = '{"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": "2099-01-01T00:00:00Z"}'
    answer = '{"Parameter": {"Type": "String", "Value": "found"}}'
    with listening("200 OK", body, "application/json") as container, listening("200 OK", answer) as aws:
        lookups = Lookups(
            {
                **environ,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{container.url}/credentials",
                "AWS_ENDPOINT_URL": aws.url,
            }
        )
        found = lookups.ssm("/a", REGION)
        assert found is not None
        assert found.value == "found"
        assert container.paths == ["/credentials"]


def test_a_profile_of_its_own_wins_over_keys_of_the_environment(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text("[dev]\naws_access_key_id = ofdev\naws_secret_access_key = b\n")
    lookups = Lookups({**environ, **KEYS})
    assert lookups.of_profile("dev").client("ssm", REGION)._request_signer._credentials.access_key == "ofdev"
    assert lookups.client("ssm", REGION)._request_signer._credentials.access_key == "testing"
    assert lookups.of_profile("dev").of_profile(None) is lookups


def test_an_attribute_that_only_cloud_control_knows(environ: dict[str, str]) -> None:
    from lambda_scenarios.aws.attributes import attribute_of
    from lambda_scenarios.aws.lookups import Resource

    body = '{"ResourceDescription": {"Properties": "{\\"Endpoint\\": {\\"Port\\": 5432}}"}}'
    with listening("200 OK", body, "application/x-amz-json-1.0") as listener:
        lookups = Lookups({**environ, **KEYS, "AWS_ENDPOINT_URL": listener.url})
        resource = Resource("AWS::RDS::DBInstance", "db")
        assert attribute_of(lookups, resource, REGION, "Endpoint.Port") == "5432"
        missing = failure(lambda: attribute_of(lookups, resource, REGION, "Endpoint.Host"))
    assert missing.reason == "db (AWS::RDS::DBInstance) has no attribute Endpoint.Host"
    custom = failure(lambda: attribute_of(lookups, Resource("Custom::Thing", "t"), REGION, "A"))
    assert "custom resource" in custom.reason
