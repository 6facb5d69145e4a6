"""How often verification errs, and how often it sees what is there: a simulation on the code that the operator runs."""
