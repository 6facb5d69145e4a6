"""How good and how fast the advisor is, against an exact optimum and baselines of the literature. See README.md."""
