"""Existing indexes that a wider one makes needless, as far as the planner does as well without them.

One is thought of only where another index on the table begins with all of its keys (columns, order, operator classes, collations)
and stores what it includes. So whatever can look something up by it still can: a statement that nobody has counted, and the
checks of a foreign key. Then the planner is asked what the statements of the workload cost while it is hidden. An index is never
dropped because nothing was seen to use it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgtend.core.candidates import starts_with
from pgtend.core.canonical import index_name, proposal_hash
from pgtend.core.evidence import Found
from pgtend.core.known_costs import NOTHING
from pgtend.core.planning import Planning
from pgtend.core.questions import Answers
from pgtend.core.redundancy import can_stand_in, definition_of, drop_of, is_droppable, is_plain
from pgtend.core.upkeep import Writes, upkeep_of_surplus
from pgtend.domain.advice import AdvisedChange, Constraints, CostRequest, CostsRequest, PlanCost, Unplannable
from pgtend.domain.catalog import ExistingIndex
from pgtend.domain.index import Index, TableName
from pgtend.domain.plan import MOST_NODES, PlanShape
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Query, WeightedQuery

WORSE = 0.05
"""Share by which a query's estimated cost may rise without an index: reading a wider one is never quite as cheap."""
LEAST_SAID = 0.0005
"""Share below which nothing is said to get dearer."""


@dataclass(frozen=True, kw_only=True)
class Superseded:
    """What was found out about the existing indexes that wider ones hold."""

    drops: tuple[AdvisedChange, ...] = ()
    loss: float = 0.0
    """Weighted planner's cost by which queries get dearer by all of the drops."""
    saved: float = 0.0
    """Upkeep that goes with them, in the same unit."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a query costs with what is dropped so far hidden, and the existing indexes that it then uses."""

    cost: float
    uses: frozenset[str] | None
    """By name; None where the plan is not known, so that it may use any."""

    def may_use(self, indexes: Iterable[ExistingIndex]) -> bool:
        """Whether it could miss one of these."""
        return self.uses is None or any(index.name in self.uses for index in indexes)


Judging = Generator[CostsRequest, Answers, Superseded]
"""Yields questions, is sent Answers, returns what was found."""


def judge_superseded(
    found: Found,
    unplanned: Iterable[Query],
    duplicates: Sequence[AdvisedChange],
    writes: Writes,
    planning: Planning,
    constraints: Constraints,
) -> Judging:
    """Try the plans of the workload without each index that a wider one holds, the narrowest first, as long as time lasts.

    An index goes where no query gets dearer by more than ``WORSE`` beside how it would be with all that is there, and all
    together lose no more than its upkeep and the least gain that would be asked of it if it were new.
    """
    twins = _twins(found, duplicates)
    catalog = found.catalog
    reads = {each.id: catalog.with_beneath(each.query.relations) for each in found.queries}
    blind = {table for query in unplanned for table in catalog.with_beneath(query.relations)}
    standing = dict(_standings(found, constraints))
    first = {query: each.cost for query, each in standing.items()}
    least_gain = constraints.minimum_gain * sum(
        each.weight * first[each.id] for each in found.queries if each.id in first
    )
    dropped: list[ExistingIndex] = []
    loss = saved = 0.0
    notes: list[str] = []
    for index in sorted(_candidates(found, twins, constraints), key=_narrow_first):
        if not _covers(index, dropped, found, constraints):
            continue
        touching = [each for each in found.queries if index.table in reads[each.id]]
        if not touching or any(each.id not in standing for each in touching):
            continue
        if index.table in blind:
            notes.append(_kept(index, "a statement on its table cannot be planned, or was not."))
            continue
        gone = [index, *twins[index.oid]]
        asked = [each for each in touching if standing[each.id].may_use(gone)]
        hidden = tuple(sorted(each.oid for each in (*dropped, *gone)))
        answers = yield from planning.answer(
            [_request(each, reads[each.id], hidden, found, constraints) for each in asked]
        )
        if len(answers) < len(asked):
            break
        refused = next((each.reason for each in answers if isinstance(each, Unplannable)), None)
        if refused is not None:
            notes.append(_kept(index, refused))
            continue
        after = {
            query.id: Standing(cost=answer.cost, uses=_names(answer.shape))
            for query, answer in zip(asked, answers, strict=True)
            if isinstance(answer, PlanCost)
        }
        lost = sum(each.weight * (after[each.id].cost - standing[each.id].cost) for each in asked)
        upkeep = upkeep_of_surplus(definition_of(index), catalog, writes)
        bearable = all(plan.cost <= first[query] * (1 + WORSE) for query, plan in after.items())
        if bearable and lost <= upkeep + least_gain:
            dropped.append(index)
            standing |= after
            loss, saved = loss + max(lost, 0.0), saved + upkeep
    changes = tuple(_drop(each, dropped, standing, first, reads, found, writes, constraints) for each in dropped)
    return Superseded(drops=changes, loss=loss, saved=saved, notes=tuple(notes))


