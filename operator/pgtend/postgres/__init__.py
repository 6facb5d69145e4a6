"""The Postgres edge: the only place that imports psycopg."""
