"""A workload from files: a folder of .sql files, one .sql file, or JSON ``[{"id": …, "sql": …, "weight": …}]``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pgtend.core.sql.lexer import NotLexable, spell, tokenize
from pgtend.core.statement import Unusable, read_statement
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import PgtendError
from pgtend.domain.workload import UnplannableStatement, WeightedQuery, Workload

LARGEST_FILE = 50_000_000
"""Bytes."""
GREATEST_WEIGHT = 1e12
"""So that no sum of costs times weights leaves the numbers that a computer can hold."""


class WorkloadInvalid(PgtendError):
    """The workload cannot be read; the sentence names the file and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class GivenStatement:
    """One statement of a workload as given."""

    id: str
    sql: str
    weight: float = 1.0


def read_workload_files(path: Path) -> tuple[GivenStatement, ...]:
    """The statements in a folder or a file, ids unique. Raises WorkloadInvalid."""
    files = _files_in(path)
    if files is not None:
        if not files:
            raise WorkloadInvalid(f"There is no .sql file in the folder {path}.")
        given = [statement for file in files for statement in _from_sql(file)]
    elif path.suffix.lower() == ".json":
        given = list(_from_json(path))
    else:
        given = list(_from_sql(path))
    if not given:
        raise WorkloadInvalid(f"There is no statement in {path}.")
    return tuple(_with_unique_ids(given))


def _files_in(path: Path) -> list[Path] | None:
    """The .sql files of a folder, None where it is no folder."""
    try:
        if not path.is_dir():
            return None
        return sorted(each for each in path.iterdir() if each.suffix.lower() == ".sql" and each.is_file())
    except OSError as error:
        raise WorkloadInvalid(f"{_named(path)} cannot be read: {error.strerror}.") from None


def _named(path: Path) -> str:
    return str(path)[:200]


def given_workload(given: tuple[GivenStatement, ...], catalog: Catalog) -> Workload:
    """The workload of given statements; those that cannot be used are left out with their share of the weights."""
    total = sum(statement.weight for statement in given) or 1.0
    queries: list[WeightedQuery] = []
    left_out: list[UnplannableStatement] = []
    for statement in given:
        query = read_statement(statement.sql, catalog)
        if isinstance(query, Unusable):
            left_out.append(UnplannableStatement(id=statement.id, reason=query.reason, share=statement.weight / total))
        else:
            queries.append(WeightedQuery(id=statement.id, query=query, weight=statement.weight))
    return Workload(queries=tuple(queries), left_out=tuple(left_out))


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise WorkloadInvalid(f"{path} is larger than {LARGEST_FILE // 1_000_000} MB.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise WorkloadInvalid(f"There is no file or folder {path}.") from None
    except UnicodeDecodeError:
        raise WorkloadInvalid(f"{path} is no UTF-8 text.") from None
    except OSError as error:
        raise WorkloadInvalid(f"{_named(path)} cannot be read: {error.strerror}.") from None


def _from_sql(path: Path) -> Iterator[GivenStatement]:
    """The statements of a file, apart at semicolons; one that cannot be split stays whole, and is left out later."""
    text = _read(path)
    try:
        tokens = tokenize(text, LARGEST_FILE, most=LARGEST_FILE)
    except NotLexable:
        yield GivenStatement(id=path.name, sql=text)
        return
    statements: list[str] = []
    start = 0
    for place in range(len(tokens) + 1):
        if place == len(tokens) or tokens[place].sign(";"):
            if place > start:
                statements.append(spell(tokens[start:place]))
            start = place + 1
    for number, statement in enumerate(statements, 1):
        yield GivenStatement(id=path.name if len(statements) == 1 else f"{path.name}:{number}", sql=statement)


def _from_json(path: Path) -> Iterator[GivenStatement]:
    try:
        entries = json.loads(_read(path))
    except (ValueError, RecursionError) as error:  # a number of more digits than Python reads is a ValueError, too
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise WorkloadInvalid(f"{path} is no JSON{where}.") from None
    if not isinstance(entries, list):
        raise WorkloadInvalid(f'{path} holds no list: write [{{"id": "…", "sql": "…", "weight": 1}}].')
    for number, entry in enumerate(entries, 1):
        yield _from_entry(entry, number, path)


def _from_entry(entry: object, number: int, path: Path) -> GivenStatement:
    if not isinstance(entry, dict) or not isinstance(entry.get("sql"), str):
        raise WorkloadInvalid(f'Entry {number} of {path} has no text under "sql".')
    weight = entry.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= GREATEST_WEIGHT:
        raise WorkloadInvalid(
            f'Entry {number} of {path} has a "weight" that is no number from 0 to {GREATEST_WEIGHT:g}.'
        )
    id_ = entry.get("id", f"{path.name}:{number}")
    if not isinstance(id_, str | int) or isinstance(id_, bool):
        raise WorkloadInvalid(f'Entry {number} of {path} has an "id" that is no text.')
    if not _is_unicode(entry["sql"]) or not _is_unicode(str(id_)):
        raise WorkloadInvalid(f"Entry {number} of {path} holds half of a surrogate pair, which is no character.")
    return GivenStatement(id=str(id_), sql=entry["sql"], weight=float(weight))


def _is_unicode(text: str) -> bool:
    """Whether a text can be sent and printed; JSON may hold halves of surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _with_unique_ids(given: list[GivenStatement]) -> Iterator[GivenStatement]:
    seen: Counter[str] = Counter()
    for statement in given:
        seen[statement.id] += 1
        count = seen[statement.id]
        yield statement if count == 1 else replace(statement, id=f"{statement.id} ({count})")
