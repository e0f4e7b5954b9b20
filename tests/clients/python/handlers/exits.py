# ruff: noqa: T201 - handlers print
"""Handlers after which the process is gone, or might be. The event's `case` names the function."""

import os
import signal
import sys


def handler(event, context):
    print("about to", event["case"])
    return globals()[event["case"]]()


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no text for you")


class Base(BaseException):
    pass


def exit_0():
    sys.exit(0)


def exit_3():
    sys.exit(3)


def exit_with_text():
    sys.exit("text for stderr")


def exit_with_none():
    raise SystemExit


def exit_at_once():
    os._exit(4)


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def aborted():
    os.abort()


def keyboard_interrupt():
    raise KeyboardInterrupt


def base_exception():
    raise Base("not an Exception")


def generator_exit():
    raise GeneratorExit


def unprintable():
    raise UnprintableError


def closed_stdout_and_error():
    sys.stdout.close()
    raise ValueError("nobody will read this")


def no_stdout_and_error():
    sys.stdout = None
    raise ValueError("nobody will read this")


def surrogate_in_a_message():
    raise ValueError("half \ud83d")
