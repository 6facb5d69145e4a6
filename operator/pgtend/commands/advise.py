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
from pgtend.commands.progress import Tell
from pgtend.commands.workload_files import GivenStatement, given_workload, read_workload_files
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.size import spendable
from pgtend.core.statement import Unusable, read_statement
from pgtend.core.upkeep import rows_counted
from pgtend.core.workload import observed_workload, since_reset, sum_by_fingerprint
from pgtend.domain.advice import Advice, Constraints, CostAnswer, CostRequest, SizeModel, Spent
from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, PgtendError
from pgtend.domain.index import Index
from pgtend.domain.workload import Load, Query, StatementKey, Workload
from pgtend.pipeline.advising import Constants, advise_on
from pgtend.pipeline.constants import read_values
from pgtend.pipeline.samples import Samples
from pgtend.ports import CostModel, Database
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import ConnectionTarget

MOST_ENTRIES = 2_000
"""Entries of pg_stat_statements that are looked at, those that took most time first."""
_TEXTS_AT_ONCE = 500
_SAMPLE_EVERY = 0.5
"""Seconds between two looks at running statements."""
_TELL_EVERY = 200
"""Plans between two lines of progress."""


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


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What the database and the workload's files hold."""

    identity: DatabaseIdentity
    catalog: Catalog
    workload: Workload
    constants: Constants


class NothingToLookAt(PgtendError):
    """The server has counted no statement of this database that advice can be given on."""


async def find_advice(target: ConnectionTarget, options: AdviseOptions, tell: Tell) -> Answer:
    """Read, plan, choose; ``tell`` is called with lines of progress. Ctrl-C ends the search with the best found so far, and the process before that.

    Raises WorkloadInvalid, NothingToLookAt, PrimaryRefused, ConnectionRefusedByTarget or StatementFailed.
    """
    limits = ConnectionLimits()
    with ending_at_once():
        read = await _read(target, limits, options, tell)
    tell(f"{len(read.workload.queries)} statements to look at, {len(read.workload.left_out)} left out")
    interruption = Interruption()
    with interruption.heeded(tell):
        advice, spent = await _advise(target, limits, read, options, tell, interruption)
    trial = None
    if options.trial is not None:
        standby = read.identity.standby
        trial = await run_trial(
            target, read.catalog, read.workload, advice.changes, options.trial, standby=standby, tell=tell
        )
    return Answer(
        database=read.identity.name,
        advice=advice,
        workload=read.workload,
        spent=spent,
        interrupted=interruption.asked,
        trial=trial,
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
        catalog = await database.read_catalog()
        if given is None and options.sample_seconds > 0:
            await _sample(database, catalog, samples, options.sample_seconds, tell)
        workload = await _workload(database, catalog, given, tell)
        values = await read_values(workload, catalog, database)
    if given is None and not workload.queries:
        raise NothingToLookAt(_nothing_to_look_at(identity.name, workload))
    constants = Constants(values=values, sampled=samples.by_fingerprint)
    return _Read(identity=identity, catalog=catalog, workload=workload, constants=constants)


def _nothing_to_look_at(database: str, workload: Workload) -> str:
    if not workload.left_out:
        which = f"pg_stat_statements has counted no statement of the database {database} since its last reset."
    else:
        heaviest = max(workload.left_out, key=lambda each: each.share)
        which = (
            f"None of the {len(workload.left_out)} statements that pg_stat_statements has counted in the database {database} can be "
            f"advised on. The heaviest ({heaviest.id}): {heaviest.reason}"
        )
    return f"{which} Let the application run for a while, or name its statements with --workload."


async def _sample(database: Database, catalog: Catalog, samples: Samples, seconds: float, tell: Tell) -> None:
    """Look at what sessions run, twice a second."""
    tell(f"Looking at running statements for {seconds:.0f} s; their constants stay in memory")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.to_thread(samples.take, await database.read_activity(), catalog)
        await asyncio.sleep(_SAMPLE_EVERY)
    count = len(samples.by_fingerprint)
    tell(f"Constants of {count} {'statement' if count == 1 else 'statements'} seen")


async def _workload(
    database: Database, catalog: Catalog, given: Sequence[GivenStatement] | None, tell: Tell
) -> Workload:
    if given is not None:
        return given_workload(tuple(given), catalog)
    await _refuse_blindness(database, tell)
    return await _observed(database, catalog)


async def _refuse_blindness(database: Database, tell: Tell) -> None:
    """Stop where statements cannot be seen; say what else is missing."""
    for finding in await database.inspect():
        if finding.fatal:
            raise ConnectionRefusedByTarget(finding)
        if finding.aspect is not Aspect.WHAT_IF:
            tell(finding.message)


async def _observed(database: Database, catalog: Catalog) -> Workload:
    """All that pg_stat_statements has counted since its last reset."""
    snapshot = await database.read_counters()
    change = since_reset(snapshot)
    heaviest = sorted(change.loads, key=lambda key: (-change.loads[key].total_ms, repr(key)))[:MOST_ENTRIES]
    queries: dict[str, Query] = {}
    fingerprints: dict[StatementKey, str] = {}
    left_out: dict[str, tuple[str, Load]] = {}
    for start in range(0, len(heaviest), _TEXTS_AT_ONCE):
        for text in await database.read_texts(heaviest[start : start + _TEXTS_AT_ONCE]):
            load = change.loads[text.key]
            query = read_statement(text.text, catalog, text.search_path)
            if isinstance(query, Unusable):
                name = f"queryid {text.key.queryid}"
                earlier = left_out.get(name)
                left_out[name] = (query.reason, load if earlier is None else earlier[1] + load)
            else:
                fingerprints[text.key] = query.fingerprint
                queries[query.fingerprint] = query
    hours = change.elapsed.total_seconds() / 3600
    written = rows_counted(catalog, snapshot.at, hours)
    return observed_workload(sum_by_fingerprint(change.loads, fingerprints), queries, hours, left_out, written)


def _constraints(options: AdviseOptions) -> Constraints:
    """As asked for, with room for estimates that are too small; a budget in HypoPG's bytes is for comparison, and taken as it is."""
    if options.size_model is SizeModel.HYPOPG:
        return options.constraints
    return replace(options.constraints, storage_budget=spendable(options.constraints.storage_budget))


async def _advise(
    target: ConnectionTarget,
    limits: ConnectionLimits,
    read: _Read,
    options: AdviseOptions,
    tell: Tell,
    interruption: Interruption,
) -> tuple[Advice, Spent]:
    constraints = _constraints(options)
    try:
        async with open_cost_model(target, limits, read.catalog, size_model=options.size_model) as model:
            told = _Told(model, tell)
            advice = await advise_on(
                read.workload, read.catalog, constraints, read.constants, told, lambda: interruption.asked
            )
            return advice, model.spent
    except ConnectionRefusedByTarget as refusal:
        if refusal.finding.aspect is not Aspect.WHAT_IF or refusal.finding.fatal:
            raise
        tell(refusal.finding.message)
        return advise_unvalidated(read.workload, read.catalog, constraints), Spent()


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
