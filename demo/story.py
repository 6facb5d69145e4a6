"""The story, chapter by chapter."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from demo.actors import start_load, start_operator
from demo.database import shown_dsn
from demo.failure import DemoFailed
from demo.measurements import drift_of_others, measured_between
from demo.narration import open_chapter, show_before_and_after, show_command, tell, tell_result
from demo.processes import Running
from demo.scene import NAMESPACE, PERSON, Scene, declare_policy, fill_database, set_scene
from demo.shapes import SHAPES
from demo.watching import KINDS, Seen, Thing, Watcher, condition_of

SECONDS_TO_ADVICE = 180
SECONDS_TO_APPROVAL = 30
SECONDS_TO_BUILD = 240
SECONDS_TO_VERDICT = 420
NOTABLE_DRIFT = 20
"""Percent by which the other statements may change without a word about it."""


def tell_story(environment: Mapping[str, str], folder: Path, stack: ExitStack) -> None:
    """All of it; what has to be ended is on the stack. Raises DemoFailed, after showing what was seen."""
    scene = set_scene(environment, folder, stack)
    fill_database(scene)
    declare_policy(scene)
    open_chapter(
        "The operator and the load",
        f"The application asks {len(SHAPES)} kinds of statements, reads and writes, at a steady pace, and measures each "
        "answer. The operator is a process that holds a token of the shipped ServiceAccount and the two roles' passwords.",
    )
    load, measurements = start_load(scene, stack)
    began = datetime.now(UTC) + timedelta(seconds=5)
    operator = start_operator(scene, stack)
    watcher = Watcher(scene.person, [operator, load])
    try:
        name = wait_for_advice(watcher)["metadata"]["name"]
        approve(scene, watcher, name)
        wait_for_build(watcher, name)
        show_result(scene, wait_for_verdict(watcher, name), measurements, began)
    except DemoFailed:
        show_what_was_seen(scene, operator, load)
        raise
    if keeps_running(environment):
        look_around(scene, environment)


def keeps_running(environment: Mapping[str, str]) -> bool:
    """Whether everything is to go on running at the end."""
    return environment.get("KEEP") == "1"


def wait_for_advice(watcher: Watcher) -> Thing:
    """Watch until recommendations have been issued; returns the one that saves most time."""
    open_chapter(
        "What pgtend finds",
        "It reads the statistics of the statements, plans each with indexes that do not exist (HypoPG), and proposes "
        "those that are worth their storage and their writes. Nothing is changed.",
    )
    last: set[str] = set()

    def issued(seen: Seen) -> list[Thing] | None:
        names = {each["metadata"]["name"] for each in seen.recommendations if _is_open_create(each)}
        complete = bool(names) and names == last
        last.clear()
        last.update(names)
        return [each for each in seen.recommendations if _is_open_create(each)] if complete else None

    found = watcher.until("the first advice", issued, seconds=SECONDS_TO_ADVICE)
    best = max(found, key=lambda each: float(each["status"]["evidence"]["savedSecondsPerHour"]))
    evidence = best["status"]["evidence"]
    name = best["metadata"]["name"]
    tell(f"The one that saves most is {name}. Its evidence, from its status: {evidence.get('reason', '')}")
    for query in evidence["queries"][:3]:
        tell(f"“{query['text']}”: {query['callsPerHour']:,.0f} calls an hour, {query['meanMs']:.1f} ms each.")
    tell(
        "Of the index that is there twice it proposes to drop one. Of the index that nobody uses it says nothing: not to have been "
        "used so far is no proof (counters may be young, a standby counts its own scans, a report may run once a quarter), so only "
        "what another index does as well is proposed to be dropped."
    )
    return best


def _is_open_create(thing: Thing) -> bool:
    status = thing.get("status", {})
    return (
        condition_of(thing, "Proposed").get("status") == "True"
        and status.get("proposal", {}).get("action") == "Create"
        and bool(status.get("evidence", {}).get("queries"))
    )


def approve(scene: Scene, watcher: Watcher, name: str) -> None:
    """Approve one recommendation as a person does."""
    open_chapter(
        "A person decides",
        f"{PERSON} approves it by editing spec.approval; a commit that Argo CD or Flux applies would do the same.",
    )
    patch = {"spec": {"approval": "Approved", "comment": "It saves the most, and is worth its room."}}
    began = datetime.now(UTC)
    scene.person.show("patch", "idxrec", name, "--type=merge", "--patch", json.dumps(patch))

    def approved(seen: Seen) -> Thing | None:
        thing = seen.recommendation(name)
        return thing if condition_of(thing, "Approved").get("status") == "True" else None

    thing = watcher.until("the operator to take it in", approved, seconds=SECONDS_TO_APPROVAL)
    since = datetime.fromisoformat(condition_of(thing, "Approved")["lastTransitionTime"])
    tell_result(f"{condition_of(thing, 'Approved')['message']} It took {(since - began).total_seconds():.1f} s.")


def wait_for_build(watcher: Watcher, name: str) -> Thing:
    """Watch until the index has been built."""
    open_chapter(
        "Built without locking anyone out",
        "First the operator wants enough time slices from before the change to compare with. Then it writes down what it "
        "is about to do, builds with CREATE INDEX CONCURRENTLY, and looks whether the index is valid.",
    )

    def built(seen: Seen) -> Thing | None:
        thing = seen.recommendation(name)
        applied = condition_of(thing, "Applied")
        if applied.get("reason") in ("Failed", "RolledBack", "RemovedByOthers"):
            raise DemoFailed(f"The index was not built: {applied.get('message')}")
        return thing if applied.get("status") == "True" else None

    thing = watcher.until("the build", built, seconds=SECONDS_TO_BUILD, about=name)
    tell_result(condition_of(thing, "Applied")["message"])
    return thing


def wait_for_verdict(watcher: Watcher, name: str) -> Thing:
    """Watch until the measurement has spoken. Raises DemoFailed unless it says Improved."""
    open_chapter(
        "Measured against the live load",
        "Estimates are not results. The statements that the index can touch are compared, time slice by time slice, with "
        "those that it cannot touch; what had hurt would be taken back.",
    )

    def judged(seen: Seen) -> Thing | None:
        thing = seen.recommendation(name)
        verified = condition_of(thing, "Verified")
        return thing if verified.get("reason") not in (None, "Measuring") else None

    thing = watcher.until("the verdict", judged, seconds=SECONDS_TO_VERDICT, about=name)
    verified = condition_of(thing, "Verified")
    if verified.get("reason") != "Improved":
        raise DemoFailed(f"The verdict is {verified.get('reason')}: {verified.get('message')}")
    tell_result(verified["message"])
    return thing


def show_result(scene: Scene, thing: Thing, measurements: Path, began: datetime) -> None:
    """What the load client measured, and what a DBA reads afterwards."""
    name: str = thing["metadata"]["name"]
    open_chapter(
        "Before and after, as the application saw it",
        "These are the load client's own measurements; pgtend has no part in them.",
    )
    started, done = _building_time(thing)
    now = datetime.now(UTC)
    before, after = measured_between(measurements, began, started), measured_between(measurements, done, now)
    first = _shapes_on(thing["status"]["proposal"]["index"])
    show_before_and_after(
        before, after, first=first, seconds=((started - began).total_seconds(), (now - done).total_seconds())
    )
    tell_drift(drift_of_others(before, after, first))
    open_chapter("What a DBA reads afterwards", "The whole history is in the object.")
    scene.person.show("describe", "indexrecommendation", name)


def _building_time(thing: Thing) -> tuple[datetime, datetime]:
    """When the build began and when it was done, as the transitions say."""
    applied = [each for each in thing["status"]["transitions"] if each["type"] == "Applied"]
    done = datetime.fromisoformat(thing["status"]["appliedAt"])
    building = [datetime.fromisoformat(each["at"]) for each in applied if each["reason"] == "Building"]
    return (building[-1] if building else done - timedelta(seconds=10)), done


def _shapes_on(index: Mapping[str, Any]) -> list[str]:
    leading = index["columns"][0].get("column", "")
    return [shape.name for shape in SHAPES if f"from {index['table']} where {leading} =" in shape.sql]


def tell_drift(percent: float | None) -> None:
    """Say it when statements that the index has nothing to do with have changed, too."""
    if percent is not None and abs(percent) >= NOTABLE_DRIFT:
        tell(
            f"The other statements changed by {percent:+.0f} % in the median: something else than the index, other load on this "
            "machine say, hit them all alike. That is why pgtend compares with statements that the index cannot touch."
        )


def look_around(scene: Scene, environment: Mapping[str, str]) -> None:
    """KEEP=1: everything runs until Ctrl-C."""
    open_chapter("Everything is still running", "Look around in another terminal; Ctrl-C here ends it all.")
    show_command(f"export KUBECONFIG={scene.administrator.kubeconfig}")
    show_command(f"kubectl -n {NAMESPACE} get tuningpolicies,indexrecommendations -o wide")
    show_command("kubectl explain indexrecommendation.status")
    tell("The database, as its superuser (advise and grants ask for one, or for a role that may read all statistics):")
    show_command(f"export PGTEND_DSN='{shown_dsn(scene.market.administrator, environment.get('DEMO_DSN'))}'")
    show_command('psql "$PGTEND_DSN"')
    show_command(f"{scene.pgtend} advise")
    show_command(f"{scene.pgtend} grants --observer {scene.market.observer.name} --tuner {scene.market.tuner.name}")
    show_command(f"tail -f {scene.folder / 'operator.log'}")
    while True:
        time.sleep(3600)


def show_what_was_seen(scene: Scene, *processes: Running) -> None:
    """For whoever has to find out why it failed."""
    open_chapter("What was seen")
    scene.administrator.show("get", KINDS, "-o", "wide")
    scene.administrator.show("describe", KINDS)
    scene.administrator.show("get", "events")
    for process in processes:
        show_command(f"tail {process.log}", process.last_lines())
