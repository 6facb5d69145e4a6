"""What a trial measured, for people."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from pgtend.commands.answer import Answer, shown_as, text_of
from pgtend.commands.figures import figure
from pgtend.commands.table_output import plain
from pgtend.core.statement import shorten
from pgtend.core.trial import change_of, ratio_of
from pgtend.domain.trial import Change, TimedQuery, Trial

_STYLES = {
    Change.FASTER: "green",
    Change.SLOWER: "bold red",
    Change.SAME: "",
    Change.SAME_PLAN: "dim",
    Change.TIMED_OUT: "yellow",
    Change.NOT_COMPARED: "",
}
_WORDS = {Change.SAME: "", Change.NOT_COMPARED: "", Change.SAME_PLAN: "Same plan", Change.TIMED_OUT: "Timed out"}
_SHOWN_REASONS = 5
NOT_TRIED = "Nothing was built and no query was run, since the search was ended before."


def render_trial(trial: Trial, answer: Answer, console: Console) -> None:
    """Milliseconds of each query without and with the indexes, and the sum."""
    console.print()
    if trial.queries:
        console.print(_table(trial, answer))
    for line in _lines(trial, answer):
        console.print(plain(line))


def _table(trial: Trial, answer: Answer) -> RichTable:
    table = RichTable(box=None, pad_edge=False, header_style="bold")
    table.add_column("Measured", overflow="fold")
    for heading in ("without", "with", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for query in sorted(trial.queries, key=lambda each: -(ratio_of(each) or 0.0)):
        ratio, change = ratio_of(query), change_of(query)
        table.add_row(
            plain(_name_and_text(query, answer)),
            _milliseconds(query.before_ms),
            _milliseconds(query.after_ms),
            "" if ratio is None else figure(ratio),
            Text(_WORDS.get(change, change), style=_STYLES[change]),
        )
    return table


def _name_and_text(query: TimedQuery, answer: Answer) -> str:
    """The text, behind the name that a file gave it."""
    name = shown_as(answer, query.id, 60)
    return name if text_of(answer, query.id) else f"{name}: {shorten(query.text, 80)}"


def _milliseconds(times: tuple[float, ...]) -> str:
    return f"{figure(median(times))} ms" if times else ""


def _lines(trial: Trial, answer: Answer) -> Iterator[str]:
    compared = [query for query in trial.queries if ratio_of(query) is not None]
    if compared:
        before, after = (sum(map(median, side)) for side in _sides(compared))
        slower = sum(change_of(query) is Change.SLOWER for query in compared)
        same_plan = sum(query.same_plan for query in compared)
        yield ""
        yield (
            f"All {len(compared)} that can be compared, each once: {figure(before)} → {figure(after)} ms{_times(before, after)}; "
            f"slower by another plan, and by more than the runs vary: {slower}; with the same plan: {same_plan}."
        )
    if not trial.complete:
        yield f"{'The trial was ended by Ctrl-C' if trial.interrupted else 'The trial ended early'}: this is what was measured until then."
    if trial.built:
        yield f"Built for it: {', '.join(trial.built)}. {_afterwards(trial)}"
    yield from errors_of(trial)
    yield from trial.notes
    for skipped in trial.skipped[:_SHOWN_REASONS]:
        yield f"Not run: {shown_as(answer, skipped.id, 60)}. {skipped.reason}"
    if len(trial.skipped) > _SHOWN_REASONS:
        yield f"Not run: {len(trial.skipped) - _SHOWN_REASONS} more; --output json lists all."


def _afterwards(trial: Trial) -> str:
    if trial.kept:
        return "They were left there."
    return "They were dropped again but for what is named below." if trial.left else "They were dropped again."


def errors_of(trial: Trial) -> tuple[str, ...]:
    """What a person has to know or do: what was left on the server first."""
    left = (f"{each.name} is still there. {each.reason} Remove it: {each.statement}" for each in trial.left)
    return (*left, *trial.problems)


def _times(before: float, after: float) -> str:
    return f" (×{figure(after / before)})" if before > 0 else ""


def _sides(compared: list[TimedQuery]) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    return [query.before_ms for query in compared], [query.after_ms for query in compared]
