"""The composition root of `pgtend run`: which edge stands behind which port of a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from pgtend.kube.kinds import PolicyKey
from pgtend.kube.policies import PolicyObject
from pgtend.kube.recommendations import RecommendationObjects
from pgtend.kube.secrets import Secrets
from pgtend.kube.store import ObjectStore, is_going
from pgtend.pipeline.claims import Claim, Claims
from pgtend.pipeline.kept_slices import SliceRoom
from pgtend.pipeline.statements import TextRoom
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tending import Tending
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.ddl import describe, describe_drop
from pgtend.process.edges import Composition, Edges
from pgtend.process.sessions import DatabaseSessions


def compose(edges: Edges) -> Composition:
    """Loop bodies on the real API server, real databases and the real history."""
    limits = ConnectionLimits(edges.settings.max_connections_per_server)
    target = DatabaseSessions(Secrets(edges.api, edges.clock.monotonic), limits)
    claims, room, texts = Claims(lambda: _claims_of(edges.policies)), SliceRoom(), TextRoom()

    def make_tending(key: PolicyKey, wake: Callable[[], None]) -> Tending:
        ports = Ports(
            clock=edges.clock,
            policies=PolicyObject(key, api=edges.api, policies=edges.policies, events=edges.events, fence=edges.fence),
            recommendations=RecommendationObjects(
                key,
                api=edges.api,
                policies=edges.policies,
                recommendations=edges.recommendations,
                events=edges.events,
                fence=edges.fence,
                on_transition=lambda each: edges.metrics.count_transition(each.type, each.reason),
            ),
            target=target,
            history=edges.history,
            describe_build=lambda index, name: describe(index, name, concurrently=True),
            describe_removal=lambda index, name: describe_drop(index.schema, name, concurrently=True),
            fence=edges.fence,
            wake=wake,
        )
        return Tending(ports, claims, room, texts)

    return Composition(make_tending=make_tending, open_connections=lambda: sum(limits.open_connections.values()))


def _claims_of(policies: ObjectStore) -> Iterator[Claim]:
    """What each policy that is there would claim; also one that cannot be read may be older than another."""
    for each in policies:
        if not is_going(each):
            metadata = each["metadata"]
            yield Claim(
                created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
                namespace=metadata["namespace"],
                name=metadata["name"],
                uid=metadata["uid"],
            )
