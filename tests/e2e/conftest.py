"""Fixtures: one Postgres with shops, one operator that is left in peace, and another one, in a cluster of its own, that gets killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.database import SETTINGS, ShopServer, prepare
from tests.e2e.load import Load
from tests.e2e.operator_process import OperatorProcess
from tests.e2e.side_by_side import MARK, PATIENCE, Meeting, SideBySide, selected
from tests.e2e.stage import Stage, set_up
from tests.e2e.succession import Succession
from tests.servers.controlplane import ControlPlane
from tests.servers.controlplane_cluster import Cluster
from tests.servers.postgres import PostgresServer

RUNNING = pytest.StashKey[SideBySide]()
AFTERWARDS = "afterwards"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line("markers", f"{MARK}(meets=None): run together with all others of this mark, in threads")
    config.addinivalue_line("markers", f"{AFTERWARDS}: run last, to look at what all others left behind")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests wait for their turns on two processors: generously. Those that look back go last."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(PATIENCE + 20))
    items.sort(key=lambda item: item.get_closest_marker(AFTERWARDS) is not None)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Of a test that runs side by side only the outcome is collected."""
    if pyfuncitem.get_closest_marker(MARK) is None:
        return None
    pyfuncitem.session.stash[RUNNING].outcome(pyfuncitem.nodeid)
    return True


@pytest.fixture(scope="session")
def shop_server() -> Iterator[ShopServer]:
    """PostgreSQL 15 with the template of the shops and pgtend's roles."""
    with PostgresServer(version=15, settings=SETTINGS) as server:
        yield prepare(server)


@pytest.fixture(scope="session")
def other_server() -> Iterator[ShopServer]:
    """Another one, for what would disturb all databases of a server."""
    with PostgresServer(version=15, settings=SETTINGS) as server:
        yield prepare(server)


@pytest.fixture(scope="session")
def shop_load() -> Iterator[Load]:
    """Everybody's load."""
    load = Load()
    yield load
    load.close()


@pytest.fixture(scope="session")
def stage(
    control_plane: Cluster, shop_server: ShopServer, shop_load: Load, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A cluster whose operator nobody harms. It ends in order after the last test."""
    made = set_up(control_plane, shop_server, shop_load, tmp_path_factory.mktemp("stage"))
    with made.api:
        yield made
        made.operator.check()
        assert made.operator.terminate() == 0, made.operator.last_lines()


@pytest.fixture(scope="session")
def harsh_stage(shop_server: ShopServer, shop_load: Load, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A cluster of its own, whose operator gets killed."""
    with ControlPlane() as control_plane:
        made = set_up(control_plane.cluster, shop_server, shop_load, tmp_path_factory.mktemp("harsh"))
        with made.api:
            yield made
            made.operator.kill()


@pytest.fixture(scope="session")
def first_kill(harsh_stage: Stage) -> Meeting:
    """kill -9 of the operator of the harsh stage, and its restart."""
    return Meeting(harsh_stage.operator.kill, harsh_stage.operator.start)


@pytest.fixture(scope="session")
def second_kill(harsh_stage: Stage) -> Meeting:
    """Another one, later."""
    return Meeting(harsh_stage.operator.kill, harsh_stage.operator.start)


@pytest.fixture(scope="session")
def succession(
    shop_server: ShopServer, shop_load: Load, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Succession]:
    """A cluster of its own with two operators, of which one is going to sleep. Two share a history in Postgres."""
    history_url = shop_server.server.create_database("history").replace("postgresql:", "postgresql+psycopg:")
    with ControlPlane() as control_plane:
        folder = tmp_path_factory.mktemp("first")
        made = set_up(control_plane.cluster, shop_server, shop_load, folder, history_url=history_url)
        second = OperatorProcess(control_plane.cluster, tmp_path_factory.mktemp("second"), history_url=history_url)
        pair = Succession(stage=made, first=made.operator, second=second)
        with made.api:
            yield pair
            pair.end()


@pytest.fixture(scope="session")
def long_sleep(succession: Succession) -> Meeting:
    """The first operator sleeps until the second has taken over, and then wakes."""
    return Meeting(succession.sleep, succession.wake)


@pytest.fixture(scope="session", autouse=True)
def side_by_side(request: pytest.FixtureRequest) -> Iterator[None]:
    """Begin all selected tests that run side by side."""
    items = selected(request.session)
    with ExitStack() as stack:
        if items:
            running = request.session.stash[RUNNING] = SideBySide()
            stack.callback(running.close)
            runs = [(item, _prepared(item, request)) for item in items]
            for item, run in runs:
                running.start(item.nodeid, run)
        yield


def _prepared(item: pytest.Function, request: pytest.FixtureRequest) -> Callable[[], None]:
    """The test with its fixtures; whatever becomes of it, nobody waits for it at a meeting afterwards."""
    names = item._fixtureinfo.argnames
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    arguments = {name: parameters[name] if name in parameters else request.getfixturevalue(name) for name in names}
    meetings = [value for value in arguments.values() if isinstance(value, Meeting)]
    for meeting in meetings:
        meeting.expect([item.name])

    def run() -> None:
        try:
            partial(item.function, **arguments)()
        finally:
            for meeting in meetings:
                meeting.leave(item.name)

    return run
