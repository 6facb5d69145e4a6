"""The process that `pgtend run` is: where the edges meet, and what starts and ends them."""
