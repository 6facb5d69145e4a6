"""Conditions and transitions as they stand in a status, after the Kubernetes API conventions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pgtend.domain.recommendation import ConditionStatus
from pgtend.kube.resources.fields import Observed, Sentence, Time, Word


class Condition(Observed):
    """One aspect of the object's state."""

    type: Annotated[Word, Field(description="Which aspect this is.")]
    status: Annotated[
        ConditionStatus, Field(description="Whether it holds: True, False, or Unknown while nobody can tell yet.")
    ]
    reason: Annotated[Word, Field(description="Why, in one CamelCase word for programs.")]
    message: Annotated[Sentence, Field(description="Why, in a sentence for people, with what can be done about it.")]
    since: Annotated[
        Time,
        Field(
            alias="lastTransitionTime",
            description="When the status last became another; a new reason alone changes nothing here.",
        ),
    ]
    observed_generation: Annotated[
        int,
        Field(
            description="The metadata.generation that this was said of; older than the present one means: not looked at yet."
        ),
    ] = 0


class Transition(Observed):
    """A change of a condition, as it was at that moment."""

    at: Annotated[Time, Field(description="When it happened.")]
    type: Annotated[Word, Field(description="The condition that changed.")]
    status: Annotated[ConditionStatus, Field(description="What it became.")]
    reason: Annotated[Word, Field(description="Why, in one word.")]
    message: Annotated[Sentence, Field(description="Why, in a sentence.")]
