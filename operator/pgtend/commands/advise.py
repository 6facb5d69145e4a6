"""`pgtend advise`: the advisor without a cluster, on one database, once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pgtend.commands.answer import Answer
from pgtend.commands.ctrl_c import Interruption, ending_at_once
from pgtend.commands.execute import TrialOptions, refuse_primary, run_trial
from pgtend.commands.observed import look_for_problems, read_observed, sample_constants
from pgtend.commands.options import USUAL_SESSIONS
from pgtend.commands.progress import Tell
from pgtend.commands.workload_files import given_workload, read_workload_files
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.size import spendable
from pgtend.core.wording import count_of
from pgtend.domain.advice import Advice, Constraints, CostAnswer, CostRequest, SizeModel, Spent
from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding
from pgtend.domain.index import Index
from pgtend.domain.workload import Workload
from pgtend.pipeline.advising import Constants, advise_on
from pgtend.pipeline.constants import read_values
from pgtend.pipeline.contents import look_into
from pgtend.pipeline.samples import Samples
from pgtend.ports import CostModel
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.failures import CONNECTION_LOST
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import ConnectionTarget

_TELL_EVERY = 200
"""Plans between two lines of progress."""
_WORTH_TELLING = 1_000
"""Statements in files that take a moment to read."""
LEAST_TO_PLAN = 0.25
"""Share of the limit of time that is left to planning, however long reading took: without a plan there is no advice."""
LEAST_SECONDS_TO_PLAN = 2.0
"""Seconds that are left to it, where the limit is as long: in less there is little to learn."""


@dataclass(frozen=True, kw_only=True)
class AdviseOptions:
    """What the command line asks for."""

    constraints: Constraints
    workload: Path | None = None
    size_model: SizeModel = SizeModel.PGTEND
    trial: TrialOptions | None = None
    """How to really run the queries with what is advised; None: not at all."""
    sample_seconds: float = 0.0
    """How long constants of running statements are looked for first; 0: not at all."""
    sessions: int = USUAL_SESSIONS
    """Sessions that plan side by side at most."""


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What the database and the workload's files hold."""

    identity: DatabaseIdentity
    catalog: Catalog
    workload: Workload
    constants: Constants
    warnings: tuple[Finding, ...]
    seconds: float
    """Which reading the statements and the statistics for them took."""


async def find_advice(target: ConnectionTarget, options: AdviseOptions, tell: Tell) -> Answer:
    """Read, plan, choose; ``tell`` is called with lines of progress. Ctrl-C ends the search with the best found so far, and the process before that.

    After that nothing is tried, whatever was asked for; Ctrl-C during the trial ends it with what was measured so far.

    Raises WorkloadInvalid, NothingCounted, PrimaryRefused, ConnectionRefusedByTarget or StatementFailed.
    """
    limits = ConnectionLimits(per_server=max(10, 5 * options.sessions))
    with ending_at_once():
        read = await _read(target, limits, options, tell)
    tell(f"{count_of(len(read.workload.queries), 'statement')} to look at, {len(read.workload.left_out)} left out")
    interruption = Interruption()
    with interruption.heeded(tell):
        advice, spent, unvalidated = await _advise(target, limits, read, options, tell, interruption)
    is_lost = any(each.reason == CONNECTION_LOST for each in unvalidated)
    trial = None
    # Who ended the search wants nothing more to be begun, and where the server was lost nothing can.
    if options.trial is not None and not interruption.asked and not is_lost:
        standby = read.identity.standby
        trial = await run_trial(
            target,
            read.catalog,
            read.workload,
            advice.changes,
            options.trial,
            constants=read.constants,
            standby=standby,
            tell=tell,
        )
    return Answer(
        database=read.identity.name,
        advice=advice,
        workload=read.workload,
        spent=spent,
        interrupted=interruption.asked,
        trial=trial,
        warnings=read.warnings + unvalidated,
    )


