"""Guessing passwords is slow, costs little memory, and stops nothing else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.privacy.credentials import ENVIRONMENT, Credentials
from hubbub.server import throttle
from hubbub.server.throttle import Pace, Throttle
from hubbub.settings import Settings
from tests.server.door import EVERYWHERE, LOOPBACK, PASSWORD, Browser, served, settings_in


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    return settings_in(tmp_path, password=PASSWORD)


def test_each_failure_beyond_five_doubles_the_wait(clock: Clock) -> None:
    doorkeeper = Throttle(clock)
    assert [doorkeeper.begin("192.0.2.1") for _ in range(5)] == [0] * 5
    for expected in (1, 2, 4, 8, 16, 32, 64):
        assert doorkeeper.begin("192.0.2.1") == expected
        clock.now += expected - 0.5
        assert doorkeeper.begin("192.0.2.1") == 0.5  # to ask too early costs nothing
        clock.now += 0.5
        assert doorkeeper.begin("192.0.2.1") == 0
    assert doorkeeper.begin("192.0.2.2") == 0


def test_the_wait_is_a_quarter_of_an_hour_at_most_and_ends(clock: Clock) -> None:
    doorkeeper = Throttle(clock)
    for _ in range(60):
        if wait := doorkeeper.begin("192.0.2.1"):
            clock.now += wait
            assert doorkeeper.begin("192.0.2.1") == 0
    assert 500 < doorkeeper.begin("192.0.2.1") <= 900
    clock.now += 24 * 3_600
    assert doorkeeper.begin("192.0.2.1") == 0


def test_to_be_right_clears_an_address(clock: Clock) -> None:
    doorkeeper = Throttle(clock)
    for _ in range(5):
        doorkeeper.begin("192.0.2.1")
    clock.now += 1
    assert doorkeeper.begin("192.0.2.1") == 0
    doorkeeper.succeed("192.0.2.1")
    assert [doorkeeper.begin("192.0.2.1") for _ in range(5)] == [0] * 5
    assert doorkeeper.begin("192.0.2.1") == 1


def test_a_person_of_ipv6_has_one_network_not_2_to_the_64_addresses(clock: Clock) -> None:
    doorkeeper = Throttle(clock)
    tried = [doorkeeper.begin(f"2001:db8:0:1::{number:x}") for number in range(1, 7)]
    assert tried == [0, 0, 0, 0, 0, 1]
    assert doorkeeper.begin("2001:db8:0:2::1") == 0
    assert [doorkeeper.begin("::ffff:192.0.2.9") for _ in range(5)] == [0] * 5
    assert doorkeeper.begin("192.0.2.9") == 1


def test_many_addresses_together_wait_too_but_not_those_who_were_in(clock: Clock) -> None:
    doorkeeper = Throttle(clock)
    doorkeeper.begin("192.0.2.1")
    doorkeeper.succeed("192.0.2.1")
    begun = [doorkeeper.begin(f"198.51.{number // 250}.{number % 250}") for number in range(300)]
    assert begun.count(0) == 100
    assert set(begun[100:]) == {1}
    tries, began_at = 0, clock.now
    for number in range(2_000):
        clock.now += 1
        wait = doorkeeper.begin(f"203.0.{number // 250}.{number % 250}")
        assert wait <= 30
        tries += wait == 0
    assert tries <= (clock.now - began_at) / 5  # in the long run some ten a minute
    assert doorkeeper.begin("203.0.113.200") > 0
    assert doorkeeper.begin("192.0.2.1") == 0
    clock.now += 24 * 3_600
    assert doorkeeper.begin("203.0.113.200") == 0


def test_memory_is_bounded(clock: Clock) -> None:
    doorkeeper = Throttle(clock)
    for number in range(30_000):
        clock.now += 60
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        doorkeeper.begin(address)
        if number % 2:
            doorkeeper.succeed(address)
    assert doorkeeper.remembered <= 11_000


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans()), max_size=80))
def test_nobody_tries_more_often_than_allowed(steps: list[tuple[float, bool]]) -> None:
    """Whatever the pauses between them: of one address's wrong tries, five and one every ten
    minutes are free; each further one comes after at least a second."""
    clock = Clock()
    doorkeeper, tried = Throttle(clock), list[float]()
    for pause, does_wait in steps:
        clock.now += pause
        wait = doorkeeper.begin("192.0.2.1")
        if wait and does_wait:
            clock.now += wait
            assert doorkeeper.begin("192.0.2.1") == 0
        if not wait or does_wait:
            tried.append(clock.now)
    for index, first in enumerate(tried):
        for count, last in enumerate(tried[index:], 1):
            beyond = count - 1 - (5 + (last - first) / 600)
            assert beyond < 1 or last - first >= min(2 ** int(beyond), 900)


def test_guesses_are_refused_before_they_are_looked_at(settings: Settings) -> None:
    with served(settings, EVERYWHERE, trusted_proxies=[LOOPBACK]) as server:
        guesser = Browser(server, sent={"X-Forwarded-For": "203.0.113.1"})
        assert [guesser.log_in(f"guess {number}").status for number in range(5)] == [401] * 5
        reply = guesser.log_in("guess 6")
        assert reply.status == 429
        assert int(reply.headers["retry-after"]) >= 1
        assert "Too many attempts" in reply.text
        assert guesser.log_in().status == 429  # the right one, too early
        assert Browser(server, sent={"X-Forwarded-For": "203.0.113.2"}).log_in().status == 303


def test_many_guesses_at_once_do_not_slip_through(settings: Settings) -> None:
    with served(settings, EVERYWHERE) as server, ThreadPoolExecutor(20) as pool:
        browser = Browser(server)
        form = browser.form()

        def guess(number: int) -> int:
            one = Browser(server, cookies=dict(browser.cookies))
            return one.send("/login", {**form, "password": f"guess {number}"}).status

        found = list(pool.map(guess, range(40)))
        assert found.count(401) <= 5
        assert set(found) == {401, 429}


def test_while_logins_are_looked_at_events_go_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve logins hang in their hashing: eight wait, the others are told to come again."""
    may_go_on, looked_at = threading.Event(), list[str]()

    def slow(_: Credentials, text: str) -> None:
        looked_at.append(text)
        assert may_go_on.wait(20)

    monkeypatch.setattr(Credentials, "opened_by", slow)
    monkeypatch.setattr(throttle, "_OF_ADDRESS", Pace(100, 6, 10, 30))
    with served(settings, EVERYWHERE) as server, ThreadPoolExecutor(12) as pool:
        browsers = [Browser(server) for _ in range(12)]
        logins = [pool.submit(browser.log_in, f"guess {i}") for i, browser in enumerate(browsers)]
        try:
            while sum(login.done() for login in logins) < 4:
                assert server.ask("POST", "/slack/events", body=b"1").text == "1"
            assert server.ask("GET", "/login").status == 200
            assert server.ask("GET", "/readyz").status == 200
            assert [login.result().status for login in logins if login.done()] == [429] * 4
            assert len(looked_at) == 1
        finally:
            may_go_on.set()
        found = [login.result().status for login in logins]
        assert (found.count(401), found.count(429)) == (8, 4)
