"""What counts as a beatdown, and who was at it: single cases, worked out by hand."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from tests.f3.region import BOT, Beatdown, Post, invented, stored

CATALOG = Catalog(Path(__file__).parent / "no-pack")
HELD = Beatdown(date(2026, 3, 2), "C01", "U00", pax=("U01", "U02"), count=3)


def seen(posts: Iterable[Post], query: str) -> list[tuple[Any, ...]]:
    """What a query over the pack's views says of some posts."""
    with stored(posts) as connection:
        return asked(connection, query)


def asked(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """What a query over the pack's views says of a store."""
    session = connection.cursor()  # with views of its own
    Runner(session, CATALOG, "UTC", smallest_group=1).make_views([query])
    return session.execute(query).fetchall()


def present(*posts: Post) -> list[tuple[Any, ...]]:
    return seen(posts, "SELECT name, role FROM attendance ORDER BY ALL")


class TestWhatCounts:
    def test_a_report_of_the_same_workout_again_replaces_the_first(self) -> None:
        again = replace(HELD, pax=("U01",), count=2)
        found = seen(
            [Post(HELD), Post(again, hours=30)], "SELECT count, posted_at::DATE FROM beatdowns"
        )
        assert found == [(2, date(2026, 3, 3))]

    def test_the_same_workout_reported_in_two_channels_counts_once(self) -> None:
        elsewhere = Post(HELD, channel="C09", hours=1, ao_as={"named_channel": "C01"})
        assert seen([Post(HELD), elsewhere], "SELECT channel_id FROM beatdowns") == [("C01",)]

    @pytest.mark.parametrize(
        "other",
        [
            replace(HELD, q="U03"),
            replace(HELD, day=HELD.day + timedelta(1)),
            replace(HELD, ao="C02"),
        ],
        ids=["another leader", "another day", "another AO"],
    )
    def test_another_workout_counts_too(self, other: Beatdown) -> None:
        assert seen([Post(HELD), Post(other, hours=4)], "SELECT count(*) FROM beatdowns") == [(2,)]

    def test_two_in_one_post_are_two_workouts(self) -> None:
        both = [Post(HELD), Post(replace(HELD, count=9), place=1)]
        assert seen(both, "SELECT place, count FROM beatdowns ORDER BY ALL") == [(0, 3), (1, 9)]

    def test_refused_and_deleted_posts_are_none(self) -> None:
        posts = [Post(HELD, status="refused"), Post(replace(HELD, ao="C02"), is_deleted=True)]
        assert seen(posts, "SELECT count(*) FROM beatdowns") == [(0,)]
        assert present(*posts) == []

    def test_a_doubtful_post_counts_and_says_so(self) -> None:
        assert seen([Post(HELD, status="doubtful")], "SELECT status FROM beatdowns") == [
            ("doubtful",)
        ]

    def test_a_deleted_repetition_gives_the_first_its_place_back(self) -> None:
        posts = [Post(HELD), Post(replace(HELD, count=7), hours=9, is_deleted=True)]
        assert seen(posts, "SELECT count FROM beatdowns") == [(3,)]


class TestWhere:
    @pytest.mark.parametrize(
        ("named", "ao"),
        [
            ({}, "C09"),
            ({"named_channel": "C02"}, "C02"),
            ({"name": "#AO-Mudflats "}, "C02"),
            ({"name": "The Old Pier"}, "the old pier"),
        ],
    )
    def test_the_ao_is_the_channel_that_is_named_else_the_posts(
        self, named: dict[str, Any], ao: str
    ) -> None:
        post = Post(HELD, channel="C09", ao_as=named)
        assert seen([post], "SELECT ao_id FROM beatdowns") == [(ao,)]

    def test_an_ao_that_is_no_channel_is_called_as_it_is_named(self) -> None:
        with stored([Post(HELD, channel="C09", ao_as={"name": "The Old Pier"})]) as connection:
            runner = Runner(connection, CATALOG, "UTC", smallest_group=1)
            rows = runner.run(runner.prepare(CATALOG.metric("aos"), {"as_of": "2026-12-31"}))
        assert rows.to_pylist()[0]["ao"] == "the old pier"


class TestWho:
    def test_everyone_is_there_once_in_their_first_role(self) -> None:
        held = Beatdown(
            HELD.day, "C01", "U04", coqs=("U05",), pax=("U04", "U05", "U06", "U06"),
            strangers=("Ray", "RAY"), fngs=("Sam",),
        )  # fmt: skip
        post = Post(replace(held, strangers=("Ray", "RAY", "sam")))
        assert present(post) == [
            ("Beaker", "q"), ("Dory", "coq"), ("Ray", "pax"), ("Sam", "fng"), ("Tin Cup", "pax"),
        ]  # fmt: skip
        assert seen([post], "SELECT count FROM beatdowns") == [(5,)], "as nobody counted them"

    def test_a_name_that_is_a_members_is_that_member(self) -> None:
        post = Post(replace(HELD, pax=(), strangers=("Handle-U06", " BEAKER", "Nobody")))
        found = seen([post], "SELECT user_id, is_registered, name FROM attendance ORDER BY ALL")
        assert found == [
            ("U00", True, "otter"), ("U04", True, "Beaker"), ("U06", True, "Tin Cup"),
            (None, False, "Nobody"),
        ]  # fmt: skip

    def test_bots_that_are_tagged_were_not_there(self) -> None:
        assert present(Post(replace(HELD, pax=("U01", BOT)))) == [("otter", "q"), ("김민준", "pax")]

    def test_people_whose_names_a_policy_drops_were_there_all_the_same(self) -> None:
        with stored([Post(replace(HELD, pax=(), strangers=("Ray", "Kit"), count=None))]) as store:
            store.execute("UPDATE record_values SET name = NULL")
            found = asked(store, "SELECT role, person FROM attendance ORDER BY ALL")
            assert found == [("pax", None), ("pax", None), ("q", "U00")]
            assert asked(store, "SELECT count FROM beatdowns") == [(3,)]

    def test_first_timers_are_counted_by_their_names_where_no_number_is_given(self) -> None:
        with stored([Post(replace(HELD, fngs=("Ray", "Kit")))]) as connection:
            connection.execute("DELETE FROM record_values WHERE field = 'fng_count'")
            assert asked(connection, "SELECT fng_count FROM beatdowns") == [(2,)]


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_posts_arrive_says_nothing(random: Random) -> None:
    posts = [Post(held) for held in invented()[:25]]
    posts += [Post(replace(held.beatdown, count=99), hours=6) for held in posts[:5]]
    query = """
        SELECT ts, person, role, count, q_name, status
        FROM attendance JOIN beatdowns USING (channel_id, ts, place) ORDER BY ALL"""
    wanted = seen(posts, query)
    random.shuffle(posts)
    assert seen(posts, query) == wanted
    assert {count for _, _, _, count, *_ in wanted} > {99}
    assert len({ts for ts, *_ in wanted}) == 25
