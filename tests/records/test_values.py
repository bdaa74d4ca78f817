"""Days, numbers and people as they are written, one at a time."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.records.counts import read_count
from hubbub.records.dates import Reach, is_month_first, read_date
from hubbub.records.people import read_people
from hubbub.records.words import MONTHS

UTC = ZoneInfo("UTC")
FRIDAY = date(2026, 11, 20)
US = Reach(FRIDAY, 30, 2, UTC, month_first=True)
EUROPE = US._replace(month_first=False)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("11/20/2026", "11-20"),
        ("11-20-26", "11-20"),
        ("11.20.26", "11-20"),
        ("11/20", "11-20"),
        ("20/11/2026", "11-20"),
        ("20.11.2026", "11-20"),
        ("20.11.", "11-20"),
        ("2026-11-19", "11-19"),
        ("2026/11/19", "11-19"),
        ("20261119", "11-19"),
        ("11192026", "11-19"),
        ("111926", "11-19"),
        ("2026-11-19T05:30:00Z", "11-19"),
        ("11/19/2026 0530", "11-19"),
        ("11/19 @ 5:30am", "11-19"),
        ("Thursday, November 19th, 2026 at 5:30 AM CST", "11-19"),
        ("Nov. 19 '26", "11-19"),
        ("19 Nov", "11-19"),
        ("the 19th of November", "11-19"),
        ("the 19th", "11-19"),
        ("Sat 11/21", "11-21"),
        ("yesterday", "11-19"),
        ("Yesterday morning", "11-19"),
        ("today", "11-20"),
        ("last night", "11-19"),
        ("Friday", "11-20"),
        ("last Friday", "11-13"),
        ("Saturday", "11-14"),
        ("2 days ago", "11-18"),
        ("jueves 19 de noviembre de 2026", "11-19"),
        ("ayer", "11-19"),
        ("Donnerstag, den 19. November", "11-19"),
        ("vorgestern", "11-18"),
        ("jeudi 19 novembre", "11-19"),
        ("19 de novembro de 2026", "11-19"),
        ("giovedì 19 novembre", "11-19"),
        ("2026년 11월 19일", "11-19"),
        ("11월 19일(목)", "11-19"),
        ("어제", "11-19"),
        ("2026年11月19日", "11-19"),
        ("昨日", "11-19"),
        ("<!date^1795064400^{date_short}|Nov 19>", "11-19"),
        ("１１/１９", "11-19"),
        ("*11/19/2026*", "11-19"),
    ],
)
def test_a_day_is_read(text: str, day: str) -> None:
    assert read_date(text, US) == (date.fromisoformat(f"2026-{day}"), None)


@pytest.mark.parametrize(
    ("text", "day", "doubt"),
    [
        ("11/20/2025", "2026-11-20", "year_mended"),
        ("2024-11-19", "2026-11-19", "year_mended"),
        ("11/20/2062", "2026-11-20", "year_mended"),
        ("8/1/2026", "2026-08-01", "far_from_post"),
        ("11/27/2026", "2026-11-27", "far_from_post"),
        ("Novmber 19", "2026-11-19", "spelling_mended"),
        ("Monday 11/19/2026", "2026-11-19", "weekday"),
        ("12/11/2026", "2026-11-12", "day_order"),
        ("11/18 and 11/19", "2026-11-18", "several"),
        ("13/13/2026", None, "unreadable"),
        ("the other day", None, "unreadable"),
    ],
)
def test_a_doubtful_day_is_marked(text: str, day: str | None, doubt: str) -> None:
    assert read_date(text, US) == (day and date.fromisoformat(day), doubt)


def test_day_and_month_are_ordered_as_in_the_workspace_where_both_could_be_meant() -> None:
    near = US._replace(posted=date(2026, 12, 12))
    assert read_date("12/11", near) == (date(2026, 12, 11), None)
    assert read_date("12/11", near._replace(month_first=False)) == (date(2026, 11, 12), "day_order")
    assert read_date("11/12", near._replace(month_first=False)) == (date(2026, 12, 11), None)


def test_only_one_order_is_near_the_post_and_that_is_meant() -> None:
    day_first = Reach(date(2026, 11, 2), 30, 2, UTC, month_first=False)
    assert read_date("11/02/2026", day_first) == (date(2026, 11, 2), None)
    assert read_date("10/31/2026", day_first) == (date(2026, 10, 31), None)
    assert read_date("10/10/2026", day_first) == (date(2026, 10, 10), None)
    assert read_date("10/12/2026", day_first) == (date(2026, 10, 12), "day_order")


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/Chicago", True),
        ("UTC", True),
        ("Asia/Seoul", True),
        ("Europe/Berlin", False),
        ("Europe/London", False),
        ("Australia/Sydney", False),
        ("America/Sao_Paulo", False),
    ],
)
def test_the_time_zone_tells_the_usual_order(zone: str, expected: bool) -> None:
    assert is_month_first(ZoneInfo(zone)) is expected


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(-30, 2), st.booleans())
def test_each_day_in_reach_is_read_from_each_form_of_it(
    posted: date, days: int, month_first: bool
) -> None:
    day = posted + timedelta(days=days)
    reach = Reach(posted, 30, 2, UTC, month_first=month_first)
    name = next(name for name, number in MONTHS.items() if number == day.month)
    numbers = (day.month, day.day) if month_first else (day.day, day.month)
    for form in (
        day.isoformat(),
        f"{name.title()} {day.day}, {day.year}",
        f"{day.day} {name}",
        f"{day.year}년 {day.month}월 {day.day}일",
        f"{numbers[0]}/{numbers[1]}/{day.year}",
    ):
        found = read_date(form, reach)
        assert found.day == day or found.doubt == "day_order"


@pytest.mark.parametrize(
    ("text", "number", "doubt"),
    [
        ("4", 4, None),
        ("*4*", 4, None),
        ("4.", 4, None),
        ("four", 4, None),
        ("Twenty-one", 21, None),
        ("twenty one", 21, None),
        ("3 + 1 = 4", 4, None),
        ("3+1", 4, None),
        ("12 PAX + 2 FNGs", 14, None),
        ("4 (3 + 1 FNG)", 4, None),
        ("(4)", 4, None),
        ("12 PAX", 12, None),
        ("a dozen", 12, None),
        ("4명", 4, None),
        ("네 명", 4, None),
        ("열두 명", 12, None),
        ("cuatro", 4, None),
        ("zwölf", 12, None),
        ("douze", 12, None),
        (":four:", 4, None),
        ("4️⃣", 4, None),
        ("none", 0, None),
        ("1,204", 1204, None),
        ("14\nwith 2 dogs", 14, None),
        ("3 + 1 = 5", 5, "contradicts"),
        ("10-12", 10, "roughly"),
        ("~12", 12, "roughly"),
        ("about 12", 12, "roughly"),
        ("12ish", 12, "roughly"),
        ("15 PAX, 1 FNG, 2 dogs", 15, "several"),
        ("lots", None, "unreadable"),
        ("TBD", None, "unreadable"),
        ("Two-Sock (first time)", None, "unreadable"),
        ("two - Skippy, Peanut", 2, None),
    ],
)
def test_a_number_is_read(text: str, number: int | None, doubt: str | None) -> None:
    assert read_count(text)[:2] == (number, doubt)


def _people(text: str) -> list[str]:
    found = read_people(text, "U0ME", are_newcomers=False)
    assert found.doubt is None
    return [each.member_id or each.name or "" for each in found.values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@U1> <@U2|two>", ["U1", "U2"]),
        ("<@U1>, Beaker &amp; <@U2>", ["U1", "Beaker", "U2"]),
        ("@Beaker, Tater and “Fish”", ["Beaker", "Tater", "Fish"]),
        ("Duke (DR from F3 Naperville), <@U1> (VQ)", ["Duke", "U1"]),
        ("Beaker, DR from Naperville", ["Beaker"]),
        ("• <@U1>\n• Papa Smurf\n• El Jefe", ["U1", "Papa Smurf", "El Jefe"]),
        ("1. Tater 2. Fish 3. Duke", ["Tater", "Fish", "Duke"]),
        ("me, YHC and <@U1>", ["U0ME", "U1"]),
        (
            "Jack of All Trades, The Situation, 50 Cent",
            ["Jack of All Trades", "The Situation", "50 Cent"],
        ),
        ("<@U1> <@U1> <@U2>", ["U1", "U2"]),
        ("비커, 테이터 그리고 <@U1>", ["비커", "테이터", "U1"]),
        ("Tater :fire:, Fish 🔥", ["Tater", "Fish"]),
        ("*<@U1>* _Tater_", ["U1", "Tater"]),
        ("None", []),
        ("n/a", []),
    ],
)
def test_people_are_read(text: str, expected: list[str]) -> None:
    assert _people(text) == expected
