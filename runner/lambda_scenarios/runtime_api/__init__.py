"""The Lambda Runtime API, served to every worker."""
