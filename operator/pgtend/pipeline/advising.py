"""Lets the advisor's generator speak to a cost model: the one place where its questions meet a planner."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgtend.core.advise import advise
from pgtend.core.compression import compress, is_large
from pgtend.core.known_costs import NOTHING
from pgtend.core.planning import FIRST_AT_ONCE, Pool, next_batch
from pgtend.core.questions import Answers
from pgtend.domain.advice import Advice, Constraints, CostAnswer, CostRequest, CostsRequest, SizesRequest
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import ConnectionRefusedByTarget
from pgtend.domain.values import ValuesOfColumns
from pgtend.domain.workload import Query, Workload
from pgtend.pipeline.constants import with_constants
from pgtend.pipeline.time_taken import TimedModel
from pgtend.ports import CostModel

SHARE_FOR_CONSTANTS = 0.25
"""Of the time for planning: what may go into finding out which statements are heavy, and which constants agree with what ran."""


@dataclass(frozen=True, kw_only=True)
class Constants:
    """What there is to plan with in the place of parameters."""

    values: ValuesOfColumns = field(default_factory=dict)
    """Of pg_stats."""
    sampled: Mapping[str, Sequence[Query]] = field(default_factory=dict)
    """Texts with the constants of real calls, by fingerprint."""


async def advise_on(
    workload: Workload,
    catalog: Catalog,
    constraints: Constraints,
    constants: Constants,
    cost_model: CostModel,
    is_enough: Callable[[], bool] = lambda: False,
    on_loss: Callable[[ConnectionRefusedByTarget], None] | None = None,
) -> Advice:
    """Advice on the workload with constants put in, within the seconds of the constraints for both; see ``run_advisor``."""
    timed = TimedModel(cost_model)
    limit = math.inf if constraints.seconds is None else constraints.seconds

    def is_over() -> bool:
        return is_enough() or timed.seconds >= SHARE_FOR_CONSTANTS * limit

    answers = await _weigh(workload, timed, is_over)
    smaller = await asyncio.to_thread(compress, workload, catalog, answers)
    varied = await with_constants(smaller, catalog, constants.values, constants.sampled, timed, is_over)
    within = replace(constraints, seconds=max(limit - timed.seconds, 0.0))
    pool = Pool(answers={(id_, NOTHING): answer for id_, answer in answers.items()})
    return await run_advisor(advise(varied, catalog, within, pool), timed, is_enough, on_loss)


async def _weigh(workload: Workload, cost_model: CostModel, is_over: Callable[[], bool]) -> Mapping[str, CostAnswer]:
    """What each statement costs as things are, where there are too many to plan all and nobody has counted their time."""
    answers: dict[str, CostAnswer] = {}
    if not is_large(workload):
        return answers
    # Those that run most often first, for the time may not last for all.
    uncounted = sorted(
        (each for each in workload.queries if each.load is None and each.query.plannable),
        key=lambda each: (-each.weight, each.id),
    )
    start, size = 0, FIRST_AT_ONCE
    while start < len(uncounted) and not is_over():
        batch = uncounted[start : start + size]
        start += len(batch)
        began = time.monotonic()
        costs = await cost_model.costs([CostRequest(query=each.query) for each in batch])
        size = next_batch(len(batch), size, time.monotonic() - began)
        answers |= {each.id: answer for each, answer in zip(batch, costs, strict=True)}
    return answers


async def run_advisor(
    advisor: Generator[SizesRequest | CostsRequest, Answers, Advice],
    cost_model: CostModel,
    is_enough: Callable[[], bool] = lambda: False,
    on_loss: Callable[[ConnectionRefusedByTarget], None] | None = None,
) -> Advice:
    """Answer the advisor's questions until it has its advice. It computes beside the event loop, which goes on turning.

    Once ``is_enough`` it is told that its time is over, and answers with the best so far; so it has to have a limit of time.
    So it is where planning is refused, the server being lost, when ``on_loss`` is told of that; without ``on_loss`` that is raised.
    """
    answers: Answers | None = None
    timed = TimedModel(cost_model)
    started = 0.0
    is_lost = False
    while True:
        question = await asyncio.to_thread(_next_question, advisor, answers)
        asked = time.monotonic()
        if isinstance(question, Advice):
            return question
        if isinstance(question, SizesRequest):
            answers = Answers(sizes=await timed.sizes(question.indexes))
        else:
            try:
                answers = Answers(costs=await timed.costs(question.requests))
            except ConnectionRefusedByTarget as refusal:
                if on_loss is None:
                    raise
                on_loss(refusal)
                is_lost = True
                answers = Answers()
        answered, ended = time.monotonic(), timed.seconds
        answers = replace(answers, seconds=ended - started, planning_seconds=answered - asked)
        started = ended
        if is_lost or is_enough():
            answers = replace(answers, seconds=math.inf)


def _next_question(
    advisor: Generator[SizesRequest | CostsRequest, Answers, Advice], answers: Answers | None
) -> SizesRequest | CostsRequest | Advice:
    try:
        return next(advisor) if answers is None else advisor.send(answers)
    except StopIteration as done:
        advice: Advice = done.value
        return advice
