"""Advice as psql takes it."""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.commands.answer import Answer, created_name, made_redundant, needs_analyze, statement_of
from pgtend.commands.figures import printable
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.recommendation import Risk
from pgtend.postgres.ddl import describe_analyze

_INCOMPLETE = "-- Incomplete: the search was ended early, and this is the best of what it had seen until then."


def render_sql(answer: Answer) -> str:
    """Nothing but SQL and comments: not for one transaction, since each statement is CONCURRENTLY.

    No statement says IF NOT EXISTS: it would take the invalid remains of a build that failed for the index.
    """
    lines = [line for change in answer.advice.changes for line in _lines(change, answer)]
    notes = [f"-- Note: {_one_line(note)}" for note in answer.advice.notes]
    return "\n".join([*([] if answer.advice.complete else [_INCOMPLETE]), *notes, *lines])


def _lines(change: AdvisedChange, answer: Answer) -> Iterator[str]:
    evidence = change.evidence
    yield f"-- {_one_line(evidence.reason)}"
    if evidence.risk is not Risk.LOW:
        yield f"-- Risk {evidence.risk}: {_one_line(evidence.risk_reason)}"
    _, staying = made_redundant(change, answer)
    if staying:
        yield f"-- Look afterwards whether these are still needed: {_one_line(', '.join(staying))}."
    if change.after is not None:
        yield f"-- Only once {_one_line(created_name(change.after))} is there and valid: psql -v ON_ERROR_STOP=1 sees to that."
    yield f"{statement_of(change, concurrently=True)};"
    if needs_analyze(change):
        yield f"{describe_analyze(change.index.table_name)};"


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