async def _read(target: ConnectionTarget, limits: ConnectionLimits, options: AdviseOptions, tell: Tell) -> _Read:
    """All that is there before anything is planned."""
    given = None if options.workload is None else read_workload_files(options.workload)
    samples = Samples()
    # Whoever runs the command may be the very role whose statements are to be helped, so none is taken for pgtend's own.
    async with open_observer(target, limits, own_roles=()) as database:
        identity = await database.identify()
        if options.trial is not None:
            refuse_primary(standby=identity.standby, options=options.trial)
        tell(f"Reading the catalog and statistics of {identity.name}")
        warnings = await look_for_problems(database, statements_needed=given is None)
        catalog = await database.read_catalog()
        began = time.monotonic()
        if given is not None:
            if len(given) >= _WORTH_TELLING:
                tell(f"Reading {len(given):,} statements")
            workload = await asyncio.to_thread(given_workload, given, catalog)
        else:
            if options.sample_seconds > 0:
                await sample_constants(database, catalog, samples, options.sample_seconds, tell)
                began = time.monotonic()  # that time was asked for by itself
            workload, more_warnings = await read_observed(database, catalog, identity.name)
            warnings += more_warnings
        values = await read_values(workload, catalog, database)
        catalog = await look_into(workload, catalog, database)
    constants = Constants(values=values, sampled=samples.by_fingerprint)
    return _Read(
        identity=identity,
        catalog=catalog,
        workload=workload,
        constants=constants,
        warnings=warnings,
        seconds=time.monotonic() - began,
    )


def limits_of(options: AdviseOptions, seconds_read: float) -> Constraints:
    """As asked for, with room for estimates that are too small; a budget in HypoPG's bytes is for comparison, and taken as it is.

    What reading took is taken from the limit of time, as far as ``LEAST_TO_PLAN`` of it stays and ``LEAST_SECONDS_TO_PLAN``.
    """
    asked = options.constraints
    if asked.seconds is not None:
        least = max(LEAST_TO_PLAN * asked.seconds, min(LEAST_SECONDS_TO_PLAN, asked.seconds))
        asked = replace(asked, seconds=max(asked.seconds - seconds_read, least))
    if options.size_model is SizeModel.HYPOPG:
        return asked
    return replace(asked, storage_budget=spendable(asked.storage_budget))


async def _advise(
    target: ConnectionTarget,
    limits: ConnectionLimits,
    read: _Read,
    options: AdviseOptions,
    tell: Tell,
    interruption: Interruption,
) -> tuple[Advice, Spent, tuple[Finding, ...]]:
    """The advice, what it cost, and why it was not tried by the planner where that was not possible."""
    constraints = limits_of(options, read.seconds)
    try:
        async with open_cost_model(
            target, limits, read.catalog, size_model=options.size_model, sessions=options.sessions
        ) as model:
            told = _Told(model, tell)
            lost: list[ConnectionRefusedByTarget] = []
            advice = await advise_on(
                read.workload, read.catalog, constraints, read.constants, told, lambda: interruption.asked, lost.append
            )
            if lost and not advice.changes:
                raise lost[0]
            return advice, model.spent, tuple(each.finding for each in lost)
    except ConnectionRefusedByTarget as refusal:
        if refusal.finding.aspect is not Aspect.WHAT_IF or refusal.finding.fatal:
            raise
        advice = await asyncio.to_thread(advise_unvalidated, read.workload, read.catalog, constraints)
        return advice, Spent(), (refusal.finding,)


class _Told:
    """A cost model that says how far it is; implements ports.CostModel."""

    def __init__(self, model: CostModel, tell: Tell) -> None:
        self._model = model
        self._tell = tell
        self._told = 0

    @property
    def spent(self) -> Spent:
        """What planning has cost so far."""
        return self._model.spent

    async def sizes(self, indexes: Sequence[Index]) -> tuple[int, ...]:
        """Passed on."""
        self._tell(f"{len(indexes)} candidate indexes")
        return await self._model.sizes(indexes)

    async def costs(self, requests: Sequence[CostRequest]) -> tuple[CostAnswer, ...]:
        """Passed on, with a line now and then."""
        answers = await self._model.costs(requests)
        spent = self.spent
        if spent.explains - self._told >= _TELL_EVERY or self._told == 0:
            self._told = spent.explains
            self._tell(f"{spent.explains} plans, {spent.seconds:.1f} s")
        return answers
