"""A test for each row of the table of presets (docs/privacy.md)."""

import json
from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import UsageError
from hubbub.flows.importing import import_archive
from hubbub.flows.workspace import contradictions, keys_of, policy_of_workspace
from hubbub.privacy.policy import PRESETS, policy_of
from hubbub.settings import Collecting, Settings
from tests.invented import USERS, message, write_export
from tests.privacy.home import ALL, ask, column, holding, imported, said, settings_of

SAID = said("see <https://a:b@example.org/p/q?token=hush#part|here>, call +1 202 555 0123 or "
            "<mailto:olive@example.org|olive@example.org>", "U1")  # fmt: skip


def here(folder: Path, preset: str, **choices: Any) -> Settings:
    settings = settings_of(folder, preset, **choices)
    imported(settings, folder, **{"2026_03_04": SAID})
    return settings


@pytest.mark.parametrize("preset", PRESETS)
def test_channels(tmp_path: Path, preset: str) -> None:
    policy = policy_of(preset)
    assert policy.admits("C1", "general", "public") is (preset != "strict")
    for kind in ("private", "dm", "group_dm", "unknown"):
        assert not policy.admits("G1", "council", kind)
    assert policy_of(preset, only_channels=("general",)).admits("C1", "general", "public")
    assert set(column(here(tmp_path, preset), "SELECT name FROM channels")) == {*ALL}


def test_private_channels_are_named_by_id(tmp_path: Path) -> None:
    settings = here(tmp_path, "open", private_channels=["G1"])
    assert column(settings, "SELECT channel_id FROM messages WHERE text = 'closed doors'") == ["G1"]


@pytest.mark.parametrize("preset", PRESETS)
def test_direct_messages(tmp_path: Path, preset: str) -> None:
    if preset == "open":
        settings = here(tmp_path, preset, direct_messages=["D1"])
        assert column(settings, "SELECT text FROM messages WHERE channel_id = 'D1'") == [
            "between us"
        ]
    else:
        with pytest.raises(UsageError, match="never admits direct messages"):
            policy_of(preset, direct_messages=("D1",))


@pytest.mark.parametrize("preset", PRESETS)
def test_ids_of_members(tmp_path: Path, preset: str) -> None:
    settings = here(tmp_path, preset)
    ids = {user["id"] for user in USERS}
    keys = keys_of(settings)
    known = {keys.pseudonym("member", each) for each in ids} if preset == "strict" else ids
    assert set(column(settings, "SELECT user_id FROM users")) == known
    assert set(column(settings, "SELECT user_id FROM messages")) == known


@pytest.mark.parametrize("preset", PRESETS)
def test_names_and_handles(tmp_path: Path, preset: str) -> None:
    settings = here(tmp_path, preset)
    names = {*ask(settings, "SELECT name, real_name, display_name FROM users")}
    kept = {("olive", "Olive Example", "olive"), ("bram", "Bram Example", "브람"),
            ("robot", "Robot", None)}  # fmt: skip
    assert names == ({(None, None, None)} if preset == "strict" else kept)


@pytest.mark.parametrize("preset", PRESETS)
def test_contacts(tmp_path: Path, preset: str) -> None:
    settings = here(tmp_path, preset)
    assert column(settings, "SELECT DISTINCT coalesce(email, phone, title, status) FROM users") == [
        None
    ]
    assert holding(settings.home, '"olive@example.org"', '"+1 202 555 0123"') == []
    asked = here(tmp_path / "asked", "open", contacts=True)
    assert "olive@example.org" in column(asked, "SELECT email FROM users")


@pytest.mark.parametrize("preset", PRESETS)
def test_text(tmp_path: Path, preset: str) -> None:
    [text] = column(
        here(tmp_path, preset), "SELECT text FROM messages WHERE posted_at >= '2026-03-04'"
    )
    if preset == "open":
        assert text == SAID[0]["text"]
    elif preset == "standard":
        assert text is not None
        assert "here" in text
        assert "example.org/p/q" in text
        for gone in ("olive@", "555", "hush", "a:b"):
            assert gone not in text
    else:
        assert text is None


@pytest.mark.parametrize("preset", PRESETS)
def test_links(tmp_path: Path, preset: str) -> None:
    query = "SELECT url, domain FROM links WHERE scheme = 'https' AND ts = '1772618400.000100'"
    links = ask(here(tmp_path, preset), query)
    url = {"open": "https://a:b@example.org/p/q?token=hush#part",
           "standard": "https://example.org/p/q"}.get(preset)  # fmt: skip
    assert links == [(url, "example.org")]


@pytest.mark.parametrize("preset", PRESETS)
def test_raw_responses(tmp_path: Path, preset: str) -> None:
    settings = Settings(
        tmp_path, "default", privacy={"preset": preset}, collect=Collecting(raw=True)
    )
    found = contradictions(settings, policy_of_workspace(settings))
    assert bool(found) is (preset != "open")


@pytest.mark.parametrize(("preset", "k"), [("open", 1), ("standard", 1), ("strict", 5)])
def test_small_groups(preset: str, k: int) -> None:
    assert policy_of(preset).smallest_group == k


@pytest.mark.parametrize(
    "choices",
    [{"names": False}, {"text": "scrubbed"}, {"text": "dropped"}, {"links": "domain"},
     {"pseudonyms": True}],
)  # fmt: skip
def test_slacks_own_json_does_not_stay_where_it_would_tell_what_is_dropped(
    choices: dict[str, Any],
) -> None:
    assert not policy_of("open", **choices).raw
    with pytest.raises(UsageError, match="own JSON"):
        policy_of("open", raw=True, **choices)


@pytest.mark.parametrize("preset", PRESETS)
def test_names_of_direct_conversations_do_not_stand_among_what_could_not_be_read(
    tmp_path: Path, preset: str
) -> None:
    broken = [message("no time at all", "U1", "hush")]
    settings = settings_of(tmp_path, preset)
    export = write_export(tmp_path / "export")
    for name in ("mpdm-olive--bram-1", "council"):
        (export / name).mkdir(exist_ok=True)
        (export / name / "2026-03-05.json").write_text(json.dumps(broken))
    import_archive(settings, export)
    rows = ask(settings, "SELECT origin, record FROM quarantine")
    assert len(rows) == 2
    assert all("mpdm" not in origin and "council" not in origin for origin, _ in rows)
    assert {record for _, record in rows} == {None}
