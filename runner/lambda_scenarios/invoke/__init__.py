"""One invocation by hand, with the options of `serverless invoke local`. Begin with `pipeline.py`."""
