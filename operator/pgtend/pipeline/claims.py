"""Which of the policies that name one database tends it: the one that was created first. Shared by all loops of the process.

Which database a policy names is known only once its observer has been there. So after a start no loop begins anything before each
older policy has said where it leads, or has failed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from pgtend.domain.policy import Policy


@dataclass(frozen=True, kw_only=True, order=True)
class Claim:
    """One policy's wish to tend a database; the smallest wins."""

    created_at: datetime
    namespace: str
    name: str
    uid: str


class Claims:
    """The claims of the living loops, by database."""

    def __init__(self, policies: Callable[[], Iterable[Claim]] = tuple) -> None:
        """``policies`` tells of every policy that there is at the moment, whether its loop has begun or not."""
        self._policies = policies
        self._by_database: dict[str, set[Claim]] = {}
        self._heard: set[str] = set()
        """UIDs of the policies that have said where they lead, or have failed to."""
        self._waiting: dict[str, tuple[set[str], Callable[[], None]]] = {}
        """By UID of who waits: the UIDs of whom it waits for, and what to call when all of them are heard."""

    def lay(self, database: str, policy: Policy) -> str | None:
        """Claim a database, giving up any other; returns "namespace/name" of the older policy that has it, or None."""
        claim = claim_of(policy)
        self.withdraw(policy.uid, but=database)
        claims = self._by_database.setdefault(database, set())
        claims.add(claim)
        self.hear(policy.uid)
        first = min(claims)
        return None if first == claim else f"{first.namespace}/{first.name}"

    def hear(self, uid: str) -> None:
        """A policy has said where it leads, or has failed to: nobody waits for it any longer."""
        if uid in self._heard:
            return
        self._heard.add(uid)
        for waiting, (missing, wake) in list(self._waiting.items()):
            missing.discard(uid)
            if not missing:
                del self._waiting[waiting]
                wake()

    def awaits_older(self, policy: Policy, wake: Callable[[], None]) -> bool:
        """Whether an older policy has not been heard yet; then ``wake`` is called once all of them have been."""
        mine = claim_of(policy)
        missing = {each.uid for each in self._policies() if each.uid not in self._heard and each < mine}
        if missing:
            self._waiting[policy.uid] = (missing, wake)
        return bool(missing)

    def withdraw(self, uid: str, *, but: str = "") -> None:
        """Give up every claim of a policy, except on one database."""
        for database, claims in list(self._by_database.items()):
            if database != but:
                claims -= {claim for claim in claims if claim.uid == uid}
                if not claims:
                    del self._by_database[database]

    def leave(self, uid: str) -> None:
        """The loop of a policy has ended: it claims nothing, waits for nobody, and nobody waits for it."""
        self.withdraw(uid)
        self._waiting.pop(uid, None)
        self.hear(uid)
        self._heard.discard(uid)


def claim_of(policy: Policy) -> Claim:
    """The claim that a policy makes."""
    return Claim(created_at=policy.created_at, namespace=policy.namespace, name=policy.name, uid=policy.uid)
