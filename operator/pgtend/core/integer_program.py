"""Mixed integer programs with variables between 0 and 1, put together row by row and solved by HiGHS (scipy's ``milp``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from pgtend.domain.index import Index

LONGEST_SECONDS = 20.0
"""Of solving one program: a guard, which programs of hundreds of queries do not come near."""


LEAST_SECONDS = 2.0
"""However late it is: without them there would be no answer at all."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """Values of the variables, empty where none were found in time; and what no solution can be below, in the unit of the costs."""

    values: Sequence[float]
    bound: float

    def taken(self, variables: Mapping[Index, int]) -> frozenset[Index]:
        """The indexes whose variable is 1; none where no values were found."""
        return frozenset(index for index, variable in variables.items() if self.values and self.values[variable] > 0.5)


class IntegerProgram:
    """Make the sum of cost times value least. Variables are known by their number, in the order in which they were added."""

    def __init__(self) -> None:
        self._costs: list[float] = []
        self._whole: list[int] = []
        self._rows: list[tuple[Mapping[int, float], float, float]] = []

    def add_variable(self, cost: float, *, whole: bool = False) -> int:
        """A variable from 0 to 1, or one that is 0 or 1."""
        self._costs.append(cost)
        self._whole.append(int(whole))
        return len(self._costs) - 1

    def add_row(self, members: Mapping[int, float], least: float = -inf, most: float = inf) -> None:
        """``least`` ≤ sum of factor times variable ≤ ``most``."""
        self._rows.append((members, least, most))

    def solve(self, gap: float, nodes: int, seconds: float | None = None) -> Solution:
        """The best found in so many nodes of the search tree: no clock decides, so that the same program has the same answer.

        Where even that takes very long, or longer than the ``seconds`` that are left, the clock does decide.
        """
        if not self._costs:
            return Solution(values=(), bound=0.0)
        scale = max(abs(cost) for cost in self._costs) or 1.0
        data, where, columns = [], [], []
        for number, (members, _, _) in enumerate(self._rows):
            for column, factor in sorted(members.items()):
                data.append(factor)
                where.append(number)
                columns.append(column)
        matrix = csr_matrix((data, (where, columns)), shape=(len(self._rows), len(self._costs)))
        limits = LinearConstraint(
            matrix, np.asarray([row[1] for row in self._rows]), np.asarray([row[2] for row in self._rows])
        )
        result = milp(
            np.asarray(self._costs) / scale,
            integrality=np.asarray(self._whole),
            bounds=Bounds(0, 1),
            constraints=limits,
            options={"node_limit": nodes, "mip_rel_gap": gap, "time_limit": _time_limit(seconds)},
        )
        dual = getattr(result, "mip_dual_bound", None)
        values = [] if result.x is None else [float(value) for value in result.x]
        return Solution(values=values, bound=-inf if dual is None else float(dual) * scale)


def _time_limit(seconds: float | None) -> float:
    return LONGEST_SECONDS if seconds is None else min(max(seconds, LEAST_SECONDS), LONGEST_SECONDS)
