"""Code as it is deployed: what a package holds, writing it, unpacking it."""
