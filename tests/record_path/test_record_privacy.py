"""Records pass the gate: presets, refused members, erasure, keys, and what is too old."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from msgspec.structs import replace

from hubbub.flows.erasing import Receipt, forget, opt_out, retain_now
from hubbub.flows.importing import import_archive
from hubbub.flows.inspecting import inspect
from hubbub.flows.rotating import rotate
from hubbub.flows.workspace import keys_of
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.privacy.home import ask, column, holding
from tests.record_path.standups import POST, TS, imported, said, workspace

NAMED = POST.replace("<@U2>, Beaker", "<@U1>, Olive, Beaker").replace(
    "roses", "roses with Olive Example"
)
"""A standup by U2 with Olive (U1), who is tagged, called by her handle, and by her full name."""
CREW = "SELECT kind, member_id, name FROM record_values WHERE field = 'crew' ORDER BY position"
BOTH = ("SELECT * FROM records ORDER BY ALL", "SELECT * FROM record_values ORDER BY ALL")


def by_bram(settings: Settings, folder: Path) -> None:
    """Import the standup of U2 that names Olive."""
    imported(settings, folder, said(NAMED, user="U2"))


def rows(settings: Settings) -> list[object]:
    return [ask(settings, query) for query in BOTH]


def test_standard_keeps_names_and_scrubs_texts(tmp_path: Path) -> None:
    settings = workspace(tmp_path, "standard")
    text = POST.replace("pruned the roses", "wrote to wanda@postkasten.example")
    imported(settings, tmp_path / "export", said(text))
    assert ask(settings, CREW) == [("member", "U2", None), ("name", None, "Beaker")]
    [done] = column(settings, "SELECT text FROM record_values WHERE field = 'done'")
    assert done.startswith("wrote to [")
    assert holding(settings.home, "wanda@") == []
    assert [each for each in inspect(settings) if each.state == "problem"] == []


def test_strict_keeps_neither_names_nor_texts_and_keys_ids(tmp_path: Path) -> None:
    settings = workspace(tmp_path, "strict")
    imported(settings, tmp_path / "export", said())
    bram = keys_of(settings).pseudonym("member", "U2")
    assert ask(settings, CREW) == [("member", bram, None), ("name", None, None)]
    told = "SELECT count(name), count(text), count(source) FROM record_values"
    assert ask(settings, told) == [(0, 0, 0)]
    facts = (
        "SELECT field, day, number FROM record_values WHERE coalesce(day, number::VARCHAR) <> ''"
    )
    assert sorted(ask(settings, facts)) == [("day", "2026-03-02", None), ("hours", None, 3)]
    assert column(settings, "SELECT status FROM records") == ["good"]
    assert holding(settings.folder, "Beaker", "pruned") == []
    assert [each for each in inspect(settings) if each.state == "problem"] == []


def test_channels_that_are_not_admitted_have_no_records(tmp_path: Path) -> None:
    settings = workspace(tmp_path, "strict", only_channels=["garden"])
    imported(settings, tmp_path / "export", said())
    assert ask(settings, BOTH[0]) == []


def test_a_private_channel_is_not_named(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    write = settings.pack / "records" / "standup.toml"
    write.write_text(f'{write.read_text()}\n[fields.place]\ntype = "channel"\nlabels = ["place"]\n')
    imported(settings, tmp_path / "export", said(f"{POST}\nPlace: <#G1|council>"))
    assert column(settings, "SELECT named_channel FROM record_values WHERE field = 'place'") == [
        None
    ]


@pytest.mark.parametrize("preset", ["open", "standard"])
@pytest.mark.parametrize("refuse", [opt_out, forget])
def test_what_is_erased_is_what_would_not_have_been_stored(
    tmp_path: Path, preset: str, refuse: Callable[[Settings, str], Receipt]
) -> None:
    first = workspace(tmp_path / "first", preset)
    by_bram(first, tmp_path / "1")
    assert ("name", None, "Olive") in ask(first, CREW)
    before = replace(first, home=tmp_path / "never" / "home")
    workspace(tmp_path / "never", preset)
    before.key.parent.mkdir(parents=True)
    before.key.write_bytes(first.key.read_bytes())
    before.key.chmod(0o600)
    refuse(before, "U1")
    by_bram(before, tmp_path / "2")

    receipt = refuse(first, "U1")
    assert rows(first) == rows(before)
    assert ask(first, CREW) == [
        ("member", None, None), ("name", None, None), ("name", None, "Beaker"),
    ]  # fmt: skip
    beside = column(first, "SELECT concat_ws(' ', text, source) FROM record_values")
    assert not [each for each in beside if "olive" in each.lower() or "U1" in each]
    assert receipt.rows["record_values"] > 0


def test_a_refused_member_is_known_by_name_where_no_directory_tells_it(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    by_bram(settings, tmp_path / "export")
    forget(settings, "@olive")
    (tmp_path / "export" / "users.json").write_text("[]", encoding="utf-8")
    import_archive(settings, tmp_path / "export")
    assert column(settings, "SELECT name FROM record_values WHERE kind = 'name'") == [
        None,
        "Beaker",
    ]
    assert "olive" not in settings.refused.read_text(encoding="utf-8").lower()


def test_a_refused_author_has_no_records(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said())
    forget(settings, "U1")
    assert rows(settings) == [[], []]
    imported(settings, tmp_path / "export", said())
    assert rows(settings) == [[], []]


def test_a_rotation_renews_the_members_of_records(tmp_path: Path) -> None:
    settings = workspace(tmp_path, "strict")
    imported(settings, tmp_path / "export", said())
    rotate(settings)
    bram = keys_of(settings).pseudonym("member", "U2")
    assert bram.startswith("m2_")
    assert column(settings, "SELECT member_id FROM record_values WHERE kind = 'member'") == [bram]


def test_texts_of_records_go_with_age_and_their_figures_with_the_rows(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    now = datetime.now(UTC).replace(microsecond=0)
    young, old, oldest = ((now - timedelta(days=days)).timestamp() for days in (1, 10, 100))
    imported(
        settings,
        tmp_path / "export",
        *(said(ts=f"{at:.6f}") for at in (young, old, oldest)),
    )
    told = ("SELECT count(*) FILTER (field = 'hours'), count(text), count(source) > 0 "
            "FROM record_values")  # fmt: skip
    assert ask(settings, told) == [(3, 3, True)]
    aged = replace(settings, privacy={"preset": "open", "text_days": 5, "row_days": 50})
    receipt = retain_now(aged)
    assert ask(settings, told) == [(2, 1, True)]
    assert column(settings, "SELECT count(*) FROM records") == [2]
    assert receipt.rows["records"] == 1
    other = replace(workspace(tmp_path / "other"), privacy=aged.privacy)
    imported(other, tmp_path / "export", *(said(ts=f"{at:.6f}") for at in (young, old, oldest)))
    assert rows(other) == rows(settings)


def test_a_store_of_before_gets_the_tables(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said())
    with duckdb.connect(str(settings.store)) as connection:
        connection.execute("DROP TABLE records; DROP TABLE record_values")
        connection.execute("UPDATE schema SET version = 4")
    with store.reading(settings.store) as connection:
        assert connection.execute(BOTH[0]).fetchall() == []
    imported(settings, tmp_path / "export", said())
    assert ask(settings, "SELECT ts, template FROM records") == [(TS, "standup")]
    assert store.version_of(settings.store) == store.VERSION
