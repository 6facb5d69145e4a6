"""Mixed integer programs with variables between 0 and 1, put together row by row and solved by HiGHS (scipy's ``milp``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix, vstack

from pgtend.domain.index import Index

Numbers: TypeAlias = NDArray[np.float64]

LONGEST_SECONDS = 20.0
"""Of solving one program: a guard. Where it decides, not the nodes, the same workload may get another answer."""


LEAST_SECONDS = 2.0
"""However late it is: without them there would be no answer at all."""
NEAR = 0.02
"""Share of the cost of the relaxed program: solutions that cost no more than so much above it are looked for, others if there is none."""
TRACE = 0.01
"""Of a variable between 0 and 1: less is rounded to nothing."""
SMALL = 20
"""Whole variables up to which a program is solved as it is."""
KERNEL = 60
"""Whole variables of a program that is solved: those that the relaxed one takes, and what it would take next."""
MARGIN = 1e-6
"""Share of the cost by which the solver's numbers may be wrong, on the safe side."""
INFEASIBLE = 2
"""How ``milp`` says that there is no solution."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """Values of the variables, empty where none were found in time; and what no solution can be below, in the unit of the costs."""

    values: Sequence[float]
    bound: float
    cost: float = inf

    def taken(self, variables: Mapping[Index, int], least: float = 0.5) -> frozenset[Index]:
        """The indexes whose variable is 1, or more than ``least``; none where no values were found."""
        return frozenset(
            index for index, variable in variables.items() if self.values and self.values[variable] > least
        )

    def rounded(self, variables: Mapping[Index, int], allow: Callable[[frozenset[Index]], bool]) -> frozenset[Index]:
        """The indexes that are taken, those first of which most is, as far as they are allowed together."""
        taken: frozenset[Index] = frozenset()
        for index in sorted(
            self.taken(variables, TRACE), key=lambda index: (-round(self.values[variables[index]], 6), variables[index])
        ):
            if allow(taken | {index}):
                taken |= {index}
        return taken


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

    def solve(self, gap: float, nodes: int, seconds: float | None = None, below: float = inf) -> Solution:
        """The best found in so many nodes of the search tree: no clock decides, so that the same program has the same answer.

        Where even that takes very long, or longer than the ``seconds`` that are left, the clock does decide. Where only
        what costs less than ``below`` is wanted, no values say that there is none, and the bound is no higher than that.

        Without the whole numbers a program is solved at once, and its reduced costs say by how much it costs more to take
        what is not taken there. What alone costs more than a solution may is left out (Dantzig, Fulkerson and Johnson 1954), and
        so is, in a large program, what costs most of the rest (the kernel of Angelelli, Mansini and Speranza 2010). The bound
        holds for all: what takes something that was left out costs as much as that, at least.
        """
        if not self._costs:
            return Solution(values=(), bound=0.0)
        program = self._arrays()
        relaxed = None if sum(self._whole) <= SMALL else _relax(program, _time_limit(seconds))
        if relaxed is None:
            return program.unscaled(*_solve(program, gap, nodes, _time_limit(seconds)))
        highest = below / program.scale
        if highest <= relaxed.cost:
            return program.unscaled(None, relaxed.cost)
        limit = _time_limit(seconds) / 2
        room = min(highest, relaxed.cost + NEAR * abs(relaxed.cost)) - relaxed.cost
        kernel = min(room, relaxed.room_for(KERNEL, program.whole > 0))
        values, bound = _solve(program.without(relaxed, room, kernel), gap, nodes, limit)
        bound = min(bound, relaxed.cost + kernel)
        if values is None and relaxed.cost + kernel < highest:
            values, bound = _solve(program, gap, nodes, limit)
        return program.unscaled(values, max(bound, relaxed.cost))

    def relax(self, seconds: float | None = None) -> Solution:
        """The best where any variable may lie between 0 and 1; no values where the solver gives up."""
        if not self._costs:
            return Solution(values=(), bound=0.0)
        program = self._arrays()
        relaxed = _relax(program, _time_limit(seconds))
        return program.unscaled(None, -inf) if relaxed is None else program.unscaled(relaxed.values, relaxed.cost)

    def _arrays(self) -> _Arrays:
        scale = max(abs(cost) for cost in self._costs) or 1.0
        data, where, columns = [], [], []
        for number, (members, _, _) in enumerate(self._rows):
            for column, factor in sorted(members.items()):
                data.append(factor)
                where.append(number)
                columns.append(column)
        return _Arrays(
            scale=scale,
            costs=np.asarray(self._costs) / scale,
            whole=np.asarray(self._whole, dtype=np.int64),
            least=np.zeros(len(self._costs)),
            most=np.ones(len(self._costs)),
            matrix=csr_matrix((data, (where, columns)), shape=(len(self._rows), len(self._costs))),
            rows_least=np.asarray([row[1] for row in self._rows]),
            rows_most=np.asarray([row[2] for row in self._rows]),
        )


@dataclass(frozen=True, kw_only=True)
class _Arrays:
    """A program as the solver takes it, its costs in units of ``scale``."""

    scale: float
    costs: Numbers
    whole: NDArray[np.int64]
    least: Numbers
    most: Numbers
    matrix: csr_matrix
    rows_least: Numbers
    rows_most: Numbers

    def without(self, relaxed: _Relaxed, room: float, kernel: float) -> _Arrays:
        """With what costs more than ``room`` to change left as it is in the relaxed program; more than ``kernel``, if it must be whole.

        All variables have whole values in some best solution: those that need not follow from those that must.
        """
        margin = MARGIN * max(abs(relaxed.cost), 1.0)
        rooms = np.where(self.whole > 0, kernel, room) + margin
        return replace(
            self,
            least=np.where((relaxed.values > 0.5) & (relaxed.to_less > rooms) & (self.whole > 0), 1.0, self.least),
            most=np.where((relaxed.values < 0.5) & (relaxed.to_more > rooms), 0.0, self.most),
        )

    def unscaled(self, values: Numbers | None, bound: float) -> Solution:
        """In the unit of the costs."""
        if values is None:
            return Solution(values=(), bound=bound * self.scale)
        return Solution(values=values.tolist(), bound=bound * self.scale, cost=float(self.costs @ values) * self.scale)


@dataclass(frozen=True, kw_only=True)
class _Relaxed:
    """The best without the whole numbers; by how much it costs more at least for a variable to become 0, or 1."""

    cost: float
    values: Numbers
    to_less: Numbers
    to_more: Numbers

    def room_for(self, count: int, whole: NDArray[np.bool_]) -> float:
        """How much more it may cost to take one of the variables that must be whole, so that about so many can be taken."""
        dearer = np.sort(self.to_more[whole & (self.values < MARGIN)])
        further = max(count - int(np.sum(whole)) + len(dearer), 0)
        return inf if further >= len(dearer) else float(dearer[further])


def _relax(program: _Arrays, seconds: float) -> _Relaxed | None:
    """None where the solver gives up."""
    is_equal = program.rows_least == program.rows_most
    has_most = ~is_equal & np.isfinite(program.rows_most)
    has_least = ~is_equal & np.isfinite(program.rows_least)
    found = linprog(
        program.costs,
        A_ub=vstack([program.matrix[has_most], -program.matrix[has_least]], format="csr"),
        b_ub=np.concatenate([program.rows_most[has_most], -program.rows_least[has_least]]),
        A_eq=program.matrix[is_equal],
        b_eq=program.rows_most[is_equal],
        bounds=(0, 1),
        method="highs-ds",
        options={"time_limit": seconds},
    )
    if found.status != 0 or found.fun is None:
        return None
    return _Relaxed(
        cost=float(found.fun),
        values=np.asarray(found.x),
        to_less=-np.asarray(found.upper.marginals),
        to_more=np.asarray(found.lower.marginals),
    )


def _solve(program: _Arrays, gap: float, nodes: int, seconds: float) -> tuple[Numbers | None, float]:
    """Values, None where none were found, and what no solution can be below: infinite where there is none."""
    kept = program.most > 0
    kept[0] = True  # the solver wants one at least
    matrix = program.matrix[:, kept]
    rows = np.diff(matrix.indptr) > 0
    result = milp(
        program.costs[kept],
        integrality=program.whole[kept],
        bounds=Bounds(program.least[kept], program.most[kept]),
        constraints=LinearConstraint(matrix[rows], program.rows_least[rows], program.rows_most[rows]),
        options={"node_limit": nodes, "mip_rel_gap": gap, "time_limit": seconds},
    )
    if result.status == INFEASIBLE:
        return None, inf
    dual = getattr(result, "mip_dual_bound", None)
    values = None
    if result.x is not None:
        values = np.zeros(len(program.costs))
        values[kept] = result.x
    return values, -inf if dual is None else float(dual)


def _time_limit(seconds: float | None) -> float:
    return LONGEST_SECONDS if seconds is None else min(max(seconds, LEAST_SECONDS), LONGEST_SECONDS)
