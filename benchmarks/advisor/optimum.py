"""The exact optimum: the set with the least cost within a budget, of all indexes up to a width over the workload's columns.

For each query a graph of plans is grown over the indexes on columns that it names. What an index does for a query is at most
what the same index without the columns behind the last one that the query names would do: the longer one only has more pages.
So the program lets any of them stand for it, and the cost that it finds is a lower bound that the real cost, planned with the
indexes as they are, is compared with.

A node is a plan made while all candidates but ``excluded`` were shown; it tells
the cost of every set that holds what the plan used and nothing that was excluded. A set that lacks a used index is told by
the node without that index. Where that node has not been looked at yet, the cost of the node before it is a lower bound,
for hiding an index never makes the planner's best plan cheaper.

The integer program over these options, exact ones and bounds, gives a lower bound for every set there is. Where its choice
rests on bounds, those nodes are planned and it is solved again. When it rests on none, its choice is the optimum: proven, up
to the solver's gap and the planner's own contradictions. It may pass over a plan that is up to 1 % cheaper, and with coarse
statistics it was seen to make a plan 10 % dearer of the same indexes once others, which it had not used, were gone. A set
whose real cost is above what a node tells is kept as a doubt: neither it nor any part of it, for fewer indexes help no more,
is told by that node again. What is still open after ``MOST_DOUBTS`` stands between ``cost`` and ``lower_bound``.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from benchmarks.advisor.folder import bench_folder
from benchmarks.advisor.problems import IndexSet, Problem, plain_index, syntactic_candidates
from benchmarks.advisor.what_if import WhatIf
from pgtend.domain.index import Index, TableName

RELATIVE_GAP = 1e-5
FIRST_NODES = 20_000
"""Nodes grown for each query before the program is asked what else it wants to know."""
MOST_DOUBTS = 300
"""Contradictions of the planner that are taken in for one budget; each costs the program another round."""
NOTHING: IndexSet = frozenset()


@dataclass(frozen=True, kw_only=True)
class Node:
    """One plan. Sets of indexes are bits here, one for each of the graph's candidates: there are very many of them."""

    excluded: int
    used: int
    cost: float


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A set that was really planned and costs more than a node tells of it: so does every part of it, at least."""

    chosen: int
    used: int
    cost: float


class Graph:
    """What is known of one query."""

    def __init__(self, query: str, text: str, candidates: Sequence[Index]) -> None:
        self.query = query
        self.text = text
        self.candidates = tuple(candidates)
        self.bits = {index: 1 << place for place, index in enumerate(candidates)}
        self.nodes: list[Node] = []
        self.open: dict[int, float] = {}
        """Excluded sets that have not been planned, with the lower bound of their cost."""
        self.doubts: list[Doubt] = []
        self._queue: list[tuple[float, int, int]] = []

    def bits_of(self, indexes: Iterable[Index]) -> int:
        """The bits of those indexes that are candidates of this query."""
        bits = 0
        for index in indexes:
            bits |= self.bits.get(index, 0)
        return bits

    def indexes_of(self, bits: int) -> list[Index]:
        """The indexes of these bits."""
        return [index for index, bit in self.bits.items() if bit & bits]

    def stands_for(self, index: Index) -> Index:
        """The index that does at least as much for this query: without the last columns that it does not name."""
        keys = index.columns
        while len(keys) > 1 and replace(index, columns=keys) not in self.bits:
            keys = keys[:-1]
        return replace(index, columns=keys)

    def tell_apart(self, index: Index, what_if: WhatIf) -> None:
        """Make a longer index a candidate of its own; it is used where the one that it stood for is not there."""
        shorter = self.bits[self.stands_for(index)]
        bit = 1 << len(self.candidates)
        self.candidates = (*self.candidates, index)
        self.bits[index] = bit
        self.nodes = [
            replace(node, excluded=node.excluded | bit) if node.excluded & shorter else node for node in self.nodes
        ]
        for node in [each for each in self.nodes if each.used & shorter]:
            self._open(node.excluded | shorter, node.cost)
        while self.grow_most_promising(what_if):
            pass

    def _open(self, excluded: int, bound: float) -> None:
        if excluded not in self.open and self.node_for(excluded) is None:
            self.open[excluded] = bound
            heapq.heappush(self._queue, (bound, excluded.bit_count(), excluded))

    def node_for(self, excluded: int) -> Node | None:
        """A known plan that is the plan without ``excluded`` too."""
        for node in self.nodes:
            if not node.excluded & ~excluded and not node.used & excluded:
                return node
        return None

    def grow(self, excluded: int, what_if: WhatIf) -> Node:
        """Plan without ``excluded`` where that is not known, and open what follows from it."""
        self.open.pop(excluded, None)
        known = self.node_for(excluded)
        if known is not None:
            return known
        every = (1 << len(self.candidates)) - 1
        cost, used = what_if.plan(self.text, frozenset(self.indexes_of(every & ~excluded)))
        node = Node(excluded=excluded, used=self.bits_of(used), cost=cost)
        self.nodes.append(node)
        left = node.used
        while left:
            bit = left & -left
            left ^= bit
            self._open(excluded | bit, cost)
        return node

    def grow_most_promising(self, what_if: WhatIf) -> bool:
        """Plan the open node with the lowest bound; False when there is none."""
        while self._queue:
            _, _, excluded = heapq.heappop(self._queue)
            if excluded in self.open:
                self.grow(excluded, what_if)
                return True
        return False

    def walk_to(self, chosen: int, what_if: WhatIf) -> float:
        """The cost while exactly ``chosen`` are there, growing the way to it."""
        excluded = 0
        while True:
            node = self.grow(excluded, what_if)
            missing = node.used & ~chosen
            if not missing:
                return max(node.cost, self.doubted(chosen))
            excluded = node.excluded | (missing & -missing)

    def doubted(self, chosen: int) -> float:
        """What a set costs at least for what was seen of the sets around it; 0 where nothing was."""
        return max((doubt.cost for doubt in self.doubts if not chosen & ~doubt.chosen), default=0.0)


@dataclass(frozen=True, kw_only=True)
class Optimum:
    """The proven answer for one budget: costs in the unit of the workload's cost."""

    budget: int
    chosen: IndexSet
    cost: float
    lower_bound: float
    cost_before: float
    explains: int
    seconds: float


