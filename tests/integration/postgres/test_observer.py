"""The observer sees what the database does, as exactly the role that `pgtend grants` makes."""

from __future__ import annotations

import psycopg
import pytest

from pgtend.domain.catalog import ForeignKey, ReferentialAction, RelationKind
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget
from pgtend.domain.index import (
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    SortOrder,
    TableName,
)
from pgtend.domain.workload import StatementKey
from pgtend.postgres.observer import open_observer
from pgtend.postgres.tuner import open_tuner
from tests.integration.postgres.conftest import Shop

BOOKINGS = TableName(schema="shop", table="bookings")


async def reasons_of(shop: Shop) -> set[str]:
    async with open_observer(shop.observer, shop.limits) as observer:
        return {finding.reason for finding in await observer.inspect()}


def expected_everywhere(shop: Shop) -> set[str]:
    """What the test server on 18 lacks: HypoPG and TLS."""
    return set() if shop.database.server.version == 15 else {"HypoPGMissing", "TlsDisabled"}


async def test_nothing_is_missing_after_the_grants(shop: Shop) -> None:
    assert await reasons_of(shop) == expected_everywhere(shop)


async def test_observer_and_tuner_agree_on_which_database_it_is(shop: Shop) -> None:
    async with open_observer(shop.observer, shop.limits) as observer, open_tuner(shop.tuner, shop.limits) as tuner:
        identity = await observer.identify()
        assert identity == await tuner.identify()
    assert identity.name == shop.database.name
    assert identity.server_version // 10000 == shop.database.server.version
    assert not identity.standby


async def test_statements_of_the_application_are_counted_and_our_own_are_not(shop: Shop) -> None:
    with shop.connect("shop_app") as application:
        for vendor in range(5):
            application.execute(f"select count(*) from shop.bookings where vendor = {vendor}".encode())
    async with open_observer(shop.observer, shop.limits, own_roles=("pgtend_observer", "pgtend_tuner")) as observer:
        await observer.read_catalog()
        snapshot = await observer.read_counters()
        texts = {text.key: text for text in await observer.read_texts(sorted(snapshot.counters, key=repr))}
    (key,) = [key for key, text in texts.items() if text.text.startswith("select count(*) from shop.bookings")]
    assert snapshot.counters[key].calls == 5
    assert texts[key].text == "select count(*) from shop.bookings where vendor = $1"
    assert not any("pg_control_system" in text.text for text in texts.values())
    assert snapshot.stats_reset is not None


async def test_a_statement_carries_the_search_path_of_its_role(shop: Shop) -> None:
    shop.database.run(
        f"ALTER DATABASE {shop.database.name} SET search_path = '$user', shop",
        "ALTER ROLE shop_app SET search_path = shop, public",
        f'ALTER ROLE shop_owner IN DATABASE {shop.database.name} SET search_path = "Odd, name", "$user", PUBLIC',
        "CREATE ROLE shop_guest LOGIN PASSWORD 'secret of a test'",
        "GRANT USAGE ON SCHEMA shop TO shop_guest",
        "GRANT SELECT ON shop.bookings TO shop_guest",
    )
    for role in ("shop_app", "shop_owner", "shop_guest"):
        with shop.connect(role) as session:
            session.execute("select 42 as marked from shop.bookings limit 1")
    async with open_observer(shop.observer, shop.limits) as observer:
        snapshot = await observer.read_counters()
        texts = await observer.read_texts(list(snapshot.counters))
    paths = {text.search_path for text in texts if "marked" in text.text}
    assert paths == {
        ("shop", "public"),
        ("Odd, name", "shop_owner", "public"),
        ("shop_guest", "shop"),
    }


async def test_texts_of_entries_that_are_gone_are_left_out(shop: Shop) -> None:
    async with open_observer(shop.observer, shop.limits) as observer:
        assert await observer.read_texts([StatementKey(user=1, queryid=2)]) == ()
        assert await observer.read_texts([]) == ()


async def test_a_reset_shows(shop: Shop) -> None:
    async with open_observer(shop.observer, shop.limits) as observer:
        before = await observer.read_counters()
        shop.database.run("select pg_stat_statements_reset()")
        after = await observer.read_counters()
    assert before.stats_reset is not None
    assert after.stats_reset is not None
    assert after.stats_reset > before.stats_reset


async def test_an_empty_list_of_statements_is_a_snapshot_too(shop: Shop) -> None:
    async with open_observer(
        shop.observer,
        shop.limits,
        own_roles=("postgres", "shop_app", "shop_owner", "pgtend_observer", "pgtend_tuner"),
    ) as observer:
        snapshot = await observer.read_counters()
    assert snapshot.counters == {}


