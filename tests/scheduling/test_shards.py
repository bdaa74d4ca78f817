"""`--shard`: workspaces spread over machines, each on one of them."""

import json
import re
import shlex
import tomllib
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from busy_slack import Hubbub, wait_for
from hypothesis import given
from hypothesis import strategies as st
from timetable import instant, schedule

from hubbub.cli.all_workspaces import VERBS
from hubbub.cli.command_lines import check_command_line, check_schedulable
from hubbub.cli.program import run
from hubbub.core.cron import Cron
from hubbub.core.shards import Shard, number_of, read_shard
from hubbub.errors import UsageError
from hubbub.flows.schedule_state import Remembered, ScheduleState
from hubbub.settings import load

DOCS = Path(__file__).parents[2] / "docs"
names_of_workspaces = st.text(
    st.characters(exclude_categories=("C",), exclude_characters="/"), min_size=1, max_size=30
)


@given(name=names_of_workspaces, shards=st.integers(1, 40))
def test_every_workspace_is_in_exactly_one_shard(name: str, shards: int) -> None:
    has = [number for number in range(1, shards + 1) if Shard(number, shards).has(name)]
    assert has == [number_of(name, shards)]


@given(name=names_of_workspaces, shards=st.integers(1, 40))
def test_a_further_shard_takes_workspaces_and_moves_none_between_the_others(
    name: str, shards: int
) -> None:
    assert number_of(name, shards + 1) in {number_of(name, shards), shards + 1}


@given(name=names_of_workspaces, shards=st.integers(1, 40))
def test_a_name_that_a_file_system_writes_in_its_own_way_stays_in_its_shard(
    name: str, shards: int
) -> None:
    apart = unicodedata.normalize("NFD", name)
    assert number_of(apart, shards) == number_of(name, shards)


def test_five_machines_get_about_as_many_each_and_a_sixth_moves_a_sixth() -> None:
    names = [f"region-{number:04}" for number in range(3_000)]
    counts = Counter(number_of(name, 5) for name in names)
    assert {*counts} == {1, 2, 3, 4, 5}
    # of 3,000 throws of a fair die with five sides: 600 each, give or take five deviations of 22
    assert all(490 <= count <= 710 for count in counts.values())
    moved = sum(number_of(name, 5) != number_of(name, 6) for name in names)
    assert 398 <= moved <= 602


# for N in 1 2 3 4 5 6; do printf 'alder/%s' $N | sha256sum; done: the greatest
BY_SHA256SUM = {
    "alder": (2, 3, 3), "birch": (2, 3, 6), "cedar": (2, 2, 2), "région-ü": (1, 5, 5),
    "seoul": (1, 1, 1),
}  # fmt: skip


