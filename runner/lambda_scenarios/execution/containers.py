"""From a function to the container that it runs in: which image, which directories, which user."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from lambda_scenarios.backends.docker import layers
from lambda_scenarios.backends.docker.engine import Engine, connect
from lambda_scenarios.backends.docker.image_store import Image, ImageStore
from lambda_scenarios.backends.docker.images import NONE, image_of
from lambda_scenarios.backends.docker.options import targets
from lambda_scenarios.backends.docker.reach import HOST
from lambda_scenarios.errors import MissingPart
from lambda_scenarios.model.container import ContainerSpec, DockerSettings
from lambda_scenarios.model.function import Function
from lambda_scenarios.packaging.packager import Packager
from lambda_scenarios.runtimes.runtime import World

TASK_ROOT, _OPT = "/var/task", "/opt"
# Lambda's own: sbx_user1051.
_SANDBOX = "993:990"
_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}


class Containers:
    """One engine and its images, for a run. Made when the first function needs it.

    Raises MissingPart where there is no engine.
    """

    TASK_ROOT = TASK_ROOT

    def __init__(
        self, settings: DockerSettings, environ: Mapping[str, str], cwd: str, say: Callable[[str], None]
    ) -> None:
        self.warnings: list[str] = []
        self._settings = settings
        self._environ = environ
        self._cwd = cwd
        self._packager = Packager(environ, cwd, say)
        self.engine: Engine = connect(environ)
        # What containers call this machine.
        self.host = "localhost" if settings.arguments.network == "host" else HOST
        self._images = ImageStore(self.engine.client, say)

    def spec(self, function: Function) -> ContainerSpec:
        """Raises MissingPart where its image isn't there and can't be pulled, or can't be run here, and
        UsageError where its code can't be packaged."""
        arguments = self._settings.arguments
        platform = arguments.platform or _PLATFORMS.get(function.architecture)
        image = self._image(function, platform)
        code = None if function.image is not None else self._packager.code(function)
        replaced = arguments.entrypoint or {TASK_ROOT, _OPT} & targets(arguments)
        if code is not None and function.runtime.startswith(("provided", "go1.x")) and not replaced:
            from lambda_scenarios.runtimes.custom import check_for_container

            check_for_container(function._replace(code=code), image.platform, World(self._environ, self._cwd))
        entry_point, command = _start(function, code, image)
        user = _user(code, self.engine)
        if code is not None and arguments.user is None:
            _check_readable(code, user, function)
        return ContainerSpec(
            image=image.name,
            entrypoint=entry_point,
            command=command,
            working_directory=function.image_config.working_directory
            or (None if code is None else TASK_ROOT),
            platform=image.platform,
            code=code,
            layers=layers.merged(function.layers, self._environ) if function.image is None else None,
            memory=function.memory,
            temporary=function.ephemeral,
            user=user,
            wrapped=image.has_shell,
            arguments=arguments,
        )

    def _image(self, function: Function, platform: str | None) -> Image:
        if function.image is not None:
            image = self._images.find(_names(function, function.image), None, needed_by=function)
            if platform is not None and image.platform != platform:
                self.warnings.append(
                    f"the image of {function.key} is for {image.platform}, not for {platform} "
                    f"as its architecture ({function.architecture}) says"
                )
            return image
        name = dict(self._settings.images).get(function.runtime) or image_of(function.runtime)
        if name is None:
            what = "AWS has published no image of" if function.runtime in NONE else "there is no image of"
            raise MissingPart(
                f"{what} the runtime {function.runtime}",
                (f"to name one: --docker-image {function.runtime}=IMAGE", "or: --missing-runtime skip"),
            )
        return self._images.find((name,), platform, needed_by=function)


def _names(function: Function, image: str) -> tuple[str, ...]:
    """The image, and what the Serverless Framework calls one that it has built (lib/plugins/aws/provider.js).
    That is a tag, which a name with a registry or a tag of its own can't be."""
    if "/" in image or ":" in image or "@" in image:
        return (image,)
    return image, f"serverless-{function.service.name}-{function.service.stage}:{image}"


def _start(function: Function, code: str | None, image: Image) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Entry point and command. Lambda takes either of a function's own, and the image's for the other."""
    config = function.image_config
    if code is None:
        entry = image.entrypoint if config.entry_point is None else config.entry_point
        return entry, image.command if config.command is None else config.command
    if function.runtime.startswith("provided"):
        # What Lambda starts of these is the function's own, or a layer's.
        there = os.path.exists(os.path.join(code, "bootstrap")) or not any(
            os.path.exists(os.path.join(layer, "bootstrap")) for layer in function.layers
        )
        return (f"{TASK_ROOT if there else _OPT}/bootstrap",), (function.handler,)
    if function.runtime == "go1.x":
        return (f"{TASK_ROOT}/{function.handler}",), ()
    return image.entrypoint, (function.handler,)


def _user(code: str | None, engine: Engine) -> str:
    """Who the function is in its container: never root.

    Where the engine's users are this machine's, whoever runs this program: what is readable here is so there.
    """
    if engine.rootless or os.getuid() == 0:
        owner = os.stat(code) if code is not None and not engine.rootless else None
        if owner is not None and owner.st_uid != 0:
            return f"{owner.st_uid}:{owner.st_gid}"
        return _SANDBOX
    return f"{os.getuid()}:{os.getgid()}"


def _check_readable(code: str, user: str, function: Function) -> None:
    status = os.stat(code)
    if user.partition(":")[0] != str(status.st_uid) and status.st_mode & 0o005 != 0o005:
        raise MissingPart(
            f"the code of {function.key} can't be read by the user {user} of its container",
            (f"to let everybody read it: chmod -R o+rX {code}", "or: --docker-arg '--user 0'"),
        )