async def test_the_catalog_knows_tables_and_their_statistics(shop: Shop) -> None:
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
    assert {str(name) for name, table in catalog.tables.items() if not table.extension_owned} == {
        "shop.bookings",
        "shop.payments",
    }
    bookings = catalog.tables[BOOKINGS]
    assert bookings.kind is RelationKind.TABLE
    assert bookings.rows == 20000
    assert bookings.bytes > 1_000_000
    assert bookings.writes.inserted == 20000
    assert list(bookings.columns) == ["id", "vendor", "couple", "day", "note", "deleted_at"]
    vendor = bookings.columns["vendor"]
    assert (vendor.type, vendor.not_null, vendor.btree_opclass, vendor.null_fraction) == ("integer", True, True, 0)
    assert vendor.n_distinct == 500
    assert bookings.columns["deleted_at"].null_fraction == 1
    assert not bookings.row_security
    assert "public.pg_stat_statements" in catalog.extension_functions


async def test_all_kinds_of_relations_and_columns_are_told_apart(shop: Shop) -> None:
    shop.database.run(
        "CREATE TYPE shop.mood AS ENUM ('happy')",
        "CREATE DOMAIN shop.name AS varchar(20)",
        """
        CREATE TABLE shop.many (
            a varchar(3), b shop.mood, c shop.name, d json, e point, f jsonb, g int[], h text COLLATE "C",
            i int GENERATED ALWAYS AS (1) STORED, j int4range
        )
        """,
        "CREATE VIEW shop.seen AS SELECT * FROM shop.many",
        "CREATE MATERIALIZED VIEW shop.kept AS SELECT * FROM shop.many",
        "CREATE TABLE shop.split (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE shop.part PARTITION OF shop.split FOR VALUES FROM (1) TO (10)",
        "CREATE UNLOGGED TABLE shop.unlogged (id int)",
    )
    async with open_observer(shop.observer, shop.limits) as observer:
        tables = {str(name): table for name, table in (await observer.read_catalog()).tables.items()}
    assert {name: table.kind for name, table in tables.items() if name.startswith("shop.")} == {
        "shop.bookings": RelationKind.TABLE,
        "shop.payments": RelationKind.TABLE,
        "shop.many": RelationKind.TABLE,
        "shop.unlogged": RelationKind.TABLE,
        "shop.seen": RelationKind.VIEW,
        "shop.kept": RelationKind.MATERIALIZED_VIEW,
        "shop.split": RelationKind.PARTITIONED_TABLE,
        "shop.part": RelationKind.PARTITION,
    }
    columns = tables["shop.many"].columns
    assert "".join(name for name, column in columns.items() if column.btree_opclass) == "abcfhij"
    assert columns["h"].sorts_by_bytes
    assert columns["i"].generated


async def test_what_a_b_tree_stores_once_and_how_is_known_of_each_column(shop: Shop) -> None:
    shop.database.run(
        "CREATE TYPE shop.mood AS ENUM ('happy')",
        "CREATE DOMAIN shop.name AS varchar(20)",
        "CREATE COLLATION shop.loose (provider = icu, locale = 'und', deterministic = false)"
        if shop.database.server.version == 15
        else 'CREATE COLLATION shop.loose FROM "C"',
        """
        CREATE TABLE shop.many (
            a int, b shop.mood, c shop.name, d char(3), e numeric, f float8, g jsonb, h text COLLATE "C",
            i text COLLATE shop.loose, j int4range, k boolean, l smallint, m uuid, n timestamptz, o json, p cidr
        )
        """,
    )
    async with open_observer(shop.observer, shop.limits) as observer:
        columns = (await observer.read_catalog()).tables[TableName(schema="shop", table="many")].columns
    loose = "i" if shop.database.server.version == 18 else ""  # deterministic there: this server has no ICU
    assert "".join(name for name, column in columns.items() if column.deduplicates) == f"abcdh{loose}klmnp"
    layout = {name: (column.type_length, column.alignment) for name, column in columns.items()}
    assert layout["a"] == (4, 4)
    assert layout["d"] == (-1, 4)
    assert layout["f"] == (8, 8)
    assert layout["k"] == (1, 1)
    assert layout["l"] == (2, 2)
    assert layout["m"] == (16, 1)


