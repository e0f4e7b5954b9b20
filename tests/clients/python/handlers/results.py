# ruff: noqa: T201 - handlers print, and import late, on purpose
"""Results that handlers return. The event's `case` names the function that makes one."""

import collections
import dataclasses
import datetime
import decimal
import enum
import sys
import types
import uuid

Point = collections.namedtuple("Point", "x y")


def handler(event, context):
    return globals()[event["case"]](event)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()

    def __str__(self):
        return "not this"


class Whole(int):
    def __repr__(self):
        return "not this"


class Real(float):
    def __repr__(self):
        return "not this"


class WithAsdict:
    def __init__(self, result):
        self.result = result

    def _asdict(self):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@dataclasses.dataclass
class Order:
    number: int


def proxy_response(event):
    return {"statusCode": 200, "headers": {"a": "b"}, "body": '{"x": 1}', "isBase64Encoded": False}


def nothing(event):
    return None


def event_itself(event):
    return event


def scalars(event):
    return [1, -1, 0, 1.5, 1e300, 1e-7, 0.1 + 0.2, True, False, None, "", "a"]


def string(event):
    return 'a "quoted" \\ text\n\t\x00\x1f\x7f/'


def non_ascii(event):
    return {"schlüssel": "Grüße, 世界, 😀 \u2028"}


def surrogate(event):
    return {"half": "a\ud83d"}


def large_integer(event):
    return 2**200


def enormous_integer(event):
    return 10**5000


def nan_and_infinity(event):
    return {"nan": float("nan"), "inf": float("inf"), "ninf": float("-inf")}


def decimals(event):
    values = ("1.10", "0", "-0", "1E+3", "1E-10", "123456789.123456789012345678901234567890")
    return [decimal.Decimal(v) for v in values]


def decimal_alone(event):
    return decimal.Decimal("3.14")


def decimal_nan(event):
    return [decimal.Decimal("NaN"), decimal.Decimal("-NaN"), decimal.Decimal("sNaN")]


def decimal_infinity(event):
    return [decimal.Decimal("Infinity"), decimal.Decimal("-Infinity")]


def decimal_key(event):
    return {decimal.Decimal(1): 1}


def bytes_alone(event):
    return b"raw \xff bytes"


def bytes_inside(event):
    return {"a": b"text", "b": [b"\xc3\xa4"]}


def bytes_key(event):
    return {b"key": 1}


def bytes_not_utf8(event):
    return [b"\xff"]


def byte_array(event):
    return bytearray(b"abc")


def memory_view(event):
    return [memoryview(b"abc")]


def named_tuple(event):
    return Point(1, 2)


def named_tuples_inside(event):
    return {"points": [Point(1, Point(2, 3))], "pair": (1, 2)}


def named_tuple_class(event):
    return Point


def asdict(event):
    return WithAsdict({"a": [WithAsdict({})]})


def asdict_gives_a_list(event):
    return WithAsdict([1])


def asdict_raises(event):
    return WithAsdict(ValueError("no dict today"))


def asdict_raises_type_error(event):
    return WithAsdict(TypeError("ignored"))


def keys(event):
    return {1: "int", 2.5: "float", None: "none", Level.HIGH: "enum", float("nan"): "nan"}


def boolean_keys(event):
    return {True: "yes", False: "no"}


def keys_that_collide(event):
    return {1: "a", "1": "b"}


def tuple_key(event):
    return {(1, 2): 3}


def object_key(event):
    return {"a": {Order: 3}}


def a_set(event):
    return {1}


def a_frozen_set(event):
    return [frozenset()]


def a_generator(event):
    return (i for i in range(3))


def a_range(event):
    return range(3)


def dict_views(event):
    return {"a": {}.keys()}


def subclasses(event):
    return [Text("text"), Whole(7), Real(0.5), Level.HIGH, {Text("key"): 1}]


def enumeration(event):
    return Colour.RED


def ordered_dict(event):
    return collections.OrderedDict(b=1, a=2)


def default_dict_and_counter(event):
    return [collections.defaultdict(list, a=[1]), collections.Counter("aab")]


def mapping_proxy(event):
    return types.MappingProxyType({"a": 1})


def user_dict(event):
    return collections.UserDict(a=1)


def deque(event):
    return collections.deque([1])


def data_class(event):
    return Order(1)


def date_time(event):
    return {"at": datetime.datetime(2024, 1, 2, 3, 4, 5)}


def date(event):
    return datetime.date(2024, 1, 2)


def universal_id(event):
    return uuid.UUID(int=1)


def complex_number(event):
    return 1j


def ellipsis(event):
    return ...


def exception(event):
    return ValueError("returned, not raised")


def function(event):
    return function


def module(event):
    return sys


def circular_list(event):
    value = []
    value.append(value)
    return value


def circular_dict(event):
    value = {"a": [1, 2]}
    value["a"].append({"b": value})
    return value


def circular_wide(event):
    value = []
    value.extend([value] * 10)
    return value


def circular_asdict(event):
    value = WithAsdict(None)
    value.result = {"self": value}
    return value


def shared_but_not_circular(event):
    part = [1, 2]
    return [part, part, {"again": part}]


def deep(event):
    value = []
    for _ in range(300):
        value = [value]
    return value


def too_deep(event):
    value = []
    for _ in range(200_000):
        value = [value]
    return value


def empty(event):
    return [[], {}, (), "", collections.OrderedDict(), Point(None, ())]


def wide(event):
    return {"items": [{"id": i, "name": "x" * (i % 7)} for i in range(5000)]}


def what_write_returns(event):
    return sys.stdout.write("written\n")


def what_print_returns(event):
    return print("printed")


async def coroutine(event):
    return 1


def coroutine_inside(event):
    inner = coroutine(event)
    inner.close()
    return {"a": [inner]}


async def async_generator(event):
    yield 1


def environment(event):
    import os

    return {
        k: v
        for k, v in os.environ.items()
        if k.startswith(("AWS_LAMBDA_FUNCTION", "_HANDLER", "LAMBDA_TASK"))
    }


def working_directory(event):
    import os

    return [os.getcwd() == os.environ["LAMBDA_TASK_ROOT"], sys.path[0] == os.getcwd(), sys.argv[1:2] == []]
