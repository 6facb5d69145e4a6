"""Read a connection secret: hostile input, of which only what is named here reaches libpq.

A secret may be written by somebody who is not allowed to do what the operator may do. A libpq URI can make the client
read files (passfile, sslkey, service), reach sockets of its own host, or set server options. So a URI is taken apart,
and the connection is built anew from the keys that are allowed.

libpq's parameters: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding

_SCHEMES = ("postgresql://", "postgres://")
_URI_KEYS = frozenset({"host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "channel_binding"})
_URI_KEYS_WITHOUT_EFFECT = frozenset({"application_name", "connect_timeout"})
_SECRET_KEYS = {
    "host": ("host",),
    "port": ("port",),
    "dbname": ("dbname", "database"),
    "user": ("username", "user"),
    "password": ("password",),
    "sslmode": ("sslmode",),
}
_SSL_MODES = {
    "disable": "disable",
    "allow": "require",
    "prefer": "require",
    "require": "require",
    "verify-ca": "verify-ca",
    "verify-full": "verify-full",
}
_MISREAD_KEYS = {"sslmode": "sslmode", "cacrt": "ca.crt", "sslrootcert": "ca.crt"}
"""What is meant by a key that looks like this without capitals and punctuation."""
_UNSAID_KEYS = frozenset({"channel_binding", "hostaddr", "require_auth", "sslcert", "sslcrl", "sslkey"})
"""Parameters of libpq that would change whom it connects to, or how safely."""
_LONGEST_VALUE = 1_000
_SHOWN_NAME = 63
"""Characters of a database's name that are shown: Postgres has none that is longer."""
_LONGEST_CERTIFICATE = 500_000

# The operator's own keys, tickets and files are never offered to a server that a secret names. A password in clear text
# is only ever sent to a server whose certificate was verified.
_CLOSED_DOORS = {
    "passfile": "/dev/null",
    "sslcertmode": "disable",
    "gssencmode": "disable",
    "require_auth": "scram-sha-256,md5,none",
}


class Given(StrEnum):
    """By what a connection is described, and so what is to be corrected where it is wrong."""

    OBJECT = "the secret"
    """A Secret of Kubernetes."""
    STRING = "the DSN or PG… variables"


@dataclass(frozen=True, kw_only=True)
class ConnectionTarget:
    """One server, database and role. ``parameters`` are the libpq parameters to connect with, the password among them."""

    host: str
    port: int
    dbname: str
    user: str
    sslmode: str
    parameters: Mapping[str, str] = field(repr=False)
    ca_certificate: str | None = field(default=None, repr=False)
    """PEM text of the certificate authorities to trust, None: what the parameters say."""
    given: Given = Given.OBJECT
    secret: str = ""
    """Name of the Secret; empty where there is none."""

    @property
    def place(self) -> str:
        """Where it leads and by which Secret, for the beginning of a sentence."""
        server = f"{self.host or 'the local socket'}:{self.port}"
        if not self.secret:
            return server
        name = "".join(each if each.isprintable() else "?" for each in self.dbname[:_SHOWN_NAME])
        return f"Secret {self.secret} ({server}, database {name})"

    @property
    def server(self) -> tuple[str, int]:
        """What connections are capped by."""
        return self.host.lower(), self.port


