"""Names of types outside pg_catalog, as format_type() writes them where pg_catalog alone is on the search_path."""

from __future__ import annotations

import re

_NAME = r'(?:"((?:[^"]|"")+)"|([a-z_\u0080-\U0010ffff][a-z0-9_$\u0080-\U0010ffff]*))'
_QUALIFIED = re.compile(rf"{_NAME}\.{_NAME}")


def schema_and_name(type_: str) -> tuple[str, str] | None:
    """The schema and the name, without quotes; None of a built-in type, and of one with a length.

    >>> schema_and_name('public."Booking state"'), schema_and_name("character varying(20)")
    (('public', 'Booking state'), None)
    """
    match = _QUALIFIED.fullmatch(type_)
    if match is None:
        return None
    schema, name = (
        quoted.replace('""', '"') if quoted else plain for quoted, plain in (match.group(1, 2), match.group(3, 4))
    )
    return schema, name
