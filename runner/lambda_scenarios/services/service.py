"""What every kind of service file gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from lambda_scenarios.errors import Diagnostic
    from lambda_scenarios.model.function import Function, FunctionSummary, ServiceInfo
    from lambda_scenarios.model.values import Origin, Resolved
    from lambda_scenarios.services.triggers import Trigger


class ServiceOptions(NamedTuple):
    """What the command line and a scenario file say about a service.

    `params` are values of `${param:…}`, the later of two with one name winning. With `strict`,
    warnings about a function that is used are errors. `aws_profile` is whose credentials AWS is asked with,
    instead of those that the service file or the environment chooses. With `skip_package`, functions run from
    what was packaged last. With `deployed`, they run on AWS, and nobody looks at their code, layers and
    variables here.

    `resolve` has values for what refers to AWS, instead of a look-up: a logical id (`Ref`), the name of an
    export (`Fn::ImportValue`), `logicalId.Attribute` (`Fn::GetAtt`), or a variable as `ssm:/path`.
    """

    stage: str | None = None
    region: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    aws_profile: str | None = None
    resolve: tuple[tuple[str, Resolved], ...] = ()
    skip_package: bool = False
    deployed: bool = False


class Service(Protocol):
    """An opened service file. Everything is resolved when it is asked for, and kept."""

    file: str

    def info(self) -> ServiceInfo:
        """Name, stage, region and root. Raises UsageError where one of them can't be resolved."""
        ...

    def keys(self) -> tuple[str, ...]:
        """The functions' keys in order of definition. Raises UsageError where they can't be read."""
        ...

    def function(self, key: str, asked_at: Origin | None = None) -> Function:
        """One function, resolved. Raises UsageError with everything that is wrong with it.

        `asked_at` is the value that names the function: where an unknown key is reported.
        """
        ...

    def summary(self, key: str) -> FunctionSummary:
        """One function as far as it can be resolved. Raises UsageError for an unknown key only."""
        ...

    def triggers(self, key: str) -> tuple[Trigger, ...]:
        """What invokes a function, as far as the file tells it. Raises UsageError for an unknown key only."""
        ...

    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is to be said about the functions that were asked for so far, each thing once."""
        ...
