"""The section `schedule` of hubbub.toml: what is read, and what is refused with its line."""

from pathlib import Path

import pytest

from hubbub.errors import BadContent
from hubbub.flows.scheduling import schedule_of
from hubbub.settings import Scheduled, load, workspaces


def written(home: Path, text: str) -> Path:
    """The file of the workspace grove."""
    file = home / "grove" / "hubbub.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            '[schedule]\nnightly = { cron = "0 3 * * *", run = "collect" }\n'
            'old-ones = { cron = "0 4 * * *", run = "privacy retain" }\n',
            (2, 3),
        ),
        (
            '[schedule.nightly]\ncron = "0 3 * * *"\nrun = "collect"\n'
            '[schedule.old-ones]\nrun = "privacy retain"\ncron = "0 4 * * *"\n',
            (1, 4),
        ),
    ],
)
def test_entries_are_read_in_order(tmp_path: Path, text: str, lines: tuple[int, int]) -> None:
    written(tmp_path, text)
    assert load(str(tmp_path), "grove").schedule == (
        Scheduled("nightly", "0 3 * * *", "collect", lines[0]),
        Scheduled("old-ones", "0 4 * * *", "privacy retain", lines[1]),
    )


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('b = "collect"', "wants cron and run"),
        ('b = { cron = "0 3 * * *" }', "wants cron and run"),
        ('b = { cron = "0 3 * * *", run = "collect", at = 1 }', "wants cron and run"),
        ('b = { cron = 3, run = "collect" }', "are texts"),
        ('"b c" = { cron = "0 3 * * *", run = "collect" }', "is no name"),
    ],
)
def test_a_wrong_entry_is_refused_where_it_stands(tmp_path: Path, entry: str, reason: str) -> None:
    head = '[schedule]\n# b = nothing yet\na = { cron = "0 3 * * *", run = "collect" }\n'
    file = written(tmp_path, head + entry)
    with pytest.raises(BadContent, match=reason) as refused:
        load(str(tmp_path), "grove")
    assert refused.value.reason.startswith(f"{file}, line 4:")


@pytest.mark.parametrize(
    ("cron", "run", "reason"),
    [
        ("0 25 * * *", "collect", "'0 25 \\* \\* \\*' is no cron expression: hour"),
        ("0 3 * * *", "", "there is nothing to run"),
        ("0 3 * * *", "send 'unfinished", ".*No closing quotation"),
    ],
)
def test_a_wrong_expression_stops_the_schedule_alone(
    tmp_path: Path, cron: str, run: str, reason: str
) -> None:
    file = written(tmp_path, f'\n[schedule]\na = {{ cron = "{cron}", run = "{run}" }}\n')
    settings = load(str(tmp_path), "grove")
    with pytest.raises(BadContent, match=f"line 3: schedule.a: {reason}") as refused:
        schedule_of(settings)
    assert refused.value.reason.startswith(str(file))


def test_words_are_split_as_a_shell_does(tmp_path: Path) -> None:
    written(tmp_path, '[schedule]\na = { cron = "0 3 * * *", run = "collect --since \'2 days\'" }')
    [entry] = schedule_of(load(str(tmp_path), "grove"))
    assert entry.words == ("collect", "--since", "2 days")


def test_workspaces_are_the_folders_with_a_store_or_settings(tmp_path: Path) -> None:
    for name in ("b/hubbub.toml", "a/store.duckdb", "a/hubbub.toml", "keys/hubbub.toml", "c/x"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    assert workspaces(tmp_path) == ["a", "b"]
    assert workspaces(tmp_path / "nowhere") == []
