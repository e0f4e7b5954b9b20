"""What AWS knows: look-ups for service files, through botocore. Begin in `lookups`."""
