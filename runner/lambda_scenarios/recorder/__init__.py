"""An invocation by hand made into a scenario: what `record` writes. Begin with `record.py`."""
