"""What the operator takes with one, a hundred and five hundred policies: memory, CPU and requests."""
