"""What is wrong with a connection or a set-up, as a named reason with the sentence that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Aspect(StrEnum):
    """The condition of a TuningPolicy that a finding belongs to."""

    CONNECTED = "Connected"
    PERMITTED = "Permitted"
    WHAT_IF = "WhatIf"
    TUNER_READY = "TunerReady"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is missing or wrong.

    ``fatal`` findings stop the aspect (nothing can be read, nothing can be built); the others are said and lived with.
    """

    aspect: Aspect
    reason: str
    """CamelCase, for the condition."""
    message: str
    """What is wrong and what to do, without any secret."""
    fatal: bool = True


class PgtendError(Exception):
    """Root of every error that pgtend names. Its text is a sentence fit to be shown."""


class ConnectionRefusedByTarget(PgtendError):
    """The target database cannot be reached, or will not let us in; carries the finding to show."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


class StatementFailed(PgtendError):
    """A statement failed on the target; the SQLSTATE and a sentence of our own, never the server's text."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class TextsUnreadable(StatementFailed):
    """No text of pg_stat_statements can be read now; counters can."""


class FencedOff(PgtendError):
    """Another pgtend works on the same index or table of this database now: leave it alone and look again later."""


class BuildNotEnded(PgtendError):
    """A build was asked to end and goes on: its backend does not heed a cancel request; the sentence says which one it is."""


class DefinitionRefused(PgtendError):
    """An index definition says what pgtend never builds: an unknown function or type, or a name that Postgres would cut."""


class PolicyInvalid(PgtendError):
    """A TuningPolicy that the schema let through but that means nothing (an unknown time zone, say); the sentence says what."""


class ObjectGone(PgtendError):
    """The Kubernetes object is not there any more."""


class WriteConflict(PgtendError):
    """Somebody else changed what we wanted to write; look again and decide anew."""


class LeadershipLost(PgtendError):
    """This process is not the leader any more and must not act."""


class HistoryUnavailable(PgtendError):
    """The history cannot be opened, read or written; the sentence says where it is and what to do."""


class AccessDenied(PgtendError):
    """The Kubernetes API refuses our ServiceAccount (401, 403); the sentence says which right is missing."""


class ObjectRefused(PgtendError):
    """The Kubernetes API refuses what we wanted to write (400, 422): a schema, an admission policy or a quota is against it."""


class ApiUnavailable(PgtendError):
    """The Kubernetes API does not answer, or not now (timeouts, 429, 5xx); the next pass tries again."""


class ListExpired(PgtendError):
    """The API server no longer has the state that a list began with (410): list anew from the first page."""


class SetupInvalid(PgtendError):
    """The environment of the process means nothing, or not what pgtend can work with; the sentence names the variable."""