def _twins(found: Found, duplicates: Sequence[AdvisedChange]) -> Mapping[int, Sequence[ExistingIndex]]:
    """Of each index, by its OID, those of the same definition that are dropped already: a plan may use any of them."""
    surplus = {(change.index.schema, change.index.name) for change in duplicates}
    going = [each for each in found.catalog.indexes if (each.table.schema, each.name) in surplus]
    twins: dict[int, list[ExistingIndex]] = defaultdict(list)
    for index in found.catalog.indexes:
        if index.index is not None and index not in going:
            twins[index.oid] += [each for each in going if each.index and definition_of(each) == definition_of(index)]
    return twins


def _standings(found: Found, constraints: Constraints) -> Iterator[tuple[str, Standing]]:
    """As things are with the new indexes; without any where nobody knows whether they will be made."""
    for query in found.queries:
        shown = NOTHING if constraints.single_steps else found.on_tables[query.id]
        plan = found.known.plan_at_most(query.id, shown)
        if plan is not None:
            yield query.id, Standing(cost=plan.cost, uses=_names(plan.shape))


def _request(
    query: WeightedQuery,
    tables: frozenset[TableName],
    hidden: tuple[int, ...],
    found: Found,
    constraints: Constraints,
) -> CostRequest:
    """Show all new indexes on its tables: one that had nothing to offer beside what is hidden may have now."""
    shown = () if constraints.single_steps else found.in_order
    return CostRequest(
        query=query.query, shown=tuple(each for each in shown if each.table_name in tables), hidden=hidden
    )


def _names(shape: PlanShape) -> frozenset[str] | None:
    """The existing indexes of a plan; None where it is not known as a whole."""
    if not shape or len(shape) >= MOST_NODES:
        return None
    return frozenset(node.index for node in shape if isinstance(node.index, str))


def _candidates(
    found: Found, twins: Mapping[int, Sequence[ExistingIndex]], constraints: Constraints
) -> Iterator[ExistingIndex]:
    """Plain indexes on which nothing depends."""
    going = {each.oid for group in twins.values() for each in group}
    for index in found.catalog.indexes:
        is_sound = index.valid and index.ready and index.oid not in going
        if is_sound and is_plain(index) and is_droppable(index) and not _is_named(index, constraints.kept):
            yield index


def _covers(
    index: ExistingIndex, dropped: Sequence[ExistingIndex], found: Found, constraints: Constraints
) -> list[ExistingIndex | Index]:
    """What can stand in for an index: those first that are there already."""
    narrow = definition_of(index)
    there: list[ExistingIndex | Index] = [
        each
        for each in found.catalog.indexes_of(index.table)
        if can_stand_in(each, index)
        and definition_of(each) != narrow
        and each not in dropped
        and not _is_named(each, constraints.unsettled)
    ]
    new = () if constraints.single_steps else found.in_order
    return [*there, *(each for each in new if each.table_name == index.table and starts_with(each, narrow))]


def _is_named(index: ExistingIndex, names: frozenset[str]) -> bool:
    return f"{index.table.schema}.{index.name}" in names


def _narrow_first(index: ExistingIndex) -> tuple[str, int, int, str]:
    """So that a chain of beginnings loses its shortest first."""
    definition = definition_of(index)
    return str(index.table), len(definition.columns), len(definition.include), index.name


def _kept(index: ExistingIndex, why: str) -> str:
    return f"{index.table.schema}.{index.name} is held by a wider index; whether it can go cannot be said: {why}"


def _drop(
    index: ExistingIndex,
    dropped: Sequence[ExistingIndex],
    standing: Mapping[str, Standing],
    first: Mapping[str, float],
    reads: Mapping[str, frozenset[TableName]],
    found: Found,
    writes: Writes,
    constraints: Constraints,
) -> AdvisedChange:
    cover, *_ = _covers(index, dropped, found, constraints)
    touching = [query.id for query in found.queries if index.table in reads[query.id]]
    worst = max((standing[query].cost / first[query] - 1 for query in touching if first[query] > 0), default=0.0)
    dearer = "gets dearer" if worst < LEAST_SAID else f"gets dearer by more than {100 * worst:.1f} %"
    after = cover if isinstance(cover, Index) else None
    name = cover.name if isinstance(cover, ExistingIndex) else index_name(cover, proposal_hash(Action.CREATE, cover))
    which = "which stays and" if after is None else "which is advised and"
    reason = (
        f"All keys of {index.name} are the first ones of {name}, {which} can stand in for it: by the planner's estimate "
        f"no statement on the table {dearer} without it."
    )
    upkeep = upkeep_of_surplus(definition_of(index), found.catalog, writes) / (found.hours or 1.0)
    return replace(drop_of(index, reason, upkeep), after=after)
