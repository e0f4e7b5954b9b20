# ruff: noqa: B904, B016, F401, RET501, PLC3002, ARG002, ARG005 - handlers fail in every way, on purpose
"""Exceptions that handlers raise. The event's `case` names the function that raises one."""

import json
import sys
import threading


def handler(event, context):
    return globals()[event["case"]](event)


class OrderError(Exception):
    def __init__(self, order, problem):
        super().__init__(order, problem)
        self.order = order

    def __str__(self):
        return f"order {self.order} failed"


def value_error(event):
    raise ValueError("negative amount")


def no_message(event):
    raise ValueError


def several_arguments(event):
    raise ValueError("a", 1)


def own_class(event):
    raise OrderError("o-17", "lost")


def key_error(event):
    return event["missing"]


def attribute_error(event):
    return event.missing


def zero_division(event):
    return [1 / n for n in (1, 0)]


def assertion(event):
    assert event == {}, "event is not empty"


def caused(event):
    try:
        key_error(event)
    except KeyError as problem:
        raise RuntimeError("could not look it up") from problem


def while_handling(event):
    try:
        key_error(event)
    except KeyError:
        raise RuntimeError("and then this")


def with_a_note(event):
    problem = ValueError("noted")
    if sys.version_info >= (3, 11):
        problem.add_note("a note")
    raise problem


def group(event):
    if sys.version_info < (3, 11):
        return None
    raise ExceptionGroup("several", [ValueError(1), TypeError(2)])  # noqa: F821 - since 3.11


def several_lines(event):
    raise ValueError("first\n    second\r\nthird\u2028fourth")


def non_ascii(event):
    raise ValueError("Größe ≠ 😀")


def nested(event):
    def inner(depth):
        if depth:
            return inner(depth - 1)
        return (lambda: int("x"))()

    return inner(2)


def recursion(event):
    return recursion(event)


def repeated_frames(event):
    def down(depth):
        if not depth:
            raise ValueError("at the bottom")
        down(depth - 1)

    down(50)


def stop_iteration(event):
    return next(iter([]))


def in_a_callback(event):
    return sorted([2, 1], key=lambda n: [][n])


def in_generated_code(event):
    exec("def made():\n    raise ValueError('made')\nmade()")


def compiled_with_a_syntax_error(event):
    return compile("a = = 1", "made.py", "exec")


def import_error(event):
    import no_such_module_at_all


def in_a_module_imported_late(event):
    import shop.broken


def json_error(event):
    return json.loads("{bad")


def decode_error(event):
    return b"\xff".decode()


def os_error(event):
    return open("/no/such/file")


def class_without_a_name(event):
    raise type("", (Exception,), {})("anonymous")


def class_with_a_dot(event):
    raise type("Runtime.Odd", (Exception,), {})("odd")


def message_of_text_subclass(event):
    class Text(str):
        __slots__ = ()

    raise ValueError(Text("text"))


def from_a_thread(event):
    problems = []

    def work():
        try:
            key_error({})
        except KeyError as problem:
            problems.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise problems[0]


def raised_twice(event):
    try:
        value_error(event)
    except ValueError as problem:
        raise problem


def an_instance_and_traceback(event):
    raise OrderError("o-1", "x").with_traceback(None)


def not_an_exception(event):
    raise 42  # type: ignore  # what is tested is that it is no exception


def no_arguments():
    return 1


def three_arguments(event, context, more):
    return 1


def no_arguments_below(event, context):
    return no_arguments(event)


not_callable = {"a": 1}


class Callable:
    def __init__(self, event=None, context=None):
        self.event = event

    def __call__(self, event, context):
        return {"called": event}


instance = Callable()
lambda_handler = lambda event, context: {"lambda": event}  # noqa: E731 - a lambda is what is tested
