"""The options of `docker run` that are known: what each is in DockerArguments, and why others are refused.

https://docs.docker.com/reference/cli/docker/container/run/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lambda_scenarios.backends.docker import argument_values as values


class Option(NamedTuple):
    """What an option does: `field` of DockerArguments ("": nothing here), and how its text becomes a value.
    `many`: may be given several times. A flag needs no value, but may have `=true` or `=false`."""

    field: str
    read: Callable[[str, values.Reading], Any]
    many: bool = False
    flag: bool = False


_OPTION_OF = {
    "--add-host": Option("hosts", values.host, many=True),
    "--cap-add": Option("cap_add", values.capability, many=True),
    "--cap-drop": Option("cap_drop", values.capability, many=True),
    "--cgroup-parent": Option("cgroup_parent", values.filled),
    "--cgroupns": Option("cgroupns", values.filled),
    "--cpu-period": Option("cpu_period", values.number),
    "--cpu-quota": Option("cpu_quota", values.number),
    "--cpu-shares": Option("cpu_shares", values.number),
    "--cpus": Option("nano_cpus", values.nano_cpus),
    "--cpuset-cpus": Option("cpuset_cpus", values.filled),
    "--cpuset-mems": Option("cpuset_mems", values.filled),
    "--detach": Option("", values.filled, flag=True),
    "--device": Option("devices", values.device, many=True),
    "--dns": Option("dns", values.each, many=True),
    "--dns-option": Option("dns_options", values.each, many=True),
    "--dns-search": Option("dns_search", values.each, many=True),
    "--domainname": Option("domain", values.filled),
    "--entrypoint": Option("entrypoint", values.filled),
    "--env": Option("environment", values.variable, many=True),
    "--env-file": Option("environment", values.variables_of, many=True),
    "--expose": Option("expose", values.exposed, many=True),
    "--gpus": Option("gpus", values.gpus),
    "--group-add": Option("groups", values.each, many=True),
    "--hostname": Option("hostname", values.filled),
    "--init": Option("init", values.filled, flag=True),
    "--interactive": Option("", values.filled, flag=True),
    "--ipc": Option("ipc", values.filled),
    "--label": Option("labels", values.pairs, many=True),
    "--label-file": Option("labels", values.labels_of, many=True),
    "--mac-address": Option("mac_address", values.filled),
    "--memory": Option("memory", values.size),
    "--memory-reservation": Option("memory_reservation", values.size),
    "--memory-swap": Option("memory_swap", values.size_or_unlimited),
    "--memory-swappiness": Option("memory_swappiness", values.number),
    "--mount": Option("mounts", values.mount, many=True),
    "--name": Option("name", values.filled),
    "--network": Option("network", values.filled),
    "--network-alias": Option("aliases", values.each, many=True),
    "--oom-kill-disable": Option("oom_kill_disable", values.filled, flag=True),
    "--oom-score-adj": Option("oom_score_adj", values.number),
    "--pid": Option("pid", values.filled),
    "--pids-limit": Option("pids_limit", values.number),
    "--platform": Option("platform", values.filled),
    "--privileged": Option("privileged", values.filled, flag=True),
    "--publish": Option("ports", values.port, many=True),
    "--publish-all": Option("publish_all", values.filled, flag=True),
    "--quiet": Option("", values.filled, flag=True),
    "--read-only": Option("read_only", values.filled, flag=True),
    "--rm": Option("", values.filled, flag=True),
    "--runtime": Option("runtime", values.filled),
    "--security-opt": Option("security", values.each, many=True),
    "--shm-size": Option("shm_size", values.size),
    "--stop-signal": Option("stop_signal", values.filled),
    "--sysctl": Option("sysctls", values.sysctl, many=True),
    "--tmpfs": Option("tmpfs", values.tmpfs, many=True),
    "--ulimit": Option("ulimits", values.ulimit, many=True),
    "--user": Option("user", values.filled),
    "--userns": Option("userns", values.filled),
    "--uts": Option("uts", values.filled),
    "--volume": Option("volumes", values.volume, many=True),
    "--volumes-from": Option("volumes_from", values.each, many=True),
    "--workdir": Option("workdir", values.filled),
}
# Other spellings, and letters.
_SAME = {
    "--net": "--network",
    "--net-alias": "--network-alias",
    "--dns-opt": "--dns-option",
    "-c": "--cpu-shares",
    "-d": "--detach",
    "-e": "--env",
    "-h": "--hostname",
    "-i": "--interactive",
    "-l": "--label",
    "-m": "--memory",
    "-p": "--publish",
    "-P": "--publish-all",
    "-q": "--quiet",
    "-u": "--user",
    "-v": "--volume",
    "-w": "--workdir",
}
OPTIONS: Mapping[str, Option] = {
    **_OPTION_OF,
    **{name: _OPTION_OF[other] for name, other in _SAME.items()},
}

_STREAM = "the runner itself listens to the container's output"
_LIFE = "the runner itself starts, stops and removes its containers"
REFUSED = {
    "-t": _STREAM,
    "--tty": _STREAM,
    "-a": _STREAM,
    "--attach": _STREAM,
    "--sig-proxy": _STREAM,
    "--log-driver": _STREAM,
    "--log-opt": _STREAM,
    "--detach-keys": _STREAM,
    "--restart": _LIFE,
    "--stop-timeout": _LIFE,
    "--cidfile": _LIFE,
    "--pull": "an image that is missing is pulled, one that is there is taken: `docker pull` renews it",
}
