"""One operator sleeps, another takes over, the first wakes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.operator_process import OperatorProcess
from tests.e2e.stage import Stage

_READING = frozenset({"get", "list", "watch"})


@dataclass(kw_only=True)
class Succession:
    """The stage's operator and its successor; from `sleep` on the stage's operator is the successor."""

    stage: Stage
    first: OperatorProcess
    second: OperatorProcess
    exit_code: int | None = None
    """That of the first, once it has woken."""
    woken_at: datetime | None = field(default=None)

    def sleep(self) -> None:
        """Suspend the first, and wait until the second leads."""
        self.first.suspend()
        self.stage.operator = self.second
        self.second.start()

    def wake(self) -> None:
        """Let the first go on, and wait for its end."""
        self.woken_at = datetime.now(UTC)
        self.first.resume()
        self.exit_code = self.first.wait()

    def writes_after_waking(self) -> list[str]:
        """What the first asked of the API server since it woke, but for what only reads."""
        assert self.woken_at is not None, "it has not woken"
        return [
            f"{event['verb']} {event['requestURI']}"
            for event in self._requests(self.first)
            if event["verb"] not in _READING and _received(event) >= self.woken_at
        ]

    def writes_before_sleeping(self) -> list[str]:
        """What it wrote before: there must be something, or the log tells nothing."""
        return [each["requestURI"] for each in self._requests(self.first) if each["verb"] not in _READING]

    def _requests(self, operator: OperatorProcess) -> list[dict[str, str]]:
        log = self.stage.cluster.audit_log
        assert log is not None, "somebody else's cluster shows no audit log"
        return [each for each in map(json.loads, _lines(log)) if operator.credential in _credentials(each)]

    def end(self) -> None:
        """End both, whatever state they are in."""
        self.first.kill()
        self.second.kill()


def _lines(log: Path) -> list[str]:
    """The whole lines: the last one may be half written."""
    return log.read_text().rpartition("\n")[0].splitlines()


def _credentials(event: dict[str, dict[str, dict[str, list[str]]]]) -> list[str]:
    return event["user"].get("extra", {}).get("authentication.kubernetes.io/credential-id", [])


def _received(event: dict[str, str]) -> datetime:
    return datetime.fromisoformat(event["requestReceivedTimestamp"])
