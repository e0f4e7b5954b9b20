"""The project's configuration file: where it is, what it says, and to whom."""
