"""Advice as psql takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgtend.commands.answer import Answer, created_name, needs_analyze, statement_of
from pgtend.commands.figures import printable
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.recommendation import Action, Risk
from pgtend.postgres.ddl import describe_analyze

_INCOMPLETE = "-- Incomplete: the search was ended early, and this is the best of what it had seen until then."


def render_sql(answer: Answer) -> str:
    """Nothing but SQL and comments: not for one transaction, since each statement is CONCURRENTLY.

    No statement says IF NOT EXISTS: it would take the invalid remains of a build that failed for the index.
    """
    dropped = {
        (change.index.schema, change.index.name) for change in answer.advice.changes if change.action is Action.DROP
    }
    lines = [line for change in answer.advice.changes for line in _lines(change, dropped)]
    notes = [f"-- Note: {_one_line(note)}" for note in answer.advice.notes]
    return "\n".join([*([] if answer.advice.complete else [_INCOMPLETE]), *notes, *lines])


def _lines(change: AdvisedChange, dropped: Collection[tuple[str, str | None]]) -> Iterator[str]:
    evidence = change.evidence
    yield f"-- {_one_line(evidence.reason)}"
    if evidence.risk is not Risk.LOW:
        yield f"-- Risk {evidence.risk}: {_one_line(evidence.risk_reason)}"
    needless = [name for name in evidence.makes_redundant if (change.index.schema, name) not in dropped]
    if needless:
        yield f"-- Look afterwards whether these are still needed: {_one_line(', '.join(needless))}."
    if change.after is not None:
        yield f"-- Only once {_one_line(created_name(change.after))} is there and valid: psql -v ON_ERROR_STOP=1 sees to that."
    yield f"{statement_of(change, concurrently=True)};"
    if needs_analyze(change):
        yield f"{describe_analyze(change.index.table_name)};"


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))
