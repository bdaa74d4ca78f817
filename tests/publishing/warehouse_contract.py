"""What every destination has to do. A destination's tests inherit `WarehouseContract`, and have a
fixture `place` that gives a `Place` of nothing yet."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from msgspec.structs import replace

from hubbub.core.tables import PUBLISHED, TABLES, Column, Privacy, Table, Type
from hubbub.core.warehouse import Warehouse
from hubbub.errors import HubbubError
from hubbub.flows import choosing_tables
from hubbub.flows.erasing import forget
from hubbub.flows.publishing import Asked, Published, open_warehouse, publish
from hubbub.settings import Settings
from hubbub.stores.publications import Publication, publications
from tests.invented import message
from tests.publishing import communities
from tests.publishing.communities import (
    as_stored,
    bring,
    change,
    community,
    later,
    sorted_rows,
    stored,
    ts,
)


class Place(Protocol):
    """A destination of a test."""

    @property
    def url(self) -> str:
        """Its address."""
        ...

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in no order, read by another way than Hubbub's; instants as texts
        of ISO 8601 with an offset, or with their zone. Without the day that was added."""
        ...

    def tables(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The same of many tables."""
        ...

    def drop(self, table: str) -> None:
        """Take a table away."""
        ...

    def everything(self) -> str:
        """All that is there, in one text."""
        ...


def sent(done: Published) -> dict[str, tuple[int, int, int]]:
    """New, changed and gone rows by table, of tables that were touched; `runs` left out, of which
    every import makes one."""
    return {
        each.change.shape.name: (each.new, each.changed, each.change.gone_count)
        for each in done.tables
        if each.change.shape.name != "runs"
    }


def assert_right(settings: Settings, place: Place) -> None:
    """A destination holds what the store holds."""
    there, wanted = place.tables(communities.NAMES), stored(settings)
    for table in PUBLISHED:
        found = sorted_rows(as_stored(table, there[table.name]))
        assert found == sorted_rows(wanted[table.name]), table.name


def killed_at(*moments: str) -> pytest.MarkDecorator:
    """Run for each moment; but for the one between two tables, what is remembered at any of them is
    no destination's own."""
    return pytest.mark.parametrize(
        "moment",
        [pytest.param(each, marks=() if each == "two tables" else pytest.mark.soak)
         for each in moments],
    )  # fmt: skip


class WarehouseContract:
    """What every destination has to do. What is marked `soak` is no destination's own: in `make
    test` PostgreSQL alone does it."""

    @pytest.fixture(autouse=True)
    def without_views(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Views take seconds to translate, and have tests of their own."""

        def none(_warehouse: Warehouse) -> bool:
            return False

        monkeypatch.setattr(choosing_tables, "views_wanted", none)

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return community(tmp_path / "o'brien's [1]")

    def test_a_first_publication_brings_every_row_of_every_table(
        self, settings: Settings, place: Place
    ) -> None:
        done = publish(settings, place.url)
        assert_right(settings, place)
        assert sent(done)["messages"] == (4, 0, 0)
        (reply,) = [row for row in place.rows("messages") if row["ts"] == ts(2)]
        assert reply["text"] == "me, <@U1> \\ 'quoted' \t 씨앗 🌱"
        assert reply["deleted_at"] is None
        assert reply["is_question"] is False
        (told,) = as_stored(TABLES["messages"], [reply])
        assert told["posted_at"] == 1_772_442_002_000_100

    def test_a_second_publication_touches_nothing(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publish(settings, place.url)
        before = place.everything()
        monkeypatch.setattr(Publication, "note", None)  # nothing is begun
        done = publish(settings, place.url)
        assert done.tables == ()
        assert place.everything() == before

    def test_only_what_has_changed_is_sent(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        publish(settings, place.url)
        days = {
            "general/2026-03-02.json": [
                # edited, and one of two reactions taken away
                message(ts(1), "U1", "who brings tea?", thread_ts=ts(1),
                        edited={"user": "U1", "ts": ts(50)},
                        reactions=[{"name": "wave", "users": ["U3"], "count": 1}]),
            ],
            "garden/2026-03-03.json": [message(later(2), "U2", "new")],
        }  # fmt: skip
        bring(settings, tmp_path, days)
        done = publish(settings, place.url)
        assert sent(done) == {
            "messages": (1, 1, 0),
            "reactions": (0, 0, 1),
            "links": (0, 0, 1),
        }
        assert_right(settings, place)

    def test_what_is_deleted_in_slack_goes_there_too(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        publish(settings, place.url)
        bring(settings, tmp_path, {"general/2026-03-02.json": [
            message(ts(2), "U2", "This message was deleted.", subtype="tombstone")]})  # fmt: skip
        publish(settings, place.url)
        (deleted,) = [row for row in place.rows("messages") if row["ts"] == ts(2)]
        assert deleted["text"] is None
        assert deleted["deleted_at"] is not None
        assert "quoted" not in place.everything()
        assert_right(settings, place)

    def test_who_is_forgotten_disappears_there_with_a_receipt(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        title = open_warehouse(place.url, "grove", settings.scratch).title
        first = forget(settings, "bram")
        assert first.destinations == [title]
        assert "U2" in place.everything()  # until it is published again
        done = publish(settings, place.url)
        assert done.receipt is not None
        assert done.receipt.destinations == [title]
        assert done.receipt.after == [first.id]
        # the member wrote one message, which had a reaction and a mention, reacted to another,
        # and is in one channel
        assert done.receipt.rows == {
            "users": 1, "memberships": 1, "messages": 1, "reactions": 2, "mentions": 1
        }  # fmt: skip
        assert "U2" not in place.everything()
        assert "브람" not in place.everything()
        assert_right(settings, place)
        assert publish(settings, place.url).receipt is None
        assert not any(b"U2" in path.read_bytes() for path in settings.publications.glob("*.*"))

    def test_a_column_of_a_newer_hubbub_is_added_and_only_rows_that_have_it_are_sent(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        older = _without(TABLES["messages"], "bot_id")
        with monkeypatch.context() as patch:
            patch.setattr(choosing_tables, "_TABLES", _tables(messages=older))
            publish(settings, place.url)
        assert "bot_id" not in place.rows("messages")[0]
        done = publish(settings, place.url)
        assert sent(done) == {"messages": (0, 1, 0)}
        assert_right(settings, place)

    def test_a_column_that_is_no_more_goes_with_what_it_held(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        newer = _with(TABLES["users"], Column("pet", Type.TEXT, Privacy.NAME, "a name"))
        with monkeypatch.context() as patch:
            patch.setattr(choosing_tables, "_TABLES", _tables(users=newer))
            change(settings, "ALTER TABLE store.users ADD COLUMN pet VARCHAR",
                   "UPDATE store.users SET pet = 'Waldi'")  # fmt: skip
            publish(settings, place.url)
            assert "Waldi" in place.everything()
        publish(settings, place.url)
        assert "Waldi" not in place.everything()
        assert_right(settings, place)

    @killed_at("expected", "two tables")
    def test_killed_anywhere_the_next_publication_makes_it_right(
        self, settings: Settings, place: Place, moment: str
    ) -> None:
        killed(settings, place, moment)
        # who is forgotten in between may be there already, and nobody's list may have them yet
        receipt = forget(settings, "bram")
        assert len(receipt.destinations) == 1
        done = publish(settings, place.url)
        assert done.receipt is not None
        assert "U2" not in place.everything()
        assert_right(settings, place)
        assert publish(settings, place.url).tables == ()

    @killed_at("noted", "two tables", "brought", "settled")
    def test_killed_while_it_brings_changes_the_next_publication_makes_it_right(
        self, settings: Settings, place: Place, tmp_path: Path, moment: str
    ) -> None:
        publish(settings, place.url)
        change(settings, "UPDATE store.users SET title = 'gardener'")
        bring(settings, tmp_path, {"garden/2026-03-03.json": [message(later(3), "U2", "bye")]})
        killed(settings, place, moment)
        forget(settings, "bram")
        publish(settings, place.url)
        assert "U2" not in place.everything()
        assert_right(settings, place)

    @pytest.mark.soak
    def test_a_lost_memory_of_what_is_there_costs_a_whole_load_and_no_more(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        for file in settings.publications.iterdir():
            file.unlink()
        forget(settings, "bram")
        done = publish(settings, place.url)
        assert all(each.change.is_whole for each in done.tables)
        assert "U2" not in place.everything()
        assert_right(settings, place)

    @pytest.mark.soak
    def test_an_older_copy_of_the_memory_is_not_believed(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        publish(settings, place.url)
        kept = {path: path.read_bytes() for path in settings.publications.iterdir()}
        bring(settings, tmp_path, {"garden/2026-03-03.json": [message(later(4), "U2", "more")]})
        publish(settings, place.url)
        for path, content in kept.items():
            path.write_bytes(content)
        forget(settings, "bram")
        publish(settings, place.url)
        assert "U2" not in place.everything()
        assert_right(settings, place)

    def test_what_another_workspace_has_published_is_not_touched(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        publish(settings, place.url)
        before = place.everything()
        other = community(tmp_path / "other")  # called alike, with keys of its own
        with pytest.raises(HubbubError, match="another workspace has published"):
            publish(other, place.url)
        with pytest.raises(HubbubError, match="another workspace has published") as caught:
            publish(other, place.url, Asked(is_whole=True))
        assert "--full-refresh" not in str(caught.value)
        assert place.everything() == before

    @pytest.mark.soak
    def test_a_place_is_a_workspaces_before_its_first_publication_has_ended(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        with pytest.raises(_BrokenOffError):
            publish(settings, place.url, progress=_break_off)
        before = place.everything()
        with pytest.raises(HubbubError, match="another workspace has published"):
            publish(community(tmp_path / "other"), place.url)
        assert place.everything() == before
        publish(settings, place.url)
        assert_right(settings, place)

    def test_a_table_that_somebody_has_dropped_is_made_anew(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        place.drop("channels")
        publish(settings, place.url, Asked(is_whole=True))
        assert_right(settings, place)
        assert publish(settings, place.url).tables == ()

    @pytest.mark.soak
    def test_a_rehearsal_tells_all_and_changes_nothing(
        self, settings: Settings, place: Place
    ) -> None:
        told = publish(settings, place.url, is_rehearsal=True)
        assert publications(settings.publications) == []
        done = publish(settings, place.url)
        assert sent(told) == sent(done)
        before = place.everything()
        forget(settings, "bram")
        files = {path: path.read_bytes() for path in settings.publications.iterdir()}
        told = publish(settings, place.url, is_rehearsal=True)
        assert sent(told)["users"] == (0, 0, 1)
        assert told.receipt is None
        assert place.everything() == before
        assert {path: path.read_bytes() for path in settings.publications.iterdir()} == files

    @pytest.mark.soak
    def test_since_keeps_older_rows_from_being_sent_and_what_is_there_right(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        since = Asked(since="2026-03-03")
        publish(settings, place.url, since)
        assert [row["ts"] for row in place.rows("messages")] == [later(1)]
        assert place.rows("reactions") == []
        publish(settings, place.url)  # all of it
        change(settings, "UPDATE store.messages SET text = 'other' WHERE NOT is_question")
        done = publish(settings, place.url, since)
        assert sent(done) == {"messages": (0, 3, 0)}
        assert_right(settings, place)
        done = publish(settings, place.url, replace(since, is_whole=True))
        assert sent(done)["messages"] == (4, 0, 0)
        assert not done.is_cut
        assert_right(settings, place)

    @pytest.mark.soak
    def test_named_tables_are_published_and_those_that_are_there_kept_right(
        self, settings: Settings, place: Place
    ) -> None:
        done = publish(settings, place.url, Asked(names=("messages", "totals")))
        assert [*sent(done)] == ["messages", "metric_totals"]
        assert [row["messages"] for row in place.rows("metric_totals")] == [3]
        forget(settings, "bram")
        done = publish(settings, place.url, Asked(names=("channels",)))
        assert [*sent(done)] == ["channels", "messages", "metric_totals"]
        assert "U2" not in place.everything()
        assert [row["messages"] for row in place.rows("metric_totals")] == [2]

    @pytest.mark.soak
    def test_a_policy_that_lets_no_member_out_empties_what_is_there(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        strict = replace(settings, privacy={"preset": "open", "smallest_group": 5})
        with pytest.raises(HubbubError, match="single members") as caught:
            publish(strict, place.url)
        title = open_warehouse(place.url, "grove", settings.scratch).title
        assert f"What was published before is still at {title}." in caught.value.reason
        assert "hubbub publish … --tables messages_per_month" in caught.value.fix
        with pytest.raises(HubbubError, match="single member"):
            publish(strict, place.url, Asked(names=("leaderboard",)))
        done = publish(strict, place.url, Asked(names=("messages_per_month",)))
        assert {"users", "messages", "reactions"} <= {*done.emptied}
        assert all(place.rows(name) == [] for name in communities.NAMES)
        assert "U2" not in place.everything()


class _BrokenOffError(Exception):
    """Stands for whatever ends a publication in the middle."""


def _break_off(what: str, _done: int, _total: int) -> None:
    if what.startswith("sent"):
        raise _BrokenOffError


def killed(settings: Settings, place: Place, moment: str) -> None:
    """Publish in a process that dies."""
    script = [sys.executable, "-m", "tests.publishing.publishing_process"]
    done = subprocess.run(
        [*script, place.url, str(settings.home), moment],
        check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == -9, done.stderr


def _tables(**others: Table) -> dict[str, Table]:
    return {table.name: others.get(table.name, table) for table in PUBLISHED}


def _without(table: Table, name: str) -> Table:
    return replace(table, columns=tuple(each for each in table.columns if each.name != name))


def _with(table: Table, column: Column) -> Table:
    return replace(table, columns=(*table.columns, column))