def target_from_secret(data: Mapping[str, bytes], name: str, aspect: Aspect = Aspect.CONNECTED) -> ConnectionTarget:
    """The target that a Kubernetes secret's data describes: ``uri``, or host, port, dbname, username and so on.

    Beside ``uri`` the single keys, which the Secrets of some operators hold as well, must say the same, and say what the URI leaves
    out. TLS is ``require`` unless more is asked for; ``allow`` and ``prefer`` are read as ``require``;
    ``require`` with a ``ca.crt`` as ``verify-ca``, as libpq does. Keys that have nothing to do with the connection are left alone.
    Raises ConnectionRefusedByTarget (reason SecretInvalid) with a sentence that names the Secret and the key, and never its value.
    """
    reader = _Reader(aspect, name)
    reader.refuse_misread_keys(data)
    single = reader.from_keys(data)
    given = single | reader.from_uri(data, single) if data.get("uri") else single
    given.setdefault("sslmode", "require")
    missing = [key for key in ("host", "user", "password", "dbname") if not given.get(key)]
    if missing:
        reader.refuse(
            f" says nothing of {', '.join(missing)}: give a key uri (postgresql://…), or the keys "
            "host, port, dbname, username and password."
        )
    host = reader.host(given["host"])
    port = reader.port(given.get("port") or "5432")
    sslmode = _SSL_MODES.get(given["sslmode"])
    if sslmode is None:
        reader.refuse("'s sslmode is none of disable, require, verify-ca and verify-full.")
    certificate = reader.certificate(data)
    if certificate and sslmode == "require":
        sslmode = "verify-ca"
    roots = given.get("sslrootcert")
    if roots not in (None, "system"):
        reader.refuse(
            "'s uri says an sslrootcert, which names a file: put the certificate itself under the key ca.crt."
        )
    if sslmode == "verify-ca" and not certificate:
        reader.refuse(" asks for sslmode verify-ca but has no key ca.crt to verify against.")
    parameters = {
        "host": host,
        "port": str(port),
        "dbname": given["dbname"],
        "user": given["user"],
        "password": given["password"],
        "sslmode": sslmode,
        **_CLOSED_DOORS,
    }
    if sslmode == "verify-full":
        parameters["require_auth"] += ",password"
        if not certificate:
            parameters["sslrootcert"] = "system"
    if given.get("channel_binding") in ("require", "prefer"):
        parameters["channel_binding"] = given["channel_binding"]
    return ConnectionTarget(
        host=host,
        port=port,
        dbname=given["dbname"],
        user=given["user"],
        sslmode=sslmode,
        parameters=parameters,
        ca_certificate=certificate,
        secret=name,
    )


def target_from_dsn(dsn: str) -> ConnectionTarget:
    """The target of a libpq connection string or URI given by the person who runs the program; PG* variables count.

    Raises ConnectionRefusedByTarget (reason ConnectionStringInvalid) where libpq cannot read it.
    """
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
        defaults = {
            option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val is not None
        }
    except (ProgrammingError, UnicodeDecodeError):
        # libpq's message repeats the string, and with it a password.
        message = (
            "The connection string cannot be read: write postgresql://user@host:port/database, or "
            "host=… port=… dbname=… user=…; special characters of a URI are percent-encoded."
        )
        finding = Finding(aspect=Aspect.CONNECTED, reason="ConnectionStringInvalid", message=message)
        raise ConnectionRefusedByTarget(finding) from None
    merged = defaults | given
    port = merged.get("port", "5432").split(",")[0]
    user = merged.get("user", "")
    return ConnectionTarget(
        host=merged.get("host", ""),
        port=int(port) if port.isdecimal() else 5432,
        dbname=merged.get("dbname") or user,
        user=user,
        sslmode=merged.get("sslmode", "prefer"),
        parameters=given,
        given=Given.STRING,
    )


def find_weakness(target: ConnectionTarget, aspect: Aspect = Aspect.CONNECTED) -> Finding | None:
    """What is allowed but should be known: a connection without TLS."""
    if target.sslmode != "disable":
        return None
    who, roots = (
        (f"The Secret {target.secret}", "a ca.crt")
        if target.given is Given.OBJECT
        else ("The DSN or PGSSLMODE", "sslrootcert")
    )
    return Finding(
        aspect=aspect,
        reason="TlsDisabled",
        message=f"{who} says sslmode disable: the password and what is read travel "
        f"unencrypted. Say require, or verify-full with {roots}, "
        "where the server can do TLS.",
        fatal=False,
    )


