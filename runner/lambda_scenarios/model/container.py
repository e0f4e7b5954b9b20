"""What a container is made of, before anything is started."""

from typing import NamedTuple


class Mount(NamedTuple):
    """One `--mount`: keys and values as written, the type first (`bind`, `volume` or `tmpfs`)."""

    kind: str
    source: str
    target: str
    options: tuple[tuple[str, str], ...] = ()


class Gpus(NamedTuple):
    """`--gpus`: `number` -1 means all; `devices` are ids."""

    number: int
    devices: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ("gpu",)


class DockerArguments(NamedTuple):
    """Arguments of `docker run`, read. None and empty: not given. Sizes are as written (`512m`). A variable
    without a value is unset."""

    environment: tuple[tuple[str, str | None], ...] = ()
    ports: tuple[str, ...] = ()
    publish_all: bool = False
    expose: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[tuple[str, str], ...] = ()
    volumes_from: tuple[str, ...] = ()
    network: str | None = None
    aliases: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    hostname: str | None = None
    domain: str | None = None
    mac_address: str | None = None
    memory: str | None = None
    memory_swap: str | None = None
    memory_reservation: str | None = None
    memory_swappiness: int | None = None
    shm_size: str | None = None
    nano_cpus: int | None = None
    cpu_shares: int | None = None
    cpu_period: int | None = None
    cpu_quota: int | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    pids_limit: int | None = None
    ulimits: tuple[tuple[str, int, int], ...] = ()
    user: str | None = None
    groups: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    privileged: bool | None = None
    devices: tuple[str, ...] = ()
    gpus: Gpus | None = None
    read_only: bool | None = None
    init: bool | None = None
    entrypoint: str | None = None
    workdir: str | None = None
    platform: str | None = None
    name: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    pid: str | None = None
    ipc: str | None = None
    uts: str | None = None
    userns: str | None = None
    cgroupns: str | None = None
    cgroup_parent: str | None = None
    runtime: str | None = None
    sysctls: tuple[tuple[str, str], ...] = ()
    oom_score_adj: int | None = None
    oom_kill_disable: bool = False
    stop_signal: str | None = None


class DockerSettings(NamedTuple):
    """What the command line says of containers: `--docker-image RUNTIME=IMAGE` and `--docker-arg`."""

    images: tuple[tuple[str, str], ...] = ()
    arguments: DockerArguments = DockerArguments()


class ContainerSpec(NamedTuple):
    """A container for a worker, but for its environment.

    `code` and `layers` are absolute directories of this machine, mounted read-only at /var/task and /opt.
    `wrapped`: the image has /bin/sh, by which its output is put in one order and marked.
    """

    image: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    working_directory: str | None
    platform: str | None
    code: str | None
    layers: str | None
    memory: int  # MB
    temporary: int  # MB of /tmp
    user: str
    wrapped: bool
    arguments: DockerArguments
