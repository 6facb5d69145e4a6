from __future__ import annotations

from pgtend.core.statement import read_statement
from pgtend.domain.workload import Query, StatementKey, StatementText
from pgtend.pipeline.samples import KEPT_STATEMENTS, KEPT_TEXTS, READ_AT_ONCE, Samples
from tests.unit.core.catalogs import catalog, column, table

SHOP = catalog()


def sent(*texts: str) -> list[StatementText]:
    return [StatementText(key=StatementKey(user=1, queryid=1), text=text) for text in texts]


def test_the_latest_texts_of_a_statement_are_kept_with_their_constants() -> None:
    samples = Samples()
    samples.take(sent(*(f"select id from payments where id = {number}" for number in range(9))), SHOP)
    normalised = read_statement("select id from payments where id = $1", SHOP)
    assert isinstance(normalised, Query)
    kept = samples.by_fingerprint[normalised.fingerprint]
    assert [each.plannable.split()[-1] for each in kept] == ["6", "7", "8"]
    assert len(kept) == KEPT_TEXTS
    samples.forget()
    assert samples.by_fingerprint == {}


def test_what_has_no_constants_or_must_not_be_planned_is_not_kept() -> None:
    samples = Samples()
    texts = (
        "select id from payments where id = $1",
        "select id from payments where id = 5; select 1",
        "select id from payments where id = lo_import('x')",
        "insert into payments (id) values (5)",
        "begin",
        "select id from nowhere where id = 5",
    )
    samples.take(sent(*texts), SHOP)
    assert samples.by_fingerprint == {}


def test_there_is_an_end_to_what_is_kept_and_to_what_is_read_at_once() -> None:
    wide = catalog(table("t", *(column(f"c{number}") for number in range(KEPT_STATEMENTS + 50))))
    texts = [f"select c{number} from t where c{number} = 1" for number in range(KEPT_STATEMENTS + 50)]
    samples = Samples()
    samples.take(sent(*texts), wide)
    assert len(samples.by_fingerprint) == READ_AT_ONCE
    for start in range(0, len(texts), READ_AT_ONCE):
        samples.take(sent(*texts[start : start + READ_AT_ONCE]), wide)
    assert len(samples.by_fingerprint) == KEPT_STATEMENTS
