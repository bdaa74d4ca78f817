"""`--all-workspaces`: one command line in each workspace, as processes of their own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event

import click
import pytest
from busy_slack import BusySlack, Hubbub, children, wait_for
from tests.invented import write_export
from timetable import schedule

from hubbub.cli.all_workspaces import VERBS
from hubbub.cli.program import program, run
from hubbub.errors import Exit
from hubbub.flows.many_workspaces import Outcome, at_once, cores, exit_of, in_each

NAMES = ["alder", "birch", "cedar"]
Everywhere = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three workspaces: two with the same three messages, and cedar, whose store is damaged."""
    folder = tmp_path_factory.mktemp("regions")
    home = folder / "home"
    archive = str(write_export(folder / "export"))
    common = ["--home", str(home), "--privacy", "open", "-q"]
    assert run(["import", archive, "--workspace", "alder", *common]) == 0
    (home / "birch").mkdir()
    shutil.copy(home / "alder" / "store.duckdb", home / "birch")
    shutil.copy(home / "keys" / "alder.key", home / "keys" / "birch.key")
    (home / "cedar").mkdir()
    (home / "cedar" / "store.duckdb").write_bytes(b"no store at all" * 1_000)
    return home


@pytest.fixture
def everywhere(capfd: pytest.CaptureFixture[str]) -> Everywhere:
    """Runs a command in all workspaces of a home: the exit code, what was printed and said."""

    def done(home: Path, *words: str) -> tuple[int, str, str]:
        code = run(["--all-workspaces", *words, "--home", str(home)])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return done


def test_one_fails_alone_and_a_table_says_so(regions: Path, everywhere: Everywhere) -> None:
    code, printed, said = everywhere(regions, "show", "totals", "--at-once", "2")
    assert code == 1
    *answers, head, alder, birch, cedar = printed.splitlines()
    assert head.split("  ")[0] == "workspace"
    assert alder.split()[:2] == ["alder", "done"]
    assert birch.split()[:2] == ["birch", "done"]
    assert cedar.split()[:2] == ["cedar", "failed"]
    assert "is no store of Hubbub's, or it is damaged." in cedar
    block = [line.split("  ")[0] for line in answers]
    half = len(block) // 2
    assert block[:half] == block[half:], "each workspace's lines stand together"
    assert block[0] == "messages"
    assert "2 done, 1 failed" in said
    assert "── cedar (" in said


def test_as_json_each_answer_is_json(regions: Path, everywhere: Everywhere) -> None:
    code, printed, _ = everywhere(regions, "show", "totals", "--json")
    assert code == 1
    alder, birch, cedar = json.loads(printed)
    assert alder["answer"] == birch["answer"]
    assert alder["answer"][0]["messages"] == 3
    assert (alder["exit"], alder["outcome"], alder["reason"]) == (0, "done", None)
    assert (cedar["exit"], cedar["outcome"], cedar["answer"]) == (1, "failed", None)
    assert "damaged" in cedar["reason"]