async def test_statistics_come_as_frequencies_and_counts_never_as_values(shop: Shop) -> None:
    shop.database.run(
        "CREATE TABLE shop.skewed AS SELECT CASE WHEN i % 4 = 0 THEN 'a secret' ELSE 'other' END AS word, i % 10 AS tens, "
        "i % 100 AS hundreds FROM generate_series(1, 4000) AS i",
        "ALTER TABLE shop.skewed ALTER COLUMN tens SET STATISTICS 200",
        "CREATE STATISTICS shop.together (ndistinct, mcv) ON word, tens, hundreds, (tens + 1) FROM shop.skewed",
        "ANALYZE shop.skewed",
    )
    async with open_observer(shop.target("postgres", password=shop.database.server.password), shop.limits) as observer:
        tables = (await observer.read_catalog()).tables
    skewed = tables[TableName(schema="shop", table="skewed")]
    assert skewed.columns["word"].common_frequencies == (0.75, 0.25)
    assert "secret" not in repr(skewed)
    assert (skewed.sampled_rows, tables[BOOKINGS].sampled_rows) == (60_000, 30_000)
    assert skewed.distinct_combinations[frozenset({"tens", "hundreds"})] == 100
    assert frozenset({"word", "tens", "hundreds"}) in skewed.distinct_combinations
    assert tables[BOOKINGS].distinct_combinations == {}


async def test_indexes_come_typed_where_they_can(shop: Shop) -> None:
    shop.database.run(
        "CREATE INDEX plain ON shop.bookings (vendor, day DESC)",
        "CREATE INDEX nulls ON shop.bookings (vendor NULLS FIRST, day DESC NULLS LAST)",
        "CREATE INDEX pattern ON shop.bookings (couple text_pattern_ops)",
        'CREATE INDEX collated ON shop.bookings (couple COLLATE "C") INCLUDE (note)',
        "CREATE INDEX hashed ON shop.bookings USING hash (vendor)",
        "CREATE INDEX partial ON shop.bookings (vendor) WHERE deleted_at IS NULL",
        "CREATE INDEX expressive ON shop.bookings (lower(couple))",
        "CREATE INDEX unsayable ON shop.bookings ((vendor + 1)) WHERE id % 2 = 0",
        "CREATE UNIQUE INDEX single ON shop.bookings (couple, id)",
        "COMMENT ON INDEX shop.plain IS 'said'",
    )
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
    found = {index.name: index for index in catalog.indexes_of(BOOKINGS)}

    def typed(*columns: IndexColumn, **more: object) -> Index:
        return Index(schema="shop", table="bookings", columns=columns, **more)  # type: ignore[arg-type]

    vendor, day = IndexColumn(column="vendor"), IndexColumn(column="day", order=SortOrder.DESC)
    assert found["plain"].index == typed(vendor, day, name="plain")
    assert found["plain"].comment == "said"
    assert found["nulls"].index == typed(
        IndexColumn(column="vendor", nulls=NullsOrder.FIRST),
        IndexColumn(column="day", order=SortOrder.DESC, nulls=NullsOrder.LAST),
        name="nulls",
    )
    assert found["pattern"].index == typed(IndexColumn(column="couple", opclass="text_pattern_ops"), name="pattern")
    assert found["collated"].index == typed(
        IndexColumn(column="couple", collation="C"), include=("note",), name="collated"
    )
    assert found["hashed"].index is not None
    assert found["hashed"].index.method.value == "hash"
    gone = Comparison(column="deleted_at", operator=ComparisonOperator.IS_NULL)
    assert found["partial"].index == typed(vendor, predicate=(gone,), name="partial")
    lower = FunctionCall(function="lower", arguments=(ColumnArgument(column="couple"),))
    assert found["expressive"].index == typed(IndexColumn(expression=lower), name="expressive")
    assert found["unsayable"].index is None
    assert found["single"].unique
    assert not found["single"].constraint
    primary = found["bookings_pkey"]
    assert primary.primary
    assert primary.constraint
    assert primary.size_bytes > 0


async def test_names_of_any_kind_come_back_as_they_are(shop: Shop) -> None:
    names = ['Quo"ted', "select", "ünïcode", "with space", "ä" * 31 + "x", "semi;colon", "per%cent", "a.b"]
    with shop.database.connect() as connection:
        for name in names:
            quoted = '"' + name.replace('"', '""') + '"'
            connection.execute(f"CREATE TABLE shop.{quoted} ({quoted} int)".encode())
            connection.execute(f"CREATE INDEX ON shop.{quoted} ({quoted})".encode())
    await shop.grant()
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
    for name in names:
        table = catalog.tables[TableName(schema="shop", table=name)]
        assert list(table.columns) == [name]
        (index,) = catalog.indexes_of(table.name)
        assert index.index is not None
        assert index.index.columns[0].column == name


async def test_a_changed_planner_setting_changes_the_fingerprint(shop: Shop) -> None:
    async with open_observer(shop.observer, shop.limits) as observer:
        first = await observer.fingerprint_settings()
        assert first == await observer.fingerprint_settings()
    shop.database.run("ALTER ROLE pgtend_observer SET random_page_cost = 1.23")
    async with open_observer(shop.observer, shop.limits) as observer:
        assert first != await observer.fingerprint_settings()


