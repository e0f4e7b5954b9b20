"""An AWS to look things up in."""

from tests.aws.moto_server import moto, moto_process

__all__ = ["moto", "moto_process"]
