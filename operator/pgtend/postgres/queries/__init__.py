"""Named SQL. Each file says in its header what it reads, since which server version, and which privilege it needs.

``{extension_schema}`` stands for the schema in which the extension of the query lives, put in as a quoted identifier.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from psycopg import sql


@cache
def load(name: str) -> sql.SQL:
    """The text of ``<name>.sql`` of this package: files that ship with the code are as good as literals in it."""
    text = files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return sql.SQL(text)
