"""An archive that a local Slack serves, collected, gives the tables that importing it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from collected import NOW, Tables, collector, stored
from tests.parts import shared

from hubbub.flows.importing import import_archive
from hubbub.settings import Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.loading import load_archive
from hubbub.simulator.simulator import Simulator
from hubbub.sources.archives import open_archive

Row = dict[str, Any]
ARCHIVES = (
    "data/export-houstondatavis",
    "data/history-pages-archlinuxjp/json",
    "data/events-clojurians",
    "data/slackdump/source_archive",
    "data/slackdump/source_archive_no_wsp",
    "data/slackdump/source_dump_dir",
    "data/slackdump/source_dump.zip",
    "data/slackdump/source_export_dir",
    "data/slackdump/source_export.zip",
)


@dataclass(frozen=True)
class Allowed:
    """A difference that has to be, and why."""

    table: str
    reason: str
    applies: Callable[[Row | None, Row | None, str], bool]
    """Whether it explains a row as collected and as imported, and a column ("" for the whole)."""


def _assumed_public(found: Row | None, wanted: Row | None, column: str) -> bool:
    return column == "kind" and _told(found, "kind") == "public" and (
        _told(wanted, "kind") == "unknown")  # fmt: skip


def _counted(found: Row | None, wanted: Row | None, column: str) -> bool:
    is_root = _told(found, "thread_ts") == _told(found, "ts")
    is_newer = (_told(found, "latest_reply") or "") > (_told(wanted, "latest_reply") or "")
    return column in {"thread_ts", "reply_count", "latest_reply"} and is_root and is_newer


def _added_root(found: Row | None, wanted: Row | None, column: str) -> bool:
    return wanted is None and _told(found, "subtype") == "tombstone" and bool(
        _told(found, "reply_count"))  # fmt: skip


def _told_deleted(found: Row | None, wanted: Row | None, column: str) -> bool:
    return found is None and _told(wanted, "deleted_at") is not None


def _told(row: Row | None, column: str) -> Any:
    return None if row is None else row[column]


EXCEPTIONS = (
    Allowed(
        "channels",
        "an archive without a list of channels does not say their kind; Slack always does",
        _assumed_public,
    ),
    Allowed(
        "channels",
        "a log's notices tell of new topics; the local Slack, loaded from it, lists none",
        lambda found, wanted, column: column in {"topic", "purpose"} and not _told(found, column),
    ),
    Allowed(
        "messages",
        "events tell of a root before its replies come; Slack counts those that there are",
        _counted,
    ),
    Allowed(
        "messages",
        "replies whose root the archive lacks are found through a tombstone in its place",
        _added_root,
    ),
    Allowed(
        "messages",
        "events tell of deletions; Slack no longer shows what was deleted",
        _told_deleted,
    ),
    Allowed(
        "profiles",
        "user_profile is in exports alone: the Web API's messages have none",
        lambda found, wanted, column: found is None,
    ),
    Allowed(
        "users",
        "an archive without users gets an owner, for the token to belong to",
        lambda found, wanted, column: wanted is None and _told(found, "name") == "owner",
    ),
)


@pytest.mark.parametrize("name", ARCHIVES)
def test_collecting_an_archive_is_importing_it(tmp_path: Path, name: str) -> None:
    path = shared(name)
    imported = Settings(tmp_path / "imported", "grove", privacy={"preset": "open"})
    import_archive(imported, path)
    loaded = load_archive(open_archive(path), "Grove")
    simulator = Simulator(loaded.workspace, clock=Clock.manual(NOW), limits=False)
    with collector(simulator, tmp_path / "collected") as here:
        report = here.collect()
        assert (report.exit, report.troubles) == (0, [])
        found, wanted = stored(here.settings), stored(imported)
    assert wanted["messages"]
    left = unexplained(found, wanted)
    assert not left, "\n".join(left[:40])


def unexplained(found: Tables, wanted: Tables) -> list[str]:
    """The differences that no exception allows."""
    lines: list[str] = []
    for table in wanted:
        allowed = [each for each in EXCEPTIONS if each.table == table]
        for key in found[table].keys() | wanted[table].keys():
            one, other = found[table].get(key), wanted[table].get(key)
            if one and other:
                columns = [name for name in other if one[name] != other[name]]
            else:
                columns = [""]
            lines += [
                f"{table} {key} {column}: {one} instead of {other}"
                for column in columns
                if not any(each.applies(one, other, column) for each in allowed)
            ]
    return sorted(lines)