def test_each_workspace_has_its_own_token(tmp_path: Path, slack: BusySlack) -> None:
    for name in NAMES:
        schedule(tmp_path, name)
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("".join(f'[{name}]\nbot_token = "xoxb-of-{name}"\n' for name in NAMES))
    secrets.chmod(0o600)
    program = Hubbub(tmp_path, SLACK_API_URL=slack.url, SLACK_BOT_TOKEN="xoxb-of-nobody")
    process = program.start("--all-workspaces", "--at-once", "2", "collect")
    try:
        wait_for(lambda: len(slack.tokens) == 2)
        begun = children(process.pid)
        assert len(begun) == 2
        code, printed, said = program.interrupt(process)
    finally:
        program.end()
    assert code == 130
    assert not any(Path(f"/proc/{child}").exists() for child in begun)
    assert {*slack.tokens} == {f"xoxb-of-{name}" for name in NAMES[:2]}
    told = {line.split()[0]: line for line in printed.splitlines()}
    assert told["alder"].split()[1] == told["birch"].split()[1] == "interrupted"
    assert "not begun" in told["cedar"]
    assert "SLACK_BOT_TOKEN would be one workspace's for all" in said
    assert "xoxb-" not in printed + said


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("serve", "`hubbub serve` cannot be done in all workspaces"),
        ("privacy rotate", "`hubbub privacy` cannot be done"),
        ("schedule", "`hubbub schedule` cannot be done"),
        ("", "Nothing cannot be done"),
        ("collect --sinec 3", "--sinec"),
        ("schedule start now", "unexpected extra argument"),
        ("export totals -o out", "would share a file or folder"),
        ("draw leaderboard -o x.png", "would share a file or folder"),
        ("collect --workspace alder", "contradict each other"),
        ("collect --at-once many", "wants a number"),
        ("collect --at-once 0", "wants a number"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_run(
    regions: Path, capsys: pytest.CaptureFixture[str], words: str, reason: str
) -> None:
    code = run(["--all-workspaces", *words.split(), "--home", str(regions)])
    printed, said = capsys.readouterr()
    assert code == 2
    assert reason in said
    assert not printed


@pytest.mark.parametrize("verb", VERBS)
def test_what_makes_sense_is_there(verb: str) -> None:
    command: click.Command = program
    for word in verb.split():
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found


def test_a_home_without_workspaces_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--all-workspaces", "collect", "--home", str(tmp_path)]) == 2
    assert "There is no workspace in" in capsys.readouterr().err


def test_all_publish_into_one_lake_each_into_its_own_folder(
    regions: Path, tmp_path: Path, everywhere: Everywhere
) -> None:
    lake = tmp_path / "lake"
    code, *_ = everywhere(regions, "publish", str(lake), "--tables", "channels")
    assert code == 1, "cedar's store is damaged"
    assert {path.name for path in lake.iterdir()} == {"alder", "birch"}
    assert {str(path.relative_to(lake)) for path in lake.rglob("*.parquet")} == {
        "alder/channels/all.parquet", "birch/channels/all.parquet"
    }  # fmt: skip


def test_the_keys_of_one_workspace_are_not_those_of_all(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBBUB_KEYS", f"hubbub keys 1,steady {'0f' * 32},1 {'f0' * 32}")
    for name in NAMES[:2]:
        schedule(tmp_path, name)
        words = ["--all-workspaces", "audit", "verify", "--home", str(tmp_path)]
        assert run(words) == (0 if name == NAMES[0] else 2)
    said = capfd.readouterr().err
    assert f"HUBBUB_KEYS has the keys of one workspace, and {tmp_path} has 2." in said
    assert "0f0f" not in said


def test_files_lie_apart(regions: Path, tmp_path: Path, everywhere: Everywhere) -> None:
    place = str(tmp_path / "{workspace}")
    everywhere(regions, "export", "totals", "--format", "csv", "-o", place)
    found = {path.parent.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("totals.csv")}
    assert found == {"alder", "birch"}


def test_the_schedules_of_all_are_one_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule(tmp_path, "seoul", "Asia/Seoul", x="0 3 * * * collect")
    schedule(tmp_path, "lisbon", "Europe/Lisbon", x="0 4 * * * collect")
    schedule(tmp_path, "nothing")
    schedule(tmp_path, "wrong", x="0 99 * * * collect")
    assert run(["--all-workspaces", "schedule", "list", "--home", str(tmp_path)]) == 1
    printed, said = capsys.readouterr()
    head, lisbon, seoul = printed.splitlines()
    assert head.split()[0] == "what"
    assert lisbon.startswith("lisbon x: collect ")
    assert seoul.startswith("seoul x: collect ")
    assert " 04:00" in lisbon
    assert " 03:00" in seoul
    assert "wrong:" in said
    assert "'0 99 * * *'" in said


def test_an_entry_is_run_in_all_workspaces(tmp_path: Path, everywhere: Everywhere) -> None:
    for name in NAMES[:2]:
        schedule(tmp_path, name, x="0 3 * * * audit verify")
    code, printed, _ = everywhere(tmp_path, "schedule", "run", "x")
    assert code == 0
    assert printed.count("There is no audit log yet.") == 2
    code, printed, said = everywhere(tmp_path, "schedule", "run", "--due")
    assert (code, printed) == (0, "")
    assert "Nothing is due." in said


def test_none_begins_after_the_stop() -> None:
    stop, begun = Event(), list[str]()

    def command(name: str) -> list[str]:
        begun.append(name)
        return ["false"]

    def ended(outcome: Outcome) -> None:
        assert outcome.exit == 1
        stop.set()

    outcomes = in_each(
        ["c", "a", "b"], command, most=1, stop=stop, hurry=Event(), ended=ended
    )  # fmt: skip
    assert [each.workspace for each in outcomes] == ["c", "a", "b"]
    assert [each.exit for each in outcomes if each.exit is not None].count(1) <= 2
    assert outcomes[-1].told == "not begun"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], Exit.DONE),
        ([0, 0], Exit.DONE),
        ([0, 1, 4], Exit.FAILED),
        ([0, 4, 4], Exit.TRY_AGAIN),
        ([0, 2], Exit.FAILED),
        ([0, -9], Exit.FAILED),
        ([0, 3], Exit.FINDINGS),
        ([3, 4], Exit.TRY_AGAIN),
        ([3, 1], Exit.FAILED),
    ],
)
def test_one_exit_code_for_many(codes: list[int], expected: Exit) -> None:
    assert exit_of(codes) is expected


def test_how_many_at_once() -> None:
    assert at_once(None) == cores()
    assert at_once(1) == 1
    assert at_once(10_000) == 4 * cores()
