"""Memory of the slices that loops keep."""
