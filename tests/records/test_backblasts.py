"""Backblasts as regions write them: each is read as a careful person would."""

import json
from typing import Any

import pytest

from tests.parts import shared
from tests.records.reading import AUTHOR, HOME, read, records
from tests.records.talk import SAID

A, B, C, D = "<@U0000000AA>", "<@U0000000BB>", "<@U0000000CC>", "<@U0000000DD>"
IDS = ["U0000000AA", "U0000000BB", "U0000000CC", "U0000000DD"]


def _cases() -> list[dict[str, Any]]:
    lines = (shared("data/backblasts/cases.jsonl")).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_posts_of_regions_are_read_as_common_sense_reads_them() -> None:
    wrong: dict[str, Any] = {}
    for case in _cases():
        expected = case["expected"]
        got = read(case["text"], posted=case["posted"], channel=case["channel"])
        keys = [*expected] if expected["is_backblast"] else ["is_backblast"]
        wrong |= {
            f"{case['name']}.{key}": (expected[key], got[key])
            for key in keys
            if key != "note" and got[key] != expected[key]
        }
    assert wrong == {}


def test_only_the_slip_in_a_year_is_doubtful_among_them() -> None:
    doubtful = {
        case["name"]: [*got["doubts"]]
        for case in _cases()
        if (got := read(case["text"], posted=case["posted"], channel=case["channel"]))["doubts"]
    }
    assert doubtful == {"date_typo_year": ["date"]}


def test_two_reports_in_a_post_are_two_records() -> None:
    got = read(
        f"Backblast! One\nDate: 11/19\nQ: {A}\nPAX: {A} {B}\n\n"
        f"Backblast! Two\nDate: 11/20\nQ: {B}\nPAX: {B} {C} {D}"
    )
    assert (got["date"], got["q"], got["count"]) == ("2026-11-19", IDS[0], 2)
    (second,) = got["more"]
    assert (second["date"], second["q"], second["count"]) == ("2026-11-20", IDS[1], 3)


@pytest.mark.parametrize("text", SAID)
def test_talk_is_no_record(text: str) -> None:
    assert records(text) == []


