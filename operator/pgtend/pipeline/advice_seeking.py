"""When advice is due, from which load, and by which way of planning."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from pgtend.core.conditions import TERMINAL_REASONS
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.size import spendable
from pgtend.core.what_was_planned import findings_on_coverage, findings_on_left_out
from pgtend.core.workload import accumulate, observed_workload, sum_rows_written
from pgtend.core.worthwhile import worth_measuring
from pgtend.domain.advice import Advice, Constraints, Spent
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding
from pgtend.domain.index import Index
from pgtend.domain.policy import Policy, WhatIfSource
from pgtend.domain.policy_status import RecommendationSummary
from pgtend.domain.recommendation import Action, ApprovalState, ConditionStatus, ConditionType, Recommendation
from pgtend.domain.verification import Verdict
from pgtend.domain.workload import Load, Workload
from pgtend.pipeline.advising import Constants, advise_on
from pgtend.pipeline.collecting import keep_loads
from pgtend.pipeline.constants import read_values
from pgtend.pipeline.contents import look_into
from pgtend.pipeline.facts import is_applied, storage_added
from pgtend.pipeline.memory import Advised, Memory
from pgtend.pipeline.recommending import name_of
from pgtend.pipeline.summing_up import SHOWN
from pgtend.pipeline.surroundings import Ports, Scene, database_key

FIRST_EVIDENCE = timedelta(seconds=30)
"""The first advice comes after this, and after three looks at the counters, but never later than tuneInterval."""
LOOK_BACK = timedelta(hours=24)
"""The load of this time is what advice is given on."""
_UNSETTLED = frozenset({Verdict.MEASURING, Verdict.REGRESSED})
WHAT_IF_SECONDS = 60.0
"""What-if time of one advice on one database; what was found by then is the answer."""


async def seek_advice(scene: Scene, memory: Memory, ports: Ports) -> tuple[Advice | None, tuple[Finding, ...]]:
    """New advice when it is due, else None; with it the findings about what-if planning, which stand until the next."""
    if not is_advice_due(scene.policy, memory, scene.now):
        return None, memory.what_if_findings
    await keep_loads(scene.identity, memory, ports, scene.now)
    memory.statements.forget_unusable()
    workload = await _workload(scene, memory, ports)
    if not workload.queries:
        return None, memory.what_if_findings
    advice, memory.what_if_findings = await _advise(workload, scene, memory, ports)
    if advice is None:
        return None, memory.what_if_findings
    advice = replace(advice, changes=tuple(worth_measuring(advice.changes, scene.policy.verification)))
    statements = len(workload.queries) + len(workload.left_out)
    if not memory.what_if_findings:
        memory.what_if_findings = (*findings_on_left_out(advice, statements), *findings_on_coverage(advice))
    memory.advice = advice
    memory.next_advice = scene.now + scene.policy.tune_interval
    memory.advised = Advised(
        statements=statements,
        unplannable_share=sum(statement.share for statement in advice.left_out),
        next_advice=memory.next_advice,
        summaries=_preview(advice, scene),
    )
    return advice, memory.what_if_findings


def is_advice_due(policy: Policy, memory: Memory, now: datetime) -> bool:
    """Whether it is time for advice: for the first after three looks, then every tuneInterval."""
    if memory.next_advice is not None:
        return now >= memory.next_advice
    if memory.collecting_since is None:
        return False
    enough = max(FIRST_EVIDENCE, 3 * policy.collect_interval)
    return now - memory.collecting_since >= min(enough, policy.tune_interval)


async def _workload(scene: Scene, memory: Memory, ports: Ports) -> Workload:
    hours = await ports.history.hours(database_key(scene.identity), scene.now - LOOK_BACK)
    loads: dict[str, Load] = {}
    for hour in hours:
        loads = accumulate(loads, hour.statements)
    observed = sum(hour.seconds for hour in hours) / 3600
    # A statement may be remembered longer than a table that it reads.
    there = {
        name: query
        for name, query in memory.statements.queries.items()
        if query.relations <= scene.catalog.tables.keys()
    }
    return observed_workload(loads, there, observed, memory.unusable, sum_rows_written(hours))


async def _advise(
    workload: Workload, scene: Scene, memory: Memory, ports: Ports
) -> tuple[Advice | None, tuple[Finding, ...]]:
    """Advice with what there is to say about its planning; None where a session cannot be had now but may be at the next pass."""
    constraints, catalog = _constraints(scene), scene.catalog
    if scene.policy.what_if is WhatIfSource.OFF:
        message = (
            "spec.whatIf.source is Disabled: advice comes from statistics alone and is not validated by the planner."
        )
        finding = Finding(aspect=Aspect.WHAT_IF, reason="Disabled", message=message, fatal=False)
        async with ports.target.observe(scene.policy) as database:
            catalog = await look_into(workload, catalog, database)
        return await asyncio.to_thread(advise_unvalidated, workload, catalog, constraints), (finding,)
    try:
        async with ports.target.observe(scene.policy) as database:
            values = await read_values(workload, catalog, database)
            catalog = await look_into(workload, catalog, database)
        async with ports.target.plan(scene.policy, catalog) as model:
            constants = Constants(values=values, sampled=memory.samples.by_fingerprint)
            advice = await advise_on(workload, catalog, constraints, constants, model)
            memory.spent = _sum(memory.spent, model.spent)
    except ConnectionRefusedByTarget as refusal:
        if refusal.finding.aspect is not Aspect.WHAT_IF:
            raise
        # A session that was lost may have been lost by planning (HypoPG can crash a server): not again before the next advice.
        if refusal.finding.fatal and refusal.finding.reason != "ConnectionLost":
            return None, (refusal.finding,)
        return await asyncio.to_thread(advise_unvalidated, workload, catalog, constraints), (refusal.finding,)
    return advice, ()


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(
        explains=one.explains + other.explains,
        seconds=one.seconds + other.seconds,
        sessions=max(one.sessions, other.sessions),
    )


def _constraints(scene: Scene) -> Constraints:
    budgets = scene.policy.budgets
    left = None if budgets.index_storage is None else max(budgets.index_storage - storage_added(scene), 0)
    return Constraints(
        storage_budget=spendable(left),
        max_indexes_per_table=budgets.max_indexes_per_table,
        seconds=WHAT_IF_SECONDS,
        single_steps=True,
        kept=frozenset(_names(own_indexes(scene.recommendations))),
        unsettled=frozenset(_names(unsettled_indexes(scene.recommendations))),
        unwanted=frozenset(unwanted_indexes(scene.recommendations)),
    )


def unwanted_indexes(recommendations: tuple[Recommendation, ...]) -> Iterator[Index]:
    """Indexes that are not advised again, nor others next to them.

    Those that a person rejected and those that were made and taken back; and those that are made and still measured, or about to
    be taken back: what they are worth is being found out, and a near twin would be the same proposal once more.
    """
    for recommendation in recommendations:
        proposal, approval = recommendation.status.proposal, recommendation.status.approval
        if proposal is None or proposal.action is not Action.CREATE:
            continue
        applied = recommendation.status.condition(ConditionType.APPLIED)
        verified = recommendation.status.condition(ConditionType.VERIFIED)
        ended = applied is not None and applied.reason in TERMINAL_REASONS
        rejected = approval is not None and approval.state is ApprovalState.REJECTED
        unsettled = is_applied(recommendation) and (verified is None or verified.reason in _UNSETTLED)
        if ended or rejected or unsettled:
            yield proposal.index


def own_indexes(recommendations: tuple[Recommendation, ...]) -> Iterator[Recommendation]:
    """Those that stand for an index that was made and is there: pgtend takes it back where it hurts, and drops it for no other reason."""
    for recommendation in recommendations:
        proposal = recommendation.status.proposal
        if proposal is not None and proposal.action is Action.CREATE and is_applied(recommendation):
            yield recommendation


def unsettled_indexes(recommendations: tuple[Recommendation, ...]) -> Iterator[Recommendation]:
    """Those of them that were not found to help, so that they may go again: no other is dropped in their favour."""
    for recommendation in own_indexes(recommendations):
        verified = recommendation.status.condition(ConditionType.VERIFIED)
        if verified is None or verified.status is not ConditionStatus.TRUE:
            yield recommendation


def _names(recommendations: Iterable[Recommendation]) -> Iterator[str]:
    for recommendation in recommendations:
        if recommendation.status.proposal is not None:
            yield f"{recommendation.status.proposal.index.schema}.{recommendation.status.index_name}"


def _preview(advice: Advice, scene: Scene) -> tuple[RecommendationSummary, ...]:
    """The advice in a line each: in mode Observe it is shown nowhere else."""
    return tuple(
        RecommendationSummary(
            name=name_of(change, scene),
            action=change.action,
            table=str(change.index.table_name),
            benefit_percent=round(change.evidence.benefit_percent, 1),
            phase="Advised",
        )
        for change in advice.changes[:SHOWN]
    )
