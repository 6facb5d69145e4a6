"""The tuner builds, removes and looks, as exactly the role that `pgtend grants` makes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from pgtend.domain.finding import (
    Aspect,
    BuildNotEnded,
    ConnectionRefusedByTarget,
    DefinitionRefused,
    FencedOff,
    LeadershipLost,
    StatementFailed,
)
from pgtend.domain.index import (
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    SortOrder,
    TableName,
)
from pgtend.ports import IndexState
from pgtend.postgres.connection import ConnectionLimits, Lane
from pgtend.postgres.tuner import Tuner, open_tuner
from tests.integration.postgres.conftest import Shop

BOOKINGS = TableName(schema="shop", table="bookings")
INDEX = Index(schema="shop", table="bookings", columns=(IndexColumn(column="vendor"),))
NAME = "bookings_vendor_0a1b2c3d_idx"
COMMENT = "pgtend: shop/bookings-bookings-0a1b2c3d"
DEAF = """
DO $$ BEGIN
    LOOP
        BEGIN
            PERFORM pg_sleep(60);
        EXCEPTION WHEN query_canceled THEN
            NULL;
        END;
    END LOOP;
END $$
"""
"""What no cancel request ends."""


def allowed() -> None:
    """A fence that has no objection."""


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


async def state(shop: Shop, index: Index = INDEX, name: str = NAME) -> IndexState:
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        return await tuner.index_state(index, name)


def old_snapshot(shop: Shop) -> psycopg.Connection:
    """A session that every concurrent build in this database waits for."""
    session = shop.database.connect()
    session.autocommit = False
    session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    session.execute("select count(*) from shop.payments")
    return session


async def building(shop: Shop, tuner: Tuner) -> asyncio.Task[None]:
    """A build that has begun and waits for an old snapshot."""
    task = asyncio.ensure_future(tuner.build(INDEX, NAME, COMMENT, allowed))

    async def begun() -> bool:
        assert not task.done(), task.exception()
        return await state(shop) is IndexState.BUILDING and invalid_index_is_there(shop)

    await until(begun)
    return task


def comment_on_index(shop: Shop) -> str | None:
    with shop.database.connect() as session:
        row = session.execute("select obj_description(%s::regclass, 'pg_class')", [f"shop.{NAME}"]).fetchone()
    assert row is not None
    return None if row[0] is None else str(row[0])


def invalid_index_is_there(shop: Shop) -> bool:
    with shop.database.connect() as session:
        row = session.execute(
            "select 1 from pg_index join pg_class on oid = indexrelid where relname = %s and not indisvalid", [NAME]
        ).fetchone()
    return row is not None


async def test_nothing_is_missing_after_the_grants(shop: Shop) -> None:
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        reasons = {finding.reason for finding in await tuner.inspect()}
    assert reasons == (set() if shop.database.server.version == 15 else {"TlsDisabled"})


async def test_an_index_is_built_described_measured_and_removed(shop: Shop) -> None:
    assert await state(shop) is IndexState.ABSENT
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.build(INDEX, NAME, COMMENT, allowed)
        assert await tuner.index_state(INDEX, NAME) is IndexState.VALID
        assert await tuner.size("shop", NAME) > 100_000
        await tuner.analyze(BOOKINGS, allowed)
    with shop.database.connect() as session:
        row = session.execute(
            "select pg_get_userbyid(relowner), obj_description(oid, 'pg_class') from pg_class where relname = %s",
            [NAME],
        ).fetchone()
    assert row == ("shop_owner", COMMENT)
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.remove(INDEX, NAME, allowed)
        assert await tuner.index_state(INDEX, NAME) is IndexState.ABSENT
        await tuner.remove(INDEX, NAME, allowed)


@pytest.mark.parametrize(
    "index",
    [
        Index(
            schema="shop",
            table="bookings",
            columns=(
                IndexColumn(column="vendor", nulls=NullsOrder.LAST),
                IndexColumn(column="day", order=SortOrder.DESC, nulls=NullsOrder.FIRST),
                IndexColumn(column="couple", opclass="text_pattern_ops", collation="C"),
            ),
            include=("note",),
        ),
        Index(
            schema="shop",
            table="bookings",
            columns=(IndexColumn(column="vendor", order=SortOrder.DESC, nulls=NullsOrder.LAST),),
            predicate=(
                Comparison(column="deleted_at", operator=ComparisonOperator.IS_NULL),
                Comparison(
                    column="couple",
                    operator=ComparisonOperator.NE,
                    constant=Constant(type="text", value='o\'neill \\ "and" $$'),
                ),
            ),
        ),
        Index(
            schema="shop",
            table="bookings",
            columns=(
                IndexColumn(expression=FunctionCall(function="lower", arguments=(ColumnArgument(column="couple"),))),
            ),
        ),
        Index(schema="shop", table="bookings", columns=(IndexColumn(column="couple"),), unique=True),
    ],
    ids=["keys", "partial", "expression", "unique"],
)
async def test_what_was_built_is_recognized(shop: Shop, index: Index) -> None:
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.build(index, NAME, COMMENT, allowed)
        assert await tuner.index_state(index, NAME) is IndexState.VALID
        assert await tuner.index_state(INDEX, NAME) is IndexState.FOREIGN


@pytest.mark.parametrize(
    "made",
    [
        f"CREATE INDEX {NAME} ON shop.bookings (day)",
        f"CREATE INDEX {NAME} ON shop.bookings (vendor) WHERE vendor > 3",
        f"CREATE INDEX {NAME} ON shop.payments (booking)",
        f"CREATE UNIQUE INDEX {NAME} ON shop.bookings (vendor, id)",
        f"CREATE TABLE shop.{NAME} (id int)",
    ],
)
async def test_what_somebody_else_made_under_the_name_is_left_alone(shop: Shop, made: str) -> None:
    shop.database.run(made)
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        assert await tuner.index_state(INDEX, NAME) is IndexState.FOREIGN
        with pytest.raises(StatementFailed, match="left alone"):
            await tuner.remove(INDEX, NAME, allowed)
        assert await tuner.index_state(INDEX, NAME) is IndexState.FOREIGN
        with pytest.raises(StatementFailed, match="exists already"):
            await tuner.build(INDEX, NAME, COMMENT, allowed)


async def test_timeouts_of_role_and_database_do_not_end_a_build(shop: Shop) -> None:
    timeouts = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"]
    if shop.database.server.version >= 17:
        timeouts.append("transaction_timeout")
    for name in timeouts:
        shop.database.run(
            f"ALTER ROLE pgtend_tuner SET {name} = '300ms'",
            f"ALTER ROLE pgtend_tuner IN DATABASE {shop.database.name} SET {name} = '300ms'",
            f"ALTER ROLE shop_owner SET {name} = '300ms'",
            f"ALTER DATABASE {shop.database.name} SET {name} = '300ms'",
        )
    with old_snapshot(shop) as blocker:
        blocker.execute("select " + ", ".join(f"set_config('{name}', '0', false)" for name in timeouts))
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            task = await building(shop, tuner)
            await asyncio.sleep(1.5)  # five times each timeout
            assert not task.done()
            blocker.rollback()
            await task
            assert await tuner.index_state(INDEX, NAME) is IndexState.VALID


async def test_a_task_that_is_cancelled_twice_lets_go_and_the_server_goes_on(shop: Shop) -> None:
    """A process that ends may come to it from two sides: its loop ends, and is ended."""
    with old_snapshot(shop) as blocker:
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            task = await building(shop, tuner)
            for _ in range(2):
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task
        await asyncio.sleep(0.5)
        assert await state(shop) is IndexState.BUILDING
        blocker.rollback()


async def test_a_cancelled_task_lets_go_and_the_server_goes_on(shop: Shop) -> None:
    shop.database.run("ALTER ROLE pgtend_tuner SET client_connection_check_interval = '100ms'")
    with old_snapshot(shop) as blocker:
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            task = await building(shop, tuner)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await asyncio.sleep(0.5)
        assert await state(shop) is IndexState.BUILDING
        blocker.rollback()

    async def valid() -> bool:
        return await state(shop) is IndexState.VALID

    await until(valid)


async def test_an_index_gets_its_comment_once_and_keeps_the_one_it_has(shop: Shop) -> None:
    shop.database.run(f"CREATE INDEX {NAME} ON shop.bookings (vendor)")
    other = Index(schema="shop", table="bookings", columns=(IndexColumn(column="day"),))
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.label(other, NAME, COMMENT, allowed)
        assert comment_on_index(shop) is None
        await tuner.label(INDEX, NAME, COMMENT, allowed)
        assert comment_on_index(shop) == COMMENT
        await tuner.label(INDEX, NAME, "another one", allowed)
        assert comment_on_index(shop) == COMMENT
        await tuner.label(INDEX, "nothing", COMMENT, allowed)


async def test_a_build_is_ended_from_another_session(shop: Shop) -> None:
    with old_snapshot(shop), pytest.raises(StatementFailed) as failure:
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            task = await building(shop, tuner)
            async with open_tuner(shop.tuner, shop.limits) as other:
                await other.cancel(INDEX, NAME)
                assert await other.index_state(INDEX, NAME) is IndexState.INVALID
            await task
    assert failure.value.sqlstate == "57014"
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.remove(INDEX, NAME, allowed)
        assert await tuner.index_state(INDEX, NAME) is IndexState.ABSENT
        await tuner.cancel(INDEX, NAME)


async def test_an_abandoned_build_is_ended_from_another_session(shop: Shop) -> None:
    with old_snapshot(shop):
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            task = await building(shop, tuner)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with open_tuner(shop.tuner, shop.limits) as other:
            await other.cancel(INDEX, NAME)
            assert await other.index_state(INDEX, NAME) is IndexState.INVALID


async def test_a_build_that_heeds_no_cancel_request_is_given_up_on_with_its_backend_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgtend.postgres.tuner._CANCEL_SECONDS", 0.5)
    keys: list[tuple[int, int]] = []
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.analyze(BOOKINGS, allowed)
        await tuner.build(INDEX, NAME, COMMENT, lambda: keys.append(lock_that_is_held(shop)))
        with shop.connect("pgtend_tuner") as deaf:
            deaf.execute("select pg_advisory_lock(%s, %s)", keys[0])
            working = asyncio.ensure_future(asyncio.to_thread(deaf.execute, DEAF))

            async def at_work() -> bool:
                return await state(shop) is IndexState.BUILDING

            await until(at_work)
            with pytest.raises(BuildNotEnded, match=rf"shop\.{NAME} .* backend {deaf.info.backend_pid}\b"):
                await tuner.cancel(INDEX, NAME)
            assert not working.done()
            assert await tuner.index_state(INDEX, NAME) is IndexState.BUILDING
            shop.database.run(f"select pg_terminate_backend({deaf.info.backend_pid})")
            with pytest.raises(psycopg.OperationalError):
                await working
        await tuner.cancel(INDEX, NAME)


async def test_a_second_build_of_the_same_index_is_fenced_off_and_another_index_is_not(shop: Shop) -> None:
    with old_snapshot(shop) as blocker:
        async with (
            open_tuner(shop.tuner, shop.limits, lane=Lane.BUILD) as tuner,
            open_tuner(shop.tuner, shop.limits, lane=Lane.BUILD) as other,
        ):
            task = await building(shop, tuner)
            with pytest.raises(FencedOff, match="Another session of pgtend"):
                await other.build(INDEX, NAME, COMMENT, allowed)
            with pytest.raises(FencedOff):
                await other.remove(INDEX, NAME, allowed)
            payments = Index(schema="shop", table="payments", columns=(IndexColumn(column="booking"),))
            second = asyncio.ensure_future(other.build(payments, "payments_booking_idx", COMMENT, allowed))
            await asyncio.sleep(0.2)
            assert not second.done()
            blocker.rollback()
            await asyncio.gather(task, second)
            assert await other.index_state(payments, "payments_booking_idx") is IndexState.VALID


async def test_a_process_that_may_not_act_any_more_sends_nothing(shop: Shop) -> None:
    def object_from(call: int) -> Callable[[], None]:
        calls = 0

        def fence() -> None:
            nonlocal calls
            calls += 1
            if calls >= call:
                raise LeadershipLost("another process leads")

        return fence

    async with open_tuner(shop.tuner, shop.limits) as tuner:
        with pytest.raises(LeadershipLost):
            await tuner.build(INDEX, NAME, COMMENT, object_from(1))
        assert await tuner.index_state(INDEX, NAME) is IndexState.ABSENT
        with pytest.raises(LeadershipLost):
            await tuner.build(INDEX, NAME, COMMENT, object_from(2))
        assert await tuner.index_state(INDEX, NAME) is IndexState.VALID
        assert comment_on_index(shop) is None
        with pytest.raises(LeadershipLost):
            await tuner.remove(INDEX, NAME, object_from(1))
        with pytest.raises(LeadershipLost):
            await tuner.analyze(BOOKINGS, object_from(1))
        assert await tuner.index_state(INDEX, NAME) is IndexState.VALID
        await tuner.remove(INDEX, NAME, allowed)


async def test_the_fence_is_asked_with_the_lock_held(shop: Shop) -> None:
    held: list[int] = []

    def fence() -> None:
        with shop.database.connect() as session:
            row = session.execute("select count(*) from pg_locks where locktype = 'advisory' and granted").fetchone()
        assert row is not None
        held.append(row[0])

    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.build(INDEX, NAME, COMMENT, fence)
        await tuner.analyze(BOOKINGS, fence)
        await tuner.remove(INDEX, NAME, fence)
    assert held == [1, 1, 1, 1]


async def test_builds_that_take_all_their_places_can_be_ended(shop: Shop) -> None:
    limits = ConnectionLimits(per_server=4, patience=0.2)
    with old_snapshot(shop), pytest.raises(StatementFailed) as failure:
        async with open_tuner(shop.tuner, limits, lane=Lane.BUILD) as tuner:
            task = await building(shop, tuner)
            with pytest.raises(ConnectionRefusedByTarget, match="to build"):
                async with open_tuner(shop.tuner, limits, lane=Lane.BUILD):
                    pass
            async with open_tuner(shop.tuner, limits) as other:
                await other.cancel(INDEX, NAME)
            await task
    assert failure.value.sqlstate == "57014"


async def test_an_index_that_is_being_dropped_is_at_work_even_when_its_client_is_gone(shop: Shop) -> None:
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.build(INDEX, NAME, COMMENT, allowed)
    with old_snapshot(shop) as blocker:
        blocker.execute("select count(*) from shop.bookings")
        async with open_tuner(shop.tuner, shop.limits, lane=Lane.BUILD) as tuner:
            task = asyncio.ensure_future(tuner.remove(INDEX, NAME, allowed))

            async def dropping() -> bool:
                assert not task.done(), task.exception()
                return await state(shop) is IndexState.BUILDING and invalid_index_is_there(shop)

            await until(dropping)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await state(shop) is IndexState.BUILDING
        blocker.rollback()

    async def absent() -> bool:
        return await state(shop) is IndexState.ABSENT

    await until(absent)


async def test_a_drop_that_waits_to_begin_is_at_work(shop: Shop) -> None:
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.build(INDEX, NAME, COMMENT, allowed)
    with shop.database.connect() as session:
        session.autocommit = False
        session.execute("lock table shop.bookings in share update exclusive mode")
        async with open_tuner(shop.tuner, shop.limits, lane=Lane.BUILD) as tuner:
            task = asyncio.ensure_future(tuner.remove(INDEX, NAME, allowed))

            async def waiting() -> bool:
                assert not task.done(), task.exception()
                return await state(shop) is IndexState.BUILDING

            await until(waiting)
            assert not invalid_index_is_there(shop)
            session.rollback()
            await task
    assert await state(shop) is IndexState.ABSENT


def lock_that_is_held(shop: Shop) -> tuple[int, int]:
    with shop.database.connect() as session:
        row = session.execute(
            "select classid::bigint::bit(32)::int, objid::bigint::bit(32)::int "
            "from pg_locks where locktype = 'advisory' and granted"
        ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize("role", ["shop_app", "pgtend_tuner"], ids=["another role", "a tuner that does nothing"])
async def test_who_holds_the_lock_and_does_not_work_feigns_nothing(shop: Shop, role: str) -> None:
    keys: list[tuple[int, int]] = []
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.build(INDEX, NAME, COMMENT, lambda: keys.append(lock_that_is_held(shop)))
        with shop.connect(role) as other:
            other.execute("set application_name = 'pgtend'")
            other.execute("select pg_advisory_lock(%s, %s)", keys[0])
            assert await tuner.index_state(INDEX, NAME) is IndexState.VALID
            await tuner.cancel(INDEX, NAME)
            with pytest.raises(FencedOff):
                await tuner.remove(INDEX, NAME, allowed)


async def test_that_a_process_may_not_act_any_more_is_not_hidden_by_a_backend_lost_meanwhile(shop: Shop) -> None:
    def object_after_the_backend_is_gone() -> None:
        shop.database.run("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'pgtend_tuner'")
        raise LeadershipLost("another process leads")

    with pytest.raises(LeadershipLost) as lost:
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            await tuner.build(INDEX, NAME, COMMENT, object_after_the_backend_is_gone)
    (note,) = lost.value.__notes__
    assert "The connection to the server was lost" in note


async def test_a_killed_backend_leaves_an_invalid_index_and_a_clear_error(shop: Shop) -> None:
    with old_snapshot(shop), pytest.raises(ConnectionRefusedByTarget) as refusal:
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            task = await building(shop, tuner)
            shop.database.run(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'CREATE INDEX CONCURRENTLY%'"
            )
            await task
    assert refusal.value.finding.reason == "ConnectionLost"
    assert await state(shop) is IndexState.INVALID


async def test_blockers_are_named(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgtend.postgres.tuner._BLOCKER_SECONDS", 0)
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        assert await tuner.blockers(BOOKINGS) == ()
        with old_snapshot(shop):
            (sentence,) = await tuner.blockers(BOOKINGS)
            assert "holds a snapshot" in sentence
        with shop.connect("shop_app") as writer, writer.transaction():
            writer.execute("update shop.bookings set note = 'private' where id = 1")
            (sentence,) = await tuner.blockers(BOOKINGS)
            assert "holds a lock on shop.bookings" in sentence
            assert "private" not in sentence
        shop.database.run("BEGIN; UPDATE shop.payments SET amount = 1 WHERE id = 1; PREPARE TRANSACTION 'payments'")
        try:
            assert await tuner.blockers(BOOKINGS) == ()
            (sentence,) = await tuner.blockers(TableName(schema="shop", table="payments"))
            assert "prepared transaction" in sentence
        finally:
            shop.database.run("ROLLBACK PREPARED 'payments'")


async def test_young_transactions_are_no_blockers(shop: Shop) -> None:
    with old_snapshot(shop):
        async with open_tuner(shop.tuner, shop.limits) as tuner:
            assert await tuner.blockers(BOOKINGS) == ()


@pytest.mark.parametrize(
    ("change", "reason", "fatal", "word"),
    [
        ("REVOKE shop_owner FROM pgtend_tuner", "NotOwner", True, "shop_owner"),
        ("REVOKE pg_read_all_stats FROM pgtend_tuner", "SnapshotsHidden", False, "pg_read_all_stats"),
        ("ALTER SCHEMA shop OWNER TO postgres", "SchemaNotWritable", True, "GRANT CREATE"),
        ("CREATE TABLE shop.bosses (id int)", "NotOwner", False, "no superuser's membership"),
        ("ALTER ROLE pgtend_tuner SUPERUSER", "Superuser", False, "far more"),
        ("ALTER ROLE pgtend_tuner SET default_transaction_read_only = on", "ReadOnly", True, "off"),
    ],
)
async def test_what_the_tuner_lacks_is_said(shop: Shop, change: str, reason: str, fatal: bool, word: str) -> None:
    shop.database.run(change)
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        findings = {finding.reason: finding for finding in await tuner.inspect()}
    assert findings.keys() - {"TlsDisabled"} == {reason}
    assert (findings[reason].aspect, findings[reason].fatal) == (Aspect.TUNER_READY, fatal)
    assert word in findings[reason].message


async def test_a_tuner_that_is_no_member_gets_the_sentence(shop: Shop) -> None:
    shop.database.run("REVOKE shop_owner FROM pgtend_tuner")
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        with pytest.raises(StatementFailed, match="pgtend grants"):
            await tuner.build(INDEX, NAME, COMMENT, allowed)
        assert await tuner.index_state(INDEX, NAME) is IndexState.ABSENT


async def test_the_tuner_reads_no_rows_by_itself(shop: Shop) -> None:
    with shop.connect("pgtend_tuner") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select * from shop.bookings")


async def test_a_failed_build_leaves_the_session_usable(shop: Shop) -> None:
    missing = Index(schema="shop", table="bookings", columns=(IndexColumn(column="gone"),))
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        with pytest.raises(StatementFailed, match="column of the statement does not exist"):
            await tuner.build(missing, NAME, COMMENT, allowed)
        dropped = Index(schema="shop", table="dropped", columns=(IndexColumn(column="id"),))
        with pytest.raises(StatementFailed, match=r"no table shop\.dropped"):
            await tuner.build(dropped, NAME, COMMENT, allowed)
        with pytest.raises(DefinitionRefused, match="63 bytes"):
            await tuner.build(INDEX, "n" * 64, COMMENT, allowed)
        duplicates = Index(schema="shop", table="bookings", columns=(IndexColumn(column="vendor"),), unique=True)
        with pytest.raises(StatementFailed, match="duplicate values") as failure:
            await tuner.build(duplicates, NAME, COMMENT, allowed)
        assert "vendor" not in str(failure.value)
        assert await tuner.index_state(duplicates, NAME) is IndexState.INVALID
        await tuner.remove(duplicates, NAME, allowed)
        await tuner.build(INDEX, NAME, COMMENT, allowed)
        assert await tuner.index_state(INDEX, NAME) is IndexState.VALID


async def test_size_of_what_is_not_there(shop: Shop) -> None:
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        with pytest.raises(StatementFailed) as failure:
            await tuner.size("shop", "nothing")
    assert failure.value.sqlstate == "42P01"
