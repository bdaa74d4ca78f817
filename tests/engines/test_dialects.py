"""What each dialect has to get right, one small question each; answers are worked out by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hubbub.errors import HubbubError
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.translation import Untranslatable, translated
from tests.engines.engines import PLAIN, Engine, postgres_engine
from tests.engines.probes import PROBED, Ask, asking, instant, probe
from tests.engines.worlds import NO_PACK
from tests.publishing.postgres_server import PostgresServer

SUNDAY = "2026-03-08"


@pytest.fixture(scope="module")
def ask(engine: Engine) -> Ask:
    engine.load(PROBED)
    return asking(engine)


NAMED = "FROM users WHERE user_id < 'U4'"

QUESTIONS: dict[str, tuple[str, list[Any]]] = {
    "texts are ordered by their bytes": (
        f"SELECT name AS answer {NAMED} ORDER BY name", ["B", "a", "c"]),
    "what is missing comes last": (
        "SELECT name AS answer FROM users WHERE user_id < 'U5' ORDER BY name DESC",
        ["c", "a", "B", None]),
    "a selected expression is ordered by its name": (
        f"SELECT name || '!' AS answer {NAMED} ORDER BY answer", ["B!", "a!", "c!"]),
    "rows that are put together are ordered by bytes": (
        f"SELECT name AS answer {NAMED} UNION ALL SELECT 'b' ORDER BY answer",
        ["B", "a", "b", "c"]),
    "distinct rows are ordered by bytes": (
        f"SELECT DISTINCT name AS answer {NAMED} ORDER BY answer", ["B", "a", "c"]),
    "texts are compared by their bytes": (
        "SELECT name AS answer FROM users WHERE name > 'B' AND name < 'd' ORDER BY name",
        ["a", "c"]),
    "and are equal to themselves": (
        f"SELECT name AS answer {NAMED} AND name >= 'B' AND name <= 'a' ORDER BY name", ["B", "a"]),
    "between texts": (
        "SELECT name AS answer FROM users WHERE name BETWEEN 'A' AND 'Z'", ["B"]),
    "the greatest and the least text": (
        "SELECT min(name) || max(name) AS answer FROM users WHERE user_id < 'U3'", ["Ba"]),
    "the least of some": (
        f"SELECT min(name) FILTER (WHERE user_id <> 'U3') AS answer {NAMED}", ["B"]),
    "the least of a window": (
        f"SELECT min(name) OVER (PARTITION BY user_id < 'U3') AS answer {NAMED} ORDER BY name",
        ["B", "B", "c"]),
    **{
        f"the least {how} stands beside what was lowered": (
            f"SELECT DISTINCT coalesce({least}, lower('X')) AS answer FROM users "
            "WHERE user_id < 'U2'", ["a"])
        for how, least in {
            "text": "min(name)",
            "of some": "min(name) FILTER (WHERE user_id <> 'U3')",
            "of a window": "min(name) OVER (PARTITION BY user_id)",
        }.items()
    },
    "texts are put together in the order of their bytes": (
        f"SELECT string_agg(name, ',' ORDER BY name) AS answer {NAMED}", ["B,a,c"]),
    "Unicode's blanks are trimmed": (
        "SELECT trim(name) AS answer FROM users WHERE user_id = 'U5'", ["ÄÉ"]),
    "other letters are trimmed if they are named": (
        "SELECT trim(name, 'a') || '!' AS answer FROM users WHERE user_id = 'U1'", ["!"]),
    "any value is one that is there": (
        "SELECT any_value(name) AS answer FROM users WHERE user_id IN ('U1', 'U4')", ["a"]),
    "any value of some": (
        "SELECT any_value(name) FILTER (WHERE user_id > 'U1') AS answer FROM users "
        "WHERE user_id < 'U3'", ["B"]),
    "the value of the first": (
        "SELECT arg_min(name, user_id) AS answer FROM users", ["a"]),
    "the value of the last, where it has one": (
        "SELECT arg_max(name, user_id) AS answer FROM users WHERE user_id < 'U5'", ["c"]),
    "the value of the last of some": (
        "SELECT arg_max(name, user_id) FILTER (WHERE user_id < 'U3') AS answer FROM users", ["B"]),
    "the value of the last in an order of two": (
        "SELECT max_by(name, (is_bot, user_id)) AS answer FROM users", ["B"]),
    "the first by a text": (
        f"SELECT arg_min(user_id, name) AS answer {NAMED}", ["U2"]),
    "a place in a list": (
        "SELECT ['one', 'two', 'three'][list_position(['a', 'B', 'c'], name)] AS answer "
        f"{NAMED} ORDER BY user_id", ["one", "two", "three"]),
    "a place that is worked out": ("SELECT ['one', 'two'][7 // 3] AS answer", ["two"]),
    "a literal place in a list": ("SELECT ['one', 'two'][1] AS answer", ["one"]),
    "whether a list contains": (
        f"SELECT name AS answer {NAMED} AND list_contains(['x', 'B'], name)", ["B"]),
    "rows of a list": (
        "SELECT lower(trim(each)) AS answer FROM (SELECT unnest(['X ', 'Y']) AS each) "
        "ORDER BY answer", ["x", "y"]),
    "rows that pass, in order": (
        "SELECT name AS answer FROM users "
        "QUALIFY row_number() OVER (PARTITION BY is_bot ORDER BY user_id) = 1 "
        "ORDER BY user_id DESC LIMIT 2", [None, "B"]),
    "rows that pass by a column that hides another": (
        "SELECT answer FROM (SELECT 'x' AS user_id, name AS answer FROM users u "
        "QUALIFY row_number() OVER (ORDER BY u.user_id DESC) = 3)", ["c"]),
    "groups of all that is no aggregate": (
        "SELECT 'k' || name || count(*) AS answer FROM "
        f"(SELECT name, 'k' AS k, count(*) AS n {NAMED} GROUP BY ALL) GROUP BY name ORDER BY name",
        ["kB1", "ka1", "kc1"]),
    "a query of one's own goes before a view of that name": (
        "WITH people AS (SELECT 'mine' AS answer) SELECT answer FROM people", ["mine"]),
    "and a view before it": (
        "WITH mine AS (SELECT user_id FROM people), people AS (SELECT 'x' AS user_id) "
        "SELECT m.user_id AS answer FROM mine m, people ORDER BY m.user_id LIMIT 1", ["U1"]),
    "a view goes before a query of another": (
        "SELECT o.answer FROM (WITH people AS (SELECT 'x' AS answer) SELECT answer FROM people) o "
        "JOIN people p ON p.user_id = 'U1'", ["x"]),
}  # fmt: skip
AT = "FROM users WHERE user_id"
NUMBERS: dict[str, tuple[str, str, list[Any]]] = {
    "a quotient is no whole number": ("number", "SELECT 7 / 2 AS answer", [3.5]),
    "a whole quotient": ("integer", "SELECT (0 - 7) // 2 AS answer", [-3]),
    "a series up to what is worked out": (
        "integer", "SELECT unnest(range(1, 7 // 2)) AS answer", [1, 2]),
    "a series of numbers": (
        "integer", "SELECT n AS answer FROM range(2) r(n) ORDER BY n", [0, 1]),
    "a series of days": (
        "date", "SELECT unnest(generate_series(DATE '2026-02-28'::TIMESTAMP, "
        "DATE '2026-03-01'::TIMESTAMP, INTERVAL 1 day))::DATE AS answer ORDER BY answer",
        [date(2026, 2, 28), date(2026, 3, 1)]),
    "how many of a list": (
        "integer", "SELECT len([n for n in [1, 5, 9] if n <= 5]) AS answer", [2]),
    "any flag": ("flag", f"SELECT any_value(is_bot) AS answer {AT} IN ('U1', 'U4')", [False]),
    "the day of the week, in UTC": (
        "integer", f"SELECT isodow(updated_at) AS answer {AT} = 'U3'", [3]),
    "the hour, in UTC": ("integer", f"SELECT hour(updated_at) AS answer {AT} = 'U3'", [2]),
    "a part, in UTC": (
        "integer", f"SELECT extract(day FROM updated_at) AS answer {AT} = 'U3'", [1]),
    "the day, in UTC": (
        "date", f"SELECT updated_at::DATE AS answer {AT} = 'U3'", [date(2026, 4, 1)]),
    "the month, in UTC": (
        "date", f"SELECT date_trunc('month', updated_at)::DATE AS answer {AT} = 'U3'",
        [date(2026, 4, 1)]),
    "the month of a day is a day's begin anywhere": (
        "instant", "SELECT date_trunc('month', DATE '2026-04-09') AT TIME ZONE 'UTC' AS answer",
        [instant("2026-04-01")]),
    "the day elsewhere": (
        "date", f"SELECT (updated_at AT TIME ZONE 'America/Chicago')::DATE AS answer {AT} = 'U3'",
        [date(2026, 3, 31)]),
    "a day has 24 hours": (
        "instant", f"SELECT updated_at + INTERVAL 1 day AS answer {AT} = 'U1'",
        [instant("2026-03-09 06:30")]),
    "several days too": (
        "instant", f"SELECT updated_at + to_days(2) AS answer {AT} = 'U1'",
        [instant("2026-03-10 06:30")]),
    "a month before, in UTC": (
        "instant", f"SELECT updated_at - INTERVAL 1 month AS answer {AT} = 'U3'",
        [instant("2026-03-01 02:00")]),
    "microseconds before": (
        "instant", f"SELECT updated_at - to_microseconds(1) AS answer {AT} = 'U1'",
        [instant("2026-03-08 06:29:59.999999")]),
    "the time between, where clocks go forward": (
        "integer", "SELECT date_diff('microsecond', min(updated_at), max(updated_at)) AS answer "
        f"{AT} < 'U3'", [3_600_000_000]),
    "an instant of seconds": (
        "instant", "SELECT to_timestamp('1772442000.000123'::DOUBLE) AS answer",
        [instant("2026-03-02 09:00:00.000123")]),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "answer"), QUESTIONS.values(), ids=QUESTIONS.keys())
def test_texts(sql: str, answer: list[Any], ask: Ask) -> None:
    assert ask(sql) == answer


@pytest.mark.parametrize(("kind", "sql", "answer"), NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_and_times(kind: str, sql: str, answer: list[Any], ask: Ask) -> None:
    found = ask(sql, kind=kind)
    assert (found, [type(each) for each in found]) == (answer, [type(each) for each in answer])


SINCE: dict[str, Callable[[datetime], datetime]] = {
    "": lambda _now: datetime(1970, 1, 1, tzinfo=UTC),
    "30 days": lambda now: now - timedelta(days=30),
    "2 hours": lambda now: now - timedelta(hours=2),
    "2026-03-01": lambda _now: datetime(2026, 3, 1, tzinfo=ZoneInfo("Asia/Seoul")),
    "year": lambda now: now.astimezone(ZoneInfo("Asia/Seoul")).replace(
        month=1, day=1, hour=0, minute=0, second=0, microsecond=0
    ),
}  # fmt: skip


@pytest.mark.parametrize("since", SINCE)
def test_a_window_ends_when_the_statement_runs(since: str, ask: Ask) -> None:
    parameters = f'[parameters]\nsince = "{since}"'
    sql = "SELECT $as_of AS answer UNION ALL SELECT $since ORDER BY answer DESC"
    before = datetime.now(UTC)
    as_of, begin = ask(sql, kind="instant", parameters=parameters, zone="Asia/Seoul")
    assert before - timedelta(seconds=1) <= as_of <= datetime.now(UTC) + timedelta(seconds=1)
    assert begin == SINCE[since](as_of)


def test_parameters_have_their_defaults_and_types(ask: Ask) -> None:
    parameters = """[parameters]
    channel = ""
    word = { default = "it's", doc = "a word" }
    weight = { default = 0.1, doc = "a number" }
    count = { default = -2, doc = "a whole number" }"""
    sql = """SELECT $word || (CASE WHEN $channel IS NULL THEN '?' ELSE $channel END)
        || ($count * 2) || (CASE WHEN $weight + 0.2::DOUBLE > 0.3::DOUBLE THEN $timezone END)
        AS answer"""
    # as doubles 0.1 and 0.2 are more than 0.3; as decimals they are not
    assert ask(sql, parameters=parameters, zone="Asia/Seoul") == ["it's?-4Asia/Seoul"]


def test_letters_of_all_languages_are_lowered(server: PostgresServer) -> None:
    with postgres_engine(server, "plain", PLAIN) as engine:
        engine.load(PROBED)
        sql = "SELECT lower(trim(name)) || upper('öx') AS answer FROM users WHERE user_id = 'U5'"
        found = asking(engine)(sql)
    assert found == ["äéÖX"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT FROM WHERE", "table name"),
        ("SELECT 1 AS other", "the columns other"),
        ("SELECT nobody AS answer FROM users", "nobody"),
        ("SELECT b.user_id AS answer FROM users a FULL JOIN profiles b USING (user_id) "
         "JOIN people c USING (user_id)", "USING after a FULL"),
    ],
    ids=["no query", "other columns", "no such column", "joined after a full join"],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_with_the_reason(
    sql: str, reason: str, engine: Engine
) -> None:
    with pytest.raises(Untranslatable) as error:
        translated(
            Catalog(NO_PACK), probe(sql), engine.dialect, timezone="UTC", tables=lambda name: name
        )
    assert isinstance(error.value, HubbubError)
    assert reason in error.value.reason


def test_a_view_may_read_the_table_of_its_name(engine: Engine, ask: Ask, tmp_path: Path) -> None:
    assert ask("SELECT name AS answer FROM users WHERE user_id = 'U1'") == ["a"]
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "users.sql").write_text(
        "SELECT user_id, 'somebody' AS name FROM users", encoding="utf-8"
    )
    found = asking(engine, Catalog(tmp_path))("SELECT name AS answer FROM users LIMIT 1")
    assert found == ["somebody"]
