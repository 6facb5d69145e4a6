"""Sessions open where they should, are refused with the sentence that mends it, and are capped per server."""

from __future__ import annotations

import asyncio
from typing import Literal

import psycopg
import pytest

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, StatementFailed
from pgtend.postgres.connection import (
    APPLICATION_NAME,
    ConnectionLimits,
    Lane,
    Session,
    SessionKind,
    open_session,
)
from pgtend.postgres.failures import translated
from pgtend.postgres.observer import OBSERVING, open_observer
from pgtend.postgres.planner import PLANNING
from pgtend.postgres.secret import target_from_dsn, target_from_secret
from pgtend.postgres.tuner import TUNING, open_tuner
from tests.integration.postgres.conftest import PASSWORD, Shop
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer
from tests.servers.postgres_host import free_port


async def shown(session: Session, name: str) -> str:
    cursor = await session.execute("SELECT current_setting(%s) AS value", [name])
    (row,) = await cursor.fetchall()
    return str(row["value"])


@pytest.mark.parametrize(
    ("keys", "reason", "word"),
    [
        ({"password": "a wrong one"}, "AuthenticationFailed", "secret"),
        ({"username": "nobody"}, "AuthenticationFailed", "secret"),
        ({"dbname": "nowhere"}, "DatabaseMissing", "no database of that name"),
        ({"host": "no-such-host.invalid"}, "HostUnknown", "cannot be resolved"),
        ({"username": "pgtend_group"}, "AuthenticationFailed", "LOGIN"),
    ],
)
async def test_why_a_connection_was_refused(shop: Shop, keys: dict[str, str], reason: str, word: str) -> None:
    shop.database.run(f"CREATE ROLE pgtend_group NOLOGIN PASSWORD '{PASSWORD}'")
    secret = shop.secret("pgtend_observer") | keys
    target = target_from_secret({key: value.encode() for key, value in secret.items()}, "observer")
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        async with open_observer(target, shop.limits):
            pass
    assert refusal.value.finding.reason == reason
    assert refusal.value.finding.aspect is Aspect.CONNECTED
    assert word in str(refusal.value)
    assert str(refusal.value).startswith(f"Secret observer ({target.host}:{target.port}, database {target.dbname}): ")
    assert "FATAL" not in str(refusal.value)
    assert secret["password"] not in str(refusal.value)


async def test_nothing_listens(shop15: Shop) -> None:
    with pytest.raises(ConnectionRefusedByTarget, match="Nothing listens") as refusal:
        async with open_observer(shop15.target("pgtend_observer", port=str(free_port())), shop15.limits):
            pass
    assert refusal.value.finding.reason == "Unreachable"


async def test_a_role_that_may_not_connect(shop: Shop) -> None:
    shop.database.run(
        f"REVOKE CONNECT ON DATABASE {shop.database.name} FROM PUBLIC",
        f"REVOKE CONNECT ON DATABASE {shop.database.name} FROM pgtend_observer",
    )
    with pytest.raises(ConnectionRefusedByTarget, match="GRANT CONNECT"):
        async with open_observer(shop.observer, shop.limits):
            pass
    await shop.grant()
    async with open_observer(shop.observer, shop.limits) as observer:
        await observer.identify()


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("kind", [OBSERVING, PLANNING, TUNING], ids=lambda kind: kind.lane)
async def test_a_pooler_is_refused_before_it_gets_our_settings(
    shop15: Shop, kind: SessionKind, mode: Literal["transaction", "session"]
) -> None:
    with PgBouncer(shop15.database.server, pool_mode=mode) as pooler:
        target = shop15.target("pgtend_observer", host=pooler.host, port=str(pooler.port), sslmode="disable")
        with pytest.raises(ConnectionRefusedByTarget) as refusal:
            async with open_session(target, shop15.limits, kind):
                pass
        assert (refusal.value.finding.reason, refusal.value.finding.aspect) == ("PoolerInTheWay", kind.aspect)
        assert str(refusal.value).startswith(f"{target.place}: ")
        through = pooler.dsn(shop15.database.name, "pgtend_observer", PASSWORD)
        with psycopg.connect(through, autocommit=True) as next_client:
            row = next_client.execute("SELECT current_setting('search_path')").fetchone()
    assert row == ('"$user", public',)


async def test_a_full_server_says_so(shop: Shop) -> None:
    shop.database.run("ALTER ROLE pgtend_observer CONNECTION LIMIT 0")
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        async with open_observer(shop.observer, shop.limits):
            pass
    assert refusal.value.finding.reason == "TooManyConnections"


async def test_tls_is_asked_for_and_not_offered(shop18: Shop) -> None:
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        async with open_observer(shop18.target("pgtend_observer", sslmode="prefer"), shop18.limits):
            pass
    assert refusal.value.finding.reason == "TlsNotOffered"


