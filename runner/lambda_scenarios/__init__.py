"""Test AWS Lambda functions with scenarios written in YAML."""

__version__ = "0.1.0"
