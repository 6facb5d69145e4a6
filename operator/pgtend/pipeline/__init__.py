"""The body of one loop: collect, analyse, advise, decide, apply, verify; it speaks to the world through ports only."""
