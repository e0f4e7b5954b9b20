import ctypes
import json
import os
import signal
import sys
import time

print("loading on stdout")
print("loading on stderr", file=sys.stderr)
count = 0

if os.environ.get("FAIL_INIT") == "raise":
    raise ValueError("no use")
if os.environ.get("FAIL_INIT") == "exit":
    os._exit(9)


class ShopError(Exception):
    pass


def handler(event, context):
    global count
    count += 1
    do = event["do"]
    if do == "echo":
        return event["value"]
    if do == "nothing":
        return None
    if do == "raise":
        raise ShopError("no such order: ü €")
    if do == "exit":
        os._exit(event["status"])
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "segfault":
        ctypes.string_at(0)
    if do == "wait":
        print("waiting", flush=True)
        time.sleep(60)
    if do == "large":
        return "x" * event["size"]
    if do == "log":
        print("first")
        print("second", file=sys.stderr)
        print("third: ü €")
        print(json.dumps({"level": "info", "order": "o-17"}))
    if do == "context":
        return {
            "request_id": context.aws_request_id,
            "function_name": context.function_name,
            "arn": context.invoked_function_arn,
            "memory": int(context.memory_limit_in_mb),
            "log_group": context.log_group_name,
            "log_stream": context.log_stream_name,
            "version": context.function_version,
            "remaining": context.get_remaining_time_in_millis(),
        }
    if do == "env":
        return {name: os.environ.get(name) for name in event["names"]}
    return {"count": count, "process": os.getpid()}
