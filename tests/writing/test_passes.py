"""Which posts are read as a pass, and which only talk of one."""

from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from hubbub.content import PACKS
from hubbub.records.reading import Post, Record
from hubbub.records.templates import Templates

TEMPLATES = Templates(Path("no-pack-of-its-own"))


def read(text: str) -> list[Record]:
    post = Post(text, 1_772_668_800_000_000, ZoneInfo("Asia/Seoul"), "C1", "글쓰기", "U1")
    return TEMPLATES.read(post)


@pytest.mark.parametrize(
    "text",
    [
        "패스합니다",
        "*패스합니다!* 이번에는 아기가 이겼어요.",
        "패스권 사용할게요 ㅠㅠ",
        "이번 회차는 패스할게요",
        ":ticket: 패스 사용",
        "Pass this round, the baby decided.",
        "I pass this time, see you in the next one.",
        "I'm passing, exams.",
        "Pass: exams. Reading everyone's though!",
    ],
)
def test_a_statement_is_a_pass(text: str) -> None:
    assert [(each.template, each.status) for each in read(text)] == [("pass", "good")]


@pytest.mark.parametrize(
    "text",
    [
        "패스하면 벌금이 있나요?",
        "패스 사용 방법 안내드립니다",
        "패스권 사용 가능 횟수가 몇 번 남았나요?",
        "이번 회차 패스하신 분들 명단입니다",
        "Can I pass this round?",
        "Whoever wants to pass this round: tell me by Friday",
        "Pass this on to your friends",
        "The tests pass. Merging.",
        "Time passes, I'm passing by the bakery",
    ],
)
def test_talk_about_passing_is_none(text: str) -> None:
    assert read(text) == []


def test_a_pass_can_name_its_round() -> None:
    [record] = read("패스합니다\n회차: 7")
    round_named = record.reading("round")
    assert round_named is not None
    assert round_named.values[0].number == 7


def test_a_pass_where_a_submission_would_be_is_read_with_it() -> None:
    [record] = read("제출합니다\n회차: 1\n패스")
    assert record.reading("pass") is not None
    [record] = read("제출합니다\n회차: 1\n링크: <https://blog.example.org/a>")
    assert record.reading("pass") is None, "the number 1 is none"


def test_a_pass_is_that_of_a_writer() -> None:
    """Whoever is neither expected nor has ever handed in means something else by it."""
    session = duckdb.connect()
    session.execute("""
        CREATE TABLE people_messages AS
        SELECT 'C1' AS channel_id, ts, user_id, now() AS posted_at, 9 AS characters
        FROM (VALUES ('1', 'expected'), ('2', 'writer'), ('3', 'tester'), ('4', 'writer'))
            rows(ts, user_id);
        CREATE TABLE records AS
        SELECT 'C1' AS channel_id, ts, 0 AS place, template, status
        FROM (VALUES ('1', 'pass', 'good'), ('2', 'submission', 'good'), ('3', 'pass', 'good'),
            ('3', 'submission', 'refused'), ('4', 'pass', 'good')) rows(ts, template, status);
        CREATE TABLE record_values(channel_id VARCHAR, ts VARCHAR, place BIGINT, field VARCHAR,
            kind VARCHAR, number BIGINT);
        CREATE TABLE writing_settings AS SELECT ['expected'] AS expected""")
    view = (PACKS / "writing" / "views" / "handed_in.sql").read_text(encoding="utf-8")
    session.execute(f"CREATE VIEW handed_in AS {view}")
    found = session.execute("SELECT ts, is_passed_token FROM handed_in ORDER BY ts").fetchall()
    assert found == [("1", True), ("2", False), ("4", True)]
