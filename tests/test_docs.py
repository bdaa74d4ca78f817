"""The documentation says what is so: its generated parts are new, its examples run, its links lead
somewhere."""

import re
import subprocess
from pathlib import Path

import pytest

from hubbub.core.tables import TABLES
from hubbub.flows.importing import import_archive
from hubbub.flows.measuring import measure
from hubbub.settings import Settings
from tests.invented import message, write_export

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_example_of_a_metric_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    sql = re.search(r"```sql\n(.*?)```", text, re.DOTALL)
    assert sql is not None
    settings = Settings(tmp_path / "home", "default", privacy={"preset": "open"})
    # 1772427600 is 2026-03-02 05:00 UTC
    night, morning = (
        message("1772427599.000000", "U1", "a"),
        message("1772427600.000000", "U2", "b"),
    )
    export = write_export(tmp_path / "export", days={"general/2026-03-02.json": [night, morning]})
    import_archive(settings, export)
    (settings.pack / "metrics").mkdir(parents=True)
    (settings.pack / "metrics" / "night_owls.sql").write_text(sql[1], encoding="utf-8")
    rows = measure(settings, "night_owls", {"as_of": "latest"}).rows.to_pylist()
    assert rows == [{"user_id": "U1", "member": "olive", "messages": 1}]


def test_every_batch_file_of_before_has_its_metric_in_the_table() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    section = text.partition("## Coming from")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (\w+) \| .*\|$", section, re.MULTILINE)
    mapped = {
        theirs: ours
        for theirs, ours in rows
        if theirs.endswith(("_data", "_user", "_thread", "_channel"))
    }
    assert len(mapped) == 14
    metrics = {path.stem for path in (ROOT / "src" / "hubbub" / "packs").rglob("metrics/*.sql")}
    assert set(mapped.values()) <= metrics


def test_the_map_of_columns_says_what_becomes_of_each_once() -> None:
    text = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition("<!-- generated: data map -->")[2].splitlines()
        if line.startswith("| ")
    ][1:]
    found = [
        ((row[0], name.removesuffix("\\*")), row[2:]) for row in rows for name in row[1].split(", ")
    ]
    listed = [place for place, _ in found]
    assert sorted(listed) == sorted(
        (table.name, column.name) for table in TABLES.values() for column in table.columns
    )
    told = dict(found)
    assert told["messages", "text"] == ["text", "kept", "scrubbed", "—", "text_days, row_days"]
    assert told["messages", "user_id"] == ["member", "kept", "kept", "pseudonym", "row_days"]
    assert told["users", "real_name"] == ["name", "kept", "kept", "—", ""]
    assert told["users", "email"] == ["e-mail", "—", "—", "—", ""]
    assert told["links", "url"] == ["link", "kept", "without query", "—", "row_days"]
    assert told["messages", "canonical"] == ["raw", "kept", "—", "—", "text_days, row_days"]
    assert told["messages", "posted_at"] == ["fact", "kept", "kept", "kept", "row_days"]
    elsewhere = "of admitted channels"
    assert told["reactions", "channel_id"] == ["channel", *[elsewhere] * 3, "row_days"]
    assert told["mentions", "mentioned_channel_id"][1:4] == [elsewhere] * 3
    assert told["quarantine", "origin"][1:4] == [elsewhere] * 3


def test_every_verb_of_the_readme_exists() -> None:
    verbs = set(re.findall(r"hubbub ([a-z]+) ", (ROOT / "README.md").read_text(encoding="utf-8")))
    folder = ROOT / "src" / "hubbub" / "cli"
    modules = {path.stem.rstrip("_") for path in folder.glob("*.py")}
    groups = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert verbs <= modules | groups


def test_the_repository_speaks_of_itself_alone() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split():
        assert "shared/" not in name
