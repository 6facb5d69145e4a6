"""The whole story of one advised change."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable

from pgtend.commands.answer import Answer, created_name, made_redundant, name_of, needs_analyze, statement_of
from pgtend.commands.figures import figure, percent_of
from pgtend.commands.shares import is_timed, share_saved
from pgtend.commands.sizes import show_size
from pgtend.commands.table_output import frequency, percent_less, plain
from pgtend.core.statement import shorten
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.recommendation import Action, Alternative, Evidence, Risk
from pgtend.postgres.ddl import describe_analyze


def render_story(change: AdvisedChange, answer: Answer, console: Console) -> None:
    """Statement, evidence, risk, the queries with the change of their plans, and what it was weighed against."""
    evidence = change.evidence
    creates = change.action is Action.CREATE
    console.print(plain(name_of(change), style="bold"))
    console.print(plain(f"{statement_of(change, concurrently=True)};"))
    if needs_analyze(change):
        console.print(plain(f"{describe_analyze(change.index.table_name)};"))
    console.print()
    console.print(plain(evidence.reason))
    console.print(_facts(change, answer))
    if evidence.queries:
        _heading(console, "Queries that it helps")
        console.print(Padding(plain(_TWO_COSTS, style="dim"), (0, 0, 0, 2)))
        for query in evidence.queries:
            console.print(Padding(plain(shorten(query.text)), (0, 0, 0, 2)))
            costs = f"cost {query.cost_before:,.0f} → {query.cost_after:,.0f}"
            told = ", ".join(part for part in (f"{costs}, {percent_less(query)}", frequency(query)) if part)
            console.print(Padding(plain(told, style="green"), (0, 0, 0, 4)))
            if query.plan_change:
                console.print(Padding(plain(query.plan_change), (0, 0, 0, 4)))
        if evidence.more_queries:
            console.print(Padding(plain(f"and {evidence.more_queries} more, which gain less"), (0, 0, 0, 2)))
    if evidence.alternatives:
        _heading(console, "What else was looked at for these queries, in its place")
        for alternative in evidence.alternatives:
            console.print(Padding(plain(_weighed(alternative, evidence)), (0, 0, 0, 2)))
    _heading(console, f"Risk: {evidence.risk}")
    console.print(Padding(plain(evidence.risk_reason or (_NO_DOUBT if creates else _NOTHING_PLANNED)), (0, 0, 0, 2)))
    for line in _afterwards(change, answer):
        console.print(Padding(plain(line), (1, 0, 0, 0)))


_TWO_COSTS = (
    "Cost of one call with all that is advised but this index, and with all: beside other indexes the same query may cost less before. "
    "Where a query is planned with several constants, the mean of those with which this index helps."
)
_NO_DOUBT = "Nothing in the plans speaks against the estimates. They are estimates all the same: measure."
_NOTHING_PLANNED = "Any plan that used it can use the one that stays. Look before you drop it whether somebody names it (REINDEX, pg_hint_plan)."


def _facts(change: AdvisedChange, answer: Answer) -> RichTable:
    evidence, timed = change.evidence, answer.workload.hours is not None
    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    grid.add_row("", "")
    size = show_size(evidence.size_bytes)
    grid.add_row("size", size if change.action is Action.CREATE else f"{size}, which become free")
    share = share_saved(change, answer) if change.action is Action.CREATE else None
    if change.action is Action.CREATE:
        period = "an hour" if timed else "a run"
        grid.add_row("cost of the queries", f"{evidence.cost_before:,.0f} → {evidence.cost_after:,.0f} {period}")
        if timed:
            grid.add_row("time saved", f"{figure(evidence.saved_seconds_per_hour)} s an hour at the observed rate")
        if share is not None:
            grid.add_row(
                "share saved",
                f"{percent_of(share)} % of the {'time' if is_timed(answer) else 'cost'} of the whole workload",
            )
        grid.add_row("cost of upkeep", f"{evidence.write_cost:,.0f} {period}")
        unit = " s an hour" if timed else ""
        grid.add_row("priority", f"{figure(evidence.priority)}{unit} saved net of upkeep")
        grid.add_row("confirmed", "by a what-if plan" if evidence.validated else "by no plan: from statistics alone")
    elif evidence.write_cost < 0:
        grid.add_row("upkeep saved", f"{-evidence.write_cost:,.0f} {'an hour' if timed else 'a run'}")
    return grid


def _weighed(alternative: Alternative, evidence: Evidence) -> str:
    saved = evidence.cost_before - evidence.cost_after
    share = (evidence.cost_before - alternative.cost_after) / saved if saved > 0 else 0.0
    return f"({alternative.keys}): {100 * share:.0f} % of what this one saves, {show_size(alternative.size_bytes)}"


def _afterwards(change: AdvisedChange, answer: Answer) -> Iterator[str]:
    if change.after is not None:
        yield f"Only once {created_name(change.after)} is there and valid."
    going, staying = made_redundant(change, answer)
    if going:
        yield f"It takes the place of {', '.join(going)}, which can be dropped then."
    if staying:
        yield f"It has all that {', '.join(staying)} {'has' if len(staying) == 1 else 'have'}: look whether that is still needed."
    if change.evidence.risk is Risk.HIGH:
        yield "Try it on a copy first: pgtend advise --execute."


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(plain(text, style="bold"))
