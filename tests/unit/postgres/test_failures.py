"""What libpq says of a connection that could not be opened, in our own words: what is wrong, and where to correct it."""

from __future__ import annotations

import psycopg
import pytest

from pgtend.domain.finding import Aspect
from pgtend.postgres.failures import explain_refusal
from pgtend.postgres.secret import ConnectionTarget, target_from_dsn, target_from_secret

BY_DSN = target_from_dsn("postgresql://u:hush@db.example:5433/shop")
BY_SECRET = target_from_secret(
    {"host": b"db.example", "port": b"5433", "dbname": b"shop", "user": b"u", "password": b"hush"}, "shop-observer"
)


@pytest.mark.parametrize(
    ("target", "text", "reason", "sentence"),
    [
        (
            BY_DSN,
            'connection failed: FATAL:  role "u" does not exist',
            "RoleMissing",
            "There is no role of that name on the server: correct the user in the DSN or PG… variables, or create it.",
        ),
        (
            BY_SECRET,
            'connection failed: FATAL:  role "u" does not exist',
            "RoleMissing",
            "There is no role of that name on the server: correct the user in the secret, or create it.",
        ),
        (
            BY_SECRET,
            'FATAL:  database "shop" does not exist',
            "DatabaseMissing",
            "There is no database of that name on the server: correct the secret.",
        ),
        (BY_SECRET, "FATAL:  the database system is starting up", "ServerNotReady", "starting up; pgtend tries again."),
        (BY_DSN, "FATAL:  the database system is starting up", "ServerNotReady", "starting up; try again in a moment."),
        (BY_DSN, 'FATAL:  role "u" is not permitted to log in', "AuthenticationFailed", "The role may not log in"),
        (BY_DSN, "certificate verify failed", "TlsNotVerified", "no authority that sslrootcert names"),
        (BY_SECRET, "certificate verify failed", "TlsNotVerified", "no authority that ca.crt names"),
        (BY_DSN, "FATAL:  Rolle »u« existiert nicht", "ConnectionFailed", "the server's log may say why"),
    ],
)
def test_why_a_connection_cannot_be_opened_is_said_without_the_server_s_text(
    target: ConnectionTarget, text: str, reason: str, sentence: str
) -> None:
    finding = explain_refusal(psycopg.OperationalError(text), target, Aspect.CONNECTED).finding
    assert finding.reason == reason
    assert sentence in finding.message
    place = "db.example:5433" if target is BY_DSN else "Secret shop-observer (db.example:5433, database shop)"
    assert finding.message.startswith(f"{place}: ")
    assert "hush" not in finding.message
    assert "{" not in finding.message
