"""Executes invocations: plan, workers, scheduler. Events out, nothing decided, nothing printed."""
