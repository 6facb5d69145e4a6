"""Secrets that lead nowhere, or must not be followed: each is explained, and mended without a restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from psycopg import sql

from demo.cluster import REPOSITORY
from tests.e2e.complaints import until_said, until_unready, until_well
from tests.e2e.database import OBSERVER, TUNER, ShopServer, print_grants
from tests.e2e.stage import POLICY, Shop, Stage
from tests.servers.postgres_host import free_port

pytestmark = pytest.mark.side_by_side

SECRET = f"{POLICY}-observer"
Secret = Mapping[str, Any]
Make = Callable[[ShopServer, str], Secret]
"""Makes the Secret of a database."""


def keys(**fields: str) -> Make:
    """A Secret with single keys, of which these are wrong."""
    return lambda databases, database: databases.secret(SECRET, database, OBSERVER, **fields)


def uri(parameter: str, host: str | None = None) -> Make:
    """A Secret with a URI that says more than it may."""

    def make(databases: ShopServer, database: str) -> Secret:
        login = f"{OBSERVER}:{quote(databases.passwords[OBSERVER])}"
        where = f"{databases.server.host}:{databases.server.port}" if host is None else host
        text = f"postgresql://{login}@{where}/{database}{parameter}"
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": {"uri": text}}

    return make


CASES = [
    pytest.param(
        "unreachable",
        lambda databases, database: databases.secret(SECRET, database, OBSERVER, port=str(free_port())),
        "Unreachable",
        ("Nothing listens on that host and port",),
        id="unreachable",
    ),
    pytest.param(
        "wrong-password",
        keys(password="canary-wrong-password"),
        "AuthenticationFailed",
        ("correct the secret",),
        id="wrong password",
    ),
    pytest.param("no-such-database", keys(dbname="nowhere"), "DatabaseMissing", ("correct the secret",), id="database"),
    pytest.param(
        "key-missing", keys(password=""), "SecretInvalid", ("says nothing of password", "give a key uri"), id="key"
    ),
    pytest.param(
        "passfile",
        uri("?passfile=/var/run/secrets/kubernetes.io/serviceaccount/token"),
        "SecretInvalid",
        ("passfile", "leave it out"),
        id="passfile",
    ),
    pytest.param("service", uri("?service=other"), "SecretInvalid", ("service", "leave it out"), id="service"),
    pytest.param(
        "options",
        uri("?options=-c%20statement_timeout%3D0"),
        "SecretInvalid",
        ("options", "leave it out"),
        id="options",
    ),
    pytest.param(
        "socket", uri("", "%2Fvar%2Frun%2Fpostgresql"), "SecretInvalid", ("socket path", "give a DNS name"), id="socket"
    ),
    pytest.param("no-uri", uri("?sslmode=whatever"), "SecretInvalid", (), id="sslmode"),
]


@pytest.mark.parametrize(("name", "broken", "reason", "words"), CASES)
def test_a_secret_that_leads_nowhere_is_explained_and_mended(
    stage: Stage, name: str, broken: Make, reason: str, words: tuple[str, ...]
) -> None:
    shop = stage.open_shop(f"secret-{name}", shapes=())
    give(shop, broken(stage.databases, shop.database))
    shop.apply_policy()
    said = until_said(shop, "Connected", "False", reason, *words)
    until_unready(shop, reason)
    assert "canary" not in said
    give(shop, stage.databases.secret(SECRET, shop.database, OBSERVER))
    until_well(shop, "Connected", "Permitted", "TunerReady")


def test_a_missing_secret_is_named_and_taken_once_it_is_there(stage: Stage) -> None:
    shop = stage.open_shop("secret-missing", shapes=())
    shop.kubectl.run("--namespace", shop.namespace, "delete", "secret", SECRET)
    shop.apply_policy()
    until_said(
        shop, "Connected", "False", "SecretNotFound", f"There is no Secret {SECRET}", "secret-missing", "create it"
    )
    give(shop, stage.databases.secret(SECRET, shop.database, OBSERVER))
    until_well(shop, "Connected")


def test_without_a_right_to_the_secret_the_role_is_named(stage: Stage) -> None:
    shop = stage.open_shop("secret-closed", shapes=(), access=False)
    shop.apply_policy()
    until_said(
        shop, "Connected", "False", "SecretNotReadable", SECRET, "apply the Role and RoleBinding of deploy/access"
    )
    shop.kubectl.run("--namespace", shop.namespace, "apply", "--kustomize", str(REPOSITORY / "deploy/access"))
    until_well(shop, "Connected", "TunerReady")


def test_a_missing_tuner_secret_leaves_the_observing_alone(stage: Stage) -> None:
    shop = stage.open_shop("secret-no-tuner", shapes=())
    shop.kubectl.run("--namespace", shop.namespace, "delete", "secret", f"{POLICY}-tuner")
    shop.apply_policy()
    until_said(shop, "TunerReady", "False", "SecretNotFound", f"{POLICY}-tuner")
    until_said(shop, "Permitted", "True", "Permitted", event=False)
    until_unready(shop, "SecretNotFound", f"{POLICY}-tuner")
    give(shop, stage.databases.secret(f"{POLICY}-tuner", shop.database, TUNER))
    until_well(shop, "TunerReady")


def test_a_rotated_password_is_taken_up(stage: Stage) -> None:
    shop = stage.open_shop("secret-rotated", shapes=())
    server, role = stage.databases.server, "rotating_observer"
    with shop.connect() as connection:
        connection.execute(print_grants(server.dsn(shop.database), "--observer", role, "--no-tuner").encode())
    rotate(shop, role, "canary-before")
    shop.apply_policy()
    until_well(shop, "Connected")
    with shop.connect() as connection:
        connection.execute(set_password(role, "canary-after"))
    until_said(shop, "Connected", "False", "AuthenticationFailed", "correct the secret")
    rotate(shop, role, "canary-after")
    until_well(shop, "Connected")


def give(shop: Shop, secret: Secret) -> None:
    """Put a Secret in the place of the one that is there, whatever keys that has."""
    shop.kubectl.run(
        "--namespace", shop.namespace, "delete", "secret", secret["metadata"]["name"], "--ignore-not-found"
    )
    shop.kubectl.apply(secret)


def rotate(shop: Shop, role: str, password: str) -> None:
    """Set the role's password, in the database and in the Secret."""
    with shop.connect() as connection:
        connection.execute(set_password(role, password))
    give(shop, shop.stage.databases.secret(SECRET, shop.database, OBSERVER, username=role, password=password))


def set_password(role: str, password: str) -> sql.Composed:
    """ALTER ROLE."""
    return sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password))
