"""From a scenario's `function` to the Function: of its file, or of the service that the file belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_scenarios.errors import Diagnostic, UsageError, did_you_mean
from lambda_scenarios.model.values import Origin
from lambda_scenarios.scenarios.draft import Absent, FileHead, RunSettings
from lambda_scenarios.services.catalog import (
    Catalog,
    InlineFunctions,
    Service,
    ServiceOptions,
    find_service_file,
    inline_functions,
)

if TYPE_CHECKING:
    from lambda_scenarios.model.function import Function, ServiceInfo


class FunctionLookup:
    """Resolves each function, service and directory once.

    The command line's service, stage, region and parameters win over those of the files; `root` is
    the project's directory, above which no service file is looked for.
    """

    def __init__(self, catalog: Catalog, settings: RunSettings, root: str) -> None:
        self._catalog = catalog
        self._environ = settings.environ
        self._overrides = settings.overrides
        self._root = root
        self._nearest: dict[str, str | None] = {}
        self._services: dict[tuple[str, ServiceOptions], Service] = {}
        self._functions: dict[tuple[int, str], Function] = {}
        self._inline: dict[tuple[Origin, ServiceInfo | None, tuple[str, ...], bool], InlineFunctions] = {}

    def service(self, head: FileHead) -> ServiceInfo | None:
        """The service of a file, if it has one. Raises UsageError where it can't be read."""
        service = self._service(head)
        return None if service is None else service.info()

    def function(self, head: FileHead, key: str, asked_at: Origin, *, deployed: bool = False) -> Function:
        """The function `key` of a file; its own `functions` come first. One that is `deployed` runs on AWS,
        and no files of it are looked for. Raises UsageError."""
        if key in head.functions:
            return self._declared(head, head.functions_at[key], deployed=deployed).functions[key]
        service = self._service(head, deployed=deployed)
        if service is None:
            raise UsageError(self._unknown(head, key, asked_at))
        memo = (id(service), key)
        function = self._functions.get(memo)
        if function is None:
            if head.functions and key not in set(service.keys()):
                raise UsageError(self._unknown(head, key, asked_at))
            function = self._functions[memo] = service.function(key, asked_at)
        return function

    def keys(self, head: FileHead) -> tuple[str, ...]:
        """The functions that a file's scenarios can name."""
        service = self._service(head)
        return tuple(dict.fromkeys((*head.functions, *(() if service is None else service.keys()))))

    def keys_note(self, head: FileHead) -> tuple[str, ...]:
        """The note that names a file's functions; none where that is unknown."""
        try:
            keys = self.keys(head)
        except UsageError:
            return ()
        return ("there are: " + ", ".join(keys[:12]) + (", …" if len(keys) > 12 else ""),) if keys else ()

    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the services and declarations that were used warn of."""
        services = tuple(w for service in self._services.values() for w in service.warnings())
        return services + tuple(w for declared in self._inline.values() for w in declared.warnings)

    def _service(self, head: FileHead, *, deployed: bool = False) -> Service | None:
        path = self._service_path(head)
        if path is None:
            return None
        overrides = self._overrides
        params = {**dict(head.params), **dict(overrides.params)}
        options = ServiceOptions(
            stage=overrides.stage or head.stage,
            region=overrides.region,
            params=tuple(params.items()),
            aws_profile=overrides.aws_profile,
            skip_package=overrides.skip_package,
            resolve=head.resolve,
            deployed=deployed or overrides.backend == "aws",
        )
        key = (path, options)
        if key not in self._services:
            asked_at = head.service_at if overrides.service is None else None
            self._services[key] = self._catalog.open(path, options, asked_at)
        return self._services[key]

    def _service_path(self, head: FileHead) -> str | None:
        """The absolute file or directory of a file's service; None for none."""
        if self._overrides.service is not None:
            return self._overrides.service
        if head.service is None:
            return None
        if not isinstance(head.service, Absent):
            return head.service
        if head.directory not in self._nearest:
            self._nearest[head.directory] = find_service_file(head.directory, self._root)
        return self._nearest[head.directory]

    def _declared(self, head: FileHead, mapping: Origin, *, deployed: bool) -> InlineFunctions:
        """The functions of a file that are declared at `mapping`, in it or in one that it inherits from."""
        surrounding = self._surrounding(head)
        declared = {key: d for key, d in head.functions.items() if head.functions_at[key] == mapping}
        memo = (mapping, surrounding, tuple(declared), deployed)
        if memo not in self._inline:
            self._inline[memo] = inline_functions(
                declared, mapping, mapping.file, surrounding, self._environ, deployed=deployed
            )
        return self._inline[memo]

    def _surrounding(self, head: FileHead) -> ServiceInfo | None:
        """The service that a file's own functions belong to."""
        try:
            return self.service(head)
        except UsageError as error:
            if not isinstance(head.service, Absent):
                raise
            note = f"{head.id} declares functions of its own: `service: null` there does without this one"
            raise UsageError(*(d._replace(notes=(*d.notes, note)) for d in error.diagnostics)) from None

    def _unknown(self, head: FileHead, key: str, asked_at: Origin) -> Diagnostic:
        known = self.keys(head)
        if not known:
            where = (
                "and no service (`service: null`)"
                if head.service is None
                else "and no service file was found"
            )
            return Diagnostic(
                f"no function `{key}`: {head.id} declares none, {where}",
                asked_at,
                "declare it under `functions`, or name the service: `service: PATH`",
            )
        near = did_you_mean(key, known)
        listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
        label = f"did you mean `{near}`? There are: {listed}" if near else f"there are: {listed}"
        return Diagnostic(f"no function `{key}`", asked_at, label)
