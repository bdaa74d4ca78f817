"""A workspace that goes to another machine, as docs/machines.md and docs/kafka.md say."""

import json
import shutil
from pathlib import Path

import pytest

from hubbub.cli.program import run
from tests.invented import write_export

NAME = "grove"
WRITTEN = '[privacy]\npreset = "standard"\npseudonyms = true\n'


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A home with a workspace that has imported an export."""
    home = tmp_path / "old"
    (home / NAME).mkdir(parents=True)
    (home / NAME / "hubbub.toml").write_text(WRITTEN, encoding="utf-8")
    export = write_export(tmp_path / "export")
    assert run(["import", str(export), "--home", str(home), "-q"]) == 0
    return home


def move(old: Path, new: Path) -> None:
    """Move the workspace's folder, and its three files of keys."""
    (new / "keys").mkdir(parents=True)
    shutil.move(old / NAME, new / NAME)
    for kind in ("key", "audit-key", "audit-head"):
        shutil.move(old / "keys" / f"{NAME}.{kind}", new / "keys")


def imported_again(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[int]:
    """How many messages an import of the same export brings, adds and changes."""
    capsys.readouterr()
    assert run(["import", str(tmp_path / "export"), "--home", str(home), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    return [told["messages"], told["added"], told["updated"]]


def test_a_moved_workspace_goes_on_where_it_was(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    move(old, new)
    assert imported_again(new, tmp_path, capsys) == [4, 0, 0]
    query = "SELECT user_id FROM messages"
    assert run(["sql", query, "--home", str(new), "--json"]) == 0
    authors = [row["user_id"] for row in json.loads(capsys.readouterr().out)]
    assert len(authors) == 4
    assert all(author.startswith("m1_") for author in authors)
    assert run(["audit", "verify", "--home", str(new)]) == 0
    capsys.readouterr()
    assert run(["audit", "show", "--action", "run", "--home", str(new), "--json"]) == 0
    runs = [entry["what"] for entry in json.loads(capsys.readouterr().out)]
    assert runs.count("import") >= 2, "that of the other machine too"


@pytest.mark.parametrize("kind", ["key", "audit-key"])
def test_a_moved_workspace_without_its_keys_does_not_begin_with_others(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    new = tmp_path / "new"
    move(old, new)
    (new / "keys" / f"{NAME}.{kind}").unlink()
    assert run(["import", str(tmp_path / "export"), "--home", str(new)]) == 1
    assert f"there is no {new}/keys/{NAME}.{kind}" in capsys.readouterr().err


def test_a_copy_for_a_loader_begins_an_audit_log_of_its_own(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    left = shutil.ignore_patterns("audit.jsonl", "publications")
    shutil.copytree(old / NAME, new / NAME, ignore=left)
    (new / "keys").mkdir()
    shutil.copy(old / "keys" / f"{NAME}.key", new / "keys")
    assert imported_again(new, tmp_path, capsys) == [4, 0, 0]
    assert run(["audit", "verify", "--home", str(new)]) == 0
