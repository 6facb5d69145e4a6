"""Plain re-implementations of published methods, made to be compared with and for nothing else."""
