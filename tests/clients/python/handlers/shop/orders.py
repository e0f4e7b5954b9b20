"""A module in a package."""


def create(event, context):
    return {"module": __name__, "event": event}


def fail(event, context):
    raise ValueError("in a package")
