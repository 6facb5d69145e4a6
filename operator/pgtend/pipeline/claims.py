"""Which policy tends a database when several name it: the oldest. Shared by all loops of the process."""

from __future__ import annotations

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

    def __init__(self) -> None:
        self._by_database: dict[str, set[Claim]] = {}

    def lay(self, database: str, policy: Policy) -> str | None:
        """Claim a database, giving up any other; returns "namespace/name" of the older policy that has it, or None."""
        claim = claim_of(policy)
        self.withdraw(policy.uid, but=database)
        claims = self._by_database.setdefault(database, set())
        claims.add(claim)
        first = min(claims)
        return None if first == claim else f"{first.namespace}/{first.name}"

    def withdraw(self, uid: str, *, but: str = "") -> None:
        """Give up every claim of a policy, except on one database."""
        for database, claims in list(self._by_database.items()):
            if database != but:
                claims -= {claim for claim in claims if claim.uid == uid}
                if not claims:
                    del self._by_database[database]


def claim_of(policy: Policy) -> Claim:
    """The claim that a policy makes."""
    return Claim(created_at=policy.created_at, namespace=policy.namespace, name=policy.name, uid=policy.uid)
