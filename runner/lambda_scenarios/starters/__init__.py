"""First scenario files for the functions of a service: what `init` writes."""
