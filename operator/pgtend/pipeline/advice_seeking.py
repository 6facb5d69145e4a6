"""Advice when it is due: from which load, and by which way of planning."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from pgtend.core.advice_terms import constraints_for, is_advice_due
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.summing_up import preview
from pgtend.core.what_was_planned import findings_on_coverage, findings_on_left_out
from pgtend.core.workload import accumulate, observed_workload, sum_rows_written
from pgtend.core.worthwhile import worth_measuring
from pgtend.domain.advice import Advice, Spent
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding
from pgtend.domain.policy import WhatIfSource
from pgtend.domain.policy_status import Advised
from pgtend.domain.scene import Scene, database_key
from pgtend.domain.workload import Load, Workload
from pgtend.pipeline.advising import Constants, advise_on
from pgtend.pipeline.collecting import keep_loads
from pgtend.pipeline.constants import read_values
from pgtend.pipeline.contents import look_into
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.surroundings import Ports

LOOK_BACK = timedelta(hours=24)
"""The load of this time is what advice is given on."""


async def seek_advice(scene: Scene, memory: Memory, ports: Ports) -> tuple[Advice | None, tuple[Finding, ...]]:
    """New advice when it is due, else None; with it the findings about what-if planning, which stand until the next."""
    if not is_advice_due(scene.policy, memory.next_advice, memory.collecting_since, scene.now):
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
        summaries=preview(advice, scene.policy),
    )
    return advice, memory.what_if_findings


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
    constraints, catalog = constraints_for(scene), scene.catalog
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
