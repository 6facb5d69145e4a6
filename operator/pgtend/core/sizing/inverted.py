"""What GIN finds in the values of a column: keys, how wide they are, and how many rows have each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgtend.core.sizing.contents import element_spread, rare_words, sampled_spread
from pgtend.core.sizing.expressions import LEXEME_SHARE
from pgtend.core.sizing.gin import GinKeys
from pgtend.core.sizing.rows import rows_in
from pgtend.core.sizing.spread import FEWEST_ROWS, Keys, Spread
from pgtend.domain.catalog import PAGE_BYTES, Column, Table
from pgtend.domain.contents import Inside, Sample, SampledParts

_TRIGRAMS = ("gin_trgm_ops", "gist_trgm_ops")
_PATHS = "jsonb_path_ops"
_SHORT_HEADER = 1
_FLAG = 1
_LONGEST_FIELD = 125
"""JGIN_MAXLENGTH: what is longer is put into the index as a hash of eight letters."""
_HASHED = 8
_HASH = 4
_FIXED_ELEMENTS = {
    "smallint": 2, "integer": 4, "bigint": 8, "date": 4, "uuid": 16, "real": 4, "double precision": 8, "boolean": 1,
    "timestamp without time zone": 8, "timestamp with time zone": 8, "oid": 4,
}  # fmt: skip
_BY_VALUE = 8
_ARRAY_HEADER = 21
_TSVECTOR_HEADER = 8
_LEXEME = 8
"""Bytes of a word in a tsvector besides its letters: its place in the value, the number of its positions and one of them."""
_LETTERS = 6
_UNKNOWN = 32.0
"""Bytes of a value of which nothing is known."""
_FIELD = 14
"""Bytes of a field of a document of which nothing is known, with its name."""
_FEW_WORDS = 8
_SHORT_OF = 0.8
"""Share of the bytes that were to be expected below which values are taken to be stored out of line."""
_WITH_RARE_WORDS = 1.5
"""Words of a long text for each of the thousand most common ones."""
_STORED_AS_DOCUMENT = 1.25
"""Bytes of a stored document for each of its text."""
_AS_WIDE = 1.15
"""Ratio up to which values count as wide as those of the sample."""
_PIECES_THERE_ARE = 5_000.0
"""Different pieces of three letters in texts of which nothing is known."""


def gin_keys(column: Column | None, opclass: str | None, table: Table, share: float) -> list[GinKeys]:
    """The keys of a GIN index on the rows of a table of which so large a ``share`` is in it."""
    rows = rows_in(table) * share
    if column is None:
        return [GinKeys(spread=(_once(rows),), width=_UNKNOWN)]
    nulls = rows * (column.null_fraction or 0.0)
    known = list(_keys(column, (opclass or "").rpartition(".")[2], table, rows - nulls))
    placeholder = GinKeys(spread=(Keys(count=1.0, rows=nulls),), width=1.0)
    return [*known, placeholder] if nulls >= 1 else known


def _keys(column: Column, opclass: str, table: Table, rows: float) -> Iterator[GinKeys]:
    if rows < 1:
        return
    if opclass in _TRIGRAMS:
        yield from _pieces(column, table, rows)
    elif column.type == "jsonb":
        yield from _documents(column, opclass, table, rows)
    elif column.type.endswith("[]"):
        yield from _elements(column, rows)
    elif column.contents is not None and column.contents.sample(Inside.WORDS) is not None:
        yield from _words(column, table, rows)
    else:
        yield from _lexemes(column, table, rows)


def _pieces(column: Column, table: Table, rows: float) -> Iterator[GinKeys]:
    sample = _sample(column, Inside.PIECES)
    if sample is not None:
        rows = rows * _times_wider(sample, column, table, rows)
        for group in sample.groups:
            yield GinKeys(spread=sampled_spread(group, sample, rows), width=_HASH, fixed=True)
        return
    letters = _long_width(column, table, rows)
    pieces = rows * min(letters + 2, 3.5 * letters**0.75)
    yield GinKeys(spread=_alike(pieces, _PIECES_THERE_ARE), width=_HASH, fixed=True)


def _documents(column: Column, opclass: str, table: Table, rows: float) -> Iterator[GinKeys]:
    sample = _sample(column, Inside.DOCUMENT)
    if sample is None:
        fields = rows * max(_long_width(column, table, rows) / _FIELD, 1.0)
        width = _HASH if opclass == _PATHS else _FIELD
        yield GinKeys(spread=(_once(fields),), width=width, fixed=opclass == _PATHS)
        return
    rows = rows * _times_wider(sample, column, table, rows)
    for group in sample.groups:
        if opclass == _PATHS:
            if group.path:
                yield GinKeys(spread=sampled_spread(group, sample, rows), width=_HASH, fixed=True)
        else:
            yield GinKeys(spread=sampled_spread(group, sample, rows), width=_field_width(group))


def _field_width(group: SampledParts) -> float:
    return _SHORT_HEADER + _FLAG + (group.width if group.width <= _LONGEST_FIELD else _HASHED)


def _elements(column: Column, rows: float) -> Iterator[GinKeys]:
    contents = column.contents
    fixed = _FIXED_ELEMENTS.get(column.type.removesuffix("[]"))
    width = fixed or _SHORT_HEADER + ((contents and contents.rare_element_width) or _LETTERS)
    if contents is not None and contents.elements_a_value is not None and contents.element_shares:
        spread = element_spread(contents.element_shares, rows, contents.elements_a_value)
    elif (sample := _sample(column, Inside.ELEMENTS)) is not None:
        for group in sample.groups:
            by_width = fixed or _SHORT_HEADER + group.width
            yield GinKeys(spread=sampled_spread(group, sample, rows), width=by_width, fixed=_by_value(fixed))
        return
    else:
        room = (column.average_width or _UNKNOWN) - _ARRAY_HEADER
        spread = (_once(rows * max(room / (fixed or 4 + _LETTERS), 1.0)),)
    yield GinKeys(spread=spread, width=width, fixed=_by_value(fixed))


def _by_value(fixed: int | None) -> bool:
    return fixed is not None and fixed <= _BY_VALUE


def _lexemes(column: Column, table: Table, rows: float) -> Iterator[GinKeys]:
    contents = column.contents
    letters = (contents and contents.element_width) or _LETTERS
    a_word = _LEXEME + 2 * round(letters / 2)
    words = max(((column.average_width or _UNKNOWN) - _TSVECTOR_HEADER) / a_word, 1.0)
    long = max((_long_width(column, table, rows) - _TSVECTOR_HEADER) / a_word, words)
    if contents is not None and contents.element_shares:
        listed = sum(contents.element_shares)
        if words * _SHORT_OF < listed:  # values are stored out of line, so that their width does not tell
            words = max(long, listed * _WITH_RARE_WORDS)
        spread = element_spread(contents.element_shares, rows, words, of_words=True)
    else:
        spread = _alike(rows * long, rare_words(rows * long))
    yield GinKeys(spread=spread, width=_SHORT_HEADER + ((contents and contents.rare_element_width) or _FEW_WORDS))


def _words(column: Column, table: Table, rows: float) -> Iterator[GinKeys]:
    sample = _sample(column, Inside.WORDS)
    if sample is not None:
        # The column is the tsvector by now, of which nobody has measured the width.
        width = None if column.average_width is None else round(column.average_width / LEXEME_SHARE)
        rows = rows * _times_wider(sample, replace(column, average_width=width), table, rows)
        for group in sample.groups:
            yield GinKeys(
                spread=sampled_spread(group, sample, rows, of_words=True), width=_SHORT_HEADER + group.width + 1
            )


def _times_wider(sample: Sample, column: Column, table: Table, rows: float) -> float:
    """How many times as wide as in the sample the values are: it has none of over 1,024 bytes, and those are left out that are longer."""
    if sample.complete or not sample.width or column.average_width is None:
        return 1.0
    seen = sample.width * (_STORED_AS_DOCUMENT if column.type == "jsonb" else 1.0)
    average = float(column.average_width)
    if average < _SHORT_OF * seen:  # some are stored out of line, and count as their pointer
        average = _long_width(column, table, rows)
    wider = average / seen
    return wider if wider > _AS_WIDE else 1.0


def _long_width(column: Column, table: Table, rows: float) -> float:
    """Bytes of a value with what is stored out of line, where all of that is taken to be this column's."""
    return (column.average_width or _UNKNOWN) + 2 * table.toast_pages * PAGE_BYTES / max(rows, 1.0)


def _sample(column: Column, inside: Inside) -> Sample | None:
    return None if column.contents is None else column.contents.sample(inside)


def _once(rows: float) -> Keys:
    return Keys(count=rows / FEWEST_ROWS, rows=FEWEST_ROWS)


def _alike(parts: float, different: float) -> Spread:
    if parts < 1:
        return ()
    return (Keys(count=different, rows=parts / different),) if different < parts else (_once(parts),)
