"""What an advisor asks and answers: what-if requests, and the advice that comes of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgtend.domain.index import Index
from pgtend.domain.plan import PlanShape
from pgtend.domain.recommendation import Action, Evidence
from pgtend.domain.workload import Coverage, Query, UnplannableStatement


@dataclass(frozen=True, kw_only=True)
class CostRequest:
    """Plan ``query`` as if ``shown`` were there and the existing indexes with the OIDs ``hidden`` were not."""

    query: Query
    shown: tuple[Index, ...] = ()
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlanCost:
    """The planner's answer: total cost in its own units, which of the shown indexes it uses, and the plan: in one line, and its shape."""

    cost: float
    used: frozenset[Index]
    summary: str = ""
    shape: PlanShape = ()
    """Empty where the cost model knows no plan."""


@dataclass(frozen=True, kw_only=True)
class Unplannable:
    """The planner could not or must not plan this query; a sentence of our own, never the server's text."""

    reason: str


CostAnswer = PlanCost | Unplannable


class SizeModel(StrEnum):
    """By which model the size of an index that is not there yet is estimated."""

    PGTEND = "pgtend"
    """By pgtend's own model, ``pgtend.core.size``."""
    HYPOPG = "hypopg"
    """By HypoPG, which knows nothing of deduplication: for comparison with figures that were published for it."""


@dataclass(frozen=True, kw_only=True)
class SizesRequest:
    """Ask for the sizes of indexes, in bytes, in the order given."""

    indexes: tuple[Index, ...]


@dataclass(frozen=True, kw_only=True)
class CostsRequest:
    """Ask for a batch of plans, answered in the order given."""

    requests: tuple[CostRequest, ...]


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What what-if planning has cost the server so far."""

    explains: int = 0
    seconds: float = 0.0
    """Summed over sessions that work side by side."""
    sessions: int = 0
    """How many were opened at most."""


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What advice has to respect."""

    storage_budget: int | None = None
    """Bytes that may be added, net of what is dropped; None: no limit."""
    max_indexes_per_table: int = 10
    """Indexes that a table may have once the advice is followed, those that it has and keeps included."""
    max_width: int = 3
    """Keys of one index."""
    plain_only: bool = False
    """Whether only B-trees on columns are thought of: none on expressions, with INCLUDE, on a part of the rows, or BRIN."""
    beside_wider: bool = False
    """Whether an index is thought of where an existing one begins with its keys.

    The planner takes rows to lie less in the order of an index of several keys (it multiplies the correlation by 0.75,
    ``btcostestimate`` in selfuncs.c), so that it sees a gain where there is none: for comparison with published figures only.
    """
    seconds: float | None = None
    """Time of planning and computing after which the best set so far is the answer."""
    tolerance: float = 0.01
    """The search ends when no set can be better than the chosen one by more than this share."""
    unwanted: frozenset[Index] = frozenset()
    """Indexes that are not to be advised, nor others that begin with the same key: rejected by a person, or made before and taken back."""
    minimum_gain: float = 0.002
    """Share of the workload's cost that an index must save to be worth proposing."""
    single_steps: bool = False
    """Whether each change is decided by itself, as an operator's are: then nothing rests on another that may never be made.

    What the same advice drops frees neither bytes nor a place on its table until it is gone.
    """
    kept: frozenset[str] = frozenset()
    """Existing indexes, as schema.name, that are not to be dropped."""
    unsettled: frozenset[str] = frozenset()
    """Existing indexes, as schema.name, that may not stay: none is dropped because of them."""
    price_risk: bool = True
    """Whether plans are chosen by what they are taken to cost (core/plan_price); False: by the planner's cost alone."""


@dataclass(frozen=True, kw_only=True)
class AdvisedChange:
    """One index to create or drop, with its evidence."""

    action: Action
    index: Index
    evidence: Evidence
    after: Index | None = None
    """The advised index that must be there before this change is made; None where it needs none."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The chosen changes, most useful first."""

    changes: tuple[AdvisedChange, ...]
    cost_before: float
    cost_after: float
    gap: float | None = None
    """Share of cost and upkeep by which some other set of the candidates may be better, within the same limits; None: not known."""
    left_out: tuple[UnplannableStatement, ...] = ()
    notes: tuple[str, ...] = ()
    coverage: Coverage | None = None
    """Which statements were planned, where there were too many for all."""
    complete: bool = True
    """False when a deadline ended the search early."""
