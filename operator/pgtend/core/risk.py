"""How likely a change makes something slower although the estimates say faster: Low, Medium or High, with the reason.

An ordered tuple of doubts looks at each query that would gain, with its plan before and after. A new doubt is one function and
one line in the tuple. The plans of the whole workload are priced by the same knowledge in ``pgtend.core.plan_price``; here a person
is told about the plans that were chosen all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pgtend.core.known_costs import KnownPlan
from pgtend.core.plan_change import count
from pgtend.core.plan_price import Lookup, Lookups
from pgtend.core.stored_width import LARGEST_ENTRY, most_bytes
from pgtend.domain.catalog import Catalog, Column, Table
from pgtend.domain.index import AccessMethod, Index
from pgtend.domain.plan import PlanNode, PlanShape
from pgtend.domain.recommendation import Risk
from pgtend.domain.workload import Query

MANY_RUNS = 1000.0
"""Runs of an inner index scan from which on a new nested loop is looked at."""
SMALL_GAIN = 0.25
"""Share of the price that such a plan must save for nobody to be asked."""
MISJUDGED = 4.0
"""How many times too low the rows of each join may be estimated: errors of that size are usual after one join, and they multiply
(Leis et al. 2015, How good are query optimizers, really?)."""
MOST_MISJUDGED = 256.0
COMMON_SHARE = 0.2
"""Share of the rows with one value from which on an unknown constant may be that value."""
DEFAULT_SELECTIVITIES = (1 / 3, 1 / 9, 0.005)
"""What the planner assumes when it knows nothing (src/include/utils/selfuncs.h): one side of a range, two, an equality."""
_FEW_ROWS = 1000.0
_MIDDLING_WIDTH = 32
"""Bytes on average from which on a text is more than a name or an address."""
_ORDER = {Risk.LOW: 0, Risk.MEDIUM: 1, Risk.HIGH: 2}


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A reason to mistrust an estimate."""

    risk: Risk
    reason: str


@dataclass(frozen=True, kw_only=True)
class HelpedPlan:
    """A query that would gain by the index, with its plans without and with it, and its weight."""

    query: Query
    weight: float
    before: KnownPlan
    after: KnownPlan


@dataclass(frozen=True, kw_only=True)
class PlanInDoubt:
    """What a doubt may look at."""

    index: Index
    plan: HelpedPlan
    catalog: Catalog
    lookups: Lookups

    @property
    def table(self) -> Table | None:
        """The table that the index is on, where the catalog has it."""
        return self.catalog.tables.get(self.index.table_name)


def assess(index: Index, helped: Sequence[HelpedPlan], catalog: Catalog, lookups: Lookups) -> tuple[Risk, str]:
    """The greatest doubt about any query that would gain; of equal ones that about the most costly query."""
    found: list[tuple[int, float, Doubt]] = []
    for plan in helped:
        doubted = PlanInDoubt(index=index, plan=plan, catalog=catalog, lookups=lookups)
        for doubt in (each for rule in DOUBTS if (each := rule(doubted)) is not None):
            found.append((_ORDER[doubt.risk], plan.weight * plan.before.cost, doubt))
    if not found:
        return Risk.LOW, ""
    _, _, greatest = max(found, key=lambda each: each[:2])
    return greatest.risk, greatest.reason


def is_cheaper_by_estimate_only(doubted: PlanInDoubt) -> Doubt | None:
    """The planner's cost falls, and what the plan is taken to cost does not."""
    before, after = doubted.plan.before, doubted.plan.after
    worst = _worst_lookup(doubted)
    if worst is None or after.price <= before.price or after.cost >= before.cost:
        return None
    saved = 100 * (1 - after.cost / before.cost)
    more = 100 * (after.price / before.price - 1)
    return Doubt(
        risk=Risk.HIGH,
        reason=f"By the planner's cost a query gains {saved:.0f} %, but its plan {_lookups(worst)}, for which the planner charges "
        f"too little; priced for them it costs {more:.0f} % more than now.",
    )


