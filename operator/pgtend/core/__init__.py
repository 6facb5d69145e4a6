"""Facts in, decisions out: pure functions without input or output, clock or randomness."""
