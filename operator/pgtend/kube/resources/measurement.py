"""A measurement under way and what came of it, as they stand in a recommendation's status.

The operator carries on from here after a restart, so these are exact numbers and not a report.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pgtend.domain.verification import TreatedRole, Verdict
from pgtend.kube.resources.fields import ATOMIC, Line, Observed, Sentence, Time, Word, first

MOST_STATEMENTS = 200


class SeriesSummary(Observed):
    """Sums over one window of time slices, from which mean, variance and autocorrelation follow."""

    n: Annotated[int, Field(description="Number of slices.")] = 0
    total: Annotated[float, Field(description="Sum of the values.")] = 0.0
    squares: Annotated[float, Field(description="Sum of their squares.")] = 0.0
    lagged: Annotated[float, Field(description="Sum of the products of neighbours.")] = 0.0
    first: Annotated[float | None, Field(description="The first value.")] = None
    last: Annotated[float | None, Field(description="The last value.")] = None


class Load(Observed):
    """How often a statement ran and how long it took."""

    calls: Annotated[int, Field(description="Number of calls.")]
    total_ms: Annotated[float, Field(description="Execution time of all calls, in milliseconds.")]
    rows: Annotated[int, Field(description="Rows returned or touched.")] = 0
    blocks_hit: Annotated[int, Field(description="Blocks found in shared buffers.")] = 0
    blocks_read: Annotated[int, Field(description="Blocks read from outside shared buffers.")] = 0


class TreatedStatement(Observed):
    """A statement that the change can touch."""

    fingerprint: Annotated[Word, Field(description="The statement's identity.")]
    role: Annotated[
        TreatedRole, Field(description="Helped: it should gain. Touching: it uses the table, so it might suffer.")
    ]
    weight: Annotated[float, Field(description="Share in the time of all such statements before the change, 0 to 1.")]
    before: Annotated[SeriesSummary, Field(description="The slices before the change.")]
    after: Annotated[SeriesSummary, Field(description="The slices after the change.")]
    load_before: Annotated[Load, Field(description="The load over the slices before the change.")]
    load_after: Annotated[Load, Field(description="The load over the slices after the change.")]


class ControlStatement(Observed):
    """A statement that the change cannot touch: it tells how the load drifts by itself."""

    fingerprint: Annotated[Word, Field(description="The statement's identity.")]
    weight: Annotated[float, Field(description="Its weight among the controls, 0 to 1.")]
    level: Annotated[float, Field(description="Mean logarithm of its milliseconds a call before the change.")]


class Measurement(Observed):
    """The state of the measurement."""

    slice_seconds: Annotated[float, Field(description="Length of one time slice in seconds.")]
    before_from: Annotated[Time, Field(description="Start of the window before the change.")]
    before_to: Annotated[Time, Field(description="End of the window before the change.")]
    treated: Annotated[
        tuple[TreatedStatement, ...],
        *first(MOST_STATEMENTS),
        Field(description="Statements that the change can touch.", json_schema_extra=ATOMIC),
    ]
    controls: Annotated[
        tuple[ControlStatement, ...],
        *first(MOST_STATEMENTS),
        Field(description="Statements that it cannot touch, for comparison.", json_schema_extra=ATOMIC),
    ]
    since: Annotated[Time | None, Field(description="Start of the window after the change.")] = None
    until: Annotated[Time | None, Field(description="End of the last slice that was taken in.")] = None
    restarts: Annotated[int, Field(description="How often the window had to start again.")] = 0
    restart_reason: Annotated[Sentence, Field(description="Why it last started again.")] = ""


class StatementEffect(Observed):
    """What was measured for one statement."""

    fingerprint: Annotated[Word, Field(description="The statement's identity.")]
    role: Annotated[TreatedRole, Field(description="Helped: it should gain. Touching: it might suffer.")]
    before_ms: Annotated[float, Field(description="Mean milliseconds a call before the change.")]
    after_ms: Annotated[float, Field(description="Mean milliseconds a call after the change.")]
    percent: Annotated[
        float, Field(description="Change relative to the controls, in percent: -40 means that it takes 40 % less time.")
    ]
    p_value: Annotated[float, Field(description="Probability of such a difference without any effect.")]
    slices_before: Annotated[int, Field(description="Time slices before the change.")]
    slices_after: Annotated[int, Field(description="Time slices after the change.")]
    text: Annotated[Line, Field(description="The statement without its constants and comments, cut short.")] = ""


class Judgement(Observed):
    """What the measurement says."""

    verdict: Annotated[
        Verdict, Field(description="Measuring until it is sure; then Improved, Regressed, Ineffective or Inconclusive.")
    ]
    message: Annotated[Sentence, Field(description="The verdict in a sentence.")]
    effects: Annotated[
        tuple[StatementEffect, ...],
        *first(MOST_STATEMENTS),
        Field(description="The effect on each statement.", json_schema_extra=ATOMIC),
    ] = ()
    percent: Annotated[
        float | None,
        Field(
            description="Change over the helped statements (of a drop: all on the table) by their time, in percent; negative is faster."
        ),
    ] = None
