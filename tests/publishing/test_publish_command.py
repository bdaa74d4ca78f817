"""`hubbub publish` as people use it, and what it leaves on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hubbub.cli.command_lines import check_schedulable
from hubbub.cli.privacy.forget import command as forget_command
from hubbub.cli.publish import command
from hubbub.errors import HubbubError, UsageError
from hubbub.flows import choosing_tables
from hubbub.flows.publishing import Asked, open_warehouse, publish
from hubbub.settings import Settings
from tests.publishing.communities import community
from tests.publishing.conftest import PASSWORD, Place


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return community(tmp_path)


def hubbub(settings: Settings, what: Any, *arguments: str) -> Any:
    where = ["--home", str(settings.home), "--privacy", "open"]
    return CliRunner().invoke(what, [*arguments, *where], catch_exceptions=False)


def test_the_summary_says_what_was_new_changed_and_gone(
    settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing_tables, "_translated", _untranslated)
    done = hubbub(settings, command, place.url, "--tables", "users, channels")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["table", "new", "changed", "gone", "sent"],
        ["users", "3", "0", "0", "all", "of", "it"],
        ["channels", "2", "0", "0", "all", "of", "it"],
    ]
    assert "5 rows sent, 0 taken away in 2 tables" in done.stderr
    told = hubbub(settings, forget_command, "bram", "--yes")
    assert "They go from there with the next publication to it" in told.stderr
    rehearsed = hubbub(settings, command, place.url, "--dry-run", "--json")
    users = {each["table"]: each for each in json.loads(rehearsed.stdout)["tables"]}["users"]
    assert users == {"table": "users", "whole": False, "new": 0, "changed": 0, "gone": 1}
    assert "U2" in place.everything()
    done = hubbub(settings, command, place.url)
    assert "Erasures have reached it. receipt: " in done.stderr
    assert "U2" not in place.everything()
    again = hubbub(settings, command, place.url)
    assert again.stdout == ""
    assert "Nothing has changed" in again.stderr


_PUBLISH = """
import sys
from hubbub.cli.program import run
code = run(sys.argv[1:])
assert code == 0, code
print(*sorted(sys.modules), file=sys.stderr)
"""


def test_a_publication_loads_nothing_that_only_another_one_needs(
    settings: Settings, tmp_path: Path
) -> None:
    where = ["--home", str(settings.home), "--privacy", "open"]
    command = [sys.executable, "-c", _PUBLISH, "publish", str(tmp_path / "lake"), *where]
    unchanged = {"pyarrow.compute", "pyarrow.parquet", "ssl"}
    for unneeded in ({"pyarrow.compute"}, unchanged):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        loaded = {*done.stderr.splitlines()[-1].split()}
        assert "duckdb" in loaded
        others = {"pymysql", "adbc_driver_manager", "google.cloud", "sqlglot", "deltalake"}
        assert loaded & (unneeded | others) == set()


def _untranslated(*_: Any) -> str:
    raise HubbubError("It is not tried here.", "")


def test_nothing_is_left_on_this_machine_but_what_is_at_the_destination(
    settings: Settings, place: Place, tmp_path: Path
) -> None:
    home = tmp_path / "person"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "hubbub", "--home", settings.home, "--privacy", "open",
         "publish", place.url, "--tables", "messages"],
        check=True, capture_output=True, text=True, cwd=home,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(home)},
    )  # fmt: skip
    assert [*home.rglob("*")] == []
    assert [*settings.scratch.iterdir()] == []
    assert PASSWORD not in done.stdout + done.stderr
    assert settings.publications.stat().st_mode & 0o077 == 0
    for path in settings.publications.glob("[0-9a-f]*[nb]"):  # .json, .duckdb
        assert path.stat().st_mode & 0o077 == 0
        assert b"soil" not in path.read_bytes()  # keys and hashes alone
    assert PASSWORD not in settings.audit.read_text()
    assert place.database not in settings.audit.read_text()


def test_an_attempt_that_fails_leaves_nothing_of_a_destination(
    settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PGPASSWORD", "a wrong password")
        with pytest.raises(HubbubError, match="does not let"):
            publish(settings, place.url)
    assert [*settings.publications.iterdir()] == []
    publish(settings, place.url, Asked(names=("channels",)))
    assert len([*settings.publications.glob("*.json")]) == 1


def test_a_publication_can_be_scheduled() -> None:
    words = ["publish", "postgres://db.example.org/analytics", "--since", "2026-01-01"]
    assert check_schedulable(words)["since"] == "2026-01-01"


def test_where_nothing_was_collected_there_is_nothing_to_publish(
    place: Place, tmp_path: Path
) -> None:
    with pytest.raises(HubbubError, match="There is nothing in"):
        publish(Settings(tmp_path / "home", "grove"), place.url)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("destination", ["gopher://hole/x", "", "mysql", "lake", "mysql:db", "~x"])
def test_an_unknown_kind_of_destination_is_refused(
    settings: Settings, destination: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {*tmp_path.rglob("*")}
    done = CliRunner().invoke(command, [destination, "--home", str(settings.home)])
    assert isinstance(done.exception, UsageError)
    assert "Hubbub cannot publish to" in done.exception.reason
    for scheme in ("bigquery://", "mysql://", "postgres://", "s3://", " ./"):
        assert scheme in done.exception.fix
    assert {*tmp_path.rglob("*")} - before <= {settings.scratch}


def test_a_folder_that_is_named_like_a_database_is_meant_by_a_path(settings: Settings) -> None:
    done = CliRunner().invoke(command, ["mysql", "--home", str(settings.home)])
    assert isinstance(done.exception, UsageError)
    assert done.exception.fix.endswith("a folder of this machine: ./mysql")


def test_folders_are_named_by_paths(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    places = {
        "./lake": "lake", "../lake": "../lake", ".": ".", "~/lake": "person/lake",
        f"{tmp_path}/lake": "lake", f"file://{tmp_path}/lake": "lake",
        "./lake?format=delta": "lake",
    }  # fmt: skip
    for url, folder in places.items():
        identity = open_warehouse(url, "grove", settings.scratch).identity
        assert identity == f"file:{(tmp_path / folder / 'grove').resolve()}"
