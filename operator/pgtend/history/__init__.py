"""What must outlive a restart and is too much for a status."""
