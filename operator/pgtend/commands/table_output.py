"""Advice as a person reads it: a table of the changes, what each helps, and what there is to know besides."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from pgtend.commands.answer import (
    Answer,
    bytes_created,
    bytes_dropped,
    created_name,
    name_of,
    short_form,
    short_name,
    shown_as,
)
from pgtend.commands.figures import figure, percent_change, percent_of, printable, span
from pgtend.commands.observed import describe_others
from pgtend.commands.shares import is_timed, seconds_per_hour, share_saved
from pgtend.commands.sizes import show_size
from pgtend.core.statement import shorten
from pgtend.core.trial import worst_with
from pgtend.core.wording import count_of, reduction
from pgtend.domain.advice import Advice, AdvisedChange, Spent
from pgtend.domain.recommendation import Action, HelpedQuery, Risk
from pgtend.domain.workload import UnplannableStatement

SHOWN_REASONS = 10
SHOWN_QUERIES = 3
"""Queries told of each index; --explain tells more."""
_STYLES = {Risk.LOW: "", Risk.MEDIUM: "yellow", Risk.HIGH: "bold red"}


def render_table(answer: Answer, console: Console) -> None:
    """For people, in the width that the console has."""
    advice = answer.advice
    if not advice.changes:
        console.print(_nothing(answer))
    else:
        console.print(_changes_table(answer))
        for number, change in enumerate(advice.changes, 1):
            console.print(_details(number, change))
        console.print()
        console.print("The whole story of one: --explain with its name or number. As SQL for psql: --output sql.")
    for line in _closing_lines(answer):
        console.print(Text(printable(line)))


def plain(text: str, style: str = "") -> Text:
    """A text as it is, without markup, and with nothing in it that steers a terminal."""
    return Text(printable(text), style=style)


def percent_less(query: HelpedQuery) -> str:
    """How much less a query would cost."""
    share = 100 * (1 - query.cost_after / query.cost_before) if query.cost_before > 0 else 0.0
    return f"{reduction(share)} % less"


def frequency(query: HelpedQuery) -> str:
    """How often it runs and how long it takes, where that was observed."""
    return f"{figure(query.calls_per_hour)} calls/h of {figure(query.mean_ms)} ms" if query.mean_ms > 0 else ""


def _nothing(answer: Answer) -> str:
    if answer.useless:
        return "Nothing can be advised: no statement could be used, for the reasons below."
    if not answer.advice.complete:
        return "Nothing can be advised yet: the search ended before it could judge."
    return "Nothing to advise: no index that could help and fits the limits saves enough."


def _changes_table(answer: Answer) -> RichTable:
    timed = is_timed(answer)
    table = RichTable(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Change", overflow="fold")
    table.add_column("Size", justify="right", no_wrap=True)
    heading = "Saves s/h\n(of all)" if timed else "Saves %\nof all cost"
    table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Risk", no_wrap=True)
    table.add_column("Helps\nqueries", justify="right", no_wrap=True)
    for number, change in enumerate(answer.advice.changes, 1):
        evidence = change.evidence
        creates = change.action is Action.CREATE
        table.add_row(
            str(number),
            plain(f"index on {short_form(change)}" if creates else f"drop index {short_name(change)}"),
            show_size(evidence.size_bytes if creates else -evidence.size_bytes),
            _saves(change, answer) if creates else "upkeep",
            _risk(change, answer),
            str(len(evidence.queries) + evidence.more_queries) if creates else "",
        )
    return table


def _saves(change: AdvisedChange, answer: Answer) -> str:
    """Seconds an hour with their share of all, or the share of the whole cost alone."""
    share = share_saved(change, answer)
    percent = "?" if share is None else percent_of(share)
    if is_timed(answer):
        seconds = figure(change.evidence.saved_seconds_per_hour)
        return seconds if share is None else f"{seconds} ({percent} %)"
    return percent


def _risk(change: AdvisedChange, answer: Answer) -> Text:
    """The estimate, or what was measured in its place: the greatest ratio of a query that used the index."""
    worst = None if answer.trial is None else worst_with(name_of(change), answer.trial)
    if worst is not None:
        return Text(f"measured ×{figure(worst)}", style="bold red" if worst > 1.1 else "")
    risk = change.evidence.risk
    return Text(risk, style=_STYLES[risk])


def _details(number: int, change: AdvisedChange) -> RichTable:
    """What stands below the table for one change: its name, what it helps and how, and its risk."""
    evidence = change.evidence
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    grid.add_row("", "", "")
    grid.add_row(str(number), "name", plain(name_of(change), style="bold"))
    if change.action is Action.DROP:
        grid.add_row("", "on", plain(short_form(change)))
        grid.add_row("", "why", plain(evidence.reason))
    if change.after is not None:
        grid.add_row("", "after", plain(f"only once {created_name(change.after)} is there and valid"))
    for query in evidence.queries[:SHOWN_QUERIES]:
        grid.add_row("", "helps", plain(shorten(query.text, 100)))
        told = ", ".join(part for part in (percent_less(query), frequency(query)) if part)
        grid.add_row("", "", plain(f"{told}: {query.plan_change}" if query.plan_change else told, style="green"))
    more = max(len(evidence.queries) - SHOWN_QUERIES, 0) + evidence.more_queries
    if more > 0:
        grid.add_row("", "", f"and {more:,} more")
    if not evidence.validated:
        grid.add_row("", "note", "no plan has confirmed it: from statistics alone")
    if evidence.risk is not Risk.LOW:
        grid.add_row("", "risk", plain(f"{evidence.risk}: {evidence.risk_reason}", style=_STYLES[evidence.risk]))
    if evidence.makes_redundant:
        grid.add_row("", "replaces", plain(", ".join(evidence.makes_redundant)))
    return grid


def _closing_lines(answer: Answer) -> Iterator[str]:
    advice = answer.advice
    yield ""
    if advice.cost_before > 0:
        change = percent_change(advice.cost_before, advice.cost_after)
        yield (
            f"Estimated cost of the workload: {advice.cost_before:,.0f} → {advice.cost_after:,.0f} ({change}){_bytes(advice)}. "
            "Estimates are not results: measure."
        )
    yield from _saving_lines(answer)
    if advice.gap is not None and advice.changes:
        gap = 100 * advice.gap
        yield (
            f"By the planner's cost alone no other set of the indexes that were thought of is better by more than "
            f"{'0.1' if gap < 0.05 else f'{gap:.1f}'} % within these limits; plans that tend to run longer than they cost were "
            "priced higher. Scans of whole indexes that were thought of for other queries are left out of account."
        )
    if not advice.complete:
        why = "The search was ended" if answer.interrupted or answer.lost else "The time for planning ran out"
        yield f"{why}: this is the best found until then."
    yield from advice.notes
    for warning in answer.warnings:
        yield f"Note: {warning.message}"
    since = "" if answer.workload.hours is None else f", as counted over {span(answer.workload.hours)}"
    yield (
        f"{count_of(len(answer.workload.queries), 'statement')} looked at{since}; "
        f"{count_of(answer.spent.explains, 'plan')} asked for in {answer.spent.seconds:.1f} s{_in_sessions(answer.spent)}."
    )
    others = answer.workload.others
    if others.statements:
        yield (
            f"Besides, {count_of(others.statements, 'statement')} that no index could help ({100 * others.share:.1f} % of all time "
            f"counted): {describe_others(others)}."
        )
    if advice.left_out:
        share = 100 * sum(each.share for each in advice.left_out)
        yield f"{count_of(len(advice.left_out), 'statement')} left out ({share:.1f} % of the load):"
        yield from _reasons(answer)


def _in_sessions(spent: Spent) -> str:
    return f", summed over {spent.sessions} sessions" if spent.sessions > 1 else ""


def _saving_lines(answer: Answer) -> Iterator[str]:
    """What stands in the column Saves."""
    creates = [change for change in answer.advice.changes if change.action is Action.CREATE]
    if not creates:
        return
    if is_timed(answer):
        saved = sum(change.evidence.saved_seconds_per_hour for change in creates)
        yield (
            f"Saves: seconds of execution in each hour, at the rate and the mean time that the server has counted, and their share of the "
            f"{figure(seconds_per_hour(answer))} s that all statements looked at take; {figure(saved)} s together."
        )
    elif all(share_saved(change, answer) is None for change in creates):
        yield (
            "Saves: not known, for without a planner nobody knows what the whole workload costs; below stands how much less each "
            "statement would read."
        )
    else:
        yield (
            "Saves: share of the estimated cost of the whole workload; below stands how much less each single statement would cost."
        )


def _bytes(advice: Advice) -> str:
    """What is added to and taken from the storage, where that is anything: the disk has to hold all before anything is dropped."""
    added, freed = bytes_created(advice), bytes_dropped(advice)
    if added and freed:
        return (
            f", with {show_size(added)} of new indexes and {show_size(freed)} of dropped ones: the disk needs {show_size(added)} more until "
            f"these are dropped, then {show_size(added - freed)}, which is what --storage-budget limits"
        )
    parts = [f"{show_size(added)} of new indexes"] if added else []
    parts += [f"{show_size(freed)} of dropped ones"] if freed else []
    return f", with {' and '.join(parts)}" if parts else ""


def _reasons(answer: Answer) -> Iterator[str]:
    """Why statements were left out, the reason that stands for most of the load first."""
    groups: dict[str, list[UnplannableStatement]] = {}
    for each in answer.advice.left_out:
        groups.setdefault(each.reason, []).append(each)
    shares = {reason: sum(each.share for each in group) for reason, group in groups.items()}
    ordered = sorted(groups, key=lambda reason: (-shares[reason], reason))
    for reason in ordered[:SHOWN_REASONS]:
        group = groups[reason]
        heaviest = max(group, key=lambda each: each.share)
        name = shown_as(answer, heaviest.id, 60)
        name = name if len(group) == 1 else f"{len(group)} ({name}, …)"
        yield f"  {name}, {100 * shares[reason]:.1f} %: {reason}"
    if len(ordered) > SHOWN_REASONS:
        yield f"  and for {len(ordered) - SHOWN_REASONS} more reasons; --output json lists all."
