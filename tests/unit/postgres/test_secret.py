"""A connection secret is hostile input: what it may say, and the sentence for what it may not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget
from pgtend.postgres.secret import ConnectionTarget, find_weakness, target_from_dsn, target_from_secret

PASSWORD = "pa/ss:wo@rd %41"
QUOTED = "pa%2Fss%3Awo%40rd%20%2541"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
KEYS = {"host": "db.shop", "dbname": "shop", "username": "observer", "password": PASSWORD}


def read(**keys: str) -> ConnectionTarget:
    named = {"ca.crt" if key == "ca" else key: value.encode() for key, value in keys.items()}
    return target_from_secret(named, "shop-observer")


@pytest.mark.parametrize(
    "keys",
    [
        KEYS,
        {**KEYS, "port": "5432"},
        {"host": "db.shop\n", "database": "shop\n", "user": "observer\n", "password": PASSWORD + "\n"},
        {"uri": f"postgresql://observer:{QUOTED}@db.shop/shop"},
        {"uri": f"postgres://observer:{QUOTED}@db.shop:5432/shop\n"},
        {"uri": f"postgresql://db.shop/shop?user=observer&password={QUOTED}"},
        {"uri": f"postgresql://observer:{QUOTED}@db.shop/shop?application_name=x&connect_timeout=1"},
        {"uri": f"postgresql://observer:{QUOTED}@db.shop/shop", **KEYS, "user": "observer", "port": "5432"},
        {"uri": "postgresql://db.shop", "dbname": "shop", "user": "observer", "password": PASSWORD},
        {"uri": f"postgresql://observer:{QUOTED}@db.shop/shop?sslmode=prefer", "sslmode": "require"},
        {**KEYS, "user": "observer", "database": "shop"},
        {**KEYS, "sslmode": "prefer"},
        {**KEYS, "sslmode": "allow"},
    ],
)
def test_all_ways_to_say_the_same_mean_the_same(keys: dict[str, str]) -> None:
    target = read(**keys)
    assert (target.host, target.port, target.dbname, target.user) == ("db.shop", 5432, "shop", "observer")
    assert target.sslmode == "require"
    assert target.parameters["password"] == PASSWORD
    assert find_weakness(target) is None


@pytest.mark.parametrize(
    ("keys", "mode", "parameters"),
    [
        ({"sslmode": "disable"}, "disable", {"sslmode": "disable"}),
        ({"sslmode": "require", "ca": CERTIFICATE}, "verify-ca", {"sslmode": "verify-ca"}),
        ({"ca": CERTIFICATE}, "verify-ca", {"sslmode": "verify-ca"}),
        ({"sslmode": "verify-full"}, "verify-full", {"sslrootcert": "system"}),
        ({"sslmode": "verify-full", "ca": CERTIFICATE}, "verify-full", {"sslmode": "verify-full"}),
    ],
)
def test_tls_is_what_the_secret_says_and_never_less(
    keys: dict[str, str], mode: str, parameters: Mapping[str, str]
) -> None:
    target = read(**KEYS, **keys)
    assert target.sslmode == mode
    assert parameters.items() <= target.parameters.items()
    assert ("sslrootcert" in target.parameters) == (mode == "verify-full" and "ca" not in keys)


CLOUDNATIVE_PG = {
    "username": "app",
    "user": "app",
    "password": PASSWORD,
    "dbname": "app",
    "host": "cluster-rw",
    "port": "5432",
    "uri": f"postgresql://app:{QUOTED}@cluster-rw.shop:5432/app",
    "jdbc-uri": f"jdbc:postgresql://cluster-rw.shop:5432/app?password={QUOTED}&user=app",
    "fqdn-uri": f"postgresql://app:{QUOTED}@cluster-rw.shop.svc.cluster.local:5432/app",
    "pgpass": f"cluster-rw:5432:app:app:{PASSWORD}",
}
CRUNCHY = {
    "user": "app",
    "password": PASSWORD,
    "dbname": "app",
    "host": "hippo-primary.shop.svc",
    "port": "5432",
    "uri": f"postgresql://app:{QUOTED}@hippo-primary.shop.svc:5432/app",
    "jdbc-uri": "jdbc:postgresql://hippo-primary.shop.svc:5432/app",
    "pgbouncer-host": "hippo-pgbouncer.shop.svc",
    "pgbouncer-port": "5432",
    "pgbouncer-uri": f"postgresql://app:{QUOTED}@hippo-pgbouncer.shop.svc:5432/app",
    "verifier": "SCRAM-SHA-256$4096:…",
}
RDS = {
    "engine": "postgres",
    "host": "app.abc.eu-west-1.rds.amazonaws.com",
    "username": "app",
    "password": PASSWORD,
    "dbname": "app",
    "port": "5432",
    "dbInstanceIdentifier": "app",
}
ZALANDO = {"username": "app", "password": PASSWORD}


@pytest.mark.parametrize(
    ("keys", "host"),
    [
        pytest.param(CLOUDNATIVE_PG, "cluster-rw.shop", id="CloudNativePG"),
        pytest.param(CRUNCHY, "hippo-primary.shop.svc", id="Crunchy"),
        pytest.param(RDS, "app.abc.eu-west-1.rds.amazonaws.com", id="RDS in AWS Secrets Manager"),
        pytest.param({**ZALANDO, "host": "c.shop", "dbname": "app"}, "c.shop", id="Zalando with host and dbname added"),
    ],
)
def test_secrets_that_operators_make_are_taken_as_they_are(keys: dict[str, str], host: str) -> None:
    target = read(**keys)
    assert (target.host, target.port, target.dbname, target.user) == (host, 5432, "app", "app")
    assert target.parameters["password"] == PASSWORD
    assert target.place == f"Secret shop-observer ({host}:5432, database app)"


def test_what_is_missing_in_a_secret_is_named_with_it() -> None:
    with pytest.raises(ConnectionRefusedByTarget, match="The Secret shop-observer says nothing of host, dbname: "):
        read(**ZALANDO)


def test_a_connection_without_tls_is_said() -> None:
    weakness = find_weakness(read(**KEYS, sslmode="disable"), Aspect.TUNER_READY)
    assert weakness is not None
    assert (weakness.aspect, weakness.reason, weakness.fatal) == (Aspect.TUNER_READY, "TlsDisabled", False)


def test_the_operators_own_keys_and_files_are_never_offered() -> None:
    parameters = read(**KEYS).parameters
    assert parameters["passfile"] == "/dev/null"
    assert parameters["sslcertmode"] == "disable"
    assert parameters["gssencmode"] == "disable"
    assert "password" not in parameters["require_auth"].split(",")


URI = f"postgresql://observer:{QUOTED}@db.shop/shop"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"uri": URI + "?passfile=/etc/shadow"}, "passfile"),
        ({"uri": URI + "?service=other"}, "service"),
        ({"uri": URI + "?options=-c%20role%3Dpostgres"}, "options"),
        ({"uri": URI + "?sslkey=/var/run/secrets/key"}, "sslkey"),
        ({"uri": URI + "?sslcert=/x&sslpassword=y"}, "sslcert, sslpassword"),
        ({"uri": URI + "?hostaddr=10.0.0.1"}, "hostaddr"),
        ({"uri": URI + "?sslrootcert=/etc/passwd"}, "ca.crt"),
        ({"uri": URI + "?target_session_attrs=any"}, "target_session_attrs"),
        ({"uri": URI + "?gssdelegation=1"}, "gssdelegation"),
        ({"uri": URI + "?sslkeylogfile=/tmp/x"}, "sslkeylogfile"),
        ({"uri": URI + "?nonsense=1"}, "unknown parameter"),
        ({"uri": f"postgresql://observer:{QUOTED}@%2Fvar%2Frun/shop"}, "socket path"),
        ({"uri": f"postgresql:///shop?host=/tmp&user=observer&password={QUOTED}"}, "socket path"),
        ({"uri": f"postgresql:///shop?user=observer&password={QUOTED}"}, "nothing of host"),
        ({"uri": f"postgresql://observer:{QUOTED}@one,two/shop"}, "several hosts"),
        ({"uri": f"postgresql://observer:{QUOTED}@db.shop:99999/shop"}, "port"),
        ({"uri": "postgresql://observer@db.shop/shop"}, "nothing of password"),
        ({"uri": "mysql://observer:x@db.shop/shop"}, "does not begin with postgresql://"),
        ({"uri": "host=db.shop passfile=/etc/shadow"}, "does not begin with postgresql://"),
        ({"uri": "postgresql://obs erver:x@db.shop/shop"}, "percent-encoded"),
        ({"uri": URI + "?sslmode=sometimes"}, "sslmode"),
        ({"uri": "postgresql://observer:x@db.shop/%80"}, "percent-encoded"),
        ({}, "nothing of host, user, password, dbname"),
        ({"uri": URI, "host": "elsewhere"}, "uri and its key host say different things"),
        ({"uri": URI, "password": "an older one"}, "uri and its key password say different things"),
        ({"uri": URI, "user": "tuner"}, "uri and its key user say different things"),
        ({"uri": URI + "?sslmode=disable", "sslmode": "verify-full"}, "uri and its key sslmode say different things"),
        ({**KEYS, "user": "tuner"}, "keys username and user say different things"),
        ({**KEYS, "database": "shop2"}, "keys dbname and database say different things"),
        ({**KEYS, "SSL_MODE": "verify-full"}, "key SSL_MODE, which is not read: name it sslmode"),
        ({**KEYS, "sslrootcert": CERTIFICATE}, "key sslrootcert, which is not read: name it ca.crt"),
        ({**KEYS, "hostaddr": "10.0.0.1"}, "hostaddr"),
        ({**KEYS, "host": "/var/run/postgresql"}, "socket path"),
        ({**KEYS, "host": "@abstract"}, "socket path"),
        ({**KEYS, "host": "a,b"}, "several hosts"),
        ({**KEYS, "host": "db passfile=/etc/shadow"}, "socket path"),
        ({**KEYS, "port": "five"}, "port"),
        ({**KEYS, "port": "0"}, "port"),
        ({**KEYS, "password": ""}, "nothing of password"),
        ({**KEYS, "sslmode": "maybe"}, "sslmode"),
        ({**KEYS, "sslmode": "verify-ca"}, "ca.crt"),
        ({**KEYS, "ca": "not a certificate"}, "ca.crt"),
        ({**KEYS, "dbname": "x\0y"}, "dbname"),
        ({**KEYS, "username": "u" * 2000}, "username"),
    ],
)
def test_what_a_secret_may_not_say_is_refused_by_name_and_never_by_value(keys: dict[str, str], words: str) -> None:
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        read(**keys)
    assert refusal.value.finding.reason == "SecretInvalid"
    assert str(refusal.value).startswith("The Secret shop-observer")
    assert words in str(refusal.value)
    for value in (
        PASSWORD,
        QUOTED,
        "elsewhere",
        "an older one",
        "shop2",
        "/etc",
        "/var",
        "/tmp",
        "sometimes",
        "not a certificate",
    ):
        assert value not in str(refusal.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    data = {key: value.encode() for key, value in KEYS.items()} | {"password": b"\xff\xfe"}
    with pytest.raises(ConnectionRefusedByTarget, match="password is not UTF-8"):
        target_from_secret(data, "shop-observer")


def test_a_refusal_belongs_to_the_condition_of_its_secret() -> None:
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        target_from_secret({}, "shop-tuner", Aspect.TUNER_READY)
    assert refusal.value.finding.aspect is Aspect.TUNER_READY


@given(
    st.dictionaries(
        st.sampled_from(["uri", "host", "port", "dbname", "user", "password", "sslmode", "ca.crt"]),
        st.binary(max_size=60),
    )
)
def test_whatever_is_in_a_secret_it_is_a_target_or_a_refusal(data: dict[str, bytes]) -> None:
    try:
        target = target_from_secret(data, "shop-observer")
    except ConnectionRefusedByTarget:
        return
    assert target.sslmode in ("disable", "require", "verify-ca", "verify-full")
    assert not target.host.startswith(("/", "@"))


@given(st.text(max_size=80))
def test_whatever_a_uri_says_only_known_parameters_come_out(rest: str) -> None:
    try:
        target = target_from_secret({"uri": f"postgresql://u:p@h/{rest}".encode(errors="replace")}, "shop-observer")
    except ConnectionRefusedByTarget:
        return
    assert target.parameters.keys() <= {
        "host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "channel_binding", "passfile",
        "sslcertmode", "gssencmode", "require_auth",
    }  # fmt: skip


def test_a_target_shows_no_secret() -> None:
    assert PASSWORD not in repr(read(**KEYS, ca=CERTIFICATE))
    assert "BEGIN CERTIFICATE" not in repr(read(**KEYS, ca=CERTIFICATE))


def test_a_person_may_say_more_than_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "from_environment")
    target = target_from_dsn("host=/var/run/postgresql dbname=shop passfile=/home/me/.pgpass")
    assert (target.host, target.port, target.user, target.dbname) == (
        "/var/run/postgresql",
        5432,
        "from_environment",
        "shop",
    )
    assert target.parameters == {
        "host": "/var/run/postgresql",
        "dbname": "shop",
        "passfile": "/home/me/.pgpass",
    }


def test_a_connection_string_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        target_from_dsn("postgresql://me:geheim wort@db/shop")
    assert refusal.value.finding.reason == "ConnectionStringInvalid"
    assert "geheim" not in str(refusal.value)
