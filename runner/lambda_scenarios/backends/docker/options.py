"""Arguments of `docker run`, as the engine takes them (pure).

What each option becomes is what the `docker` command makes of it: tests compare the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_scenarios.model.container import DockerArguments, Mount

_UNITS = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}


def size(text: str) -> int:
    """Bytes of `512m`, `1.5g`, `64mb`, `1GiB`. Raises ValueError.

    As in github.com/docker/go-units: powers of 1024, whatever the spelling of the unit.
    """
    lowered = text.strip().lower()
    number = lowered.rstrip("bkmgtpi ")
    unit = lowered[len(number) :].strip()
    if unit not in {"", *_UNITS, *(f"{one}{end}" for one in "kmgtp" for end in ("b", "ib"))}:
        raise ValueError(text)
    value = float(number) * _UNITS.get(unit[:1] or "b", 1)
    if value < 0 or not value < 2**63:
        raise ValueError(text)
    return int(value)


def targets(given: DockerArguments) -> frozenset[str]:
    """The places inside the container that the user has put something at."""
    found = {mount.target for mount in given.mounts} | {path for path, _ in given.tmpfs}
    for volume in given.volumes:
        parts = volume.split(":")
        found.add(parts[1] if len(parts) > 1 else parts[0])
    return frozenset(path.rstrip("/") or "/" for path in found)


# What is taken as it is: the field here, and the field of the engine's HostConfig.
_PLAIN = (
    ("publish_all", "PublishAllPorts"),
    ("memory_swappiness", "MemorySwappiness"),
    ("nano_cpus", "NanoCpus"),
    ("cpu_shares", "CpuShares"),
    ("cpu_period", "CpuPeriod"),
    ("cpu_quota", "CpuQuota"),
    ("cpuset_cpus", "CpusetCpus"),
    ("cpuset_mems", "CpusetMems"),
    ("pids_limit", "PidsLimit"),
    ("privileged", "Privileged"),
    ("read_only", "ReadonlyRootfs"),
    ("init", "Init"),
    ("network", "NetworkMode"),
    ("pid", "PidMode"),
    ("ipc", "IpcMode"),
    ("uts", "UTSMode"),
    ("userns", "UsernsMode"),
    ("cgroupns", "CgroupnsMode"),
    ("cgroup_parent", "CgroupParent"),
    ("runtime", "Runtime"),
    ("oom_score_adj", "OomScoreAdj"),
    ("oom_kill_disable", "OomKillDisable"),
)
_LISTS = (
    ("hosts", "ExtraHosts"),
    ("dns", "Dns"),
    ("dns_search", "DnsSearch"),
    ("dns_options", "DnsOptions"),
    ("groups", "GroupAdd"),
    ("cap_add", "CapAdd"),
    ("cap_drop", "CapDrop"),
    ("security", "SecurityOpt"),
    ("volumes_from", "VolumesFrom"),
)
_NO_MORE = "no-new-privileges"
_SIZES = (("memory", "Memory"), ("memory_reservation", "MemoryReservation"), ("shm_size", "ShmSize"))
# Of the container itself.
_CONFIG = (
    ("hostname", "Hostname"),
    ("domain", "Domainname"),
    ("mac_address", "MacAddress"),
    ("user", "User"),
    ("workdir", "WorkingDir"),
    ("stop_signal", "StopSignal"),
)


def apply(given: DockerArguments, body: dict[str, Any]) -> None:  # noqa: PLR0912  # one table after another
    """Changes the body of a request to create a container."""
    host = body["HostConfig"]
    values: Mapping[str, Any] = given._asdict()
    for name, field in _CONFIG:
        if values[name] is not None:
            body[field] = values[name]
    for name, field in _PLAIN:
        value = values[name]
        if value is not None and (value is not False or field in host):
            host[field] = value
    for name, field in _LISTS:
        if values[name]:
            host[field] = [*host.get(field, ()), *values[name]]
    for name, field in _SIZES:
        if values[name] is not None:
            host[field] = size(values[name])
    if given.memory is not None or given.memory_swap is not None:
        swap = given.memory_swap
        host["MemorySwap"] = host["Memory"] if swap is None else -1 if swap == "-1" else size(swap)
    if given.privileged or any(option.startswith(_NO_MORE) for option in given.security):
        host["SecurityOpt"] = [*given.security]
    _environment(given, body)
    body.setdefault("Labels", {}).update(given.labels)
    _ports(given, body, host)
    _volumes(given, host)
    if given.ulimits:
        named = {name for name, _, _ in given.ulimits}
        host["Ulimits"] = [
            *(one for one in host.get("Ulimits", ()) if one["Name"] not in named),
            *({"Name": name, "Soft": soft, "Hard": hard} for name, soft, hard in given.ulimits),
        ]
    if given.sysctls:
        host["Sysctls"] = dict(given.sysctls)
    if given.devices:
        host["Devices"] = [device(one) for one in given.devices]
    if given.gpus is not None:
        host["DeviceRequests"] = [
            {
                "Driver": "",
                "Count": 0 if given.gpus.devices else given.gpus.number,
                "DeviceIDs": [*given.gpus.devices] or None,
                "Capabilities": [[*given.gpus.capabilities]],
                "Options": {},
            }
        ]
    if given.aliases and given.network:
        body["NetworkingConfig"] = {"EndpointsConfig": {given.network: {"Aliases": [*given.aliases]}}}
    if given.network is not None and given.network.startswith("container:"):
        host.pop("ExtraHosts", None)  # it has the names of another, and the engine refuses its own


def _environment(given: DockerArguments, body: dict[str, Any]) -> None:
    if given.environment:
        named = {name for name, _ in given.environment}
        kept = [entry for entry in body.get("Env", ()) if entry.partition("=")[0] not in named]
        body["Env"] = [*kept, *(_entry(*pair) for pair in given.environment)]


def _entry(name: str, value: str | None) -> str:
    # Without "=", the engine takes it out of what the image says.
    return name if value is None else f"{name}={value}"


def _volumes(given: DockerArguments, host: dict[str, Any]) -> None:
    if given.volumes:
        host["Binds"] = [*given.volumes]
    if given.tmpfs:
        host["Tmpfs"] = {**host.get("Tmpfs", {}), **dict(given.tmpfs)}
    if given.mounts:
        host["Mounts"] = [*host.get("Mounts", ()), *(mount(one) for one in given.mounts)]


def mount(given: Mount) -> dict[str, Any]:
    """A `--mount`."""
    found: dict[str, Any] = {"Type": given.kind, "Target": given.target}
    if given.source:
        found["Source"] = given.source
    options = dict(given.options)
    if options.get("readonly", "false") == "true":
        found["ReadOnly"] = True
    if "consistency" in options:
        found["Consistency"] = options["consistency"]
    if "bind-propagation" in options:
        found["BindOptions"] = {"Propagation": options["bind-propagation"]}
    if "volume-nocopy" in options:
        found["VolumeOptions"] = {"NoCopy": options["volume-nocopy"] == "true"}
    of_tmpfs: dict[str, int] = {}
    if "tmpfs-size" in options:
        of_tmpfs["SizeBytes"] = size(options["tmpfs-size"])
    if "tmpfs-mode" in options:
        of_tmpfs["Mode"] = int(options["tmpfs-mode"], 8)
    if of_tmpfs:
        found["TmpfsOptions"] = of_tmpfs
    return found


def device(text: str) -> dict[str, str]:
    """`/dev/x`, `/dev/x:/dev/y`, `/dev/x:/dev/y:rwm` or `/dev/x:rwm`."""
    parts = text.split(":")
    source = parts[0]
    target, access = source, "rwm"
    if len(parts) == 2 and set(parts[1]) <= set("rwm"):
        access = parts[1]
    elif len(parts) >= 2:
        target = parts[1]
    if len(parts) == 3:
        access = parts[2]
    return {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": access}


def port_bindings(text: str) -> list[tuple[str, str, str]]:
    """`-p`: (address, port of this machine, `8080/tcp`) for each port of a range. Raises ValueError.

    `80`, `8080:80`, `127.0.0.1:8080:80`, `127.0.0.1::80`, `8000-8010:80-90/udp`, `[::1]:80:80`.
    """
    text, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    if protocol not in ("tcp", "udp", "sctp"):
        raise ValueError(protocol)
    rest, _, inside = text.rpartition(":")
    address, _, outside = rest.rpartition(":")
    address = address.removeprefix("[").removesuffix("]")
    first, last = _range(inside)
    outer: tuple[int, int] | None = _range(outside) if outside else None
    if outer is None:
        return [(address, "", f"{port}/{protocol}") for port in range(first, last + 1)]
    if outer[1] - outer[0] != last - first:
        if first != last:
            raise ValueError("ranges of different length")
        return [(address, f"{outer[0]}-{outer[1]}", f"{first}/{protocol}")]
    return [(address, str(outer[0] + port - first), f"{port}/{protocol}") for port in range(first, last + 1)]


def _range(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    low = int(first)
    high = int(last) if dash else low
    if not (first.isdecimal() and (not dash or last.isdecimal())) or not 0 < low <= high < 65536:
        raise ValueError(text)
    return low, high


def all_bindings(given: DockerArguments) -> list[tuple[str, str, str]]:
    """Those of every `-p`."""
    return [binding for text in given.ports for binding in port_bindings(text)]


def _ports(given: DockerArguments, body: dict[str, Any], host: dict[str, Any]) -> None:
    exposed: dict[str, dict[str, str]] = {}
    bindings: dict[str, list[dict[str, str]]] = {}
    for address, outside, inside in all_bindings(given):
        exposed[inside] = {}
        bindings.setdefault(inside, []).append({"HostIp": address, "HostPort": outside})
    for text in given.expose:
        for _, _, inside in port_bindings(text):
            exposed[inside] = {}
    if exposed:
        body["ExposedPorts"] = exposed
    if bindings:
        host["PortBindings"] = bindings