class Search:
    """One pool of plans that serves every budget."""

    def __init__(
        self, problem: Problem, what_if: WhatIf, width: int, sizes: Mapping[Index, int], say: Callable[[str], None]
    ) -> None:
        self.problem = problem
        self.what_if = what_if
        self.say = say
        found = {query: syntactic_candidates(problem, query, width) for query in problem.queries}
        self.sizes = sizes
        self.graphs = []
        for query, parsed in problem.queries.items():
            self.graphs.append(Graph(query, parsed.plannable, found[query]))
        self.cost_before = sum(
            problem.weights[graph.query] * what_if.plan(graph.text, NOTHING)[0] for graph in self.graphs
        )

    def grow_first(self) -> None:
        """The nodes with the lowest costs first, of each query."""
        for graph in self.graphs:
            graph.grow(0, self.what_if)
            while len(graph.nodes) < FIRST_NODES and graph.grow_most_promising(self.what_if):
                pass
            self.say(
                f"{graph.query}: {len(graph.candidates)} candidates, {len(graph.nodes)} plans, {len(graph.open)} open"
            )

    def solve(self, budget: int) -> Optimum:
        """Ask the program and the planner in turn until the program's choice rests on plans alone."""
        began, explains = time.perf_counter(), self.what_if.explains
        best: tuple[float, IndexSet] = (self.cost_before, NOTHING)
        bound = 0.0
        rounds = doubts = 0
        while True:
            rounds += 1
            bound, chosen, wanted = _program(self.graphs, self.sizes, self.problem.weights, budget)
            cost, unlike, doubted = self._really(chosen)
            doubts += doubted
            best = min(best, (cost, chosen), key=lambda each: each[0])
            self.say(
                f"  {budget / 1e6:.0f} MB, round {rounds}: at least {bound / self.cost_before:.5f}, at most "
                f"{best[0] / self.cost_before:.5f}, {self.what_if.explains} plans, {time.perf_counter() - began:.0f} s"
            )
            if best[0] <= bound * (1 + RELATIVE_GAP) or not (wanted or unlike or doubted):
                break
            if doubts > MOST_DOUBTS:
                break
            for graph, excluded in wanted:
                if excluded in graph.open:
                    graph.grow(excluded, self.what_if)
            for graph, index in unlike:
                graph.tell_apart(index, self.what_if)
        return Optimum(
            budget=budget,
            chosen=best[1],
            cost=best[0],
            lower_bound=bound,
            cost_before=self.cost_before,
            explains=self.what_if.explains - explains,
            seconds=time.perf_counter() - began,
        )

    def _really(self, chosen: IndexSet) -> tuple[float, list[tuple[Graph, Index]], int]:
        """The cost of a set as it is, the longer indexes that made it differ from what the graphs told, and the doubts taken in."""
        total = 0.0
        unlike: list[tuple[Graph, Index]] = []
        doubts = 0
        for graph in self.graphs:
            bits = graph.bits_of(map(graph.stands_for, chosen))
            told = graph.walk_to(bits, self.what_if)
            cost, used = self.what_if.plan(graph.text, chosen)
            total += self.problem.weights[graph.query] * cost
            if cost <= told * (1 + RELATIVE_GAP / 10):
                continue
            longer = [
                index
                for index in sorted(chosen, key=repr)
                if graph.stands_for(index) != index and graph.stands_for(index) in graph.bits
            ]
            if longer:
                unlike += [(graph, index) for index in longer if index in used] or [(graph, index) for index in longer]
            else:
                graph.doubts.append(Doubt(chosen=bits, used=graph.bits_of(used), cost=cost))
                doubts += 1
        return total, unlike, doubts


