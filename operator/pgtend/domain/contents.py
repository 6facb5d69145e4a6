"""What is inside of a column's values, as counts: the values themselves never leave the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgtend.domain.index import TableName


class Inside(StrEnum):
    """What of the values is counted."""

    DOCUMENT = "document"
    """The fields of a jsonb value, and what is in each."""
    PIECES = "pieces"
    """The pieces of three letters of a text, as pg_trgm makes them."""
    WORDS = "words"
    """The words of a text."""
    ELEMENTS = "elements"
    """The elements of an array, or the lexemes of a tsvector."""
    TIMES = "times"
    """How far the values of a time lie apart."""


@dataclass(frozen=True, kw_only=True)
class LookedInto:
    """A column whose values are worth to be looked into, and for what."""

    table: TableName
    column: str
    inside: Inside


@dataclass(frozen=True, kw_only=True)
class SampledParts:
    """Parts of one kind in a sample of values: of a document what is in one field, and the names of all its fields."""

    path: str = ""
    """Of a field of a document: ``/address/city``; a slash at the end for elements; empty for the names of fields."""
    width: float
    """Mean bytes of a part."""
    times: tuple[int, ...]
    """In how many values of the sample a part is, ascending."""
    parts: tuple[int, ...]
    """How many different parts are in so many."""
    possible: float | None = None
    """How many different ones there can be, where their form tells: whole numbers between two others, strings that differ in digits."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is in the values that pg_stats lists of a column."""

    inside: Inside
    values: int
    """How many values it is of."""
    width: float | None = None
    """Their mean bytes as text. ANALYZE lists values of up to 1,024 bytes alone: those of the whole column may be wider."""
    complete: bool = False
    """Whether the column has no other values."""
    groups: tuple[SampledParts, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is known of the inside of a column's values."""

    samples: tuple[Sample, ...] = ()
    element_shares: tuple[float, ...] = ()
    """Of most common elements, the share of the rows that are not NULL which have each; the largest first."""
    elements_a_value: float | None = None
    """Mean number of different elements of an array."""
    element_width: float | None = None
    """Mean bytes of a most common element, over all rows that have one."""
    rare_element_width: float | None = None
    """The same of the rarer half of them, over the elements."""
    gaps: tuple[float, ...] = ()
    """Seconds from each bound of a time's histogram to the next: as many rows are in each."""

    def sample(self, inside: Inside) -> Sample | None:
        """What was counted of this."""
        return next((each for each in self.samples if each.inside is inside), None)


ContentsOfColumns = Mapping[tuple[TableName, str], Contents]
