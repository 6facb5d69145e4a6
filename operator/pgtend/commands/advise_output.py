"""Advice as a person reads it (table), as psql takes it (sql), and as programs take it (json)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from pgtend.commands.sizes import show_size
from pgtend.core.canonical import index_name, proposal_hash
from pgtend.core.statement import shorten
from pgtend.domain.advice import Advice, AdvisedChange, Spent
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import UnplannableStatement, Workload
from pgtend.postgres.ddl import describe, describe_drop, describe_key

SHOWN_REASONS = 10
SHOWN_QUERIES = 20
JSON_FORM = 1
"""Version of the JSON form: fields may be added to it, and none is taken away or changes its meaning."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """All that `pgtend advise` found."""

    database: str
    advice: Advice
    workload: Workload
    spent: Spent


def render_sql(answer: Answer) -> str:
    """Nothing but SQL, for psql: not in one transaction, since each statement is CONCURRENTLY."""
    lines: list[str] = []
    for change in answer.advice.changes:
        lines += [f"-- {_one_line(change.evidence.reason)}", f"{_statement(change, concurrently=True)};"]
    return "\n".join(lines)


def render_json(answer: Answer) -> str:
    """One object; the fields are described in the documents."""
    advice = answer.advice
    creates = [change for change in advice.changes if change.action is Action.CREATE]
    drops = [change for change in advice.changes if change.action is Action.DROP]
    content = {
        "form": JSON_FORM,
        "database": answer.database,
        "indexes": [_index_object(change) for change in creates],
        "drops": [_drop_object(change) for change in drops],
        "cost": {"before": advice.cost_before, "after": advice.cost_after},
        "spent": {"explains": answer.spent.explains, "seconds": round(answer.spent.seconds, 3)},
        "statements": len(answer.workload.queries),
        "leftOut": [{"id": each.id, "reason": each.reason, "share": each.share} for each in advice.left_out],
        "notes": list(advice.notes),
        "complete": advice.complete,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def render_table(answer: Answer, console: Console) -> None:
    """For people."""
    advice = answer.advice
    if not advice.changes:
        console.print("Nothing to advise: no index of those that could help saves enough.")
    else:
        console.print(_changes_table(answer))
    for line in _closing_lines(answer):
        console.print(Text(line), soft_wrap=True)


def _changes_table(answer: Answer) -> RichTable:
    timed = any(change.evidence.saved_seconds_per_hour > 0 for change in answer.advice.changes)
    table = RichTable(box=None, pad_edge=False, header_style="bold")
    table.add_column("Change", overflow="fold")
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("Saves", justify="right", no_wrap=True)
    table.add_column("Queries", justify="right", no_wrap=True)
    for change in answer.advice.changes:
        evidence = change.evidence
        creates = change.action is Action.CREATE
        saves = f"{evidence.saved_seconds_per_hour:,.1f} s/h" if timed else f"{evidence.benefit_percent:.0f} %"
        definition = describe(change.index, None) if creates else _statement(change, concurrently=False)
        table.add_row(
            Text(definition.replace(" USING btree ", " ")),
            show_size(evidence.size_bytes if creates else -evidence.size_bytes),
            saves if creates else "upkeep",
            str(len(evidence.queries)) if creates else "",
        )
    return table


def _closing_lines(answer: Answer) -> Iterator[str]:
    advice = answer.advice
    added = sum(change.evidence.size_bytes for change in advice.changes if change.action is Action.CREATE)
    freed = sum(change.evidence.size_bytes for change in advice.changes if change.action is Action.DROP)
    yield ""
    if advice.cost_before > 0:
        gone = 100 * (1 - advice.cost_after / advice.cost_before)
        yield (
            f"Estimated cost of the workload: {advice.cost_before:,.0f} → {advice.cost_after:,.0f} (-{gone:.1f} %), with "
            f"{show_size(added)} more and {show_size(freed)} less of indexes. Estimates are not results: measure."
        )
    if not advice.complete:
        yield "The time for planning ran out: this is the best found until then."
    yield from advice.notes
    yield (
        f"{_count(len(answer.workload.queries), 'statement')} looked at; {_count(answer.spent.explains, 'plan')} asked for "
        f"in {answer.spent.seconds:.1f} s."
    )
    if advice.left_out:
        share = 100 * sum(each.share for each in advice.left_out)
        yield f"{_count(len(advice.left_out), 'statement')} left out ({share:.1f} % of the load):"
        yield from _reasons(advice)


def _reasons(advice: Advice) -> Iterator[str]:
    """Why statements were left out, the reason that stands for most of the load first."""
    groups: dict[str, list[UnplannableStatement]] = {}
    for each in advice.left_out:
        groups.setdefault(each.reason, []).append(each)
    shares = {reason: sum(each.share for each in group) for reason, group in groups.items()}
    ordered = sorted(groups, key=lambda reason: (-shares[reason], reason))
    for reason in ordered[:SHOWN_REASONS]:
        group = groups[reason]
        heaviest = max(group, key=lambda each: each.share)
        name = shorten(heaviest.id, 40) if len(group) == 1 else f"{len(group)} ({shorten(heaviest.id, 40)}, …)"
        yield f"  {name}, {100 * shares[reason]:.1f} %: {reason}"
    if len(ordered) > SHOWN_REASONS:
        yield f"  and for {len(ordered) - SHOWN_REASONS} more reasons; --output json lists all."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _statement(change: AdvisedChange, *, concurrently: bool) -> str:
    if change.action is Action.CREATE:
        return describe(change.index, _name(change), concurrently=concurrently)
    return describe_drop(change.index.schema, change.index.name or "", concurrently=concurrently)


def _name(change: AdvisedChange) -> str:
    return index_name(change.index, proposal_hash(change.action, change.index))


def _index_object(change: AdvisedChange) -> dict[str, object]:
    index, evidence = change.index, change.evidence
    return {
        "name": _name(change),
        "definition": _statement(change, concurrently=False),
        "schema": index.schema,
        "table": index.table,
        "method": index.method.value,
        "columns": [key.column or describe_key(key) for key in index.columns],
        "include": list(index.include),
        "sizeBytes": evidence.size_bytes,
        "validated": evidence.validated,
        "cost": {"before": evidence.cost_before, "after": evidence.cost_after},
        "savedSecondsPerHour": evidence.saved_seconds_per_hour,
        "writeCost": evidence.write_cost,
        "reason": evidence.reason,
        "queries": [
            {
                "fingerprint": query.fingerprint,
                "text": shorten(query.text),
                "callsPerHour": query.calls_per_hour,
                "meanMs": query.mean_ms,
                "cost": {"before": query.cost_before, "after": query.cost_after},
                "planChange": query.plan_change,
            }
            for query in evidence.queries[:SHOWN_QUERIES]
        ],
    }


def _drop_object(change: AdvisedChange) -> dict[str, object]:
    return {
        "name": change.index.name,
        "statement": _statement(change, concurrently=False),
        "schema": change.index.schema,
        "table": change.index.table,
        "sizeBytes": change.evidence.size_bytes,
        "reason": change.evidence.reason,
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
