"""Deployed functions, invoked on AWS itself."""
