"""`python -m lambda_scenarios`."""

from lambda_scenarios.cli.main import console_script

console_script()
