"""Lets the advisor's generator speak to a cost model: the one place where its questions meet a planner."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Generator
from dataclasses import replace

from pgtend.core.search import Answers
from pgtend.domain.advice import Advice, CostsRequest, SizesRequest
from pgtend.ports import CostModel


async def run_advisor(
    advisor: Generator[SizesRequest | CostsRequest, Answers, Advice],
    cost_model: CostModel,
    is_enough: Callable[[], bool] = lambda: False,
) -> Advice:
    """Answer the advisor's questions until it has its advice. It computes beside the event loop, which goes on turning.

    Once ``is_enough`` it is told that its time is over, and answers with the best so far; so it has to have a limit of time.
    """
    answers: Answers | None = None
    started = time.monotonic()
    while True:
        question = await asyncio.to_thread(_next_question, advisor, answers)
        if isinstance(question, Advice):
            return question
        if isinstance(question, SizesRequest):
            answers = Answers(sizes=await cost_model.sizes(question.indexes))
        else:
            answers = Answers(costs=await cost_model.costs(question.requests))
        answered = time.monotonic()
        answers = replace(answers, seconds=answered - started)
        started = answered
        if is_enough():
            answers = replace(answers, seconds=math.inf)


def _next_question(
    advisor: Generator[SizesRequest | CostsRequest, Answers, Advice], answers: Answers | None
) -> SizesRequest | CostsRequest | Advice:
    try:
        return next(advisor) if answers is None else advisor.send(answers)
    except StopIteration as done:
        advice: Advice = done.value
        return advice
