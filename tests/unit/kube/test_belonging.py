from __future__ import annotations

from typing import Any

import pytest

from pgtend.kube.kinds import API_VERSION
from pgtend.kube.recommendations import policy_name_of
from pgtend.kube.store import ObjectStore


def policies(*names: str) -> ObjectStore:
    store = ObjectStore()
    for name in names:
        store.put({"metadata": {"namespace": "shop", "name": name, "uid": name, "resourceVersion": "1"}})
    return store


def owner(name: str, *, kind: str = "TuningPolicy", controller: bool = True) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "name": name, "uid": name, "controller": controller}


@pytest.mark.parametrize(
    ("spec", "owners", "found"),
    [
        pytest.param(
            {"policyRef": {"name": "named"}}, [owner("owning")], "named", id="what cannot be changed any more"
        ),
        pytest.param({}, [owner("owning")], "owning", id="its controller"),
        pytest.param(
            {"policyRef": None}, [owner("a", controller=False), owner("owning")], "owning", id="not any owner"
        ),
        pytest.param({}, [owner("release", kind="Application")], "bookings", id="not any kind of owner"),
        pytest.param({}, [], "bookings", id="the name"),
        pytest.param(None, [], "bookings", id="no spec"),
    ],
)
def test_a_recommendation_belongs_to_one_policy(
    spec: dict[str, Any] | None, owners: list[dict[str, Any]], found: str
) -> None:
    metadata = {"namespace": "shop", "name": "bookings-orders-12345678", "ownerReferences": owners}
    assert policy_name_of({"metadata": metadata, "spec": spec}, policies("book", "bookings")) == found
