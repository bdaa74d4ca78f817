"""Structured posts through whole imports: edited, deleted, imported twice, read again."""

import json
from pathlib import Path

import pytest

from hubbub.cli.program import run
from hubbub.errors import UsageError
from hubbub.flows.rereading import read_again
from hubbub.settings import Settings
from tests.privacy.home import ask, column
from tests.record_path.standups import (
    POST,
    STANDUP,
    TS,
    imported,
    said,
    workspace,
    write_template,
)

RECORDS = "SELECT ts, place, template, status FROM records ORDER BY ALL"
VALUES = """
    SELECT field, position, kind, member_id, name, day, number, text FROM record_values ORDER BY ALL
"""
ONE = [
    ("crew", 0, "member", "U2", None, None, None, None),
    ("crew", 1, "name", None, "Beaker", None, None, None),
    ("day", 0, "date", None, None, "2026-03-02", None, None),
    ("done", 0, "text", None, None, None, None, "pruned the roses"),
    ("hours", 0, "count", None, None, None, 3, None),
]
HIGHER = POST.replace("Hours: 3", "Hours: 4")


def edited(text: str, at: str = "1772452900.000000") -> dict[str, object]:
    return said(text, edited={"user": "U1", "ts": at})


def hours(settings: Settings) -> list[int]:
    return column(settings, "SELECT number FROM record_values WHERE field = 'hours'")


def test_a_post_becomes_a_record_with_its_values(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    report = imported(settings, tmp_path / "export", said(), said("standup? when", "1772452801.1"))
    assert ask(settings, RECORDS) == [(TS, 0, "standup", "good")]
    assert ask(settings, VALUES) == ONE
    sources = ask(settings, "SELECT field, source FROM record_values WHERE position = 0")
    assert dict(sources)["hours"] == "3"
    assert (report.rows["records"], report.rows["record_values"]) == (1, 5)


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said())
    again = imported(settings, tmp_path / "export", said())
    assert (again.added, again.updated, again.unchanged) == (0, 0, 1)
    assert ask(settings, VALUES) == ONE


@pytest.mark.parametrize("newest_first", [False, True])
def test_an_edit_replaces_the_rows(tmp_path: Path, newest_first: bool) -> None:
    settings = workspace(tmp_path)
    exports = [said(), edited(HIGHER)]
    for number, each in enumerate(reversed(exports) if newest_first else exports):
        imported(settings, tmp_path / str(number), each)
    assert hours(settings) == [4]


def test_an_edit_that_is_no_standup_any_more_takes_the_rows(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "1", said())
    imported(settings, tmp_path / "2", edited("never mind"))
    assert ask(settings, RECORDS) == ask(settings, VALUES) == []


@pytest.mark.parametrize("deleted_first", [False, True])
def test_a_deletion_takes_the_rows(tmp_path: Path, deleted_first: bool) -> None:
    settings = workspace(tmp_path)
    deletion = {"type": "message", "subtype": "message_deleted", "ts": "1772460000.000000",
                "deleted_ts": TS, "previous_message": said()}  # fmt: skip
    both = [deletion, said()] if deleted_first else [said(), deletion]
    for number, each in enumerate(both):
        imported(settings, tmp_path / str(number), each)
    assert ask(settings, RECORDS) == ask(settings, VALUES) == []


def test_notices_and_closed_channels_have_no_records(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said(subtype="channel_topic"))
    assert ask(settings, RECORDS) == []


@pytest.mark.parametrize("preset", ["open", "standard", "strict"])
def test_a_changed_template_takes_effect_when_the_export_is_imported_again(
    tmp_path: Path, preset: str
) -> None:
    settings = workspace(tmp_path, preset)
    imported(settings, tmp_path / "export", said())
    write_template(settings, STANDUP.replace('labels = ["hours"]', 'labels = ["stunden"]'))
    again = imported(settings, tmp_path / "export", said())
    assert hours(settings) == []
    assert again.unchanged == 1
    write_template(settings, STANDUP)
    imported(settings, tmp_path / "export", said())
    assert hours(settings) == [3]


def test_stored_texts_are_read_again_with_the_templates_of_now(tmp_path: Path) -> None:
    settings = workspace(tmp_path)
    later = said(POST.replace("standup", "Standup"), "1772452900.000100", "U2")
    imported(settings, tmp_path / "export", said(), later, said("nothing", "1772452950.000100"))
    before = ask(settings, VALUES)
    write_template(settings, STANDUP.replace('labels = ["hours"]', 'labels = ["stunden"]'))
    done = read_again(settings)
    assert (done.messages, done.changed, done.records) == (3, 2, {"standup": 2})
    assert hours(settings) == []
    write_template(settings, STANDUP)
    read_again(settings, "standup")
    assert ask(settings, VALUES) == before
    write_template(settings, STANDUP.replace('["standup"]', '["statusreport"]'))
    assert read_again(settings).records == {}
    assert ask(settings, RECORDS) == ask(settings, VALUES) == []


def test_reading_again_tells_as_json_and_refuses_unknown_templates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = workspace(tmp_path)
    imported(settings, tmp_path / "export", said())
    home = ("--home", str(settings.home), "--privacy", "open")
    assert run(["records", "read", "--json", *home]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"messages": 1, "changed": 1, "records": {"standup": 1}, "left": 0}
    with pytest.raises(UsageError, match="no template 'standing'") as caught:
        read_again(settings, "standing")
    assert "Did you mean standup?" in caught.value.fix


@pytest.mark.parametrize("preset", ["standard", "strict"])
def test_where_no_text_is_whole_history_has_to_be_read_again(tmp_path: Path, preset: str) -> None:
    settings = workspace(tmp_path, preset)
    imported(settings, tmp_path / "export", said())
    with pytest.raises(UsageError, match="does not keep texts") as caught:
        read_again(settings)
    assert "hubbub collect --full-refresh" in caught.value.fix
