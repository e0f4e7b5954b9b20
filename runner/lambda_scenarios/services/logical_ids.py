"""How the Serverless Framework names the resources that it makes: lib/plugins/aws/lib/naming.js."""

from __future__ import annotations

# The resource of the role that functions have where the service file names none.
ROLE = "IamRoleLambdaExecution"


def of_function(key: str) -> str:
    """The function itself: HelloDashworldLambdaFunction for `hello-world`."""
    return f"{_normal(key)}LambdaFunction"


def of_log_group(key: str) -> str:
    """The log group of a function."""
    return f"{_normal(key)}LogGroup"


def of_layer(name: str) -> str:
    """A layer of the service."""
    return f"{_normal(name)}LambdaLayer"


def _normal(name: str) -> str:
    cleaned = name.replace("-", "Dash").replace("_", "Underscore")
    return cleaned[:1].upper() + cleaned[1:]
