"""What a workspace sets of a pack: values, members who are named, what is wrong with a file."""

from datetime import date
from pathlib import Path

import pytest

from hubbub.errors import BadContent
from hubbub.flows.asking import ask
from hubbub.flows.importing import import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.pack_settings import read_settings
from hubbub.settings import Settings
from tests.writing.circle import write_circle
from tests.writing.conftest import Run, set_up


def values(pack: Path, written: str | None = None) -> dict[str, object]:
    """The settings of pack writing, by name."""
    if written is not None:
        pack.mkdir(exist_ok=True)
        (pack / "settings.toml").write_text(written, encoding="utf-8")
    settings = read_settings(pack)["writing"].settings
    return {name: each.value for name, each in settings.items()}


def test_what_is_not_set_is_as_the_pack_says(tmp_path: Path) -> None:
    defaults = {
        "first_round": None, "round_days": 14, "expected": [], "staff": [], "levels": [1, 10, 40]
    }  # fmt: skip
    assert values(tmp_path / "pack") == defaults
    assert values(tmp_path / "pack", "") == defaults
    assert values(tmp_path / "pack", "[writing]\nround_days = 7\n") == defaults | {"round_days": 7}


def test_a_day_can_be_written_with_and_without_quotes(tmp_path: Path) -> None:
    for written in ("2026-03-02", '"2026-03-02"'):
        said = values(tmp_path / "pack", f"[writing]\nfirst_round = {written}\n")
        assert said["first_round"] == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("written", "line", "reason"),
    [
        ("[writing]\nround_days = ", 2, "no TOML"),
        ("[writting]\nround_days = 7", 1, "there is nothing to set of a pack"),
        ("writing = 7", 1, "writing is no table"),
        ("[writing]\nstaff = []\nround_day = 7", 3, "unknown setting 'round_day'"),
        ("[writing]\nround_days = 0", 2, "round_days is 0"),
        ("[writing]\nround_days = true", 2, "round_days is True"),
        ("[writing]\nround_days = [7]", 2, r"round_days is \[7\]"),
        ("[writing]\nlevels = [10, 1]", 2, r"levels is \[10, 1\]"),
        ("[writing]\nlevels = 3", 2, "levels is 3"),
        ("[writing]\n\nstaff = ['#']", 3, "staff is"),
        ("[writing]\nstaff = 'eve'", 2, "staff is 'eve'"),
        ("[writing]\nfirst_round = '2 March'", 2, "first_round is '2 March'"),
        ("[writing]\nfirst_round = 2026-03-02T09:00:00", 2, "first_round is"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    tmp_path: Path, written: str, line: int, reason: str
) -> None:
    with pytest.raises(BadContent, match=rf"settings\.toml, line {line}: {reason}") as caught:
        values(tmp_path / "pack", written)
    assert caught.value.fix


def test_a_wrong_file_stops_every_metric(run: Run) -> None:
    with pytest.raises(BadContent, match="unknown setting 'team'"):
        run("totals", written="[writing]\nteam = []\n")


def test_people_are_named_by_channel_handle_name_and_id(circle: Settings) -> None:
    written = '[writing]\nstaff = ["#organisers", "@tom", " 미나 ", "U0JUN00"]\n'
    rows = ask(set_up(circle, written), "SELECT staff FROM writing_settings")
    # the organisers are Eve and the bot
    assert rows.to_pylist() == [{"staff": ["U0BOT00", "U0EVE00", "U0JUN00", "U0MINA0", "U0TOM00"]}]


def test_an_id_that_the_store_lacks_is_no_error(run: Run) -> None:
    written = '[writing]\nexpected = ["U0SORA0", "U0OPTEDOUT"]\n'
    rows = run("round_status", written=written, as_of="2026-03-31", round="2")
    # who has opted out is nowhere in the store, and is not called missing
    assert "U0OPTEDOUT" not in {row["user_id"] for row in rows}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("@minna", "There is no member or user group 'minna'"),
        ("#organizers", "There is no channel 'organizers'"),
        ("U0", "There is no member or user group 'U0'"),
    ],
)
def test_a_name_that_is_nobodys_is_told_with_its_line(run: Run, entry: str, reason: str) -> None:
    written = f'[writing]\nstaff = [\n  "eve",\n  "{entry}",\n]\n'
    with pytest.raises(BadContent, match=rf"settings\.toml, line 4: staff: {reason}"):
        run("awards", written=written)


def test_under_pseudonyms_people_are_named_as_the_store_has_them(tmp_path: Path) -> None:
    privacy = {"preset": "open", "pseudonyms": True, "names": False}
    settings = Settings(tmp_path / "home", "circle", timezone="Asia/Seoul", privacy=privacy)
    import_archive(settings, write_circle(tmp_path / "export"))
    members = ask(settings, "SELECT user_id FROM users WHERE NOT is_bot ORDER BY 1").to_pylist()
    stored = members[0]["user_id"]
    written = f'[writing]\nstaff = ["{stored}"]\nexpected = ["#organisers"]\n'
    rows = ask(set_up(settings, written), "SELECT * FROM writing_settings").to_pylist()
    assert rows[0]["staff"] == [stored]
    assert len(rows[0]["expected"]) == 2
    # a real id means nothing here, and is not taken for somebody who has opted out
    with pytest.raises(BadContent, match="There is no member or user group 'U0EVE00'"):
        ask(set_up(settings, '[writing]\nstaff = ["U0EVE00"]\n'), "FROM writing_settings")


def test_a_pack_that_declares_something_else_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = tmp_path / "packs" / "choir"
    pack.mkdir(parents=True)
    (pack / "settings.toml").write_text('[voices]\ntype = "number"\ndefault = 4\ndoc = "parts"\n')
    monkeypatch.setattr("hubbub.content.PACKS", tmp_path / "packs")
    with pytest.raises(BadContent, match=r"settings\.toml, line 1: voices is no setting"):
        Catalog(tmp_path / "own").settings  # noqa: B018 -- reading it is what fails
