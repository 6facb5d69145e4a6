"""What the commands do that is more than a line: each reads, calls the core, and writes."""
