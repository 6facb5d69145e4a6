"""Environment of the process, read once into one frozen value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address

from pgtend.domain.finding import SetupInvalid

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What `pgtend run` is told from outside; everything about a database is in its TuningPolicy instead."""

    namespace: str = "pgtend-system"
    """PGTEND_NAMESPACE: where the Lease is kept; the operator's own namespace."""
    history_url: str = field(default="sqlite+aiosqlite:////var/lib/pgtend/history.db", repr=False)
    """PGTEND_HISTORY_URL: an SQLite file, or a Postgres database by postgresql+psycopg://. May hold a password."""
    listen_host: str = "0.0.0.0"  # noqa: S104 - the kubelet and Prometheus come from outside the Pod
    listen_port: int = 8080
    """PGTEND_LISTEN=host:port of /livez, /readyz and /metrics; port 0 takes a free one."""
    max_connections_per_server: int = 10
    """PGTEND_MAX_CONNECTIONS_PER_SERVER: sessions on one Postgres server at a time, over all policies. 4…1000."""
    log_format: LogFormat = LogFormat.TEXT
    """PGTEND_LOG_FORMAT: text or json."""
    watch_namespaces: tuple[str, ...] = ()
    """PGTEND_WATCH_NAMESPACES: a comma-separated list; empty: all namespaces."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment; what is missing or empty gets its default. Raises SetupInvalid with a sentence."""
    given = {key: value.strip() for key, value in environment.items() if key.startswith("PGTEND_") and value.strip()}
    default = Settings()
    host, port = default.listen_host, default.listen_port
    if "PGTEND_LISTEN" in given:
        host, port = _read_listen(given["PGTEND_LISTEN"])
    return Settings(
        namespace=_read_namespace("PGTEND_NAMESPACE", given.get("PGTEND_NAMESPACE", default.namespace)),
        history_url=given.get("PGTEND_HISTORY_URL", default.history_url),
        listen_host=host,
        listen_port=port,
        max_connections_per_server=_read_number(
            "PGTEND_MAX_CONNECTIONS_PER_SERVER",
            given.get("PGTEND_MAX_CONNECTIONS_PER_SERVER", str(default.max_connections_per_server)),
            4,
            1000,
        ),
        log_format=_read_log_format(given.get("PGTEND_LOG_FORMAT", default.log_format)),
        watch_namespaces=tuple(
            dict.fromkeys(
                _read_namespace("PGTEND_WATCH_NAMESPACES", name.strip())
                for name in given.get("PGTEND_WATCH_NAMESPACES", "").split(",")
                if name.strip()
            )
        ),
    )


def _read_namespace(variable: str, value: str) -> str:
    if not _DNS_LABEL.fullmatch(value):
        raise SetupInvalid(f"{variable} holds {value!r}, which cannot be the name of a namespace.")
    return value


def _read_listen(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    host = host.strip("[]")
    try:
        ip_address(host)
    except ValueError:
        colon = ""
    if not colon:
        raise SetupInvalid(f"PGTEND_LISTEN is {value!r}: give an address and a port, like 0.0.0.0:8080 or [::]:8080.")
    return host, _read_number("PGTEND_LISTEN (the port)", port, 0, 65535)


def _read_number(variable: str, value: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise SetupInvalid(f"{variable} is {value!r}: give a whole number from {least} to {most}.")
    return int(value)


def _read_log_format(value: str) -> LogFormat:
    if value not in set(LogFormat):
        raise SetupInvalid(f"PGTEND_LOG_FORMAT is {value!r}: give text or json.")
    return LogFormat(value)