def is_small_gain_by_many_lookups(doubted: PlanInDoubt) -> Doubt | None:
    """A hash or merge join gives way to nested loops over many rows, for little."""
    before, after = doubted.plan.before, doubted.plan.after
    worst = _worst_lookup(doubted)
    if worst is None or worst.runs < MANY_RUNS or _loops(after.shape) <= _loops(before.shape):
        return None
    gain = 1 - after.price / before.price if before.price > 0 else 0.0
    if gain >= SMALL_GAIN:
        return None
    return Doubt(
        risk=Risk.MEDIUM,
        reason=f"For an estimated gain of {100 * gain:.0f} % a query's plan turns from a join of whole tables to nested loops: it "
        f"{_lookups(worst)}. Should there be more rows than estimated, it takes longer than now.",
    )


def rests_on_multiplied_estimates(doubted: PlanInDoubt) -> Doubt | None:
    """Lookups for the rows of several joins: were each a few times too low, the plan would cost more than now."""
    before, after = doubted.plan.before, doubted.plan.after
    known = {(node.alias, node.kind, node.index) for node in before.shape}
    extra, joins = 0.0, 0
    for place, node in enumerate(after.shape):
        if node.loops > 1 and node.relation and (node.alias, node.kind, node.index) not in known:
            depth = _joins_outside(after.shape, place)
            extra += node.cost * node.loops * (min(MISJUDGED**depth, MOST_MISJUDGED) - 1)
            joins = max(joins, depth)
    if joins < 2 or after.price + extra <= before.price:
        return None
    return Doubt(
        risk=Risk.MEDIUM,
        reason=f"A query's plan has nested loops over the result of {joins} joins. Were each estimated {MISJUDGED:.0f} times too low, "
        f"it would cost {(after.price + extra) / before.price:.1f} times as much as now.",
    )


def bets_on_early_exit(doubted: PlanInDoubt) -> Doubt | None:
    """A LIMIT that reads an index in order, and throws rows away, until it has found enough."""
    before, after = doubted.plan.before, doubted.plan.after
    for place, node in enumerate(after.shape[:-1]):
        below = after.shape[place + 1]
        if node.kind != "Limit" or below.cost <= max(2 * node.cost, before.cost):
            continue
        scan = _scan_in_order(after.shape, place + 1)
        if scan is not None and scan.filtered and scan.conditions == 0:
            times = below.cost / max(before.cost, 1e-9)
            return Doubt(
                risk=Risk.HIGH if times > 5 else Risk.MEDIUM,
                reason=f"A query's plan reads {scan.relation} in the order of the index until LIMIT is content. Where the rows that it "
                f"looks for lie at the far end, it reads on to the end and costs {times:.1f} times as much as now.",
            )
    return None


def fetches_scattered_rows(doubted: PlanInDoubt) -> Doubt | None:
    """One scan by the index of a good part of the table whose rows lie in another order."""
    after = doubted.plan.after
    for lookup in doubted.lookups(after.shape):
        if lookup.node.index != doubted.index or lookup.runs > 1 or lookup.extra < 0.25 * after.cost:
            continue
        return Doubt(
            risk=Risk.MEDIUM,
            reason=f"A query's plan fetches {count(lookup.fetched)} rows of {lookup.node.relation} in the order of the index, which is "
            "not the order in which they lie: where they are not in memory it may take longer than reading the table.",
        )
    return None


def lacks_statistics(doubted: PlanInDoubt) -> Doubt | None:
    """Without statistics of the keys every estimate is a guess."""
    table = doubted.table
    if table is None:
        return None
    if not table.counted:
        return Doubt(
            risk=Risk.MEDIUM, reason=f"{table.name} was never analyzed, so its estimates are guesses: run ANALYZE."
        )
    unknown = [each.name for each in _keys(doubted.index, table) if each.n_distinct is None]
    if not unknown:
        return None
    why = "row-level security hides them" if table.row_security else "run ANALYZE"
    return Doubt(
        risk=Risk.MEDIUM,
        reason=f"There are no statistics of {', '.join(unknown)} in {table.name}, so the estimates are guesses ({why}).",
    )


def hangs_on_unknown_constants(doubted: PlanInDoubt) -> Doubt | None:
    """A plan for any constant, where one value has a good part of the rows."""
    table = doubted.table
    if table is None or doubted.plan.query.parameters == 0:
        return None
    for key in _keys(doubted.index, table)[:1]:
        if key.common_frequencies and key.common_frequencies[0] >= COMMON_SHARE:
            return Doubt(
                risk=Risk.MEDIUM,
                reason=f"The constants of a query are not known. For the commonest value of {key.name}, with "
                f"{100 * key.common_frequencies[0]:.0f} % of the rows, the index is of little use.",
            )
    return None


