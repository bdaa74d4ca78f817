"""`hubbub privacy scrub`: lines of JSON in, lines of JSON out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MEMBERS: list[dict[str, Any]] = [
    {"id": "U1", "name": "wsmith", "profile": {"real_name": "Will Smith", "phone": "415-555-2671"}},
    {"id": "U2", "name": "jihun", "real_name": "박지훈", "first": "Jihun", "last": "Park"},
    {"id": "U3", "deleted": True, "profile": {}},
]


def scrub(lines: str | bytes, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "hubbub", "privacy", "scrub", *map(str, arguments)],
        input=lines.encode() if isinstance(lines, str) else lines,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_lines_come_out_with_their_text_scrubbed_and_the_places(tmp_path: Path) -> None:
    members = tmp_path / "users.json"
    members.write_text(json.dumps(MEMBERS), encoding="utf-8")
    lines = [
        {"id": 1, "text": "Jihun Park <@U1> ann@example.org", "ts": "x"},
        {"id": "b", "text": "안녕 박지훈님"},
    ]
    done = scrub("\n\n".join(map(json.dumps, lines)), "--members", members)
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "id": 1,
            "text": "[NAME] <@[MEMBER]> [EMAIL]",
            "spans": [
                {"start": 0, "end": 10, "type": "NAME"},
                {"start": 13, "end": 15, "type": "MEMBER"},
                {"start": 17, "end": 32, "type": "EMAIL"},
            ],
        },
        {"id": "b", "text": "안녕 [NAME]님", "spans": [{"start": 3, "end": 6, "type": "NAME"}]},
    ]
    assert "박지훈" not in done.stderr.decode()


def test_slacks_answer_is_a_directory_too(tmp_path: Path) -> None:
    members = tmp_path / "users.json"
    members.write_text(json.dumps({"ok": True, "members": MEMBERS}), encoding="utf-8")
    done = scrub('{"id": 1, "text": "Will Smith, 4155552671"}', "--members", members)
    assert json.loads(done.stdout)["text"] == "[NAME], [PHONE]"


def test_the_regions_choose_the_telephone_numbers() -> None:
    line = '{"id": 1, "text": "010-1234-5678 020 7946 0958"}'
    assert json.loads(scrub(line, "--regions", "KR").stdout)["text"] == "[PHONE] 020 7946 0958"
    assert json.loads(scrub(line, "--regions", "kr,GB").stdout)["text"] == "[PHONE] [PHONE]"
    wrong = scrub(line, "--regions", "KR,Korea")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert b"KOREA" in wrong.stderr


@pytest.mark.parametrize(
    "line",
    [b"nope", b'{"id": 1}', b'{"id": 1, "text": null}', b'["text"]', b'{"text": "a"', b"\xff\xfe"],
)
def test_a_wrong_line_is_named_and_nothing_of_it_is_printed(line: bytes) -> None:
    done = scrub(
        b'{"id": 1, "text": "secret=abcdefgh1234"}\n\n' + line + b'\n{"id": 3, "text": "x"}'
    )
    assert done.returncode == 1
    assert b"Line 3 " in done.stderr
    assert [json.loads(each)["id"] for each in done.stdout.splitlines()] == [1]
    assert b"abcdefgh1234" not in done.stdout + done.stderr


def test_half_a_character_goes_through() -> None:
    done = scrub('{"id": 1, "text": "\\ud83d a@b.io"}')
    assert json.loads(done.stdout)["text"] == "\ud83d [EMAIL]"


@pytest.mark.parametrize("content", ["{", "3", '[1]', '{"users": []}'])  # fmt: skip
def test_a_file_without_members_is_refused(tmp_path: Path, content: str) -> None:
    members = tmp_path / "users.json"
    members.write_text(content, encoding="utf-8")
    done = scrub('{"id": 1, "text": "x"}', "--members", members)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"users.json" in done.stderr


def test_the_options_of_every_verb_may_stand_before_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hubbub", "--home", "x", "--json", "privacy", "scrub"],
        input=b'{"id": 1, "text": "a@b.io"}',
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert json.loads(done.stdout)["text"] == "[EMAIL]"
