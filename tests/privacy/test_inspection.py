"""`hubbub privacy check` finds what should not be there, and never says what it was."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from hubbub.core.findings import Finding
from hubbub.flows.exporting import export_tables
from hubbub.flows.inspecting import inspect
from hubbub.flows.workspace import keys_of
from hubbub.privacy.keys import Keys
from hubbub.privacy.refusals import Entry, RefusalFile
from hubbub.settings import Settings
from tests.privacy.home import imported, said, settings_of

PLANTED = said("write to olive@example.org, 202-555-0123")


def problems(settings: Settings, *folders: Path) -> dict[str, Finding]:
    """The problems by the check that found them."""
    found = inspect(settings, folders)
    assert all("olive@" not in each.found + each.fix for each in found)
    return {each.check: each for each in found if each.state == "problem"}


@pytest.mark.parametrize("preset", ["open", "standard", "strict"])
def test_what_was_stored_under_the_policy_is_well(tmp_path: Path, preset: str) -> None:
    settings = settings_of(tmp_path, preset)
    imported(settings, tmp_path, **{"2026_03_04": PLANTED})
    assert problems(settings) == {}


def test_what_was_stored_under_a_looser_policy_is_found(tmp_path: Path) -> None:
    loose = settings_of(tmp_path, "open", contacts=True, private_channels=["G1"])
    imported(loose, tmp_path, **{"2026_03_04": PLANTED})
    (loose.raw / "run").mkdir(parents=True)
    found = problems(replace(loose, privacy={"preset": "standard"}))
    assert {"policy", "channels", "texts", "folders"} <= found.keys()
    assert "users.email" in found["policy"].found
    assert "1 × EMAIL, 1 × PHONE" in found["texts"].found
    strict = problems(replace(loose, privacy={"preset": "strict", "only_channels": ["general"]}))
    assert "3 members stand in the store by their real ids" in strict["members"].found


def test_texts_that_may_be_kept_are_remarked_upon(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "open")
    imported(settings, tmp_path, **{"2026_03_04": PLANTED})
    [remark] = [each for each in inspect(settings) if each.state == "note"]
    assert remark.found == "Personal data stands in messages.text: 1 × EMAIL, 1 × PHONE."


def test_exports_and_folders_that_are_named_are_looked_through(tmp_path: Path) -> None:
    loose = settings_of(tmp_path, "open")
    imported(loose, tmp_path, **{"2026_03_04": PLANTED})
    export_tables(loose, tmp_path / "out", "csv")
    settings = settings_of(tmp_path / "other", "standard")
    imported(settings, tmp_path / "other")
    assert problems(settings) == {}
    assert "messages.csv" in problems(settings, tmp_path / "out")["files"].found


def test_rows_of_refused_members_are_found(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "open")
    imported(settings, tmp_path)
    entry = Entry(keys_of(settings).refusal("U1"), "opted out", "2026-03-01T00:00:00+00:00")
    RefusalFile(settings.refused).add(entry)
    assert "1 members who opted out" in problems(settings)["members"].found


def test_keys_and_folders_that_are_open_to_others_are_found(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "strict")
    imported(settings, tmp_path)
    settings.folder.chmod(0o755)
    assert "chmod o-rwx" in problems(settings)["permissions"].fix
    settings.key.write_text(Keys.new().written())
    assert "other keys" in problems(settings)["keys"].found
