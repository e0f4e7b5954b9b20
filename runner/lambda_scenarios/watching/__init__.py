"""`run --watch`: what a change touches runs again."""
