"""`python -m lambda_scenarios`."""

from lambda_scenarios.entry import console_script

console_script()