async def test_tls_is_verified_against_the_secrets_own_authority(shop15: Shop) -> None:
    path = shop15.database.server.ca_path
    assert path is not None
    authority = path.read_text()
    for keys in ({"sslmode": "verify-full", "ca.crt": authority}, {"ca.crt": authority}, {"sslmode": "require"}):
        async with open_session(shop15.target("pgtend_observer", **keys), shop15.limits, OBSERVING) as session:
            cursor = await session.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            assert await cursor.fetchall() == [{"ssl": True}]


async def test_another_authority_is_not_trusted(shop15: Shop) -> None:
    with PostgresServer(version=15) as other:
        assert other.ca_path is not None
        foreign = other.ca_path.read_text()
    for keys in ({"sslmode": "verify-full", "ca.crt": foreign}, {"ca.crt": foreign}, {"sslmode": "verify-full"}):
        with pytest.raises(ConnectionRefusedByTarget) as refusal:
            async with open_session(shop15.target("pgtend_observer", **keys), shop15.limits, OBSERVING):
                pass
        assert refusal.value.finding.reason == "TlsNotVerified", refusal.value


async def test_every_kind_of_session_has_its_settings(shop15: Shop) -> None:
    shop15.database.run(
        "ALTER ROLE pgtend_observer SET search_path = shop",
        "ALTER ROLE pgtend_observer SET statement_timeout = '1h'",
        "ALTER ROLE pgtend_observer SET default_transaction_read_only = off",
    )
    for kind in (OBSERVING, PLANNING, TUNING):
        async with open_session(shop15.observer, shop15.limits, kind) as session:
            assert await shown(session, "application_name") == APPLICATION_NAME
            assert await shown(session, "search_path") == "pg_catalog"
            assert await shown(session, "statement_timeout") in ("10s", "5s")
            assert await shown(session, "default_transaction_read_only") == ("off" if kind is TUNING else "on")


async def test_what_the_server_says_does_not_leave(shop: Shop) -> None:
    async with open_session(shop.observer, shop.limits, OBSERVING) as session:
        with pytest.raises(StatementFailed) as failure, translated(Aspect.CONNECTED):
            await session.execute("SELECT couple::int FROM shop.bookings WHERE id = 7")
    assert failure.value.sqlstate == "22P02"
    assert "couple" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__


async def test_a_slow_read_ends_by_its_timeout(shop: Shop) -> None:
    async with open_session(shop.observer, shop.limits, OBSERVING) as session:
        await session.execute("SET statement_timeout TO '50ms'")
        with pytest.raises(StatementFailed, match="longer than its timeout"), translated(Aspect.CONNECTED):
            await session.execute("SELECT pg_sleep(30)")


async def test_a_lost_session_is_told_with_where_it_led_and_opened_again(shop: Shop) -> None:
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        async with open_observer(shop.observer, shop.limits) as observer:
            shop.database.run(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgtend'"
            )
            await observer.identify()
    assert str(refusal.value).startswith(f"{shop.observer.place}: The connection to the server was lost")
    assert refusal.value.finding.reason == "ConnectionLost"
    async with open_observer(shop.observer, shop.limits) as observer:
        await observer.identify()


async def test_connections_to_one_server_are_capped_over_all_policies(shop: Shop) -> None:
    limits = ConnectionLimits(per_server=4, patience=0.2)
    async with open_observer(shop.observer, limits) as observer:
        assert limits.open_connections == {shop.observer.server: 1}
        with pytest.raises(ConnectionRefusedByTarget) as refusal:
            async with open_observer(shop.observer, limits):
                pass
        assert refusal.value.finding.reason == "ConnectionLimit"
        async with (
            open_tuner(shop.tuner, limits),
            open_tuner(shop.tuner, limits, lane=Lane.BUILD),
            open_session(shop.observer, limits, PLANNING),
        ):
            assert limits.open_connections == {shop.observer.server: 4}
        await observer.identify()
    assert limits.open_connections == {}


async def test_who_waits_gets_the_place_that_becomes_free(shop: Shop) -> None:
    limits = ConnectionLimits(per_server=4, patience=20)
    most = 0

    async def look() -> None:
        nonlocal most
        async with open_observer(shop.observer, limits) as observer:
            most = max(most, sum(limits.open_connections.values()))
            await observer.identify()

    await asyncio.gather(*(look() for _ in range(10)))
    assert most == 1


def test_too_small_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        ConnectionLimits(per_server=3)


async def test_a_person_connects_by_a_connection_string(shop: Shop) -> None:
    async with open_observer(target_from_dsn(shop.database.dsn), shop.limits, own_roles=()) as observer:
        assert (await observer.identify()).name == shop.database.name
        assert (await observer.read_counters()).counters