HEAD = f"Backblast!\nDate: 11/20/2026\nQ: {A}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEAD}PAX (4): {A}, {B}, {C} and YHC", {"pax": sorted([*IDS[:3], AUTHOR]), "count": 4}),
        (
            f"{HEAD}Pax - Tater, Fish &amp; Beaker",
            {"pax_unregistered": ["Tater", "Fish", "Beaker"], "count": 4},
        ),
        (
            f"{HEAD}PAX:\n1. {A}\n2) Tater\n3. Papa Smurf\n\nWe ran with {D} in mind and in heart.",
            {"pax": IDS[:1], "pax_unregistered": ["Tater", "Papa Smurf"], "count": 3},
        ),
        (f"{HEAD}PAX: {A}\n{B},\n{C}\nCount: 3", {"pax": IDS[:3]}),
        (
            f"{HEAD}PAX: {A} {B}\nFNG: <@U0000000NN>\nCount: 3",
            {"fngs": ["U0000000NN"], "fng_count": 1, "pax": [*IDS[:2], "U0000000NN"]},
        ),
        (f"{HEAD}PAX: {A} {B}\nFNGs: John “Skippy” Doe\nCount: 3", {"fngs": ["Skippy"]}),
        (
            f"{HEAD}PAX: {A} {B} (Q), Skippy (FNG)\nCount: 3",
            {"fngs": ["Skippy"], "q": IDS[0], "count": 3},
        ),
        (f"Backblast\nDate: 11/20\nPAX: {A} {B} (Q)\nCount: 2", {"q": IDS[1]}),
        (
            f"{HEAD}PAX: {A}, Beaker ({B}), {C} (Tater)\nCount: 3",
            {"pax": IDS[:3], "pax_unregistered": []},
        ),
        (
            f"{HEAD}PAX: {A} {B}\nDR: Duke (Naperville), {C}\nCount: 4",
            {"pax": IDS[:3], "pax_unregistered": ["Duke"]},
        ),
        (
            f"{HEAD}PAX: {A} {B}\n2.0s: Timmy, Susie\nCount: 4",
            {"kids": ["Timmy", "Susie"], "count": 4},
        ),
        (f"{HEAD}PAX: {A} {B}\n2.0s: Timmy, Susie\nCount: 2", {"count": 2}),
        (
            f"{HEAD}PAX: Tater Fish Beaker\nCount: 4",
            {"pax_unregistered": ["Tater", "Fish", "Beaker"]},
        ),
        (f"{HEAD}PAX: Tater, Papa Smurf\nCount: 3", {"pax_unregistered": ["Tater", "Papa Smurf"]}),
        (f"{HEAD}PAX: {A} {B} + 2 others\nCount: 4", {"pax": IDS[:2], "count": 4}),
        (
            "Backblast\nDate: 11/20\nQ: me\nPAX: me, " + B,
            {"q": AUTHOR, "pax": sorted([AUTHOR, IDS[1]])},
        ),
        (
            f"Backblast\nDate: 11/20\nQ: {A}/{B}\nPAX: {C}",
            {"q": IDS[0], "coq": [IDS[1]], "pax": IDS[:3]},
        ),
        (f"Backblast\nDate: 11/20\nQ: {A}, CoQ: {B}\nPAX: {C}", {"q": IDS[0], "coq": [IDS[1]]}),
        (
            f"Backblast: Q: {A}  AO: The Mine  Date: 11/19  PAX: {B}, Fish  Total: 3",
            {
                "q": IDS[0],
                "ao": "name:The Mine",
                "date": "2026-11-19",
                "pax_unregistered": ["Fish"],
            },
        ),
        (
            f"Backblast | 11/19/2026 | Q: {A} | PAX: {A}, {B} | FNGs: None | Total: 2",
            {"date": "2026-11-19", "pax": IDS[:2], "fng_count": 0},
        ),
        (
            f"Backblast\nDATE\n11/19/2026\nQ\n{A}\nPAX\n{A}\n{B}\nCOUNT\n2",
            {"date": "2026-11-19", "pax": IDS[:2], "count": 2},
        ),
        (
            f"Backblast 11/19/26 The Mine\nQ {A}\nPAX {A} {B}\nTotal 2",
            {"date": "2026-11-19", "q": IDS[0], "count": 2},
        ),
        (
            f"Backblast\n`Date:` 11/19\n`Q:` {A}\n`PAX:` {A} {B}\n`Count:` :two:",
            {"date": "2026-11-19", "count": 2},
        ),
        (
            f"*Slackblast*: \n*Legs*\n*DATE*: 2026-11-19\n"
            f"*AO*: <#C0000OTHER>\n*Q*: {A}\n*PAX*: {A} {B}\n"
            "*FNGs*: None Listed\n*COUNT*: 2\nWarm up: SSH",
            {"title": "Legs", "ao": "C0000OTHER", "fngs": [], "what": "Warm up: SSH"},
        ),
        (
            f"Backblast\nFecha: jueves 19 de noviembre\n"
            f"Líder: {A}\nAsistentes: {A} y {B}\nNuevos: ninguno\n"
            "Total: dos",
            {"date": "2026-11-19", "pax": IDS[:2], "count": 2},
        ),
        (
            f"Backblast\n날짜: 2026년 11월 19일\n리더: {A}\n"
            f"참석자: {A} {B} 비커\nFNG: 없음\n인원: 세 명",
            {"date": "2026-11-19", "pax_unregistered": ["비커"], "count": 3},
        ),
        (
            f"Backblast\nDatum: Do, 19.11.\nLeiter: {A}\n"
            f"Teilnehmer: {A} und {B}\nNeue: keine\nAnzahl: zwei",
            {"date": "2026-11-19", "pax": IDS[:2], "count": 2},
        ),
        (
            f"{HEAD}PAX: {A} {B}\nCount: 2\nAnnouncements: Q: {C} next week\nNext Q: {D}",
            {"q": IDS[0], "coq": [], "pax": IDS[:2]},
        ),
        (f"{HEAD}AO: n/a\nPAX: {A} {B}\nFNGs: -", {"ao": HOME, "fngs": []}),
    ],
)
def test_a_manner_of_writing(text: str, expected: dict[str, Any]) -> None:
    got = read(text)
    assert got["doubts"] == {}
    assert {key: got[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        (f"{HEAD}PAX: {A} {B}\nCount: 7", "count", 7),
        (f"{HEAD}PAX: {A} {B}\nCount: 7", "pax", IDS[:2]),
        (f"{HEAD}PAX: {A} {B}\nCount: 10-12", "count", 10),
        (f"{HEAD}PAX: {A} {B}\nCount: 12ish", "count", 12),
        (f"{HEAD}PAX: {A} {B}\nCount: lots", "count", None),
        (f"{HEAD}PAX: Tater Fish Beaker Gizmo", "pax", IDS[:1]),
        (f"{HEAD}PAX: {A} and the whole crew from Naperville who came by", "pax", IDS[:1]),
        (f"{HEAD}PAX: 12", "pax", IDS[:1]),
        (f"Backblast\nQ: {A}\nPAX: {A} {B}", "date", "2026-11-20"),
        (f"Backblast\nDate: 11/20/2025\nQ: {A}\nPAX: {A} {B}", "date", "2026-11-20"),
        (f"Backblast\nDate: 8/20/2026\nQ: {A}\nPAX: {A} {B}", "date", "2026-08-20"),
        (f"Backblast\nDate: Saturday 11/20/2026\nQ: {A}\nPAX: {A} {B}", "date", "2026-11-20"),
        (f"Backblast\nDate: TBD\nQ: {A}\nPAX: {A} {B}", "date", None),
        (f"Backblast\nDate: 11/20\nQ: TBD\nPAX: {A} {B}", "q", None),
        (f"Backblast\nDate: 11/20\nPAX: {A} {B}", "q", None),
        (f"Backblast\nDate: 11/20\nQ: {A}\nAO: <#C1> and <#C2>\nPAX: {A}", "ao", "C1"),
    ],
)
def test_what_is_doubtful_is_kept_and_marked(text: str, field: str, value: object) -> None:
    got = read(text)
    assert got[field] == value
    assert field in got["doubts"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (f"{HEAD}PAX: {A} {B}", "good"),
        (f"{HEAD}PAX: {A} {B}\nCount: 3", "doubtful"),
        (f"Backblast\nDate: 11/20\nPAX: {A} {B}", "refused"),
        (f"Backblast\nDate: TBD\nQ: {A}\nPAX: {A} {B}", "refused"),
    ],
)
def test_a_record_without_a_required_field_is_refused(text: str, status: str) -> None:
    assert [each.status for each in records(text)] == [status]


def test_each_field_says_the_text_that_it_came_from() -> None:
    (record,) = records(
        f"Backblast!\nDate: *Friday* the 20th\nQ: {A}\nPAX:\n• {A}\n• Tater\n\nDone."
    )
    told = {each.field: each.source for each in record.readings}
    assert (told["date"], told["q"]) == ("*Friday* the 20th", A)
    assert told["pax"] == f"• {A}\n• Tater"
    assert (told["ao"], told["count"]) == ("", "")


def test_a_reply_and_a_post_of_an_app_are_read_alike() -> None:
    text = f"{HEAD}PAX: {A} {B}"
    assert records(text) == records(text, kind="reply") == records(text, is_bot=True, author=None)
