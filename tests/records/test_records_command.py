"""`hubbub records check` and `hubbub list records` as their users run them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import HubbubError, UsageError
from hubbub.flows.asking import ask
from hubbub.flows.checking_records import check_channel, check_lines
from hubbub.flows.erasing import opt_out
from hubbub.records.directory import Directory, Person
from hubbub.simulator.simulator import Simulator
from tests.privacy.home import imported, said, settings_of
from tests.simulator.local_slack import empty
from tests.test_cli import hubbub

GOOD = "Backblast! Legs\nDate: today\nQ: <@U1>\nPAX: <@U1> bram, Duke\nCount: 3"
DOUBTFUL = "Backblast\nDate: today\nQ: <@U2>\nPAX: <@U1> <@U2>\nCount: 9"


@pytest.fixture
def slack() -> Iterator[Simulator]:
    """A channel with two backblasts and some talk; nothing of it is in a store."""
    simulator = empty()
    simulator.clock.move_to(time.time())
    simulator.clock.run(1.0)
    for text in (GOOD, DOUBTFUL, "who has the backblast?", "good morning"):
        simulator.acts.post("C1", "U1", text)
    with simulator.serve():
        yield simulator


def _check(slack: Simulator, home: Path, *arguments: str) -> Any:
    token = slack.add_token("user", "U1")
    return hubbub(
        "records", "check", "backblast", *arguments, "--home", home,
        SLACK_API_URL=slack.url, SLACK_USER_TOKEN=token, SLACK_BOT_TOKEN="",
    )  # fmt: skip


def test_posts_of_slack_are_shown_field_by_field_and_nothing_is_stored(
    slack: Simulator, tmp_path: Path
) -> None:
    done = _check(slack, tmp_path, "#c1")
    assert done.returncode == 3, done.stderr
    told = " ".join(done.stdout.split())
    assert told.index("✓ good") < told.index("! doubtful")
    assert "@olive, @bram, Duke (not registered)" in told
    assert "The number does not fit the people who are named." in told
    assert "Posts that speak of it and are no record: who has the backblast?" in told
    assert "2 records of backblast: 1 good, 1 doubtful." in told
    assert "good morning" not in told
    assert "4 messages of #c1, from Slack's history; nothing of it is stored." in done.stderr
    assert not list(tmp_path.rglob("*.duckdb"))


def test_as_json_it_is_an_object_a_post(slack: Simulator, tmp_path: Path) -> None:
    done = _check(slack, tmp_path, "c1", "--json")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["status"], first["q"], first["pax"]) == (["good"], "U1", ["U1", "U2"])
    assert first["pax_unregistered"] == ["Duke"]
    assert (second["status"], second["count"]) == (["doubtful"], 9)
    assert {*second["doubts"]} == {"pax", "count"}


def test_the_newest_messages_are_looked_at_as_many_as_wanted(
    slack: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_API_URL", slack.url)
    monkeypatch.setenv("SLACK_USER_TOKEN", slack.add_token("user", "U1"))
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    for limit, found in ((4, 2), (3, 1), (2, 0)):
        checked = check_channel(settings_of(tmp_path), "backblast", "C1", limit)
        assert (checked.looked_at, len(checked.posts)) == (limit, found)


def test_a_channel_or_template_that_is_not_there_is_named_with_the_nearest(
    slack: Simulator, tmp_path: Path
) -> None:
    done = _check(slack, tmp_path, "c11")
    assert done.returncode == 2
    assert "no channel 'c11'" in done.stderr
    assert "Did you mean c1?" in done.stderr
    done = hubbub("records", "check", "backblsat", "c1", "--home", tmp_path)
    assert (done.returncode, "Did you mean backblast?" in done.stderr) == (2, True)
    done = hubbub("records", "check", "backblast", "--home", tmp_path)
    assert (done.returncode, "Name a CHANNEL" in done.stderr) == (2, True)


def test_whole_texts_of_the_store_are_read_without_a_token(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path, **{"2026_03_04": said(GOOD, "U1")})
    checked = check_channel(settings, "backblast", "general", 100)
    assert checked.origin == "the store"
    (only,) = checked.posts
    assert [each.status for each in only.records] == ["good"]


def test_without_texts_and_token_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    monkeypatch.delenv("SLACK_USER_TOKEN", raising=False)
    settings = settings_of(tmp_path, "standard")
    imported(settings, tmp_path, **{"2026_03_04": said(GOOD, "U1")})
    with pytest.raises(UsageError, match="does not keep texts as they were written"):
        check_channel(settings, "backblast", "general", 100)
    with pytest.raises(UsageError, match="no channel 'nowhere'"):
        check_channel(settings, "backblast", "nowhere", 100)


def test_members_who_opted_out_are_neither_shown_nor_read(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    imported(settings, tmp_path, **{"2026_03_04": said(GOOD, "U1")})
    opt_out(settings, "U2")
    checked = check_channel(settings, "backblast", "general", 100)
    assert "브람" not in checked.members.values()
    opt_out(settings, "U1")
    assert check_channel(settings, "backblast", "general", 100).posts == []


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    lines = [
        {"name": "one", "text": "Backblast\nDate: 11/19\nQ: me\nPAX: me", "posted": "2026-11-20",
         "author": "U9", "channel": "C9"},
        {"text": "who has the backblast?"},
    ]  # fmt: skip
    file.write_text("\n\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = hubbub("records", "check", "backblast", "--jsonl", file, "--home", tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["name"], first["q"], first["date"], first["ao"]) == (
        "one", "U9", "2026-11-19", "C9",
    )  # fmt: skip
    assert (first["doubts"], second["is_backblast"]) == ({}, False)
    assert first.keys() - {"name"} == second.keys()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no object"),
        ("{}", "has no text"),
        ('{"text": 3}', "has a text that is no text"),
        ('{"text": "a", "posted": "soon"}', "has 'soon' for a day"),
    ],
)
def test_a_bad_line_of_a_file_is_named(tmp_path: Path, line: str, what: str) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text(f'{{"text": "hello"}}\n{line}\n', encoding="utf-8")
    lines = check_lines(settings_of(tmp_path), "backblast", file)
    assert not next(lines)["is_backblast"]
    with pytest.raises(HubbubError) as raised:
        next(lines)
    assert f"{file}, line 2 {what}" in raised.value.reason
    assert '{"text": "Backblast …"' in raised.value.fix


def test_templates_are_listed_with_their_fields(tmp_path: Path) -> None:
    done = hubbub("list", "records", "--json", "--home", tmp_path)
    told = {each["template"]: each for each in json.loads(done.stdout)}
    assert {"backblast", "submission", "poll"} <= {*told}
    assert told["backblast"]["pack"] == "f3"
    assert "fng_count" in told["backblast"]["fields"]


def test_a_name_is_whose_it_is_in_the_view_too(tmp_path: Path) -> None:
    """The rule of the directory and the one of `record_people`, on the same names."""
    settings = settings_of(tmp_path)
    names = ["olive", " OLIVE ", "Olive Example", "브람", "Bram", "example", "Robot", "Duke"]
    text = f"Backblast\nDate: 3/4/2026\nQ: <@U1>\nPAX: <@U1>, {', '.join(names)}"
    imported(settings, tmp_path, **{"2026_03_04": said(text, "U1")})
    people = [
        Person("U1", ("olive", "olive", "Olive Example")),
        Person("U2", ("bram", "브람", "Bram Example")),
        Person("U3", ("robot", None, "Robot")),
    ]
    query = "SELECT name, user_id FROM record_people WHERE field = 'pax' AND name IS NOT NULL"
    found = {row["name"]: row["user_id"] for row in ask(settings, query).to_pylist()}
    directory = Directory(people)
    assert found == {name: directory.resolve(name) for name in found}
    assert (found["Olive Example"], found["Duke"], len(found)) == ("U1", None, 7)