@pytest.mark.parametrize(
    ("change", "reason", "word"),
    [
        ("DROP EXTENSION pg_stat_statements", "StatementsMissing", "CREATE EXTENSION"),
        ("REVOKE pg_read_all_stats FROM pgtend_observer", "StatisticsHidden", "GRANT pg_read_all_stats"),
        ("REVOKE SELECT ON shop.payments FROM pgtend_observer", "TablesUnreadable", "shop.payments"),
        ("ALTER TABLE shop.payments ENABLE ROW LEVEL SECURITY", "RowSecurityHidesStatistics", "shop.payments"),
        ("ALTER ROLE pgtend_observer SET compute_query_id = off", "QueryIdsOff", "auto"),
    ],
)
async def test_what_is_missing_is_said_with_what_mends_it(shop: Shop, change: str, reason: str, word: str) -> None:
    shop.database.run(change)
    async with open_observer(shop.observer, shop.limits) as observer:
        findings = {finding.reason: finding for finding in await observer.inspect()}
    assert findings.keys() - expected_everywhere(shop) == {reason}
    assert findings[reason].aspect is Aspect.PERMITTED
    assert word in findings[reason].message


async def test_a_missing_hypopg_is_said_and_lived_with(shop15: Shop) -> None:
    shop15.database.run("DROP EXTENSION hypopg")
    async with open_observer(shop15.observer, shop15.limits) as observer:
        (finding,) = await observer.inspect()
    assert (finding.aspect, finding.reason, finding.fatal) == (Aspect.WHAT_IF, "HypoPGMissing", False)


async def test_pg_stat_statements_may_live_in_another_schema(shop: Shop) -> None:
    shop.database.run(
        "DROP EXTENSION pg_stat_statements",
        'CREATE SCHEMA "Mon itor"',
        'CREATE EXTENSION pg_stat_statements SCHEMA "Mon itor"',
    )
    assert "StatementsHidden" in await reasons_of(shop)
    await shop.grant()
    assert await reasons_of(shop) == expected_everywhere(shop)
    async with open_observer(shop.observer, shop.limits) as observer:
        assert (await observer.read_counters()).counters


async def test_reading_counters_without_the_extension_is_refused_with_the_sentence(shop: Shop) -> None:
    shop.database.run("DROP EXTENSION pg_stat_statements")
    async with open_observer(shop.observer, shop.limits) as observer:
        with pytest.raises(ConnectionRefusedByTarget, match="CREATE EXTENSION pg_stat_statements"):
            await observer.read_counters()


async def test_the_observer_can_change_nothing(shop: Shop) -> None:
    with shop.connect("pgtend_observer") as session:
        for statement in ("DELETE FROM shop.payments", "CREATE TABLE shop.mine (id int)", "DROP TABLE shop.payments"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"permission denied|must be owner"):
                session.execute(statement.encode())


async def test_a_view_that_is_being_altered_does_not_hold_up_the_catalog(shop: Shop) -> None:
    shop.database.run("CREATE VIEW shop.seen AS SELECT id AS number FROM shop.bookings WHERE vendor > 3")
    await shop.grant()
    seen = TableName(schema="shop", table="seen")
    async with open_observer(shop.observer, shop.limits) as observer:
        before = (await observer.read_catalog()).tables[seen]
        with shop.database.connect() as connection, connection.transaction():
            connection.execute("ALTER VIEW shop.seen SET (security_barrier)")
            catalog = await observer.read_catalog()
    assert "FROM shop.bookings" in before.definition
    assert before.beneath == {BOOKINGS}
    assert not catalog.tables[seen].definition
    assert catalog.tables[seen].beneath == {BOOKINGS}
    assert BOOKINGS in catalog.tables


async def test_foreign_keys_come_once_for_a_partitioned_table(shop: Shop) -> None:
    shop.database.run(
        "CREATE TABLE shop.pairs (one bigint, other bigint, PRIMARY KEY (one, other))",
        """
        CREATE TABLE shop.visits (at date, pair_other bigint, pair_one bigint,
            CONSTRAINT visited FOREIGN KEY (pair_one, pair_other) REFERENCES shop.pairs ON DELETE CASCADE ON UPDATE RESTRICT)
        PARTITION BY RANGE (at)
        """,
        "CREATE TABLE shop.visits_2026 PARTITION OF shop.visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    )
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
    assert [key for key in catalog.foreign_keys if key.parent.table == "pairs"] == [
        ForeignKey(
            name="visited",
            table=TableName(schema="shop", table="visits"),
            columns=("pair_one", "pair_other"),
            parent=TableName(schema="shop", table="pairs"),
            referenced=("one", "other"),
            on_delete=ReferentialAction.CASCADE,
            on_update=ReferentialAction.RESTRICT,
        )
    ]
