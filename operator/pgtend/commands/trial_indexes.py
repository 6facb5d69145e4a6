"""The indexes of a trial: built under names of their own, and dropped again, whatever else bears such a name.

The name that the advice has for an index is the same each time, so that somebody may have made it, or have the invalid remains of
a build there. A trial therefore takes other names, unless what it builds is to stay; and it drops only what it knows by its OID.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from pgtend.commands.answer import name_of
from pgtend.commands.progress import Tell
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.finding import ConnectionRefusedByTarget, DefinitionRefused, StatementFailed
from pgtend.domain.recommendation import Action
from pgtend.domain.trial import LeftIndex
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.ddl import LONGEST_NAME, describe_drop, identifier, readable
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.trial import BuiltIndex, build_index, drop_built

ROUNDS = 3
"""How often a drop is tried."""
_PAUSE = 1.0
"""Seconds between two rounds."""
_NAME_TAKEN = "42P07"


def trial_name(advised: str) -> str:
    """A name that nothing else has, from which a person sees what it is: ``visits_guest_trial_3f9a1c``."""
    ending = f"_trial_{secrets.token_hex(3)}"
    beginning = advised.removesuffix("_idx").encode()[: LONGEST_NAME - len(ending)]
    return beginning.decode(errors="ignore") + ending


async def build_advised(
    target: ConnectionTarget,
    limits: ConnectionLimits,
    changes: Sequence[AdvisedChange],
    made: list[BuiltIndex],
    *,
    keep: bool,
    tell: Tell,
) -> tuple[str, ...]:
    """Build what is advised, adding each to ``made`` as it is built; returned is what could not be built, as sentences."""
    problems: list[str] = []
    for change in changes:
        if change.action is not Action.CREATE:
            continue
        advised = name_of(change)
        name = advised if keep else trial_name(advised)

        def add(oid: int, *, schema: str = change.index.schema, name: str = name, advised: str = advised) -> None:
            made.append(BuiltIndex(oid=oid, schema=schema, name=name, advised=advised))

        tell(f"Building {advised}")
        try:
            await build_index(target, limits, change.index, name, add)
        except (StatementFailed, DefinitionRefused) as failure:
            there = any(built.name == name for built in made)
            what = "has no statistics of its expression" if there else "was not built"
            problems.append(f"{_readable(change.index.schema, advised)} {what}. {_why(failure)}")
    return tuple(problems)


def _why(failure: StatementFailed | DefinitionRefused) -> str:
    if isinstance(failure, DefinitionRefused) or failure.sqlstate != _NAME_TAKEN:
        return str(failure)
    return (
        "Something else of that name is there already, or the invalid remains of a build: it was left alone. Rename or drop it, or "
        "leave out --keep-indexes."
    )


async def drop_again(
    target: ConnectionTarget, limits: ConnectionLimits, made: list[BuiltIndex], tell: Tell
) -> tuple[LeftIndex, ...]:
    """Drop each of these, taking it out of ``made``; one that cannot be dropped keeps none of the others. Returned is what is left."""
    reasons: dict[BuiltIndex, str] = {}
    renamed: list[LeftIndex] = []
    for number in range(ROUNDS):
        if number and made:
            await asyncio.sleep(_PAUSE)
        for built in made[::-1]:
            tell(f"Dropping {built.name}")
            try:
                now = await drop_built(target, limits, built)
            except (StatementFailed, ConnectionRefusedByTarget) as failure:
                reasons[built] = str(failure)
                tell(f"{built.name} is still there. {failure}")
            else:
                made.remove(built)
                if now is not None:
                    renamed.append(
                        _left(now, f"Somebody renamed or moved it, which was {built.name}: it was left alone.")
                    )
    return (*renamed, *(_left(built, reasons[built]) for built in made))


def _left(built: BuiltIndex, reason: str) -> LeftIndex:
    return LeftIndex(name=_readable(built.schema, built.name), reason=reason, statement=removing(built))


def removing(built: BuiltIndex) -> str:
    """The statement that removes it."""
    return f"{describe_drop(built.schema, built.name, concurrently=True)};"


def last_words(made: Sequence[BuiltIndex]) -> str:
    """What a person has to know who ends the process before these are dropped."""
    lines = [f"Error: it was ended before this was done:\n{removing(built)}" for built in made]
    return "".join(f"{line}\n" for line in lines)


def _readable(schema: str, name: str) -> str:
    return readable(identifier(schema, name))
