"""Service files and inline functions, resolved to `model.function.Function`. Begin in `catalog`."""
