"""`pgtend run` with loop bodies that only note their passes: for tests of the process around the loops.

Each line of the file that COUNTING_FILE names is a JSON object with the process's pid, the policy and what happened:
`opened`, `pass` (after a status was written), or `closed`. COUNTING_SLOW=1 makes each pass last a minute; COUNTING_CRASH=1 makes each raise an
error of no name.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pgtend.core.conditions import set_condition
from pgtend.domain.policy_status import Effective, PolicyStatus
from pgtend.domain.recommendation import ConditionStatus
from pgtend.kube.kinds import PolicyKey
from pgtend.kube.policies import PolicyObject
from pgtend.kube.recommendations import RecommendationObjects
from pgtend.pipeline.report import PassReport
from pgtend.process.edges import Composition, Edges
from pgtend.process.operator import operate
from pgtend.settings import read_settings


class Counting:
    """A loop body that notes what is done to it."""

    def __init__(self, key: PolicyKey, edges: Edges) -> None:
        self._key = key
        self._numbers = itertools.count(1)
        self._policy = PolicyObject(key, api=edges.api, policies=edges.policies, events=edges.events, fence=edges.fence)
        self._recommendations = RecommendationObjects(
            key,
            api=edges.api,
            policies=edges.policies,
            recommendations=edges.recommendations,
            events=edges.events,
            fence=edges.fence,
            on_transition=lambda each: edges.metrics.count_transition(each.type, each.reason),
        )
        note(key, "opened")

    async def run_pass(self) -> PassReport:
        """Write down in the status what is there, and in the file that it was done."""
        policy = await self._policy.read()
        if os.environ.get("COUNTING_CRASH"):
            raise ZeroDivisionError("with a secret in its text")
        if os.environ.get("COUNTING_SLOW"):
            note(self._key, "slow")
            await asyncio.sleep(60)
        found = await self._recommendations.list()
        message = f"{policy.mode} {' '.join(f'{each.name}={each.approval}' for each in found)}".strip()
        if os.environ.get("COUNTING_WRITES"):
            message = f"pass {next(self._numbers)} of {os.getpid()}"
        before = await self._policy.read_status()
        conditions = set_condition(
            before.conditions if before else (),
            kind="Ready",
            status=ConditionStatus.TRUE,
            reason="Counting",
            message="",
            now=datetime.now(UTC),
            generation=policy.generation,
        )
        await self._policy.write_status(
            PolicyStatus(
                observed_generation=policy.generation,
                effective=Effective(mode=policy.mode, aggressiveness=policy.aggressiveness),
                conditions=conditions,
                message=message,
            )
        )
        note(self._key, "pass", message)
        return PassReport(next_pass=policy.collect_interval, ready="True", statements=2, explains=3)

    async def aclose(self) -> None:
        """Note it."""
        note(self._key, "closed")


def note(key: PolicyKey, what: str, message: str = "") -> None:
    """Append one line."""
    line = json.dumps({"pid": os.getpid(), "policy": str(key), "what": what, "message": message})
    with Path(os.environ["COUNTING_FILE"]).open("a") as file:
        file.write(f"{line}\n")


def compose(edges: Edges) -> Composition:
    """Loop bodies that count."""

    def make_tending(key: PolicyKey, wake: Callable[[], None]) -> Counting:
        return Counting(key, edges)

    return Composition(make_tending=make_tending, open_connections=lambda: 7)


if __name__ == "__main__":
    sys.exit(asyncio.run(operate(read_settings(os.environ), compose)))