def rests_on_a_default(doubted: PlanInDoubt) -> Doubt | None:
    """Exactly the share of rows that the planner assumes when it knows nothing."""
    table = doubted.table
    if table is None or table.rows < _FEW_ROWS:
        return None
    for node in doubted.plan.after.shape:
        assumed = [
            share for share in DEFAULT_SELECTIVITIES if abs(node.rows - share * table.rows) <= 1 + 1e-4 * node.rows
        ]
        if node.index == doubted.index and node.loops <= 1 and assumed and node.conditions > 0:
            return Doubt(
                risk=Risk.MEDIUM,
                reason=f"The planner does not know how many rows of {table.name} a query's condition selects and assumes "
                f"{100 * assumed[0]:.1f} %; where it selects more, the index helps less or not at all.",
            )
    return None


def may_refuse_long_values(doubted: PlanInDoubt) -> Doubt | None:
    """A key without a limit, of middling width, on a table that has long values: a B-tree refuses the row with one in the key."""
    table = doubted.table
    if table is None or table.toast_pages == 0 or doubted.index.method is not AccessMethod.BTREE:
        return None
    keys = [table.columns.get(key.column or "") for key in doubted.index.columns]
    open_ = [key.name for key in keys if key is not None and most_bytes(key) is None]
    wide = [name for name in open_ if (table.columns[name].average_width or 0) >= _MIDDLING_WIDTH]
    if not wide:
        return None
    return Doubt(
        risk=Risk.MEDIUM,
        reason=f"Nothing limits {wide[0]}, and the table holds long values. Of one that takes more than {LARGEST_ENTRY:,} bytes the "
        "index could not be built, and once it is there the row would be refused.",
    )


DOUBTS: tuple[Callable[[PlanInDoubt], Doubt | None], ...] = (
    is_cheaper_by_estimate_only,
    bets_on_early_exit,
    is_small_gain_by_many_lookups,
    rests_on_multiplied_estimates,
    fetches_scattered_rows,
    lacks_statistics,
    hangs_on_unknown_constants,
    rests_on_a_default,
    may_refuse_long_values,
)


def _worst_lookup(doubted: PlanInDoubt) -> Lookup | None:
    """The repeated lookup that adds most to the price of the new plan, of those that the old one has not."""
    old = {
        (each.node.alias, each.node.given_by) for each in doubted.lookups(doubted.plan.before.shape) if each.runs > 1
    }
    new = [
        each
        for each in doubted.lookups(doubted.plan.after.shape)
        if each.runs > 1 and each.extra > 0 and (each.node.alias, each.node.given_by) not in old
    ]
    return max(new, key=lambda each: each.extra, default=None)


def _lookups(lookup: Lookup) -> str:
    rows = "one row" if lookup.fetched < 1.5 else f"{count(lookup.fetched)} rows"
    return (
        f"looks {count(lookup.runs)} times into {lookup.node.relation} for {rows} each, on {count(lookup.pages)} pages"
    )


def _loops(shape: PlanShape) -> int:
    return sum(node.kind == "Nested Loop" for node in shape)


def _joins_outside(shape: PlanShape, place: int) -> int:
    """Joins whose results a node runs for: those on the outer side of the nested loops that it is an inner side of."""
    joins, inner = 0, place
    for above in range(place - 1, -1, -1):
        if shape[above].depth >= shape[inner].depth:
            continue
        if shape[above].kind == "Nested Loop" and shape[inner].relationship == "Inner":
            joins += 1 + sum("Join" in each.kind or each.kind == "Nested Loop" for each in shape[above + 1 : inner])
        inner = above
    return joins


def _scan_in_order(shape: PlanShape, place: int) -> PlanNode | None:
    """The scan that feeds a node row by row; None where something in between needs all rows first."""
    for node in shape[place:]:
        if node.relation:
            return node
        if node.kind not in ("Nested Loop", "Subquery Scan", "Result", "Incremental Sort", "Merge Append", "Append"):
            return None
    return None


def _keys(index: Index, table: Table) -> tuple[Column, ...]:
    found = (table.columns.get(key.column or "") for key in index.columns)
    return tuple(column for column in found if column is not None)
