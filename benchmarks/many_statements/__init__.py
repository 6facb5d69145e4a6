"""What `pgtend advise` takes with very many statements, and what its answer is worth to all of them."""
