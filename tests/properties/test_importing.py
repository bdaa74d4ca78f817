"""Importing parts of an archive in any order, twice, or overlapping, gives the same tables as
importing it once; and these tables are what the definitions say."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import reference_reading
from hypothesis import given, settings
from hypothesis import strategies as st
from messy_slack import CHANNELS, Part, examples, whole, workspaces
from quick_store import QuickStore, Tables, quick_store, rows, shown
from tests.looking import looking

from hubbub.core.tables import HANGING, MERGED, TABLES
from hubbub.flows.importing import Report, import_archive
from hubbub.settings import Settings


def quietly(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


PRESETS = st.sampled_from(("open", "standard", "strict"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickStore]:
    """A store that stays open for all examples."""
    with quick_store(tmp_path_factory.mktemp("quick")) as opened:
        yield opened


@st.composite
def arrivals(draw: st.DrawFn, parts: list[Part]) -> list[Part]:
    """The parts in any order, some of them twice."""
    order = draw(st.permutations(range(len(parts))))
    again = draw(st.lists(st.sampled_from(range(len(parts))), max_size=1))
    return [parts[number] for number in (*order, *again)]


def differences(found: Tables, wanted: Tables) -> list[str]:
    """How two states of the tables differ, a line per value or row."""
    lines: list[str] = []
    for name in wanted:
        table = TABLES[name]
        columns = shown(table)
        keys = [columns.index(key) for key in table.key]
        left, right = ({tuple(row[key] for key in keys): row for row in side[name]}
                       for side in (found, wanted))  # fmt: skip
        lines += [f"{name} {key} is there" for key in left.keys() - right.keys()]
        lines += [f"{name} {key} is missing" for key in right.keys() - left.keys()]
        lines += [
            f"{name} {key} {column}: {one!r} instead of {other!r}"
            for key in left.keys() & right.keys()
            for column, one, other in zip(columns, left[key], right[key], strict=True)
            if one != other
        ]
        if len(left) < len(found[name]):
            lines.append(f"{name} has rows of the same key")
    return sorted(lines)


@settings(deadline=None)
@given(st.data(), workspaces(), PRESETS)
def test_the_order_of_arrival_never_matters(
    quick: QuickStore, data: st.DataObject, parts: list[Part], preset: str
) -> None:
    arriving = data.draw(arrivals(parts))
    assert not differences(quick.imported(arriving, preset), quick.imported([whole(parts)], preset))


@settings(deadline=None, max_examples=examples(0.6))
@given(workspaces(most_parts=1), PRESETS)
def test_importing_again_changes_nothing(quick: QuickStore, parts: list[Part], preset: str) -> None:
    before = quick.imported(parts, preset)
    merged = quick.take(parts[0], preset)
    assert (merged.added, merged.updated) == (0, 0)
    assert merged.unchanged == len(before["messages"])
    assert not differences(quick.tables(), before)


@settings(deadline=None)
@given(workspaces(most_parts=1))
def test_tables_are_what_the_definitions_say(quick: QuickStore, parts: list[Part]) -> None:
    part = parts[0]
    assert not differences(quick.imported(parts, "open"), read_independently(part))


@settings(deadline=None, max_examples=examples(0.6))
@given(workspaces(most_parts=1), st.sampled_from(("open", "standard", "strict")))
def test_the_text_of_deleted_messages_is_nowhere(
    quick: QuickStore, parts: list[Part], preset: str
) -> None:
    marked = json.loads(json.dumps(parts[0].days).replace("hello", "zyxw"))
    quick.imported([Part(parts[0].users, parts[0].channels, marked)], preset)
    left = quick.query(
        "SELECT m FROM store.messages m WHERE deleted_at IS NOT NULL AND m::VARCHAR LIKE '%zyxw%'"
    )
    assert not left


def read_independently(part: Part) -> Tables:
    """The tables of a part by the reference, in the form of the store's."""
    ids = {name: channel_id for channel_id, name in CHANNELS.items()}
    messages = [
        (ids[name.partition("/")[0]], record)
        for name, records in part.days.items()
        for record in records
    ]
    found = reference_reading.read(part.users, part.channels, messages)
    return {
        table.name: sorted(
            {tuple(row[column] for column in shown(table)) for row in found[table.name]}, key=repr
        )
        for table in (*MERGED, *HANGING)
    }


def written(part: Part, folder: Path) -> Path:
    """A part as an export's folder."""
    for name, content in part.files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def imported(parts: list[Part], preset: str, home: Path) -> tuple[Tables, list[Report]]:
    """The tables and reports after whole imports, as the program does them."""
    privacy: dict[str, object] = {"preset": preset}
    if preset == "strict":
        privacy["only_channels"] = [*CHANNELS]
    settings = Settings(home, "grove", privacy=privacy)
    keys = home / "keys"
    keys.mkdir()
    (keys / "grove.key").write_bytes(b"k" * 32)
    (keys / "grove.key").chmod(0o600)
    reports = [
        import_archive(settings, written(part, home / f"export-{number}"), quietly)
        for number, part in enumerate(parts)
    ]
    with looking(settings.store) as connection:
        tables = {table.name: rows(connection, table) for table in (*MERGED, *HANGING)}
        quarantined = rows(connection, TABLES["quarantine"])
    assert len(quarantined) == sum(report.quarantined for report in reports)
    return tables, reports


@settings(deadline=None, max_examples=examples(0.1))
@given(st.data(), workspaces(), PRESETS)
def test_whole_imports_in_any_order(data: st.DataObject, parts: list[Part], preset: str) -> None:
    arriving = data.draw(arrivals(parts))
    with TemporaryDirectory() as several, TemporaryDirectory() as once:
        found, _ = imported(arriving, preset, Path(several))
        wanted, _ = imported([whole(parts)], preset, Path(once))
    assert not differences(found, wanted)
    if preset == "open":
        assert not differences(found, read_independently(whole(parts)))
