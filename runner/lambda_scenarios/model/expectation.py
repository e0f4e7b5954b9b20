"""What a scenario expects of an invocation, compiled; and what judging it gives.

A compiled expectation is a list of clauses: a part of the outcome (`subject`), and the node that it has
to match. Nodes do not carry their place in the YAML: the walk that explains a mismatch has it, since a
node's path is that of its parent and one key more.
"""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from lambda_scenarios.model.record import DiffLine
from lambda_scenarios.model.values import DocPath, Json, Origin

# Few classes with a name inside, rather than one a matcher: each NamedTuple costs start-up time.


class Equal(NamedTuple):
    """Equal by JSON semantics; no matchers inside.

    `mixed`: holds true, false, 0 or 1 somewhere, which Python's `==` would confuse.
    """

    value: Json
    mixed: bool


class Mapping(NamedTuple):
    """An object with these keys; with `open`, further keys are allowed."""

    entries: "tuple[tuple[str, Node], ...]"
    open: bool


class Sequence(NamedTuple):
    """An array of this length whose items match one by one."""

    items: "tuple[Node, ...]"


class Matchers(NamedTuple):
    """A mapping of `$` keys: all hold. `source` is the mapping as it was written, for messages."""

    parts: "tuple[tuple[str, Node], ...]"
    source: dict[str, Json]


class Scalar(NamedTuple):
    """A matcher with a plain value.

    `$present` (bool; `$absent` is its opposite), `$gt $gte $lt $lte` (number or string), `$starts_with
    $ends_with $format` (string).
    """

    name: str
    value: bool | int | float | str


class TypeIs(NamedTuple):
    """`$type`."""

    names: tuple[str, ...]


class Matches(NamedTuple):
    """`$regex`."""

    pattern: re.Pattern[str]


class Near(NamedTuple):
    """`$approx`: at most `tolerance` away from `value`."""

    value: int | float
    tolerance: int | float


class Inner(NamedTuple):
    """`$not $optional $contains $length $json $base64 $each $partial $exactly $literal`: one node inside."""

    name: str
    node: "Node"


class Several(NamedTuple):
    """`$in $unordered $all_of $any_of`: a list of nodes inside."""

    name: str
    nodes: "tuple[Node, ...]"


class SchemaIs(NamedTuple):
    """`$schema`, `output_schema`: the JSON text of the schema."""

    schema: str


class Extended(NamedTuple):
    """A matcher of an extension: `judge` gives None where the value matches, else what is wrong.

    Raises ExtensionFailed.
    """

    name: str
    argument: Json
    judge: "Callable[[Json], str | None]"


class ExtensionFailed(Exception):
    """A matcher of an extension could not judge; it stands at `origin`."""

    def __init__(self, problem: str, origin: Origin) -> None:
        super().__init__(problem)
        self.problem = problem
        self.origin = origin


Node = (
    Equal
    | Mapping
    | Sequence
    | Matchers
    | Scalar
    | TypeIs
    | Matches
    | Near
    | Inner
    | Several
    | SchemaIs
    | Extended
)

# The part of an outcome that a clause is about.
Subject = Literal[
    "output",
    "output text",  # of a text file: one final newline does not count
    "snapshot",  # the result without what lies at the locations of `ignore`
    "query",  # `detail` is the JMESPath
    "response",  # is it a response that the HTTP source accepts at all
    "status",
    "header",  # `detail` is the name in lower case
    "header list",
    "cookie",  # its value; `detail` is the name
    "cookie attributes",
    "cookies",
    "body text",
    "body json",
    "error type",
    "error message",
    "error stack",
    "logs",
    "log record",
    "duration_ms",
    "init_ms",
    "memory_mb",
]


class Loaded(NamedTuple):
    """A value that another file holds: parsed, or its text."""

    value: Json
    is_text: bool = False


class Clause(NamedTuple):
    """One thing expected. `path` leads to it from the `expect` mapping.

    With `external`, the node comes from another file, and the path goes no deeper than `path`. `ignore`
    (locations): of a snapshot.
    """

    subject: Subject
    path: DocPath
    node: "Node"
    detail: str = ""
    external: bool = False
    ignore: tuple[str, ...] = ()


class Snapshot(NamedTuple):
    """`snapshot`: what the result is compared with, or becomes where the scenario passes.

    It is stored under `key` in `file` (absolute); what lies at the locations of `ignore` is neither stored
    nor compared. `stored` is None where there is none yet. `use` "compare": with what is stored; "record":
    the result takes its place; "require": there is none, and none is to be written.
    """

    file: str
    key: str
    ignore: tuple[str, ...]
    stored: Loaded | None
    use: Literal["compare", "record", "require"]


class Expectation(NamedTuple):
    """Everything that one invocation has to fulfil. `origin` is that of the `expect` mapping.

    `error`: None, the function must return; "raised", the handler must raise; "any", the invocation
    must end in an error of any kind. `snapshot` says what is to be stored; the clause of that subject is
    what is judged.
    """

    clauses: tuple[Clause, ...]
    error: Literal["raised", "any"] | None
    origin: Origin
    snapshot: Snapshot | None = None


class Mismatch(NamedTuple):
    """One expectation that does not hold.

    `expectation` is its own path (`expect.http.body.total`), `location` the place in the result
    (`output.body.total`), `origin` where it stands in the YAML. `message` is one line, `expected` and
    `found` are short texts. `diff` is that of the whole compared structure, on its first mismatch.
    `unjudged`, where it isn't empty, says why it may hold all the same.
    """

    expectation: str
    location: str
    origin: Origin
    message: str
    expected: str
    found: str
    diff: tuple[DiffLine, ...] = ()
    unjudged: str = ""


class Evaluation(NamedTuple):
    """`mismatches` is empty where everything holds. `held` is filled only where something does not."""

    mismatches: tuple[Mismatch, ...]
    held: tuple[str, ...]

    @property
    def unjudged(self) -> str:
        """Why it may hold all the same, for all that is known; "" where it does, or surely doesn't."""
        reasons = [mismatch.unjudged for mismatch in self.mismatches]
        return reasons[0] if reasons and all(reasons) else ""
