"""A function as a service file (or a scenario file) declares it, resolved."""

from typing import Literal, NamedTuple

from lambda_scenarios.model.values import Json, Origin

# What invokes the function over HTTP; decides which results API Gateway would answer with 502.
HttpSource = Literal["rest", "http", "alb", "url"]


class ServiceInfo(NamedTuple):
    """The service that a function belongs to. `root` is an absolute directory."""

    name: str
    stage: str
    region: str
    root: str
    file: str | None  # absolute path of the service file; None for functions of a scenario file
    profile: str | None = None  # of AWS's configuration, where the service file names one


class Unresolved(NamedTuple):
    """A value of a function's declaration that could not be resolved."""

    path: str  # as in `environment.TABLE`
    reason: str


class Package(NamedTuple):
    """How a function's code is packaged, as `package` says for the service and for the function.

    `exclude` and `include` are glob patterns in order, those of the Framework itself among them: see
    packaging.selection.Rules.
    """

    archive: (
        str  # absolute: .serverless/<service or function>.zip; or the artifact, which something else makes
    )
    is_artifact: bool = False
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    without_development: bool = True  # excludeDevDependencies
    unresolved: tuple[Unresolved, ...] = ()  # then nothing can be packaged


class ImageConfig(NamedTuple):
    """What a function changes of its image's configuration (`image:` of serverless.yml, ImageConfig of
    CloudFormation). None: as in the image."""

    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    working_directory: str | None = None


class Function(NamedTuple):
    """One Lambda function, ready to be run.

    `environment` holds the provider's and the function's own variables, merged, in order of
    definition; Lambda's own variables are added when a worker is planned.
    """

    key: str  # as scenarios name it: createOrder
    name: str  # as it is deployed: orders-dev-createOrder
    handler: str
    runtime: str  # AWS's identifier: python3.11; "" for container images
    code: str  # absolute directory: what /var/task is in Lambda
    service: ServiceInfo
    timeout: float = 6.0  # seconds
    memory: int = 1024  # MB
    environment: tuple[tuple[str, str], ...] = ()
    layers: tuple[str, ...] = ()  # absolute directories
    layers_from: tuple[str, ...] = ()  # absolute: what each that AWS has not was made of, or itself
    code_from: str | None = None  # absolute: the archive or the sources of `code`, where these are named
    architecture: str = "x86_64"
    image: str | None = None  # as `docker pull` takes it
    image_config: ImageConfig = ImageConfig()
    ephemeral: int = 512  # MB of /tmp; containers hold to it
    build: str | None = None  # a command that is run in `code` before the first invocation
    role: str | None = None  # ARN, where the declaration says it; the deployed function may have another
    in_stack: tuple[str, str] | None = None  # stack and logical id, where AWS chooses the function's name
    package: Package | None = None  # None where `code` is what is deployed
    http_source: HttpSource | None = None
    unresolved: tuple[Unresolved, ...] = ()
    origin: Origin | None = None  # of the function's own mapping in its file


class FunctionSummary(NamedTuple):
    """What `functions` prints of one function. Fields that could not be resolved are None."""

    key: str
    name: str | None
    handler: str | None
    runtime: str | None
    architecture: str | None
    code: str | None
    timeout: float | None
    memory: int | None
    environment: tuple[tuple[str, str | None], ...]
    layers: tuple[Json, ...]
    unresolved: tuple[Unresolved, ...]
