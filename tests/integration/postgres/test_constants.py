"""Constants of live statements: what is read of running sessions and of pg_stats, and what is not."""

from __future__ import annotations

from pgtend.core.statement import read_statement
from pgtend.domain.index import TableName
from pgtend.domain.workload import Query
from pgtend.pipeline.samples import Samples
from pgtend.postgres.observer import open_observer
from tests.integration.postgres.conftest import Shop

BOOKINGS = TableName(schema="shop", table="bookings")


async def test_the_last_statement_of_each_session_is_seen_as_it_was_sent(shop: Shop) -> None:
    with shop.connect("shop_app") as simple, shop.connect("shop_app") as extended, shop.connect("shop_app") as long:
        simple.execute("SELECT id FROM shop.bookings WHERE vendor = 417")
        extended.execute("SELECT id FROM shop.bookings WHERE vendor = %s", (418,))
        long.execute(f"SELECT id FROM shop.bookings WHERE vendor = 419 OR note = '{'x' * 2000}'".encode())
        async with open_observer(shop.observer, shop.limits) as observer:
            catalog = await observer.read_catalog()
            texts = await observer.read_activity()
    assert "SELECT id FROM shop.bookings WHERE vendor = 417" in [each.text for each in texts]
    assert not [each for each in texts if "419" in each.text], "a text that was cut is of no use"
    samples = Samples()
    samples.take(texts, catalog)
    normalised = read_statement("SELECT id FROM shop.bookings WHERE vendor = $1", catalog)
    assert isinstance(normalised, Query)
    kept = samples.by_fingerprint[normalised.fingerprint]
    assert [each.plannable.split()[-1] for each in kept] == ["417"]


async def test_sessions_of_other_databases_and_of_pgtend_are_not_seen(shop: Shop) -> None:
    with shop.database.server.connect() as elsewhere:
        elsewhere.execute("SELECT 4711 AS elsewhere")
        async with (
            open_observer(shop.observer, shop.limits) as observer,
            open_observer(shop.observer, shop.limits) as look,
        ):
            await observer.identify()
            texts = [each.text for each in await look.read_activity()]
    assert not [text for text in texts if "elsewhere" in text or "pg_control_system" in text]


async def test_values_are_read_for_the_columns_asked_for_and_thinned(shop: Shop) -> None:
    shop.database.run("ALTER TABLE shop.bookings ALTER COLUMN couple SET STATISTICS 1000", "ANALYZE shop.bookings")
    columns = [(BOOKINGS, name) for name in ("vendor", "couple", "note", "deleted_at")]
    async with open_observer(shop.observer, shop.limits) as observer:
        values = await observer.read_column_values([*columns, (BOOKINGS, "nothing")])
        assert await observer.read_column_values([]) == {}
    assert values[BOOKINGS, "note"].common == ("x",)
    assert values[BOOKINGS, "note"].bounds == ()
    couples = values[BOOKINGS, "couple"].bounds
    assert len(couples) == 101
    assert couples[0] < couples[50] < couples[100]
    assert (BOOKINGS, "nothing") not in values
    assert "couple 1" not in repr(values)