def test_shards_are_those_that_every_version_comes_to() -> None:
    found = {name: tuple(number_of(name, of) for of in (2, 5, 6)) for name in BY_SHA256SUM}
    assert found == BY_SHA256SUM


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("0/5", "There is no shard 0/5"),
        ("6/5", "There is no shard 6/5"),
        ("1/0", "over 0 shards"),
        ("1/1001", "over 1001 shards"),
        ("2", "not '2'"),
        ("-1/5", "not '-1/5'"),
        ("2/5/1", "not '2/5/1'"),
        ("two/5", "not 'two/5'"),
        ("٢/٥", "not '٢/٥'"),
        ("", "not ''"),
    ],
)
def test_a_shard_that_cannot_be_is_refused(written: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read_shard(written)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--all-workspaces --shard 0/5 collect", "There is no shard 0/5."),
        ("--all-workspaces --shard=6/5 schedule start", "There is no shard 6/5."),
        ("--all-workspaces collect --shard", "--shard wants a number"),
        ("--shard 2/5 collect", "--shard goes with --all-workspaces alone."),
        ("collect --shard 2/5", "--shard goes with --all-workspaces alone."),
        ("schedule start --shard 2/5", "--shard goes with --all-workspaces alone."),
        ("collect --at-once 2", "--at-once goes with --all-workspaces alone."),
        ("list metrics --shards 5", "--shards goes with `hubbub list workspaces` alone."),
        ("list workspaces --shards 0", "over 0 shards"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, reason: str
) -> None:
    schedule(tmp_path, "alder")
    assert run([*words.split(), "--home", str(tmp_path)]) == 2
    printed, said = capsys.readouterr()
    assert reason in said
    assert not printed


def test_a_schedule_cannot_choose_a_shard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule(tmp_path, "alder", x="0 3 * * * collect --shard 2/5")
    assert run(["schedule", "start", "--home", str(tmp_path)]) == 2
    assert "--shard has no place here." in capsys.readouterr().err


def test_each_machine_runs_a_verb_in_its_own_workspaces(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in BY_SHA256SUM:
        schedule(tmp_path, name)
    ran: dict[str, list[str]] = {}
    for shard in ("1/2", "2/2"):
        words = ["--shard", shard, "audit", "verify", "--json", "--home", str(tmp_path)]
        assert run(["--all-workspaces", *words]) == 0
        printed = json.loads(capfd.readouterr().out)
        ran[shard] = [each["workspace"] for each in printed]
    assert ran == {"1/2": ["région-ü", "seoul"], "2/2": ["alder", "birch", "cedar"]}


def test_a_machine_without_a_workspace_of_its_own_says_so_and_is_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule(tmp_path, "seoul")
    assert run(["--all-workspaces", "--shard", "2/5", "collect", "--home", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert f"The only workspace in {tmp_path} belongs to another shard than 2/5." in said


def test_stores_that_were_left_behind_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in BY_SHA256SUM:
        schedule(tmp_path, name)
    (tmp_path / "birch" / "store.duckdb").write_bytes(b"not opened")
    due = ["schedule", "run", "--due", "--home", str(tmp_path)]
    assert run(["--all-workspaces", "--shard", "3/6", *due]) == 0
    assert "stores of other shards lie here: birch. " in capsys.readouterr().err
    assert run(["--all-workspaces", "--shard", "6/6", *due]) == 0
    assert "stores of other shards" not in capsys.readouterr().err


def test_workspaces_are_listed_with_their_shards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("seoul", "birch"):
        schedule(tmp_path, name)
    (tmp_path / "birch" / "store.duckdb").write_bytes(bytes(2_500_000))
    listed = ["list", "workspaces", "--home", str(tmp_path), "--json"]
    assert run([*listed, "--shards", "6"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"workspace": "birch", "store_mb": 2.5, "shard": "6/6"},
        {"workspace": "seoul", "store_mb": None, "shard": "1/6"},
    ]
    assert run(listed) == 0
    assert [[*row] for row in json.loads(capsys.readouterr().out)] == [
        ["workspace", "store_mb"]
    ] * 2


def test_two_machines_share_the_schedules_and_no_workspace_is_run_twice(tmp_path: Path) -> None:
    for name in BY_SHA256SUM:
        schedule(tmp_path, name, x="0 3 * * * audit verify")
        settings = load(str(tmp_path), name)
        with ScheduleState(settings.schedule_state).changing() as state:
            state["x"] = Remembered("0 3 * * *", instant("2026-01-02T10:00"))
    machines = [Hubbub(tmp_path) for _ in range(2)]

    def is_run(name: str) -> bool:
        return ScheduleState(load(str(tmp_path), name).schedule_state).read()["x"].last is not None

    try:
        processes = [
            machine.start("--all-workspaces", "--shard", f"{number}/2", "schedule", "start")
            for number, machine in enumerate(machines, 1)
        ]
        wait_for(lambda: all(map(is_run, BY_SHA256SUM)))
        said = [
            machine.interrupt(process)[2]
            for machine, process in zip(machines, processes, strict=True)
        ]
    finally:
        for machine in machines:
            machine.end()
    for number, told in enumerate(said, 1):
        mine = {name for name, (of_two, *_) in BY_SHA256SUM.items() if of_two == number}
        assert {name for name in BY_SHA256SUM if f" {name}: " in told} == mine


def test_loaders_that_never_end_are_not_begun_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in BY_SHA256SUM:
        schedule(tmp_path, name)
    load_all = ["--all-workspaces", "load", "--kafka", "127.0.0.1:1", "--home", str(tmp_path)]
    assert run([*load_all, "--at-once", "2"]) == 2
    assert "3 of 5 workspaces would never have their turn." in capsys.readouterr().err


PAGE = (DOCS / "machines.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The blocks of the page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> list[list[str]]:
    """The words of Hubbub's command lines that the page shows."""
    lines = [line.strip() for block in blocks("sh") for line in block.splitlines()]
    [unit] = re.findall(r"^ExecStart=(.*--all-.*)$", blocks("ini")[0], re.MULTILINE)
    words = [shlex.split(line, comments=True) for line in lines if line.startswith("hubbub ")]
    return [each[1:] for each in words] + [shlex.split(unit)[3:]]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_commands_of_the_page_are_such_commands(words: list[str]) -> None:
    if words[0] == "--all-workspaces":
        assert words[1:3] == ["--shard", "2/5"]
        assert any(" ".join(words[3 : 3 + length]) in VERBS for length in (1, 2))
        words = words[3:]
    check_command_line(words)


def test_the_schedule_of_the_page_is_such_a_schedule() -> None:
    [schedule_] = blocks("toml")
    [entry] = tomllib.loads(schedule_)["schedule"].values()
    check_schedulable(shlex.split(entry["run"]))
    assert Cron(entry["cron"], "UTC").words == "Every fifth minute of every hour"
