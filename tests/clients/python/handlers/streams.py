# ruff: noqa: T201 - handlers print, and import late, on purpose
"""Handlers that write, and that do things to their streams. The event's `case` names the function."""

import io
import os
import subprocess
import sys
import threading
import warnings


def handler(event, context):
    return globals()[event["case"]](event, context)


def print_one_line(event, context):
    print("one line")


def print_without_newline(event, context):
    print("no newline", end="")


def print_non_ascii(event, context):
    print("Grüße 世界 😀")


def print_both(event, context):
    for i in range(20):
        print("out", i)
        print("err", i, file=sys.stderr)


def print_much(event, context):
    print("x" * 200_000)


def write_lines(event, context):
    sys.stdout.writelines(["a\n", "b\n"])
    sys.stderr.writelines(["c\n"])


def write_bytes(event, context):
    sys.stdout.buffer.write(b"\x00\xff bytes\n")
    sys.stdout.buffer.flush()
    os.write(1, b"direct\n")
    os.write(2, b"direct too\n")


def write_to_the_original(event, context):
    sys.__stdout__.write("original\n")
    sys.__stdout__.flush()


def with_statement(event, context):
    with sys.stdout as out:
        out.write("in it\n")
    print("after it")


def replace_stdout(event, context):
    before, sys.stdout = sys.stdout, io.StringIO()
    print("captured")
    text = sys.stdout.getvalue()
    sys.stdout = before
    return text


def replace_stdout_and_fail(event, context):
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        raise ValueError("restored in time")
    finally:
        sys.stdout = before


def replace_stdout_for_a_moment_by_nothing(event, context):
    before, sys.stdout = sys.stdout, None
    print("lost")
    sys.stdout = before


def child_process(event, context):
    print("before")
    subprocess.run(["/bin/sh", "-c", "echo child; echo child error >&2"], check=True)
    print("after")


def forked_child(event, context):
    child = os.fork()
    if not child:
        os.write(1, b"in the child\n")
        os._exit(0)
    os.waitpid(child, 0)
    print("in the parent")
    return {"child": True}


def thread(event, context):
    worker = threading.Thread(target=lambda: print("from a thread"))
    worker.start()
    worker.join()


def warning(event, context):
    warnings.warn_explicit("careful", UserWarning, "module.py", 7)


def context_log(event, context):
    context.log("to the log\n")
    context.log({"not": "text"})


def context_shown(event, context):
    print(context)


def log_in_the_handler(event, context):
    import logging

    logging.getLogger("shop").warning("careful: %s", 7)


# These leave the process in another state: each is the last of its process.


def replace_stdout_for_good(event, context):
    sys.stdout = io.StringIO()
    raise ValueError("into the void")


def close_stdout(event, context):
    sys.stdout.close()
    return "closed"


def close_descriptor(event, context):
    os.close(1)
    return "closed"


def redirect_descriptor(event, context):
    target = os.open(os.devnull, os.O_WRONLY)
    os.dup2(target, 1)
    print("nowhere")
    return "redirected"


def delete_stdout(event, context):
    del sys.stdout
    return "deleted"


def odd_stdout(event, context):
    class Odd:
        def write(self, text):
            os.write(2, b"odd: " + text.encode())

    sys.stdout = Odd()
    print("one")
    raise ValueError("written through it")
