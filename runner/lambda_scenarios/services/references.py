"""What intrinsic functions refer to, and how it is told that they can't be evaluated."""

from __future__ import annotations

from typing import Protocol

from lambda_scenarios.model.values import DocPath, Json


class CannotResolve(Exception):
    """A value that can't be evaluated. `reason` completes "cannot resolve …: ".

    `path` leads from the value that was given to `resolve` to the argument that is at fault, `text` is
    the part of it that is meant where it is not the whole. `label` and `notes` help to mend it.
    """

    def __init__(
        self, reason: str, label: str = "", notes: tuple[str, ...] = (), text: str = "", path: DocPath = ()
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.label = label
        self.notes = notes
        self.text = text
        self.path = path


class OnlyAwsKnows(CannotResolve):
    """Nothing is wrong with the value: it takes a deployed stack, and that could not be asked.

    `general` is that of `aws.failures.LookupFailed`.
    """

    general = False


class References(Protocol):
    """What functions refer to. Each method raises CannotResolve."""

    def ref(self, name: str) -> Json:
        """A parameter's value, a pseudo parameter's (AWS::Region), or a resource's physical id."""
        ...

    def attribute(self, resource: str, attribute: str) -> Json:
        """`Fn::GetAtt`; the attribute may have dots."""
        ...

    def imported(self, export: str) -> Json:
        """`Fn::ImportValue`."""
        ...

    def mapped(self, name: str, top: str, second: str) -> Json:
        """A value of the section Mappings."""
        ...

    def condition(self, name: str) -> bool:
        """A condition of the section Conditions."""
        ...

    def zones(self, region: str) -> list[Json]:
        """The names of a region's availability zones."""
        ...
