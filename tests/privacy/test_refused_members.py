"""Members who opted out or were forgotten: nothing of them is stored, before or after."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows.erasing import forget, opt_in, opt_out
from hubbub.flows.exporting import export_tables
from hubbub.flows.importing import import_archive
from hubbub.flows.journaling import alone
from hubbub.flows.workspace import scratch_folder
from hubbub.privacy.refusals import RefusalFile
from hubbub.settings import Settings
from tests.invented import USERS, message, write_export
from tests.privacy.home import ask, column, holding, imported, said, settings_of

PRESETS = ["open", "standard", "strict"]
MENTION = said("ask <@U1> or <@U1|olive>, U1 knows; U12 does not")


def members(settings: Settings) -> set[str]:
    """Everyone whom the store names in any column of ids."""
    return {
        user_id
        for table, name in (("users", "user_id"), ("messages", "user_id"), ("reactions", "user_id"),
                            ("mentions", "user_id"), ("memberships", "user_id"),
                            ("profiles", "user_id"), ("files", "user_id"),
                            ("channels", "creator_id"))
        for user_id in column(settings, f"SELECT DISTINCT {name} FROM {table}")
        if user_id is not None
    }  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
def test_a_member_who_opts_out_before_anything_is_stored_never_is(
    tmp_path: Path, preset: str
) -> None:
    settings = settings_of(tmp_path, preset)
    assert opt_out(settings, "U1").rows == {}
    report = imported(settings, tmp_path, **{"2026_03_04": MENTION})
    # two of U1's messages, and two in channels that are not public
    assert (report.added, report.left_out) == (3, 4)
    assert holding(settings.folder, 'U1"', "olive", "Olive Example", "seeds", "private word") == []
    assert len(members(settings)) == 2
    texts = column(settings, "SELECT text FROM messages WHERE contains(text, 'ask')")
    assert texts == ([] if preset == "strict" else
                     ["ask [MEMBER] or [MEMBER], [MEMBER] knows; U12 does not"])  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("refuse", [opt_out, forget])
def test_a_member_who_leaves_later_is_as_if_they_had_never_been(
    tmp_path: Path, preset: str, refuse: Any
) -> None:
    first = settings_of(tmp_path / "first", preset)
    imported(first, tmp_path, **{"2026_03_04": MENTION})
    before = replace(first, home=tmp_path / "never" / "home")
    before.key.parent.mkdir(parents=True)
    before.key.write_bytes(first.key.read_bytes())
    before.key.chmod(0o600)
    refuse(before, "U1")
    imported(before, tmp_path, **{"2026_03_04": MENTION})

    receipt = refuse(first, "U1")
    for table in ("users", "messages", "reactions", "mentions", "links", "memberships", "channels"):
        query = f"SELECT * FROM {table} ORDER BY ALL"
        assert ask(first, query) == ask(before, query), table
    # U1: a row of the directory, two messages, two memberships; the reaction to U1's message goes
    # with it, and so does its link; three of MENTION's and U2's mentions are of U1
    assert receipt.rows["users"] == 1
    assert receipt.rows["memberships"] == 2
    assert receipt.rows["reactions"] == receipt.rows["links"] == 1
    assert receipt.rows["mentions"] == 3
    assert holding(first.home, "olive", "Olive Example", "seeds", "private word") == []


def test_a_forgotten_member_does_not_come_back_by_an_import(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    forget(settings, "@olive")
    again = imported(settings, tmp_path)
    assert again.added == 0
    assert "U1" not in members(settings)


def test_a_member_who_opts_in_again_is_stored_again(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    opt_out(settings, "U1")
    assert opt_in(settings, "U1")
    assert not opt_in(settings, "U1")
    assert "U1" not in members(settings)
    assert imported(settings, tmp_path).added == 2
    assert "U1" in members(settings)


def test_others_do_not_say_the_name_of_a_forgotten_member_any_more(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, contacts=True)
    named = said(
        "Olive Example writes from olive@example.org; @olive, an olive tree, Olive Examples"
    )
    imported(settings, tmp_path, **{"2026_03_04": named})
    forget(settings, "U1")
    assert column(settings, "SELECT text FROM messages WHERE contains(text, 'tree')") == [
        "[MEMBER] writes from [MEMBER]; [MEMBER], an olive tree, Olive Examples"
    ]
    assert holding(settings.home, "olive@example.org", "@olive,") == []


def test_an_import_does_not_bring_a_name_back_in_others_texts(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, contacts=True)
    forget(settings, "U1")
    named = said("Olive Example is at olive@example.org: <mailto:olive@example.org|write>")
    imported(settings, tmp_path, **{"2026_03_04": named})
    assert column(settings, "SELECT text FROM messages WHERE contains(text, 'is at')") == [
        "[MEMBER] is at [MEMBER]: <mailto:[MEMBER]|write>"
    ]
    assert holding(settings.home, "olive@example.org", "Olive Example") == []


def test_the_whole_copy_of_a_message_goes_if_it_names_a_forgotten_member(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    forget(settings, "U2")
    canonical = "SELECT count(*) FROM messages WHERE text LIKE 'who brings%' AND text IS NOT NULL"
    assert column(settings, canonical) == [1]
    assert holding(settings.home, '"U2"', "브람") == []


def test_an_author_who_is_named_by_handle_is_refused_too(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    forget(settings, "U1")
    old = [message("1772618400.000100", "olive", "an old archive")]
    imported(settings, tmp_path, **{"2026_03_04": old})
    assert column(settings, "SELECT text FROM messages WHERE contains(text, 'archive')") == []


def test_raw_responses_and_files_of_a_forgotten_member_go(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    files = [{"id": "F1", "user": "U1", "name": "plan.txt", "created": 1772618400}]
    shared = [message("1772618400.000100", "U1", "see", files=files)]
    imported(settings, tmp_path, **{"2026_03_04": shared})
    (settings.files / "F1").mkdir(parents=True)
    (settings.files / "F1" / "plan.txt").write_text("the plan")
    response = {"ok": True, "messages": [
        {"user": "U1", "text": "mine", "ts": "1.0"},
        {"user": "U2", "text": "<@U1> said", "ts": "2.0", "parent_user_id": "U1",
         "reactions": [{"name": "tada", "users": ["U1", "U2"], "count": 2}]},
    ]}  # fmt: skip
    page = settings.raw / "20260301T000000-abc" / "000001-messages-C1.json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps({"kept_by": "hubbub", "response": response}))
    receipt = forget(settings, "U1")
    assert (receipt.raw, receipt.files) == (1, 1)
    assert json.loads(page.read_text())["response"]["messages"] == [
        {"user": "U2", "text": "<@[MEMBER]> said", "ts": "2.0", "parent_user_id": "[MEMBER]",
         "reactions": [{"name": "tada", "users": ["U2"], "count": 2}]},
    ]  # fmt: skip
    assert not (settings.files / "F1").exists()


def test_what_work_that_was_killed_has_packed_goes_too(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "open")
    imported(settings, tmp_path)
    with scratch_folder(settings) as at_work:
        packed = settings.scratch / "work-of-somebody-killed/dlt-1/messages.csv"
        packed.parent.mkdir(parents=True)
        packed.write_text("U1,seeds")
        forget(settings, "U1")
        assert [*settings.scratch.iterdir()] == [at_work]


def test_exports_that_name_a_forgotten_member_are_removed_or_told(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    paths = {path.stem: path for path in export_tables(settings, tmp_path / "out", "csv")}
    with paths["reactions"].open("a") as file:
        file.write("a note of the reader's: U1\n")
    receipt = forget(settings, "U1")
    assert not paths["messages"].exists()
    assert not paths["users"].exists()
    assert paths["files"].exists()
    assert receipt.changed_exports == [str(paths["reactions"].resolve())]
    assert str(paths["messages"].resolve()) in receipt.exports


def test_the_receipt_names_nobody(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    receipt = forget(settings, "U1")
    assert receipt.path is not None
    assert receipt.path.stat().st_mode & 0o777 == 0o600
    kept = receipt.path.read_text() + settings.refused.read_text()
    assert not any(word in kept for word in ("U1", "olive", "Olive"))
    assert json.loads(receipt.path.read_text())["rows"] == receipt.rows


def test_a_member_is_noted_at_once_though_a_collection_is_under_way(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    with alone(settings), pytest.raises(TryAgain, match="collecting"):
        forget(settings, "U1")
    # the next merge, of whatever is under way, erases them
    imported(settings, tmp_path)
    assert "U1" not in members(settings)


@pytest.mark.parametrize(
    ("name", "reason"), [("@nobody", "no member"), ("Example", "no member"), ("twin", "several")]
)
def test_a_name_that_is_not_one_members_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    settings = settings_of(tmp_path)
    export = write_export(tmp_path / "export")
    twins = [{"id": each, "name": f"t{each}", "profile": {"display_name": "twin"}}
             for each in ("U8", "U9")]  # fmt: skip
    (export / "users.json").write_text(json.dumps(USERS + twins))
    import_archive(settings, export)
    with pytest.raises(UsageError, match=reason):
        forget(settings, name)
    assert not settings.refused.exists()


def test_without_the_list_of_refused_members_nothing_is_stored(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path)
    forget(settings, "U1")
    settings.refused.write_text("{")
    with pytest.raises(HubbubError, match="damaged"):
        imported(settings, tmp_path)
    settings.refused.write_text('{"refused": [{"token": "t"}]}')
    with pytest.raises(HubbubError, match="damaged"):
        RefusalFile(settings.refused).entries()
