"""The program as its users run it: real processes, their output, their exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hubbub.cli.program import program
from tests.invented import write_export

VERBS = program.list_commands(program.make_context("hubbub", ["list"], resilient_parsing=True))


def hubbub(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("HUBBUB_")}
    return subprocess.run(
        [sys.executable, "-m", "hubbub", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=known | {"COLUMNS": "100"} | environment,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    done = hubbub("import", write_export(folder / "export"), "--home", folder / "home",
                  "--privacy", "open")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "home"


@pytest.mark.parametrize("name", ["who?", "a\\b"])
def test_a_home_that_duckdb_takes_for_another_one_is_refused(tmp_path: Path, name: str) -> None:
    done = hubbub("import", write_export(tmp_path / "export"), "--home", tmp_path / name)
    assert done.returncode == 2
    assert "which DuckDB takes for something else." in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["export"]


def test_import_as_json_prints_one_object(tmp_path: Path) -> None:
    archive = write_export(tmp_path / "export")
    done = hubbub("--json", "import", archive, "--home", tmp_path / "home")
    told: dict[str, Any] = json.loads(done.stdout)
    assert told.pop("seconds") > 0
    assert told == {
        "users": 3, "channels": 2, "messages": 4, "reactions": 1, "mentions": 1, "links": 1,
        "files": 0, "added": 4, "updated": 0, "unchanged": 0, "quarantined": 0, "left_out": 2,
    }  # fmt: skip
    again: dict[str, Any] = json.loads(
        hubbub("import", archive, "--json", "--home", tmp_path / "home").stdout
    )
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 4)


def test_import_says_what_was_kept_out_and_that_texts_were_not_kept(tmp_path: Path) -> None:
    strict = ("--privacy", "strict")
    done = hubbub("import", write_export(tmp_path / "export"), "--home", tmp_path / "home", *strict)
    assert "6 messages were kept out by the privacy policy" in done.stderr
    assert "the texts were not kept" in done.stderr
    assert "0 messages added" in done.stdout


@pytest.mark.parametrize("place", ["front", "behind"])
def test_options_of_every_verb_stand_in_any_position(home: Path, place: str) -> None:
    options = ["--home", str(home), "--json"]
    verb = ["show", "totals"]
    done = hubbub(*options, *verb) if place == "front" else hubbub(*verb, *options)
    assert json.loads(done.stdout)[0]["messages"] == 3
    assert hubbub(f"--home={home}", "show", "totals", "--json").stdout == done.stdout


def test_the_home_may_come_from_the_environment(home: Path) -> None:
    assert hubbub("show", "totals", "--json", HUBBUB_HOME=str(home)).returncode == 0


def test_show_prints_an_array_of_rows(home: Path) -> None:
    done = hubbub("show", "leaderboard", "--as-of", "latest", "--format", "json", "--home", home)
    assert [(row["rank"], row["member"]) for row in json.loads(done.stdout)] == [
        (1, "olive"),
        (2, "브람"),
    ]


def test_show_prints_names_instead_of_ids_and_numbers_to_the_right(home: Path) -> None:
    done = hubbub("show", "leaderboard", "--as-of", "latest", "--home", home)
    head, first, second = done.stdout.splitlines()
    assert head.split() == ["rank", "member", "messages", "reactions", "received", "channels"]
    assert first.split() == ["1", "olive", "2", "1", "2"]
    # 브람 is four columns wide, so the number right of it is one character further left
    assert first.index("  2  ") - second.index("  1  ") == 2
    assert "U1" not in done.stdout


def test_sql_reads_and_refuses_everything_else(home: Path, tmp_path: Path) -> None:
    query = "SELECT kind, count(*) AS n FROM messages GROUP BY ALL ORDER BY ALL"
    done = hubbub("sql", query, "--json", "--home", home)
    assert json.loads(done.stdout) == [{"kind": "post", "n": 3}, {"kind": "reply", "n": 1}]
    for refused in (
        "DELETE FROM store.messages",
        "CREATE TABLE mine AS SELECT 1",
        f"COPY messages TO '{tmp_path}/stolen.csv'",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        f"SELECT * FROM read_text('{__file__}')",
        "SELECT nothing FROM messages",
    ):
        done = hubbub("sql", refused, "--home", home)
        assert done.returncode == 2, refused
        assert not done.stdout
    assert not list(tmp_path.iterdir())


def test_sql_sees_the_views_that_metrics_share(home: Path) -> None:
    done = hubbub("sql", "SELECT count(*) AS n FROM people_messages", "--json", "--home", home)
    assert json.loads(done.stdout) == [{"n": 3}]


@pytest.mark.parametrize("kind", ["metrics", "charts", "tables", "channels", "runs"])
def test_list_prints_rows_and_json(home: Path, kind: str) -> None:
    assert len(hubbub("list", kind, "--home", home).stdout.splitlines()) > 1
    assert json.loads(hubbub("list", kind, "--home", home, "--json").stdout)


def test_what_was_quarantined_is_listed_with_its_reason(tmp_path: Path) -> None:
    export = write_export(tmp_path / "export")
    (export / "general" / "2026-03-09.json").write_text('[{"type": "message"}, 7')
    hubbub("import", export, "--home", tmp_path / "home")
    done = hubbub("list", "quarantine", "--home", tmp_path / "home", "--json")
    (row,) = json.loads(done.stdout)
    assert row["origin"] == "export/general/2026-03-09.json"
    assert "invalid JSON" in row["reason"]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_with_an_example(verb: str) -> None:
    done = hubbub(verb, "--help")
    assert done.returncode == 0
    if verb == "audit":  # it has verbs of its own
        assert "show" in done.stdout
        done = hubbub(verb, "verify", "--help")
    assert f"Example: hubbub {verb}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "leaderbord"], 2, "Did you mean leaderboard?"),
        (["show", "totals", "--channel", "nowhere"], 2, "no channel 'nowhere'"),
        (["show", "totals", "--set", "x"], 2, "NAME=VALUE"),
        (["draw", "messages_per_dy", "-o", "x.png"], 2, "Did you mean messages_per_day?"),
        (["draw", "messages_per_day", "-o", "x.bmp"], 2, ".bmp"),
        (["import", "/nowhere.zip"], 1, "There is no /nowhere.zip"),
        (["export", "--format", "gexf", "totals", "-o", "x"], 2, "takes no METRIC"),
        (["nonsense"], 2, "No such command"),
        (["show", "totals", "--timezone", "Mars"], 2, "no time zone"),
        (["show", "totals", "--workspace", "../up"], 2, "no name for a workspace"),
    ],
)
def test_a_wrong_request_is_answered_with_reason_fix_and_exit_code(
    home: Path, arguments: list[str], code: int, said: str
) -> None:
    done = hubbub(*arguments, "--home", home)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert not done.stdout
    assert "Traceback" not in done.stderr


def test_an_empty_home_says_what_to_do_first(tmp_path: Path) -> None:
    done = hubbub("show", "totals", "--home", tmp_path)
    assert done.returncode == 1
    assert "hubbub import PATH" in done.stderr


def test_a_reader_that_closes_the_pipe_is_no_error(home: Path) -> None:
    command = f"{sys.executable} -m hubbub show conversation --format csv --home {home} | head -1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(("closed", "expected"), [(">&-", ""), ("> /dev/full", "No space left")])
def test_it_ends_also_where_nothing_can_be_written(home: Path, closed: str, expected: str) -> None:
    command = f"{sys.executable} -m hubbub show totals --home {home} {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == (1 if expected else 0)
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_quiet_keeps_notes_away(tmp_path: Path) -> None:
    archive = write_export(tmp_path / "export")
    assert hubbub("-q", "import", archive, "--home", tmp_path / "home").stderr == ""


def test_bash_completes_verbs(home: Path) -> None:
    done = hubbub(_HUBBUB_COMPLETE="bash_complete", COMP_WORDS="hubbub im", COMP_CWORD="1")
    assert done.stdout.split(",")[-1].strip() == "import"


def test_two_workspaces_do_not_see_each_other(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "export", days={})
    both = ("--home", tmp_path / "home")
    hubbub("import", export, *both, "--workspace", "north")
    hubbub("import", write_export(tmp_path / "more"), *both, "--workspace", "south")
    for name, messages in (("north", 0), ("south", 3)):
        done = hubbub("show", "totals", "--json", *both, "--workspace", name)
        assert json.loads(done.stdout)[0]["messages"] == messages
