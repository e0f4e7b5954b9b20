"""Where the Runtime API listens for which engine, and what else is decided without one."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.backends.docker import container, engine, layers, reach
from lambda_scenarios.backends.docker.address import host_of
from lambda_scenarios.backends.docker.container import Frames
from lambda_scenarios.backends.docker.images import IMAGES, NONE, image_of
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.function import Function, ServiceInfo
from lambda_scenarios.runtimes.all_runtimes import backend_of
from lambda_scenarios.runtimes.environment import fit_for_containers, from_inside
from lambda_scenarios.services.runtime_identifiers import RUNTIME_IDENTIFIERS

pytestmark = pytest.mark.no_engine

UNIX = "unix:///var/run/docker.sock"
# 127.0.0.0/8 is this machine's own, as a bridge's gateway is; 192.0.2.0/24 (RFC 5737) is nobody's.
OWN = {"IPAM": {"Config": [{"Subnet": "127.9.0.0/16"}]}}
FOREIGN = {"IPAM": {"Config": [{"Subnet": "192.0.2.0/24", "Gateway": "192.0.2.1"}]}}


@pytest.mark.parametrize(
    ("info", "bridge", "expected"),
    [
        ({}, OWN, reach.Reach("127.9.0.1", "127.9.0.1", True)),
        ({"OperatingSystem": "Docker Desktop"}, OWN, reach.Reach("127.0.0.1", reach.HOST, False)),
        ({}, None, reach.Reach("127.0.0.1", reach.HOST, False)),
        ({}, {"IPAM": {"Config": [{"Subnet": "fd00::/64"}]}}, reach.Reach("127.0.0.1", reach.HOST, False)),
    ],
)
def test_of_this_machine(info: dict[str, Any], bridge: dict[str, Any] | None, expected: reach.Reach) -> None:
    if not Path("/proc/self").exists() and bridge is OWN:
        pytest.skip("of Linux: elsewhere engines run in virtual machines")
    assert reach.find(UNIX, info, bridge, {}) == expected
    assert reach.find("tcp://localhost:2375", info, bridge, {}) == expected


def test_of_another_machine() -> None:
    # From the address that leads there, which is where its containers can call back to.
    found = reach.find("tcp://127.0.0.3:2375", {}, FOREIGN, {})
    assert (found.listen == found.name, found.same_machine) == (True, False)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("unix://", "unix:///var/run/docker.sock"),
        ("unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"),
        (" tcp://build:2375 ", "tcp://build:2375"),
        ("tcp://build", "tcp://build:2375"),
        ("10.0.0.7:2375", "tcp://10.0.0.7:2375"),
        ("http://build:2375", "tcp://build:2375"),
        ("ssh://me@build", "ssh://me@build"),
    ],
)
def test_addresses_of_engines(named: str, expected: str) -> None:
    assert host_of({"DOCKER_HOST": named}) == (expected, "DOCKER_HOST")


def test_an_engine_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_FIRST_ANSWERS", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "engine.sock"))
        silent.listen()
        with pytest.raises(MissingPart, match="which DOCKER_HOST names: no answer in time"):
            engine.connect({"DOCKER_HOST": f"unix://{tmp_path}/engine.sock"})


def test_a_context_that_is_not_there() -> None:
    with pytest.raises(MissingPart, match="no Docker context `nowhere`"):
        host_of({"DOCKER_CONTEXT": "nowhere"})


@pytest.mark.parametrize(
    ("found", "far"),
    [
        (reach.Reach("172.17.0.1", "172.17.0.1", True), False),
        (reach.Reach("127.0.0.1", reach.HOST, False), False),
        (reach.Reach("10.0.0.7", "10.0.0.7", False), True),
    ],
)
def test_whose_loopback_a_published_port_is_on(found: reach.Reach, far: bool) -> None:
    assert found.far == far


def test_one_that_leads_one_way() -> None:
    with pytest.raises(MissingPart) as caught:
        reach.refuse_one_way("ssh://me@elsewhere")
    assert "DOCKER_HOST=tcp://" in caught.value.notes[1]


def test_every_runtime_has_an_image_or_none() -> None:
    assert set(IMAGES) | NONE == set(RUNTIME_IDENTIFIERS)
    assert not set(IMAGES) & NONE
    assert image_of("python3.12") == "public.ecr.aws/lambda/python:3.12"
    assert image_of("nodejs4.3") is None


def test_auto() -> None:
    def where(runtime: str, image: str | None = None) -> str:
        service = ServiceInfo("s", "dev", "us-east-1", "/", None)
        return backend_of(Function("f", "f", "a.b", runtime, "/", service, image=image), "auto")

    docker = {runtime for runtime in RUNTIME_IDENTIFIERS if where(runtime) == "docker"}
    assert docker == {runtime for runtime in RUNTIME_IDENTIFIERS if runtime.startswith("dotnet")}
    assert where("", "an/image") == "docker"


def test_what_of_the_shell_is_seen_inside() -> None:
    shell = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "LANG": "C",
        "SSL_CERT_FILE": "/etc/mine.pem",
        "HTTPS_PROXY": "http://127.0.0.1:3128",
        "AWS_ENDPOINT_URL": "http://localhost:4566",
        "MINE": "x",
    }
    hermetic = fit_for_containers(shell, inherit=False)
    assert set(hermetic) == {"HTTPS_PROXY", "AWS_ENDPOINT_URL"}
    assert set(fit_for_containers(shell, inherit=True)) == {*hermetic, "MINE"}
    inside = from_inside((*hermetic.items(), ("_HANDLER", ""), ("OWN", "http://localhost")), reach.HOST)
    assert dict(inside) == {
        "HTTPS_PROXY": "http://host.docker.internal:3128",
        "AWS_ENDPOINT_URL": "http://host.docker.internal:4566",
        "OWN": "http://localhost",  # what it means is the function's own business
    }


@given(st.lists(st.tuples(st.integers(1, 2), st.binary(max_size=20))), st.data())
def test_frames_however_they_are_split(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(bytes([kind, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for kind, text in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parser, found = Frames(), b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += parser.feed(stream[start:end])
    assert found == b"".join(text for _, text in frames)


def test_layers_lie_over_each_other_and_are_merged_once(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "python").mkdir(parents=True)
        (folder / "python" / "both.py").write_text(folder.name)
        (folder / folder.name).write_text("")
        (folder / "link").symlink_to(folder.name)
    assert layers.merged((), environ) is None
    assert layers.merged((str(one),), environ) == str(one)
    place = layers.merged((str(one), str(two)), environ)
    assert place is not None
    merged = Path(place)
    assert (merged / "python" / "both.py").read_text() == "two"
    assert (merged / "link").readlink() == Path("two")
    assert sorted(path.name for path in merged.iterdir()) == ["link", "one", "python", "two"]
    assert layers.merged((str(one), str(two)), environ) == place
    assert layers.merged((str(two), str(one)), environ) != place
    (two / "more").write_text("")
    assert layers.merged((str(one), str(two)), environ) != place


def test_how_a_container_ended() -> None:
    # An image of AWS's without a command says 142; a signal is 128 and its number.
    assert os.waitstatus_to_exitcode(container._status(142)) == 142
    assert os.waitstatus_to_exitcode(container._status(3)) == 3
    assert os.WTERMSIG(container._status(128 + signal.SIGSEGV)) == signal.SIGSEGV
