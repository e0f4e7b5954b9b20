"""What templates can name, apart from Jinja2 itself: lazy mappings, random draws, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

# What templates call, beside Jinja2's own functions.
FUNCTIONS = ("uuid", "now", "timestamp", "random_int", "read_text", "load_json", "range")

_KINDS = {
    bool: "a boolean",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a string",
    type(None): "null",
}


class TemplateError(Exception):
    """A template that can't be rendered, before it is known where it stands.

    `word` is a part of the template's text that the message is about, `line` its line in that text
    (from 1); both may be missing.
    """

    def __init__(
        self, problem: str, *, label: str = "", word: str = "", line: int = 0, notes: tuple[str, ...] = ()
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.label = label
        self.word = word
        self.line = line
        self.notes = notes


class Pending(Exception):
    """A template needs what an earlier step returns, and that has not run yet."""


def kind_of(value: object) -> str:
    """What a value is, in the words of YAML where it has one."""
    if isinstance(value, Mapping):
        return "a mapping"
    return _KINDS.get(type(value), f"a {type(value).__name__}")


class LazyMapping(Mapping[str, Any]):
    """A mapping whose values are made when they are asked for, once.

    Variables that no template uses are never rendered: one that needs an environment variable
    doesn't keep others from running.
    """

    def __init__(
        self, title: str, names: Sequence[str], produce: Callable[[str], object], ready: Mapping[str, object]
    ) -> None:
        self._title = title
        self._names = dict.fromkeys(names)
        self._produce = produce
        self._under_way: list[str] = []
        self._values = dict(ready)

    def __getitem__(self, name: str) -> object:
        values = self._values
        if name in values:
            return values[name]
        if name not in self._names:
            raise KeyError(name)
        if name in self._under_way:
            chain = [*self._under_way[self._under_way.index(name) :], name]
            raise TemplateError(
                f"`{self._title}.{name}` refers to itself",
                label=" → ".join(chain),
                word=f"{self._title}.{chain[-2]}" if len(chain) > 2 else f"{self._title}.{name}",
            )
        self._under_way.append(name)
        try:
            value = values[name] = self._produce(name)
        finally:
            self._under_way.pop()
        return value

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))

    def made(self) -> dict[str, object]:
        """The values made so far."""
        return dict(self._values)


class Draws:
    """Random values that depend on the seed, the scenario and the number of the call alone.

    So a scenario sees the same values alone, in a shard and in a full run.
    """

    def __init__(self, seed: str, scenario: str) -> None:
        self._start = f"{seed}\0{scenario}\0"
        self._calls = 0

    def _digest(self) -> bytes:
        import hashlib

        self._calls += 1
        text = f"{self._start}{self._calls}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def uuid(self) -> str:
        """A version 4 UUID."""
        raw = bytearray(self._digest()[:16])
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def random_int(self, a: int, b: int) -> int:
        """An integer from `a` to `b`, both included."""
        for bound in (a, b):
            if not isinstance(bound, int) or isinstance(bound, bool):
                raise TemplateError("random_int(a, b) takes two integers", word="random_int")
        if a > b:
            raise TemplateError(
                f"random_int({a}, {b}): the first is greater than the second", word="random_int"
            )
        if (b - a).bit_length() > 128:
            raise TemplateError("random_int: the bounds are too far apart", word="random_int")
        # 256 bits against at most 128: the bias of the remainder is below 2**-128
        return a + int.from_bytes(self._digest(), "big") % (b - a + 1)

    def choice(self, values: Sequence[Any]) -> object:
        """One of `values`: Jinja2's filter `random`, made repeatable."""
        if not values:
            raise TemplateError("`random`: there is nothing to choose from", word="random")
        return values[self.random_int(0, len(values) - 1)]


def formatted_time(epoch: float, offset_seconds: float, form: str) -> str:
    """`epoch` plus the offset, in UTC, by `strftime`. Raises TemplateError for times out of range."""
    from datetime import datetime, timedelta, timezone

    if not isinstance(offset_seconds, (int, float)) or isinstance(offset_seconds, bool):
        raise TemplateError("now(offset_seconds, format): the offset is a number of seconds", word="now")
    try:
        moment = datetime.fromtimestamp(epoch, tz=timezone.utc) + timedelta(seconds=offset_seconds)
        return moment.strftime(form)
    except (OverflowError, ValueError, OSError, TypeError) as error:
        raise TemplateError(f"now(): {error}", word="now") from None


class Budget:
    """How much work one scenario's templates may do: loops, calls and text are counted.

    It keeps a slip such as `{{ 'x' * 10**10 }}` from eating the machine; it is no security boundary.
    """

    def __init__(self, steps: int = 1_000_000) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise TemplateError("a template runs too long: more than a million steps in one scenario")

    def counted(self, values: Iterator[object]) -> Iterator[object]:
        for value in values:
            self.spend()
            yield value
