"""Environment of the process, read once."""
