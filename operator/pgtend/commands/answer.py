"""What `pgtend advise` found, and what each change is called in all of its outputs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from pgtend.core.canonical import index_name, proposal_hash
from pgtend.core.statement import shorten
from pgtend.domain.advice import Advice, AdvisedChange, Spent
from pgtend.domain.finding import Finding
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action
from pgtend.domain.trial import Trial
from pgtend.domain.workload import Workload
from pgtend.postgres.ddl import describe, describe_drop, identifier, readable
from pgtend.postgres.failures import CONNECTION_LOST

_OPERATOR = re.compile(r" OPERATOR\(pg_catalog\.([-+*/<>=~!@#%^&|`?]+)\) ")
_KEY_OF_JSON = re.compile(r" OPERATOR\(pg_catalog\.(->>?)\) ('(?:[^']|'')*')::pg_catalog\.text")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """All that `pgtend advise` found."""

    database: str
    advice: Advice
    workload: Workload
    spent: Spent
    interrupted: bool = False
    """Whether a person ended the search."""
    trial: Trial | None = None
    """What really running the queries measured, where that was asked for and the search was not ended before."""
    warnings: tuple[Finding, ...] = ()
    """What is missing on the server, or should be known of what it has counted."""

    @property
    def lost(self) -> bool:
        """Whether the search ended with the best so far because all sessions were lost."""
        return any(each.reason == CONNECTION_LOST for each in self.warnings)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The texts of statements that were counted, by id: of thousands that were left out each asks for its own."""
        return {each.id: each.query.text for each in self.workload.queries if each.load is not None}

    @property
    def useless(self) -> bool:
        """Whether no statement at all could be used."""
        left_out = {each.id for each in self.advice.left_out}
        return all(query.statement in left_out for query in self.workload.queries)


def text_of(answer: Answer, id_: str) -> str:
    """The text of a statement that was counted, without constants, by its id or that of a variant of it; empty where it has a name of its own."""
    return answer.texts.get(id_) or answer.texts.get(id_.partition(" (")[0], "")


def shown_as(answer: Answer, id_: str, longest: int) -> str:
    """What people know a statement by: the name that its file gives it, or the beginning of its text where it was counted."""
    text = text_of(answer, id_)
    if not text:
        return shorten(id_, longest)
    _, bracket, variant = id_.partition(" (")
    return f"{shorten(text, longest)}{bracket}{variant}"


def name_of(change: AdvisedChange) -> str:
    """The name of the index: that which it would get, or that which it has."""
    return created_name(change.index) if change.action is Action.CREATE else change.index.name or ""


def created_name(index: Index) -> str:
    """The name that an index gets when it is made."""
    return index_name(index, proposal_hash(Action.CREATE, index))


def bytes_created(advice: Advice) -> int:
    """Estimated bytes of all indexes to create."""
    return sum(change.evidence.size_bytes for change in advice.changes if change.action is Action.CREATE)


def bytes_dropped(advice: Advice) -> int:
    """Bytes of all indexes to drop."""
    return sum(change.evidence.size_bytes for change in advice.changes if change.action is Action.DROP)


def statement_of(change: AdvisedChange, *, concurrently: bool) -> str:
    """The DDL for people and psql to read."""
    if change.action is Action.CREATE:
        return describe(change.index, name_of(change), concurrently=concurrently)
    return describe_drop(change.index.schema, name_of(change), concurrently=concurrently)


def short_form(change: AdvisedChange) -> str:
    """What it is on, as SQL has it: ``public.bookings (couple_id, wedding_date) WHERE paid``.

    The SQL that is run names operators by their schema; they are all of pg_catalog, so that people need not be shown that.
    """
    _, _, on = describe(change.index, "it").partition(" ON ")
    on = _KEY_OF_JSON.sub(r" \1 \2", on)
    on = _OPERATOR.sub(r" \1 ", on)
    return on.replace(" USING btree (", " (", 1).replace("pg_catalog.", "")


def short_name(change: AdvisedChange) -> str:
    """Schema and name of an index as SQL has them, with quotes where they are needed."""
    return readable(identifier(change.index.schema, name_of(change)))


def needs_analyze(change: AdvisedChange) -> bool:
    """Whether the planner guesses until the table is analyzed: it has no statistics of an expression before."""
    return change.action is Action.CREATE and any(key.expression is not None for key in change.index.columns)


def made_redundant(change: AdvisedChange, answer: Answer) -> tuple[list[str], list[str]]:
    """The existing indexes that it makes redundant, all of its schema: those that are advised to be dropped, and the others."""
    dropped = {(each.index.schema, each.index.name) for each in answer.advice.changes if each.action is Action.DROP}
    names = change.evidence.makes_redundant
    going = [name for name in names if (change.index.schema, name) in dropped]
    return going, [name for name in names if name not in going]


def find_change(answer: Answer, wanted: str) -> AdvisedChange | None:
    """The change of that name (with or without its schema), or of that number in the table; of one name in two schemas the first."""
    changes = answer.advice.changes
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= len(changes):
        return changes[int(wanted) - 1]
    return next(
        (
            each
            for each in changes
            if wanted in (name_of(each), f"{each.index.schema}.{name_of(each)}", short_name(each))
        ),
        None,
    )
