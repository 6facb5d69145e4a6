"""What entries of pg_stat_statements are that no index could help: pgtend's own, utility statements, the system catalogs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from pgtend.core.statement import OWN, SYSTEM_CATALOGS, Unusable, read_entry
from pgtend.core.workload import observed_workload
from pgtend.domain.workload import Load, Query, StatementKey, StatementText
from pgtend.pipeline.statements import Statements
from pgtend.postgres.queries import load
from tests.unit.core.catalogs import catalog
from tests.unit.pipeline.fakes import HeldClock, Observed

SHOP = catalog()
KEY = StatementKey(user=10, queryid=1)


def read(text: str) -> Query | Unusable:
    return read_entry(StatementText(key=KEY, text=text), SHOP)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("BEGIN", "BEGIN"),
        ("SET search_path TO shop", "SET"),
        ("VACUUM (ANALYZE) payments", "VACUUM"),
        ("COPY payments TO STDOUT", "COPY"),
        ("CREATE EXTENSION hypopg", "CREATE"),
        ("EXPLAIN SELECT id FROM payments", "EXPLAIN"),
        ("SELECT count(*) FROM pg_class", SYSTEM_CATALOGS),
        ("SELECT /* pgtend */ id FROM payments WHERE booking_id = $1", OWN),
        ("EXPLAIN /* pgtend */ (FORMAT JSON) SELECT id FROM payments", OWN),
    ],
)
def test_what_no_index_could_help_is_told_from_what_is_left_out(text: str, other: str) -> None:
    found = read(text)
    assert isinstance(found, Unusable)
    assert found.other == other


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM gone",
        "CALL close_the_day($1)",
        "DO $$ begin end $$",
        "FETCH 100 FROM c",
        "REFRESH MATERIALIZED VIEW v",
        "SELECT f()",
        "SELECT id FROM payments WHERE status = 'cut",
    ],
)
def test_what_an_index_might_help_is_left_out_and_counted(text: str) -> None:
    found = read(text)
    assert isinstance(found, Unusable)
    assert found.other == ""


def test_every_query_of_pgtend_s_own_bears_its_mark() -> None:
    found = read(load("statement_counters").as_string(None))
    assert isinstance(found, Unusable)
    assert found.other == OWN


@dataclass(kw_only=True)
class Counting(Observed):
    """A database that has counted statements with these texts."""

    texts: Mapping[StatementKey, str]

    async def read_texts(self, keys: Sequence[StatementKey]) -> tuple[StatementText, ...]:
        return tuple(StatementText(key=key, text=self.texts[key]) for key in keys)


async def test_the_operator_s_share_of_what_cannot_be_planned_counts_none_of_them() -> None:
    texts = {
        StatementKey(user=10, queryid=number): text
        for number, text in enumerate(
            (
                "SELECT id FROM payments WHERE booking_id = $1",
                "SELECT * FROM gone",
                "VACUUM payments",
                "COMMIT",
                "SELECT 1 FROM pg_class",
                "SELECT /* pgtend */ 1",
            )
        )
    }
    loads = dict.fromkeys(texts, Load(calls=1, total_ms=10.0))
    statements = Statements()
    await statements.learn(loads, Counting(clock=HeldClock(), catalog=lambda: SHOP, texts=texts), SHOP)
    workload = observed_workload(statements.by_fingerprint(loads), statements.queries, 1.0, statements.unusable(loads))
    assert [(each.id, each.share) for each in workload.left_out] == [("queryid 1", 0.5)]


def test_others_are_summed_up_with_their_share_of_all_time_counted() -> None:
    load_of = {"SET": (7, Load(calls=9, total_ms=1.0)), "VACUUM": (1, Load(calls=1, total_ms=29.0))}
    left_out = {"queryid 1": ("It reads nothing.", Load(calls=1, total_ms=70.0))}
    workload = observed_workload({}, {}, 1.0, left_out, others=load_of)
    assert workload.others.statements == 8
    assert workload.others.kinds == ("VACUUM", "SET")
    assert workload.others.share == pytest.approx(0.3)
    assert workload.left_out[0].share == 1.0
