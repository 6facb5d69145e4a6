"""Looking at the objects as a person does, until what is waited for has come."""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from demo.failure import DemoFailed
from demo.kubectl import Kubectl
from demo.narration import show_command, tell_progress
from demo.processes import Running

KINDS = "tuningpolicies,indexrecommendations"
SECONDS_BETWEEN_LOOKS = 1.5
SECONDS_OF_SILENCE = 10.0
LONGEST_WORD = 150

Thing = dict[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The objects of the namespace at one moment."""

    policies: list[Thing]
    recommendations: list[Thing]

    def recommendation(self, name: str) -> Thing:
        """One recommendation, or an empty object when it is gone."""
        return next((each for each in self.recommendations if each["metadata"]["name"] == name), {})


class Watcher:
    """Prints `kubectl get` whenever it reads differently, and notices when a process has ended."""

    def __init__(self, kubectl: Kubectl, processes: list[Running]) -> None:
        self.kubectl = kubectl
        self.processes = processes
        self._shown = ""

    def look(self) -> Seen:
        """Read the objects; show them as a table when it has changed in more than ages."""
        for process in self.processes:
            process.check()
        items = self.kubectl.read(KINDS)
        table = self.kubectl.run("--namespace", self.kubectl.namespace, "get", KINDS)
        ageless = re.sub(r"\s+\S+$", "", table, flags=re.MULTILINE)
        if ageless != self._shown:
            self._shown = ageless
            show_command(f"kubectl -n {self.kubectl.namespace} get {KINDS}", table)
        return Seen(
            policies=[each for each in items if each["kind"] == "TuningPolicy"],
            recommendations=[each for each in items if each["kind"] == "IndexRecommendation"],
        )

    def until(
        self, what: str, found: Callable[[Seen], Found | None], *, seconds: float, about: str | None = None
    ) -> Found:
        """Look until `found` gives something, with the newest word on the recommendation `about` now and then.

        Raises DemoFailed after so many seconds.
        """
        began = spoke = time.monotonic()
        while True:
            shown = self._shown
            seen = self.look()
            answer = found(seen)
            if answer is not None:
                return answer
            now = time.monotonic()
            if self._shown != shown:
                spoke = now
            if now - began > seconds:
                raise DemoFailed(f"{seconds:.0f} s went by without this: {what}.")
            if now - spoke > SECONDS_OF_SILENCE:
                tell_progress(f"… {now - began:.0f} s of waiting for {what}{_newest_word(seen, about)}")
                spoke = now
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _newest_word(seen: Seen, about: str | None) -> str:
    thing = seen.recommendation(about) if about else {}
    message = thing.get("status", {}).get("display", {}).get("message", "")
    return f": {textwrap.shorten(message, LONGEST_WORD, placeholder=' …')}" if message else ""


def condition_of(thing: Thing, kind: str) -> Thing:
    """One condition of an object, or an empty one."""
    conditions = thing.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {})