def _program(
    graphs: Iterable[Graph], sizes: Mapping[Index, int], weights: Mapping[str, float], budget: int
) -> tuple[float, IndexSet, list[tuple[Graph, int]]]:
    """(lower bound, choice, the open nodes that the choice rests on)."""
    every = list(sizes)
    place = {index: number for number, index in enumerate(every)}
    costs = [0.0] * len(every)
    entries: list[tuple[int, int, float]] = []
    lows: list[float] = []
    highs: list[float] = []
    bounds_at: dict[int, tuple[Graph, int]] = {}

    def row(values: dict[int, float], low: float, high: float) -> None:
        entries.extend((len(lows), column, value) for column, value in values.items())
        lows.append(low)
        highs.append(high)

    for graph in graphs:
        weight = weights[graph.query]
        carriers: dict[Index, list[int]] = {}
        for index in every:
            carriers.setdefault(graph.stands_for(index), []).append(place[index])
        needs: dict[Index, dict[int, float]] = {}
        forbids: dict[Index, dict[int, float]] = {}
        options: dict[int, float] = {}
        for used, cost in [*_cheapest(graph).items(), *((doubt.used, doubt.cost) for doubt in graph.doubts)]:
            variable = len(costs)
            costs.append(weight * cost)
            options[variable] = 1.0
            for index in graph.indexes_of(used):
                needs.setdefault(index, {})[variable] = 1.0
            for doubt in graph.doubts:
                if cost < doubt.cost and not used & ~doubt.chosen:
                    others = [each for each in graph.candidates if not graph.bits[each] & doubt.chosen]
                    row(
                        {variable: 1.0} | {carrier: -1.0 for each in others for carrier in carriers[each]}, -np.inf, 0.0
                    )
        for excluded, cost in graph.open.items():
            variable = len(costs)
            costs.append(weight * cost)
            options[variable] = 1.0
            bounds_at[variable] = (graph, excluded)
            for index in graph.indexes_of(excluded):
                forbids.setdefault(index, {})[variable] = 1.0
        row(options, 1.0, 1.0)
        for index, variables in needs.items():
            row(variables | dict.fromkeys(carriers[index], -1.0), -np.inf, 0.0)
        for index, variables in forbids.items():
            for carrier in carriers[index]:
                row({**variables, carrier: 1.0}, -np.inf, 1.0)
    row({place[index]: sizes[index] / 1e6 for index in every}, 0.0, budget / 1e6)
    matrix = csr_matrix(
        ([value for _, _, value in entries], ([r for r, _, _ in entries], [c for _, c, _ in entries])),
        shape=(len(lows), len(costs)),
    )
    integrality = np.zeros(len(costs), dtype=np.int64)
    integrality[: len(every)] = 1
    scale = max(costs)
    result = milp(
        np.asarray(costs) / scale,
        integrality=integrality,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, np.asarray(lows), np.asarray(highs)),
        options={"mip_rel_gap": RELATIVE_GAP / 4},
    )
    assert result.x is not None, result.message
    chosen = frozenset(index for index, value in zip(every, result.x, strict=False) if value > 0.5)
    wanted = [known for variable, known in bounds_at.items() if result.x[variable] > 1e-6]
    return float(result.mip_dual_bound) * scale, chosen, wanted


def _cheapest(graph: Graph) -> dict[int, float]:
    """The cheapest cost of each used set; none that a subset does as well."""
    cheapest: dict[int, float] = {}
    for node in graph.nodes:
        cheapest[node.used] = min(node.cost, cheapest.get(node.used, node.cost))
    kept: dict[int, float] = {}
    for used, cost in sorted(cheapest.items(), key=lambda each: (each[1], each[0].bit_count())):
        if not any(not other & ~used for other in kept):
            kept[used] = cost
    return kept


def save(path: Path, found: Iterable[Optimum]) -> None:
    """Keep these answers, beside those for other budgets that are there."""
    kept = load(path) | {each.budget: each for each in found}
    content = [
        {
            "budget": each.budget,
            "indexes": [[i.schema, i.table, *(key.column for key in i.columns)] for i in sorted(each.chosen, key=repr)],
            "cost": each.cost,
            "lower_bound": each.lower_bound,
            "cost_before": each.cost_before,
            "explains": each.explains,
            "seconds": each.seconds,
        }
        for _, each in sorted(kept.items())
    ]
    path.write_text(json.dumps(content, indent=1))


def kept_at(problem: Problem, width: int) -> Path:
    """Where the answers for this workload, these statistics and these bytes are kept."""
    return bench_folder() / f"{problem.name}-{problem.statistics}-{problem.size_model}-width{width}.optimum.json"


def load(path: Path) -> dict[int, Optimum]:
    """Answers that were kept, by budget."""
    if not path.exists():
        return {}
    return {
        each["budget"]: Optimum(
            budget=each["budget"],
            chosen=frozenset(plain_index(TableName(schema=s, table=t), names) for s, t, *names in each["indexes"]),
            cost=each["cost"],
            lower_bound=each["lower_bound"],
            cost_before=each["cost_before"],
            explains=each["explains"],
            seconds=each["seconds"],
        )
        for each in json.loads(path.read_text())
    }
