"""Scenario files: discovery, YAML 1.2, structure, building, templates, expansion, selection, rendering."""
