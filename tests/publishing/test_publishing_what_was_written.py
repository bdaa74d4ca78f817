"""Publications read only what was written since the one before, and miss nothing of it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.errors import TryAgain
from hubbub.flows import publishing
from hubbub.flows.publishing import Asked, Published, publish
from tests.publishing.communities import NAMES, sorted_rows, stored
from tests.publishing.kept_in_memory import Memory
from tests.publishing.world import HAPPENS, World


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A destination in memory, in place of whatever is named."""
    return _opened(monkeypatch, writes_days=False)


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def _opened(patch: pytest.MonkeyPatch, *, writes_days: bool) -> Memory:
    there = Memory(writes_days=writes_days)

    def opened(*_: object) -> Memory:
        return there

    patch.setattr(publishing, "open_warehouse", opened)
    return there


def assert_same(world: World, there: Memory) -> None:
    """A destination holds what the store holds."""
    found, wanted = there.tables(NAMES), stored(world.settings)
    for name in NAMES:
        assert sorted_rows(found[name]) == sorted_rows(wanted[name]), name


def _published(world: World, asked: Asked | None = None) -> Published:
    return publish(world.settings, "memory", asked or Asked())


def test_every_kind_of_write_reaches_the_destination(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path)
    _published(world)
    for name, happens in HAPPENS.items():
        if name == "restore":
            world.edit()
            world.post()
        happens(world)
        _published(world)
        assert_same(world, memory)
        if name in {"restore", "grow_old"}:
            world.list_people()  # and what comes next too
            world.post()
            _published(world)
            assert_same(world, memory)


@given(st.lists(
    st.sampled_from([*HAPPENS, "publish", "publish", "break off before", "break off after"]),
    min_size=4, max_size=10,
), st.booleans())  # fmt: skip
@settings(max_examples=settings().max_examples // 5)
def test_whatever_happens_between_publications_nothing_is_missed(
    tmp_path_factory: pytest.TempPathFactory,
    patch: pytest.MonkeyPatch,
    history: list[str],
    writes_days: bool,
) -> None:
    there = _opened(patch, writes_days=writes_days)
    world = World(tmp_path_factory.mktemp("world"))
    _published(world)
    for what in history:
        if what in HAPPENS:
            HAPPENS[what](world)
        elif what == "publish":
            _published(world)
            assert_same(world, there)
        else:
            there.ends = what.rpartition(" ")[2]
            with suppress(TryAgain):  # or there is nothing to bring
                _published(world)
            there.ends = None
    _published(world)
    assert_same(world, there)
