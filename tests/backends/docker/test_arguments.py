"""Arguments of `docker run`: read as the `docker` command reads them, which is asked itself."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_scenarios.backends.docker import options
from lambda_scenarios.backends.docker.argument_table import OPTIONS
from lambda_scenarios.backends.docker.arguments import parse
from lambda_scenarios.errors import UsageError
from lambda_scenarios.model.container import DockerArguments
from tests.backends.docker import images

VOLUMES = ("lambda-scenarios-a", "lambda-scenarios-b")
DOCKER = shutil.which("docker")

# Each is given to `docker create` and to this program; what the engine then says of both is compared.
TABLE = [
    "-p 8080:80",
    "-p 80",
    "-p80:80 -p 127.0.0.1:81:81/udp",
    "-p 127.0.0.1::80",
    "-p 8000-8002:90-92",
    "-p 8000-8010:80",
    "--publish=5353:53/udp --expose 9000 --expose 9100-9102/tcp",
    "-P",
    "-v {tmp}:/data",
    "-v {tmp}:/data:ro --volume={tmp}/x:/y:rw,z",
    "-v ./x:/data",
    "-v lambda-scenarios-a:/data",
    "--mount type=bind,source={tmp},target=/data,readonly",
    "--mount type=bind,src={tmp},dst=/data,bind-propagation=rslave",
    "--mount type=volume,source=lambda-scenarios-b,destination=/data,volume-nocopy",
    "--mount type=tmpfs,target=/scratch,tmpfs-size=64m,tmpfs-mode=1770",
    "--mount target=/data",
    "-e A=1 -e B= -e FROM_SHELL -e NOT_THERE --env C='x y=z'",
    "-eA=1",
    "--env-file {tmp}/variables",
    "--network host",
    "--net none",
    "--network=bridge",
    "-m 256m",
    "--memory 1g --memory-swap 2g --memory-reservation 128m --memory-swappiness 10",
    "--memory 512mb --memory-swap -1",
    "-m1.5g",
    "--cpus 0.5",
    "--cpus=2 --cpu-shares 512 --cpuset-cpus 0,1 --cpuset-mems 0",
    "-c 256",
    "--cpu-period 50000 --cpu-quota 25000",
    "-u 1000:1000",
    "--user nobody",
    "--add-host db:10.0.0.1 --add-host=cache=10.0.0.2",
    "--dns 1.1.1.1 --dns 8.8.8.8 --dns-search example.test --dns-option ndots:1",
    "--entrypoint /bin/other",
    "--cap-add NET_ADMIN --cap-add SYS_TIME --cap-drop MKNOD",
    "--cap-drop ALL",
    "--ulimit nofile=2048:4096 --ulimit core=0 --ulimit nproc=64",
    "--ulimit memlock=-1",
    "--tmpfs /run --tmpfs /scratch:rw,size=64m,mode=1777",
    "-l a=1 --label b --label c=x=y",
    "--label-file {tmp}/labels",
    "--privileged",
    "--privileged=false",
    "--shm-size 128m",
    "--shm-size=1gb",
    "--read-only",
    "--read-only=false --init=true",
    "--init",
    "--gpus all",
    "--gpus 2",
    "--gpus '\"device=0,1\"'",
    "--gpus count=1",
    "--name lambda-scenarios-oracle",
    "-h myhost --domainname example.test",
    "-w /work",
    "--pid host",
    "--ipc private",
    "--uts host",
    "--security-opt no-new-privileges --security-opt apparmor=unconfined",
    "--device /dev/null --device /dev/zero:/dev/nought:r --device /dev/full:rw",
    "--group-add audio --group-add 44",
    "--pids-limit 100",
    "--sysctl net.core.somaxconn=1024",
    "--oom-score-adj 500",
    "--stop-signal SIGINT",
    "--cgroupns private",
    "--rm -d",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arguments")
    (folder / "x").mkdir()
    (folder / "variables").write_text("# a comment\nONE=1\n\n  TWO=two words # kept\nFROM_SHELL\nNOT_THERE\n")
    (folder / "labels").write_text("# a comment\nd=1\ne=x y\n")
    return folder


@pytest.fixture
def created(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    client = docker.from_env()
    for name in names:
        client.api.remove_container(name, force=True, v=True)
    for volume in VOLUMES:
        if volume in request.node.name:
            client.api.remove_volume(volume, force=True)
    client.close()


@pytest.mark.skipif(DOCKER is None, reason="needs the docker command: apt-get install docker.io")
@pytest.mark.parametrize("text", TABLE)
def test_as_docker_reads_them(text: str, place: Path, created: list[str]) -> None:
    text = text.replace("{tmp}", str(place))
    image = images.python()
    environ = {"FROM_SHELL": "here", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    client = docker.from_env()
    try:
        assert DOCKER is not None
        words = [word for word in shlex.split(text) if word not in ("--rm", "-d")]  # not of `create`
        done = subprocess.run(
            [DOCKER, "create", *words, image],
            cwd=place,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        created.append(done.stdout.strip())
        theirs = _told(client, created[0])
        client.api.rename(created[0], f"lambda-scenarios-oracle-{os.getpid()}")

        body: dict[str, Any] = {"Image": image, "HostConfig": {}, "AttachStdout": True, "AttachStderr": True}
        given = parse([text], environ, str(place))
        options.apply(given, body)
        if given.entrypoint:
            body["Entrypoint"] = [given.entrypoint]
        query = f"?name={given.name}" if given.name else ""
        response = client.api._post_json(  # type: ignore[attr-defined]  # of the SDK
            client.api._url("/containers/create") + query,  # type: ignore[attr-defined]  # not in its stubs
            data=body,
        )
        client.api._raise_for_status(response)  # type: ignore[attr-defined]  # as above
        created.append(response.json()["Id"])
        ours = _told(client, created[1])
        if given.memory_swap is None:
            # The engine would take twice the memory. Lambda has no swap.
            assert theirs["host"].pop("MemorySwap", None) != ours["host"].pop("MemorySwap", 0)
            assert ours["host"].get("Memory") == theirs["host"].get("Memory")
        assert ours == theirs
    finally:
        client.close()


# What the engine makes up anew for each container, or the client says of its own terminal.
_OF_ITSELF = ("Hostname", "ConsoleSize", "AttachStdin", "OpenStdin", "StdinOnce", "Image", "RestartPolicy")


def _told(client: docker.DockerClient, name: str) -> dict[str, Any]:
    found = client.api.inspect_container(name)
    config, host = dict(found["Config"]), dict(found["HostConfig"])
    if config["Hostname"] != found["Id"][:12]:
        config["Given"] = config["Hostname"]
    for key in _OF_ITSELF:
        config.pop(key, None)
        host.pop(key, None)
    # The command says of every mount what the engine takes as its default.
    text = json.dumps({"config": _tidy(config), "host": _tidy(host)}, sort_keys=True)
    told: dict[str, Any] = json.loads(text)
    return told


def _tidy(value: Any) -> Any:
    """Without what is empty: null, "", {}, [] and 0 are the same to the engine. Sets are sorted."""
    if isinstance(value, dict):
        tidied = {key: _tidy(one) for key, one in value.items()}
        return {key: one for key, one in tidied.items() if one not in (None, "", [], {}, 0, False)}
    if isinstance(value, list):
        return [_tidy(one) for one in sorted(value, key=str)]
    return value


@pytest.mark.no_engine
@pytest.mark.parametrize(
    ("text", "problem", "note"),
    [
        ("--prot 1", "unknown argument of docker run: `--prot`", None),
        ("--publsh 80:80", "unknown argument of docker run: `--publsh`", "did you mean `--publish`?"),
        ("-Z", "unknown argument of docker run: `-Z`", None),
        ("-iZ", "unknown argument of docker run: `-Z` of `-iZ`", None),
        ("-t", "`-t` can't be given: the runner itself listens to the container's output", None),
        ("--restart always", "`--restart` can't be given: the runner itself starts, stops and removes", None),
        ("alpine", "`alpine` is no option of docker run", "the image is the function's own"),
        ("-p", "`-p` needs a value", None),
        ("--network", "`--network` needs a value", None),
        ("-p 99999:80", "`-p` can't be `99999:80`", None),
        ("-p a:b", "`-p` can't be `a:b`", None),
        ("-p 1-3:5-6", "`-p` can't be `1-3:5-6`", None),
        ("-m much", "`-m` can't be `much`", None),
        ("--cpus many", "`--cpus` can't be `many`", None),
        ("-e =x", "`-e` can't be `=x`", None),
        ("-v /data", "`-v /data` needs SOURCE:TARGET", None),
        ("-v x:y", "`-v x:y`: the place inside the container begins with /", None),
        ("--ulimit nofile", "`--ulimit` can't be `nofile`", None),
        ("--ulimit files=3", "`--ulimit` can't be `files=3`", None),
        ("--ulimit nofile=9:3", "`--ulimit nofile=9:3`: the soft limit is above the hard one", None),
        ("--privileged=perhaps", "`--privileged` is true or false, not `perhaps`", None),
        ("--mount type=bind,target=/x", "`--mount type=bind,target=/x` needs a source", None),
        ("--mount type=bind,sorce=/,target=/x", "unknown key `sorce`, did you mean `source`?", None),
        ("--env-file nowhere", "`--env-file nowhere` can't be read: No such file or directory", None),
        ("'unclosed", "no closing quotation", None),
    ],
)
def test_what_is_refused(text: str, problem: str, note: str | None, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        parse([text], {}, str(tmp_path))
    (diagnostic,) = caught.value.diagnostics
    assert problem in diagnostic.problem
    assert diagnostic.problem.startswith("--docker-arg")
    if note is not None:
        assert note in diagnostic.notes[0]


_WORDS = st.sampled_from(
    [
        *OPTIONS,
        "-it",
        "-p80",
        "80:80",
        "8080:80/udp",
        "A=1",
        "A",
        "/x:/y",
        "512m",
        "0.5",
        "nofile=1:2",
        "x",
        "=",
    ]
)


@pytest.mark.no_engine
@given(st.lists(_WORDS | st.text(max_size=8), max_size=6))
def test_anything_is_read_or_refused(words: list[str]) -> None:
    # As one argument for each word, or all in one: the same.
    def outcome(texts: list[str]) -> object:
        try:
            return parse(texts, {"A": "shell"}, "/nowhere")
        except UsageError as error:
            return error.diagnostics

    assert outcome([shlex.quote(word) for word in words]) == outcome([shlex.join(words)])


@pytest.mark.no_engine
@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    )
)
def test_variables_are_kept(variables: dict[str, str]) -> None:
    texts = [shlex.join(["-e", f"{name}={value}"]) for name, value in variables.items()]
    assert parse(texts, {}, "/") == DockerArguments(environment=tuple(variables.items()))


@pytest.mark.no_engine
def test_the_later_wins_where_there_can_be_one() -> None:
    found = parse(["-m 1g --memory=2g", "--init --init=false"], {}, "/")
    assert found == DockerArguments(memory="2g", init=False)