@dataclass(frozen=True)
class _Reader:
    """Takes values out of a secret and refuses with the aspect that the secret belongs to."""

    aspect: Aspect
    name: str

    def refuse(self, message: str) -> NoReturn:
        """``message`` is what follows the name of the Secret."""
        told = f"The Secret {self.name}{message}"
        raise ConnectionRefusedByTarget(Finding(aspect=self.aspect, reason="SecretInvalid", message=told))

    def refuse_misread_keys(self, data: Mapping[str, bytes]) -> None:
        """Passed over, such a key would leave the connection less safe than whoever wrote it believes."""
        for key in sorted(data):
            meant = _MISREAD_KEYS.get("".join(each for each in key.lower() if each not in "-_."), key)
            if meant != key and meant not in data:
                self.refuse(f" has a key {key}, which is not read: name it {meant}, or take it out.")
            if key in _UNSAID_KEYS:
                self.refuse(f" has a key {key}, which pgtend does not take from a secret: take it out.")

    def text(self, data: Mapping[str, bytes], key: str, longest: int = _LONGEST_VALUE) -> str | None:
        raw = data.get(key)
        if raw is None:
            return None
        try:
            # `kubectl create secret --from-file` keeps the newline that an editor put at a file's end.
            value = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            value = "\0"
        if "\0" in value:
            self.refuse(f"'s key {key} is not UTF-8 text.")
        if len(value) > longest:
            self.refuse(f"'s key {key} is longer than {longest} characters.")
        return value

    def from_keys(self, data: Mapping[str, bytes]) -> dict[str, str]:
        values: dict[str, str] = {}
        for parameter, keys in _SECRET_KEYS.items():
            said = {key: value for key in keys if (value := self.text(data, key))}
            if len(set(said.values())) > 1:
                self.refuse(f"'s keys {' and '.join(said)} say different things: take one of them out.")
            if said:
                values[parameter] = next(iter(said.values()))
        return values

    def from_uri(self, data: Mapping[str, bytes], single: Mapping[str, str]) -> dict[str, str]:
        uri = (self.text(data, "uri", 4 * _LONGEST_VALUE) or "").strip()
        if not uri.startswith(_SCHEMES):
            self.refuse("'s uri does not begin with postgresql://.")
        try:
            parsed = conninfo_to_dict(uri)
        except (ProgrammingError, UnicodeDecodeError):  # its text repeats the URI, and with it the password
            self.refuse(
                "'s uri cannot be read: write postgresql://user:password@host:port/database, "
                "with special characters percent-encoded and no unknown parameter."
            )
        values = {key: str(value) for key, value in parsed.items() if value not in (None, "")}
        refused = sorted(values.keys() - _URI_KEYS - _URI_KEYS_WITHOUT_EFFECT)
        if refused:
            self.refuse(
                f"'s uri says {', '.join(refused)}, which pgtend does not take from a secret: "
                f"leave it out. Allowed are {', '.join(sorted(_URI_KEYS))}."
            )
        long = [key for key, value in values.items() if len(value) > _LONGEST_VALUE or "\0" in value]
        if long:
            self.refuse(f"'s uri has an unusable {long[0]}.")
        for parameter, value in single.items():
            if not _agree(parameter, values.get(parameter), value):
                self.refuse(
                    f"'s uri and its key {_key_of(parameter, data)} say different things: mend one of them, or take the key out."
                )
        return values

    def host(self, host: str) -> str:
        if "," in host:
            self.refuse(" names several hosts: name one, the primary's (a Service, say).")
        if host.startswith(("/", "@")) or "\\" in host or any(each.isspace() for each in host):
            self.refuse("'s host is a socket path or no host name: give a DNS name or an address.")
        return host

    def port(self, port: str) -> int:
        if not port.isascii() or not port.isdecimal() or not 1 <= int(port) <= 65535:
            self.refuse("'s port is no number from 1 to 65535.")
        return int(port)

    def certificate(self, data: Mapping[str, bytes]) -> str | None:
        text = self.text(data, "ca.crt", _LONGEST_CERTIFICATE)
        if not text or not text.strip():
            return None
        if "-----BEGIN CERTIFICATE-----" not in text:
            self.refuse("'s ca.crt is no PEM certificate (-----BEGIN CERTIFICATE-----…).")
        return text + "\n"


def _agree(parameter: str, in_uri: str | None, single: str) -> bool:
    """Whether a key says what the URI says, where that says something. Of one host there may be a short and a longer name."""
    if in_uri is None or in_uri == single:
        return True
    if parameter == "host":
        short, long = sorted((in_uri.lower().rstrip("."), single.lower().rstrip(".")), key=len)
        return long == short or long.startswith(f"{short}.")
    if parameter == "sslmode":
        return _SSL_MODES.get(in_uri, in_uri) == _SSL_MODES.get(single, single)
    return False


def _key_of(parameter: str, data: Mapping[str, bytes]) -> str:
    return next(key for key in _SECRET_KEYS[parameter] if data.get(key))
