"""The set to look at next between what is known to be reached and what might be: an integer program over the mean of both.

What is known of a query with indexes that were never shown together are two costs. None can be dearer than the cheapest known plan
that they allow (``core.selection``), none cheaper than what no plan rules out (``core.lower_bound``). A choice by the first keeps
to combinations that were planned already, one by the second runs after every combination that was not. The mean of the two is an
estimate of what planning would say, and the set that is best by it teaches most where both agree that it may be good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgtend.core.integer_program import IntegerProgram
from pgtend.core.known_costs import NOTHING, IndexSet
from pgtend.core.lower_bound import FlooredQuery, add_floors, without_implied
from pgtend.core.selection import Limits, WeightedOptions, add_limits, add_options
from pgtend.domain.index import Index

HOPE = 0.5
"""Share of the lower cost in the mean."""


IN_PART = 0.1
"""How much the relaxed program has to take of an index at least for it to count."""


@dataclass(frozen=True, kw_only=True)
class Mean:
    """The program, put together; ``upkeep`` is in the unit of weight times price."""

    reached: Sequence[WeightedOptions]
    possible: Sequence[FlooredQuery]
    sizes: Mapping[Index, int]
    upkeep: Mapping[Index, float]
    limits: Limits

    def best(self, seconds: float | None = None) -> IndexSet:
        """The set with about the least mean of what it is known to reach and what it may, plus upkeep.

        It is the relaxed program's answer, rounded: the mean is an estimate, the set is planned anyway, and whole numbers can
        take minutes. Empty where none was found in the ``seconds``.
        """
        if not self.sizes:
            return NOTHING
        program, variables = self._program()
        return program.relax(seconds).rounded(variables, lambda indexes: self.limits.allow(indexes, self.sizes))

    def taken_in_part(self, seconds: float | None = None) -> IndexSet:
        """What is taken where a part of an index may be: more than one set has room for."""
        if not self.sizes:
            return NOTHING
        program, variables = self._program()
        return program.relax(seconds).taken(variables, IN_PART)

    def _program(self) -> tuple[IntegerProgram, Mapping[Index, int]]:
        program = IntegerProgram()
        variables = {index: program.add_variable(self.upkeep[index], whole=True) for index in self.sizes}
        add_options(program, variables, self.reached, 1 - HOPE)
        add_floors(program, variables, [without_implied(query) for query in self.possible], HOPE)
        add_limits(program, variables, self.sizes, self.limits)
        return program, variables
