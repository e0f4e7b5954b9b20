"""Completion in shells: scripts made out of the real parsers."""
