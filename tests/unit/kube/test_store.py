"""What is known of the API server's objects, whatever order the news comes in."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pgtend.kube.store import Change, ObjectStore, is_going


def an_object(
    version: int, uid: str = "u1", name: str = "a", generation: int = 1, **metadata: object
) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "shop",
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "generation": generation,
            **metadata,
        }
    }


def test_tells_what_each_observation_brings() -> None:
    store = ObjectStore()
    assert store.put(an_object(10)) is Change.NEW
    assert store.put(an_object(10)) is Change.NOTHING
    assert store.put(an_object(9)) is Change.NOTHING
    assert store.put(an_object(11)) is Change.STATUS
    assert store.put(an_object(12, generation=2)) is Change.SPEC
    assert store.put(an_object(13, generation=2, deletionTimestamp="2026-06-01T00:00:00Z")) is Change.SPEC
    assert store.remove(an_object(14)) is Change.GONE
    assert store.remove(an_object(14)) is Change.NOTHING
    assert store.get("shop", "a") is None


def test_an_echo_of_our_own_write_brings_nothing() -> None:
    store = ObjectStore()
    store.put(an_object(10))
    assert store.put(an_object(11)) is Change.STATUS
    assert store.put(an_object(11)) is Change.NOTHING


def test_remembers_when_an_object_was_last_seen_marked_whatever_order_the_news_comes_in() -> None:
    store = ObjectStore(lambda seen: seen["metadata"].get("labels") == "marked")
    store.put(an_object(10, generation=1, labels="marked"))
    store.put(an_object(13, generation=4))
    assert store.marked_at("u1") == 1
    assert store.put(an_object(12, generation=3, labels="marked")) is Change.NOTHING
    store.put(an_object(11, generation=2, labels="marked"))
    assert (store.marked_at("u1"), store.marked_at("u2")) == (3, 0)
    store.remove(an_object(14))
    store.put(an_object(12, generation=3, labels="marked"))
    assert store.marked_at("u1") == 0


def test_a_late_answer_does_not_bring_back_what_was_deleted() -> None:
    store = ObjectStore()
    store.put(an_object(10))
    store.remove(an_object(12))
    assert store.put(an_object(11)) is Change.NOTHING
    assert len(store) == 0


def test_an_object_made_anew_is_new_and_the_end_of_the_old_one_does_not_end_it() -> None:
    store = ObjectStore()
    store.put(an_object(10, uid="old"))
    assert store.put(an_object(20, uid="new")) is Change.NEW
    assert store.remove(an_object(15, uid="old")) is Change.NOTHING
    assert [each["metadata"]["uid"] for each in store] == ["new"]


def test_drops_managed_fields_and_leaves_the_given_object_alone() -> None:
    store, given_object = ObjectStore(), an_object(1, managedFields=[{"manager": "kubectl"}])
    store.put(given_object)
    found = store.get("shop", "a")
    assert found is not None
    assert "managedFields" not in found["metadata"]
    assert "managedFields" in given_object["metadata"]


def test_a_list_finds_what_the_watch_missed_and_spares_what_came_later() -> None:
    store = ObjectStore()
    store.put(an_object(10, uid="missed", name="missed"))
    store.put(an_object(40, uid="later", name="later"))
    changes = store.reconcile([an_object(12, uid="new", name="new")], version=30)
    assert {(change, each["metadata"]["name"]) for change, each in changes} == {
        (Change.NEW, "new"),
        (Change.GONE, "missed"),
    }
    assert sorted(each["metadata"]["name"] for each in store) == ["later", "new"]


def test_a_list_of_one_namespace_says_nothing_of_others() -> None:
    store = ObjectStore()
    store.put(an_object(10))
    assert store.reconcile([], version=30, namespace="other") == []
    assert len(store) == 1


histories = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from(["u1", "u2"]), st.booleans()),
    min_size=1,
    unique_by=lambda each: each[0],
)


@given(histories, st.randoms(use_true_random=False))
def test_news_of_living_objects_may_come_in_any_order(history: list[tuple[int, str, bool]], random: Any) -> None:
    seen = [an_object(version, uid, name=uid, generation=version if spec else 1) for version, uid, spec in history]
    shuffled = list(seen)
    random.shuffle(shuffled)
    in_order, in_any_order = ObjectStore(), ObjectStore()
    for each in sorted(seen, key=lambda each: int(each["metadata"]["resourceVersion"])):
        in_order.put(each)
    for each in shuffled:
        in_any_order.put(each)
    assert sorted(map(str, in_order)) == sorted(map(str, in_any_order))


def test_knows_what_is_being_deleted() -> None:
    assert is_going(an_object(1, deletionTimestamp="2026-06-01T00:00:00Z"))
    assert not is_going(an_object(1))
