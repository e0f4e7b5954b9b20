"""What the user did wrong, said with place, problem and fix; and what this program did wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from lambda_scenarios.model.values import Origin, Place

if TYPE_CHECKING:
    pass

# A remark is a warning that `--strict` lets pass.
Severity = Literal["error", "warning", "remark"]


class Diagnostic(NamedTuple):
    """One thing to tell the user.

    `problem` is the headline; `label` stands beside the caret; `notes` are further lines (`= …`).
    The place is either known (`Place`) or found from the `Origin` when the diagnostic is shown. `needed_for`
    (a path, and whose) is what needs it, where the place doesn't show that: what several need is told once.
    """

    problem: str
    where: Place | Origin | None = None
    label: str = ""
    notes: tuple[str, ...] = ()
    severity: Severity = "error"
    needed_for: tuple[str, str] | None = None


class UsageError(Exception):
    """The input can't be used (exit status 2): options, scenario files, service files."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(d.problem for d in diagnostics))
        self.diagnostics = diagnostics


def strictly(warnings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The warnings as `--strict` has them: errors, without the remarks among them."""
    return [one._replace(severity="error") for one in warnings if one.severity == "warning"]


def settle(wrong: list[Diagnostic], collected: list[Diagnostic] | None) -> None:
    """Raises the problems of a stage, each once, or adds them to those of other stages."""
    if collected is not None:
        collected.extend(wrong)
    elif wrong:
        raise UsageError(*dict.fromkeys(wrong))


def defect(error: BaseException, environ: Mapping[str, str]) -> str:
    """What there is to say of a failure of this program's own; raises it again where its place is wanted."""
    if environ.get("LAMBDA_SCENARIOS_TRACEBACK"):
        raise error
    return (
        f"error: lambda-scenarios itself failed: {type(error).__name__}: {error}\n"
        "   = this is a defect of the program, not of your scenarios\n"
        "   = LAMBDA_SCENARIOS_TRACEBACK=1 shows where"
    )


class NothingSelected(Exception):
    """Names or expressions that were given select nothing (exit status 5)."""


class ReportNotWritten(Exception):
    """A report could not be written (exit status 3); `written` (kind and path) were."""

    def __init__(self, problem: str, written: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(problem)
        self.written = written


class Interrupted(Exception):
    """A run was interrupted where its reports could not be written any more; says how they can be."""


class MissingPart(Exception):
    """Something that a scenario needs isn't to be had (a runtime, an engine, credentials): it is an `error`.

    `notes` say how to get it, and what else would help. `skippable`: it is one of this machine's own parts,
    for want of which a scenario may be skipped (--missing-runtime skip).
    """

    def __init__(self, problem: str, notes: tuple[str, ...] = (), *, skippable: bool = True) -> None:
        super().__init__(problem)
        self.problem = problem
        self.notes = notes
        self.skippable = skippable


def did_you_mean(wrong: str, known: list[str] | tuple[str, ...]) -> str | None:
    """The known name that `wrong` most likely stands for, or None."""
    import difflib  # 10 ms: only for people who mistyped

    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.6)
    if close:
        return close[0]
    folded = {name.lower().replace("_", "").replace("-", ""): name for name in known}
    return folded.get(wrong.lower().replace("_", "").replace("-", ""))
