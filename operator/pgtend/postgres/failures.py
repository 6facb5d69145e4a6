"""Translate what psycopg raises into pgtend's named errors.

Postgres puts values of rows into error messages, so no text of the server leaves this package: only the SQLSTATE and a
sentence of our own. SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, StatementFailed
from pgtend.postgres.secret import ConnectionTarget, Given

LOCK_NOT_AVAILABLE = "55P03"
INSUFFICIENT_PRIVILEGE = "42501"
CONNECTION_LOST = "ConnectionLost"
"""Reason of the finding where an open session is gone."""

_SENTENCES = {
    "57014": "The statement was cancelled, because it took longer than its timeout or somebody cancelled it.",
    "55P03": "The statement waited too long for a lock that another session holds.",
    "40P01": "The statement was ended because it was in a deadlock; it can be tried again.",
    "42501": "The role lacks a privilege that the statement needs: run what `pgtend grants` prints.",
    "42P01": "A table of the statement does not exist (any more).",
    "42703": "A column of the statement does not exist (any more).",
    "42704": "An object of the statement does not exist (any more).",
    "42883": "A function of the statement does not exist, or takes other arguments.",
    "42P07": "A relation of that name exists already.",
    "42710": "An object of that name exists already.",
    "3F000": "A schema of the statement does not exist (any more).",
    "22021": "A name or a text that the server holds is not valid in the encoding of this database, which is often so in one of "
    "SQL_ASCII: rename the object whose name has bytes that are no UTF-8.",
    "22P05": "A name or a text that the server holds has characters that the encoding of this database does not have: rename that object.",
    "23505": "There are duplicate values, so that a unique index cannot be built.",
    "25006": "The server is read-only: it is a standby, or the session is set to read only.",
    "53100": "The server's disk is full.",
    "53200": "The server ran out of memory.",
    "54000": "The index would exceed a limit of the server.",
    "0A000": "The server does not support that on this relation.",
    "55000": "An object is not in the state that the statement needs, or an extension is not preloaded.",
}

# While connecting, libpq hands out a text and no SQLSTATE, so the text of an English server is all there is to go by; a
# server that speaks another language gets the general sentence.
_REFUSALS = (
    ("password authentication failed", "AuthenticationFailed", "The server does not accept this user and password: correct {source}."),
    ('role "', "RoleMissing", "There is no role of that name on the server: correct the user in {source}, or create it."),
    ("Peer authentication failed", "AuthenticationFailed", "Only the operating system's user of that name gets in here: use a password over TCP."),
    ("Ident authentication failed", "AuthenticationFailed", "The server asks this host's identd who the user is: connect with a password."),
    ("no password supplied", "AuthenticationFailed", "The server asks for a password and there is none: add it to {source}."),
    ("no pg_hba.conf entry", "NotAllowedByServer", "The server's pg_hba.conf does not let this user in from here: add a line."),
    ("pg_hba.conf rejects", "NotAllowedByServer", "The server's pg_hba.conf rejects this user from here: add a line for it."),
    ("is not permitted to log in", "AuthenticationFailed", "The role may not log in: ALTER ROLE … LOGIN."),
    ("permission denied for database", "NotAllowedByServer", "The role may not connect to this database: GRANT CONNECT ON DATABASE."),
    ("does not support SSL", "TlsNotOffered", "The server does not offer TLS: switch it on there, or set sslmode to disable in {source}."),
    ("certificate verify failed", "TlsNotVerified", "The server's certificate is signed by no authority that {roots} names: correct it."),
    ("root certificate file", "TlsNotVerified", "The file of certificate authorities, sslrootcert, cannot be read."),
    ("does not match host name", "TlsNotVerified", "The server's certificate is for another host name: correct the host, or use sslmode verify-ca."),
    ("SSL error", "TlsFailed", "The TLS handshake with the server failed."),
    ("authentication method requirement", "AuthenticationNotSafe", "A clear-text password needs sslmode verify-full: use scram-sha-256."),
    ("too many clients", "TooManyConnections", "The server has no connection left: raise max_connections, or close idle ones."),
    ("remaining connection slots", "TooManyConnections", "The server has no connection left for ordinary roles: raise max_connections."),
    ("too many connections for", "TooManyConnections", "The connection limit of the role or the database is reached: raise it."),
    ("starting up", "ServerNotReady", "The server is starting up; {again}."),
    ("shutting down", "ServerNotReady", "The server is shutting down; {again}."),
    ("in recovery mode", "ServerNotReady", "The server is recovering from a crash; {again}."),
    ("not yet accepting connections", "ServerNotReady", "The server is not yet accepting connections; {again}."),
    ("failed to resolve host", "HostUnknown", "The host name cannot be resolved: correct the host in {source}."),
    ("could not translate host name", "HostUnknown", "The host name cannot be resolved: correct the host in {source}."),
    ("Connection refused", "Unreachable", "Nothing listens on that host and port: is the server running, are host and port right?"),
    ("timeout expired", "Unreachable", "The server does not answer: is there a firewall or a NetworkPolicy in between?"),
    ("connection timeout", "Unreachable", "The server does not answer: is there a firewall or a NetworkPolicy in between?"),
    ("No such file or directory", "Unreachable", "There is no socket of a Postgres server: is it running, and is it the right folder and port?"),
    ("invalid sslmode value", "ConnectionStringInvalid", "The sslmode is none of disable, allow, prefer, require, verify-ca and verify-full."),
    ("invalid port number", "ConnectionStringInvalid", "The port is no number from 1 to 65535."),
    ("definition of service", "ConnectionStringInvalid", "The service that {source} name is in no service file."),
    ("unrecognized configuration parameter", "ConnectionStringInvalid", "The options of {source} name no setting of this server."),
    ("invalid integer value", "ConnectionStringInvalid", "An option of {source} that is to be a whole number is none."),
    ("No route to host", "Unreachable", "There is no route to the host."),
    ("Network is unreachable", "Unreachable", "There is no route to the host."),
    ("server closed the connection", "Unreachable", "The server closed the connection while it was being opened: is that a Postgres port?"),
)  # fmt: skip


_WORDS = {
    Given.OBJECT: {"source": Given.OBJECT.value, "again": "pgtend tries again", "roots": "ca.crt"},
    Given.STRING: {"source": Given.STRING.value, "again": "try again in a moment", "roots": "sslrootcert"},
}
"""What a person calls the things that a sentence is about."""


def explain_refusal(error: psycopg.Error, target: ConnectionTarget, aspect: Aspect) -> ConnectionRefusedByTarget:
    """Why a connection could not be opened, as a finding without the server's text."""
    text = str(error)
    if 'database "' in text and "does not exist" in text:
        reason, sentence = "DatabaseMissing", "There is no database of that name on the server: correct {source}."
    else:
        reason, sentence = next(
            ((reason, sentence) for sign, reason, sentence in _REFUSALS if _means(text, sign)),
            ("ConnectionFailed", "The connection could not be opened; the server's log may say why."),
        )
        if not target.host and reason in ("ConnectionFailed", "Unreachable"):
            # Only the command line may leave the host out: a Secret without one is refused before.
            sentence = (
                "No host was given, and the local socket did not answer. Name one by --dsn, PGTEND_DSN or PGHOST."
            )
    return ConnectionRefusedByTarget(
        Finding(aspect=aspect, reason=reason, message=f"{target.place}: {sentence.format(**_WORDS[target.given])}")
    )


def _means(text: str, sign: str) -> bool:
    """Whether libpq's text says this; of a role there is more than one thing to say."""
    return sign in text and (sign != 'role "' or "does not exist" in text)


def sentence_for(error: psycopg.Error) -> str:
    """What went wrong, in our own words."""
    return _SENTENCES.get(
        error.sqlstate or "",
        f"The server refused the statement ({type(error).__name__}, SQLSTATE {error.sqlstate or 'unknown'}); "
        "its log has the text.",
    )


def is_connection_lost(error: psycopg.Error) -> bool:
    """Whether the session is gone: ended by an administrator, a crash, or the network."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate in ("08000", "08003", "08006", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04")


@contextmanager
def translated(aspect: Aspect) -> Iterator[None]:
    """Turn psycopg's errors into StatementFailed, or ConnectionRefusedByTarget where the session was lost."""
    try:
        yield
    except psycopg.Error as error:
        if is_connection_lost(error):
            message = "The connection to the server was lost: it, an administrator or the network ended it."
            lost = Finding(aspect=aspect, reason=CONNECTION_LOST, message=message)
            raise ConnectionRefusedByTarget(lost) from None
        raise StatementFailed(error.sqlstate or "", sentence_for(error)) from None
