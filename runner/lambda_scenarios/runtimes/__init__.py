"""One file a runtime: which command, which environment, which client."""
