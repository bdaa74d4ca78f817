"""Submissions of a writers' community: a link, or a pass in its place, in Korean and English."""

from typing import Any

import pytest

from tests.records.reading import read, records

ROOM = {"channel": "C7", "name": "7기-제출"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "제출합니다\n회차: 7\n제목: 두 번째 직장\n링크: <https://blog.example.com/2>",
            {
                "round": 7,
                "title": "두 번째 직장",
                "link": "https://blog.example.com/2",
                "pass": None,
            },
        ),
        (
            "*[글 제출]* 7회차\n*제목*: 배운 것들\n*링크*: <https://a.example/x?y=1&amp;z=2|a.example>",
            {"title": "배운 것들", "link": "https://a.example/x?y=1&z=2"},
        ),
        (
            "Submission\nTitle: On gardens\nLink: https://a.example/gardens\nRound: 3",
            {"title": "On gardens", "link": "https://a.example/gardens", "round": 3},
        ),
        ("이번 글입니다 <https://a.example/x>", {"link": "https://a.example/x", "title": None}),
        ("이번 회차 패스합니다!", {"pass": "pass", "link": None}),
        ("패스", {"pass": "pass"}),
        ("Pass token used this round", {"pass": "pass"}),
        ("패스: 사용\n회차: 4회차", {"pass": "pass", "round": 4}),
    ],
)
def test_a_submission_is_read(text: str, expected: dict[str, Any]) -> None:
    got = read(text, "submission", **ROOM)
    assert got["is_submission"]
    assert got["doubts"] == {}
    assert {key: got[key] for key in expected} == expected


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요, 반갑습니다",
        "제출 마감은 일요일입니다. 링크: <https://a.example>",
        "다들 제출하셨나요?",
        "제출 양식입니다\n제목: …\n링크: <https://a.example/x>",
    ],
)
def test_talk_about_submissions_is_none(text: str) -> None:
    assert records(text, "submission", **ROOM) == []


def test_elsewhere_a_link_needs_an_opening() -> None:
    assert records("look <https://a.example/x>", "submission", name="general") == []
    said = "제출합니다\n링크: <https://a.example/x>"
    assert len(records(said, "submission", name="general")) == 1
