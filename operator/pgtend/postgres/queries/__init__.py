"""Named SQL. Each file says in its header what it reads, since which server version, and which privilege it needs.

``{extension_schema}`` stands for the schema in which the extension of the query lives, put in as a quoted identifier.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from psycopg import sql

from pgtend.domain.workload import OWN_MARK

_FIRST_WORD = re.compile(r"^(?:SELECT|WITH)\b", re.MULTILINE)


@cache
def load(name: str) -> sql.SQL:
    """The text of ``<name>.sql`` of this package, marked as pgtend's: files that ship with the code are as good as literals."""
    text = files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return sql.SQL(_FIRST_WORD.sub(lambda word: f"{word[0]} {OWN_MARK}", text, count=1))
