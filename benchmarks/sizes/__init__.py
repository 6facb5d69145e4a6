"""Does the size model know how large an index will be? Builds indexes and compares: see README.md."""
