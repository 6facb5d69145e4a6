"""How the parts of values spread: how many different ones there are in a table, and how many rows have each.

Of arrays and of words ANALYZE lists the most common elements. Of what is in documents and in texts it knows nothing; what is counted
here is in the values that it lists of such a column, a hundred or so. That tells the common parts and, by how many of the rare ones
are there twice, about how many rare ones there are: the estimator of Chao (Scandinavian Journal of Statistics 11, 1984), with as
few twice as chance may have made of more. Where next to none is there twice, each is taken to be there once alone: such an index is
rather estimated too large.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import expm1, sqrt

from pgtend.core.sizing.distinct import falling_off
from pgtend.core.sizing.spread import FEWEST_ROWS, Keys, Spread, occurring
from pgtend.domain.contents import Sample, SampledParts

OFTEN = 3
"""Values of a sample from which on a part counts as a common one, whose share is known."""
_FEWEST_TWICE = 2
"""Parts that are there twice from which on they tell how many there are."""
_DOUBT = 1.5
"""Standard deviations by which fewer may be there twice."""
_LONGEST_RUN = 1.05
"""Ratio up to which the rows of two listed keys count as equally many."""


def sampled_spread(group: SampledParts, sample: Sample, rows: float, *, of_words: bool = False) -> Spread:
    """The spread over the parts of one kind, in so many rows with a value. There are ever more rare words: see ``rare_words``."""
    shares = [(times / sample.values, parts) for times, parts in zip(group.times, group.parts, strict=True)]
    if sample.complete:
        return tuple(Keys(count=parts, rows=rows * share) for share, parts in shares)
    common = [
        Keys(count=parts, rows=rows * times / sample.values)
        for times, parts in zip(group.times, group.parts, strict=True)
        if times >= OFTEN
    ]
    left = rows * sum(share * parts for share, parts in shares) - sum(keys.total_rows for keys in common)
    if left < 1:
        return tuple(common)
    most = left if group.possible is None else min(max(group.possible - sum(keys.count for keys in common), 1.0), left)
    count = min(_rare_parts(group), most)
    if of_words:
        count = min(max(count, rare_words(left)), most)
    return (*common, Keys(count=count, rows=left / count) if count < left else _once(left))


def different_parts(group: SampledParts, sample: Sample, rows: float) -> float:
    """How many different parts of one kind there are in so many rows with a value."""
    return occurring(sampled_spread(group, sample, rows))


def rare_words(words: float) -> float:
    """How many different words there may be in a text of so many.

    Heaps' law with the exponent that Manning, Raghavan and Schütze measured on news (RCV1, Introduction to Information Retrieval), and half as
    many again.
    """
    return _HEAPS * float(words**_HEAPS_EXPONENT)


_HEAPS = 66.0
_HEAPS_EXPONENT = 0.49


def element_spread(shares: Sequence[float], rows: float, elements: float, *, of_words: bool = False) -> Spread:
    """The spread over the elements of arrays or the words of a tsvector: the listed ones, and how it goes on with those that are not.

    ``shares`` are the listed ones', ``elements`` those of a value on average. Of words there are no more than ``rare_words``.
    """
    listed = sorted(shares, reverse=True)
    common = tuple(_runs(rows * share for share in listed))
    left = rows * elements - rows * sum(listed)
    if left < max(_NOISE * rows * elements, 1.0):
        return common
    falling = falling_off(listed, rows, left)
    alike: Spread = ()
    if listed:
        alike = (Keys(count=max(left / (rows * listed[-1]), 1.0), rows=min(rows * listed[-1], left)),)
    tail = max((falling, alike), key=occurring)
    if of_words and occurring(tail) > (most := rare_words(rows * elements)):
        tail = (Keys(count=most, rows=left / most),)
    return (*common, *(tail or (_once(left),)))


_NOISE = 0.005
"""Share of the elements by which the list may be short of them and still hold all: shares are rounded."""


def _rare_parts(group: SampledParts) -> float:
    """How many parts there are besides the common ones, most of which the sample does not hold."""
    number = dict(zip(group.times, group.parts, strict=True))
    once, twice = number.get(1, 0), number.get(2, 0)
    if once == 0:
        return float(max(twice, 1))
    if twice < _FEWEST_TWICE:
        return float("inf")
    return once + twice + once * once / (2 * max(twice - _DOUBT * sqrt(twice), 0.5))


def _once(rows: float) -> Keys:
    return Keys(count=rows / FEWEST_ROWS, rows=FEWEST_ROWS)


def _runs(rows: Iterable[float]) -> Iterable[Keys]:
    """Keys with as good as equally many rows put together."""
    count, total, first = 0, 0.0, 0.0
    for each in rows:
        if count and each * _LONGEST_RUN < first:
            yield Keys(count=float(count), rows=total / count)
            count, total = 0, 0.0
        if not count:
            first = each
        count, total = count + 1, total + each
    if count:
        yield Keys(count=float(count), rows=total / count)


def units_between(gaps: Sequence[float], seconds: float, rows: float) -> float:
    """How many units of time have a row, where as many of the ``rows`` are in each of these gaps."""
    if not gaps:
        return rows
    each = rows / len(gaps)
    return sum(_with_a_row(gap / seconds, each) for gap in gaps) + 1


def _with_a_row(units: float, rows: float) -> float:
    if units <= 0:
        return 0.0
    return units * -expm1(-rows / units)
