"""TuningPolicy, the observed half: what the operator sees, does and waits for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pgtend.domain.policy import Aggressiveness, Mode
from pgtend.kube.resources.conditions import Condition
from pgtend.kube.resources.fields import ATOMIC, Line, ObjectName, Observed, Sentence, Time, Word, first, map_list


class Effective(Observed):
    """What holds now."""

    mode: Annotated[Mode, Field(description="The mode that holds now.")]
    aggressiveness: Annotated[Aggressiveness, Field(description="The aggressiveness that holds now.")]
    because: Annotated[Word, Field(description="Where that comes from: the spec, or what overrides it.")]


class RecommendationSummary(Observed):
    """One of the best recommendations."""

    name: Annotated[ObjectName, Field(description="Name of the IndexRecommendation (in mode Observe none is made).")]
    action: Annotated[Word, Field(description="Create, Drop or Rebuild.")]
    table: Annotated[Line, Field(description="The table.")]
    benefit_percent: Annotated[
        float, Field(description="Estimated share of the helped queries' cost that goes away, in percent.")
    ]
    phase: Annotated[Word, Field(description="Where it stands.")]


class Display(Observed):
    """What kubectl get shows; made from the rest, and read by nobody else."""

    sees: Annotated[Word, Field(description="How many statements of the database.")] = ""
    next: Annotated[Word, Field(description="When advice is looked for next, in UTC.")] = ""


class TuningPolicyStatus(Observed):
    """The operator's part."""

    observed_generation: Annotated[int, Field(description="The metadata.generation that the operator has looked at.")]
    message: Annotated[Sentence, Field(description="The one sentence that says why not, or what is waited for.")] = ""
    conditions: Annotated[
        tuple[Condition, ...],
        *first(16),
        Field(
            description=(
                "Ready is the summary: pgtend can do all that the policy asks for, building and dropping included, "
                "or does with less (no tuner is named, HypoPG is missing), and its reason says so; "
                "Connected, Permitted, WhatIf, TunerReady and Frozen say why. "
                "Use kubectl wait --for=condition=Ready."
            ),
            json_schema_extra=map_list("type"),
        ),
    ] = ()
    display: Annotated[Display | None, Field(description="What kubectl get shows.")] = None
    effective: Annotated[Effective, Field(description="What holds after everything that may override the spec.")]
    database: Annotated[Word, Field(description="The database and its server's version.")] = ""
    statements: Annotated[int, Field(description="Statements seen when advice was last looked for.")] = 0
    unplannable_share: Annotated[
        float, Field(description="Share of the load, 0 to 1, whose statements could not be planned.")
    ] = 0.0
    open_recommendations: Annotated[
        int, Field(description="Recommendations that wait for a decision or are under way.")
    ] = 0
    next_advice: Annotated[Time | None, Field(description="When advice is looked for next.")] = None
    recommendations: Annotated[
        tuple[RecommendationSummary, ...],
        *first(20),
        Field(description="The 20 best recommendations. In mode Observe they are here only.", json_schema_extra=ATOMIC),
    ] = ()
