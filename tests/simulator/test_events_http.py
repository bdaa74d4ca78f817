"""Delivery by HTTP keeps to Slack's rules: signatures, retries, limits, and what goes wrong."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest
from local_slack import NOW, Client, empty
from receiver import Answered, Receiver, Request, wait_for
from slack_sdk.signature import SignatureVerifier

from hubbub.errors import HubbubError
from hubbub.flows.simulating import delivering
from hubbub.simulator.events.faults import KINDS
from hubbub.simulator.simulator import Simulator

FAILURE = Answered(500)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiving:
        yield receiving


@pytest.fixture
def grove() -> Simulator:
    simulator = empty()
    simulator.add_token("bot", channels=["C1"])
    return simulator


def ids(receiver: Receiver) -> list[str]:
    return [request.body["event_id"] for request in receiver.requests]


def test_requests_are_signed(grove: Simulator, receiver: Receiver) -> None:
    with grove.subscribe(receiver.url, signing_secret="c0ffee"):
        grove.acts.post("C1", "U1", "hello & ünïcode")
        grove.events.pump()
    for request in (*receiver.challenges, *receiver.requests):
        timestamp = request.headers["x-slack-request-timestamp"]
        base = b"v0:" + timestamp.encode() + b":" + request.content
        mac = hmac.new(b"c0ffee", base, hashlib.sha256).hexdigest()
        assert request.headers["x-slack-signature"] == f"v0={mac}"
        assert SignatureVerifier("c0ffee").is_valid_request(request.content, request.headers)
        assert not SignatureVerifier("other").is_valid_request(request.content, request.headers)
        assert request.headers["content-type"] == "application/json"
        assert "x-slack-retry-num" not in request.headers


def test_envelopes_name_workspace_app_and_authorization(
    grove: Simulator, receiver: Receiver
) -> None:
    bot = grove.tokens.all()[0]
    with grove.subscribe(receiver.url):
        grove.acts.post("C1", "U1", "hello")
        grove.events.pump()
    body = receiver.requests[0].body
    assert (body["type"], body["team_id"], body["context_team_id"]) == (
        "event_callback",
        "T1",
        "T1",
    )
    assert (body["api_app_id"], body["event_time"]) == (bot.app_id, int(NOW))
    assert [a["user_id"] for a in body["authorizations"]] == [bot.user_id]
    assert body["event_id"].startswith("Ev")


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_2xx_acknowledges(grove: Simulator, receiver: Receiver, status: int) -> None:
    receiver.answer = lambda request: Answered(status)
    with grove.subscribe(receiver.url) as subscription:
        grove.acts.post("C1", "U1", "hello")
        assert grove.events.pump() == 1
        assert subscription.ledger.acknowledged == set(ids(receiver))


def test_a_failure_is_tried_again_at_once_after_a_minute_and_after_five(
    grove: Simulator, receiver: Receiver
) -> None:
    receiver.answer = lambda request: FAILURE
    with grove.subscribe(receiver.url) as subscription:
        grove.acts.post("C1", "U1", "hello")
        tries: list[int] = []
        for seconds in (0, 59, 1, 239, 1, 3600):
            grove.clock.advance(seconds)
            grove.events.pump()
            tries.append(len(receiver.requests))
        assert tries == [2, 2, 3, 3, 4, 4]
        first, *again = receiver.requests
        assert "x-slack-retry-num" not in first.headers
        assert [request.headers["x-slack-retry-num"] for request in again] == ["1", "2", "3"]
        assert {request.headers["x-slack-retry-reason"] for request in again} == {"http_error"}
        assert len({request.content for request in receiver.requests}) == 1
        entry = subscription.ledger.entries()[0]
        assert (entry.fate, entry.why, len(entry.attempts)) == ("dropped", "retries", 4)
        assert subscription.ledger.failed == subscription.ledger.dropped == {entry.event_id}


def test_signatures_of_retries_are_fresh(
    grove: Simulator, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count(1_790_000_000)
    monkeypatch.setattr("hubbub.simulator.events.envelopes.time.time", lambda: next(seconds))
    receiver.answer = lambda request: FAILURE
    with grove.subscribe(receiver.url):
        grove.acts.post("C1", "U1", "hello")
        grove.events.exhaust()
    stamps = [request.headers["x-slack-request-timestamp"] for request in receiver.requests]
    signatures = {request.headers["x-slack-signature"] for request in receiver.requests}
    assert len(set(stamps)) == len(signatures) == 4


def test_a_retry_that_is_acknowledged_is_the_last(grove: Simulator, receiver: Receiver) -> None:
    answers = iter([FAILURE, Answered()])
    receiver.answer = lambda request: next(answers)
    with grove.subscribe(receiver.url) as subscription:
        grove.acts.post("C1", "U1", "hello")
        grove.events.exhaust()
        assert len(receiver.requests) == 2
        assert subscription.ledger.counts() == {
            "waiting": 0, "acknowledged": 1, "dropped": 0, "attempts": 2
        }  # fmt: skip


def test_no_retry_is_honoured_but_not_of_an_answer_that_came_too_late(
    grove: Simulator, receiver: Receiver
) -> None:
    header = (("x-slack-no-retry", "1"),)
    receiver.answer = lambda request: Answered(503, header)
    with grove.subscribe(receiver.url, timeout=0.2) as subscription:
        grove.acts.post("C1", "U1", "refused")
        grove.events.exhaust()
        assert [entry.why for entry in subscription.ledger.entries()] == ["no_retry"]
        assert len(receiver.requests) == 1
        receiver.answer = lambda request: Answered(503, header, after=0.4)
        grove.acts.post("C1", "U1", "too late")
        grove.events.pump()
        entry = subscription.ledger.entries()[1]
        assert [each.failure for each in entry.attempts] == ["http_timeout"] * 2


def test_delayed_events_come_hourly_for_a_day(grove: Simulator, receiver: Receiver) -> None:
    receiver.answer = lambda request: FAILURE
    with grove.subscribe(receiver.url) as subscription:
        subscription.app.has_delayed_events = True
        grove.acts.post("C1", "U1", "hello")
        grove.events.exhaust()
        attempts = subscription.ledger.entries()[0].attempts
        assert len(attempts) == 1 + 3 + 24
        assert attempts[-1].at == NOW + 300 + 24 * 3600


def test_what_waited_for_more_than_two_hours_is_dropped(
    grove: Simulator, receiver: Receiver
) -> None:
    with grove.subscribe(receiver.url) as subscription:
        grove.events.hold()
        grove.acts.post("C1", "U1", "held back for too long")
        grove.clock.advance(3600)
        grove.acts.post("C1", "U1", "held back")
        grove.clock.advance(3601)
        assert grove.events.pump() == 0
        grove.events.release()
        grove.events.pump()
        assert [entry.why for entry in subscription.ledger.entries()] == ["late", ""]
        assert [event["text"] for event in receiver.events] == ["held back"]


def test_redirects_are_followed_twice(grove: Simulator, receiver: Receiver) -> None:
    def lead_on(most: int, request: Request, path: list[int]) -> Answered:
        path.append(1)
        if len(path) > most:
            return Answered()
        return Answered(307, (("location", f"/hop/{len(path)}"),))

    path: list[int] = []
    receiver.answer = lambda request: lead_on(2, request, path)
    with grove.subscribe(receiver.url) as subscription:
        grove.acts.post("C1", "U1", "hello")
        assert grove.events.pump() == 1
        assert len(subscription.ledger.acknowledged) == 1
        receiver.answer = lambda request: Answered(307, (("location", "/on"),))
        grove.acts.post("C1", "U1", "for ever")
        grove.events.pump()
        failures = {a.failure for a in subscription.ledger.entries()[1].attempts}
        assert failures == {"too_many_redirects"}


def test_an_unreachable_receiver_is_a_failed_connection(grove: Simulator) -> None:
    with Receiver() as receiver:
        subscription = grove.subscribe(receiver.url)
    with subscription:
        grove.acts.post("C1", "U1", "hello")
        grove.events.pump()
        attempts = subscription.ledger.entries()[0].attempts
        assert [attempt.failure for attempt in attempts] == ["connection_failed"] * 2


def test_a_receiver_has_to_answer_the_challenge(grove: Simulator) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(HubbubError, match="cannot be reached"):
            grove.subscribe(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    with grove.serve(), pytest.raises(HubbubError, match="did not return"):
        grove.subscribe(f"{grove.origin}/nothing/there")


def test_too_many_events_are_left_out_and_told_of_once_a_minute(
    grove: Simulator, receiver: Receiver
) -> None:
    with grove.subscribe(receiver.url) as subscription:
        subscription.app.most_an_hour = 3
        for at in range(5):
            grove.acts.post("C1", "U1", f"{at}")
        grove.events.pump(in_flight=1)
        grove.clock.advance(60)
        grove.acts.post("C1", "U1", "still too many")
        grove.events.pump(in_flight=1)
        grove.clock.advance(3600)
        grove.acts.post("C1", "U1", "again")
        grove.events.pump()
    bodies = [request.body for request in receiver.requests]
    assert [body["type"] for body in bodies] == [
        *["event_callback"] * 3, *["app_rate_limited"] * 2, "event_callback"
    ]  # fmt: skip
    minute = int(NOW) // 60 * 60
    assert bodies[3] == {
        "token": bodies[0]["token"],
        "type": "app_rate_limited",
        "team_id": "T1",
        "minute_rate_limited": minute,
        "api_app_id": bodies[0]["api_app_id"],
    }
    assert bodies[4]["minute_rate_limited"] == minute + 60
    whys = [entry.why for entry in subscription.ledger.entries()]
    assert whys == ["", "", "", *["rate_limited"] * 3, ""]


def test_an_app_whose_deliveries_nearly_all_fail_is_switched_off(grove: Simulator) -> None:
    with Receiver() as receiver:
        subscription = grove.subscribe(receiver.url)
    app = subscription.app
    with subscription:
        ts = grove.acts.post("C1", "U1", "first")["ts"]
        for _ in range(998):
            grove.acts.touch("C1", ts)
        grove.events.pump()
        assert app.is_enabled
        grove.acts.touch("C1", ts)
        grove.events.pump()
        assert not app.is_enabled
        assert {entry.why for entry in app.ledger.entries()} == {"disabled"}
        assert len(app.ledger.entries()) == 1000
        grove.acts.touch("C1", ts)
        assert len(app.ledger.entries()) == 1000
        grove.events.enable()
        grove.acts.touch("C1", ts)
        assert len(app.ledger.entries()) == 1001


@pytest.mark.parametrize("kind", KINDS)
def test_faults_strike_once(grove: Simulator, receiver: Receiver, kind: str) -> None:
    with grove.subscribe(receiver.url) as subscription:
        grove.events.faults.add(kind, "message", seconds=90)  # type: ignore[arg-type]
        for text in "abc":
            grove.acts.post("C1", "U1", text)
        grove.events.pump(in_flight=1)
        texts = "".join(event["text"] for event in receiver.events)
        expected = {"lose": "bc", "delay": "bc", "unreachable": "bca", "unheard": "abca"}
        if kind == "duplicate":
            assert sorted(texts) == list("aabc")
        elif kind == "reorder":
            assert sorted(texts) == list("abc") != list(texts)
        else:
            assert texts == expected[kind]
        grove.events.exhaust()
        fates = [entry.fate for entry in subscription.ledger.entries()]
        assert fates == ["dropped" if kind == "lose" else "acknowledged", *["acknowledged"] * 2]
        assert grove.events.faults.waiting() == []


def test_equal_seeds_give_equal_chaos(receiver: Receiver) -> None:
    def run(seed: int) -> list[tuple[str, str | None]]:
        receiver.requests.clear()
        simulator = empty()
        simulator.add_token("bot", channels=["C1"])
        simulator.events.faults.chaos(seed, 0.5)
        with simulator.subscribe(receiver.url) as subscription:
            for number in range(40):
                simulator.acts.post("C1", "U1", f"{number}")
                simulator.clock.advance(1)
            simulator.events.exhaust(in_flight=1)
            assert subscription.ledger.ids("waiting") == set()
            acknowledged = subscription.ledger.acknowledged
        assert acknowledged <= set(ids(receiver))
        return [
            (request.event["text"], request.headers.get("x-slack-retry-num"))
            for request in receiver.requests
        ]

    once = run(3)
    assert once == run(3) != run(4)
    texts = [text for text, _ in once]
    assert len(texts) > len(set(texts))
    assert texts != sorted(texts, key=int)
    assert len(set(texts)) < 40


def test_deliveries_overlap_while_the_clock_runs(receiver: Receiver) -> None:
    """Ten deliveries meet in the receiver: none could be answered if they came one by one."""
    together = threading.Barrier(10)

    def meet(request: Request) -> Answered:
        together.wait(10)
        return Answered()

    receiver.answer = meet
    simulator = empty()
    simulator.add_token("bot", channels=["C1"])
    simulator.clock.run(1.0)
    with simulator.subscribe(receiver.url, timeout=10) as subscription:
        for number in range(10):
            simulator.acts.post("C1", "U1", f"{number}")
        simulator.events.drain(20)
        assert subscription.ledger.counts()["acknowledged"] == 10


def test_retries_follow_a_scaled_clock(receiver: Receiver) -> None:
    answers = count()
    receiver.answer = lambda request: FAILURE if next(answers) < 3 else Answered()
    simulator = empty()
    simulator.clock.run(1200.0)
    simulator.add_token("bot", channels=["C1"])
    with simulator.subscribe(receiver.url) as subscription:
        simulator.acts.post("C1", "U1", "hello")
        end = time.monotonic() + 20
        while not subscription.ledger.acknowledged and time.monotonic() < end:
            time.sleep(0.02)
        attempts = subscription.ledger.entries()[0].attempts
        assert [attempt.failure for attempt in attempts] == [*["http_error"] * 3, ""]
        offsets = [attempt.at - attempts[0].at for attempt in attempts]
        assert offsets[2] >= 60
        assert offsets[3] >= 300


def test_drain_says_when_it_waits_in_vain(receiver: Receiver) -> None:
    receiver.answer = lambda request: Answered(after=1.0)
    simulator = empty()
    simulator.clock.run(1.0)
    simulator.add_token("bot", channels=["C1"])
    with simulator.subscribe(receiver.url):
        simulator.acts.post("C1", "U1", "hello")
        with pytest.raises(TimeoutError):
            simulator.events.drain(0.1)


def test_a_bot_is_needed(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="add_token"):
        empty().subscribe(receiver.url)


def test_another_process_steers_deliveries(grove: Simulator, receiver: Receiver) -> None:
    with grove.serve():
        client = Client(grove, "")

        def steer(verb: str, what: str, asked: object = None) -> Request:
            sent = b"" if asked is None else _json(asked)
            reply = client.send(verb, f"/_sim/{what}", sent, "application/json")
            assert reply.status == 200, reply.body
            return reply.body

        steer("POST", "events", {"subscribe": receiver.url, "signing_secret": "s3"})
        steer("POST", "events", {"fault": {"kind": "unheard"}})
        post = {"act": "post", "channel_id": "C1", "user_id": "U1", "text": "by remote"}
        steer("POST", "acts", post)
        status: dict[str, object] = steer("POST", "events", {"pump": True})  # type: ignore[assignment]
        assert len(receiver.requests) == 2
        app = status["apps"][0]  # type: ignore[index]
        assert (app["way"], app["acknowledged"], app["attempts"]) == ("http", 1, 2)
        assert SignatureVerifier("s3").is_valid_request(
            receiver.requests[1].content, receiver.requests[1].headers
        )
        steer("POST", "tokens", {"uninstall": "A0HUBBUB001"})
        steer("POST", "events", {"drain": 5})
        assert receiver.events[-1]["type"] in {"app_uninstalled", "tokens_revoked"}
        assert client.send("POST", "/_sim/events", _json({"fault": {"kind": "x"}})).status == 400
        client.close()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_community_that_is_simulated_delivers_as_soon_as_a_receiver_answers() -> None:
    simulator = empty()
    simulator.add_token("bot", channels=["C1"])
    simulator.clock.run(1.0)
    told: list[str] = []
    with Receiver() as receiver:
        url = receiver.url
    with delivering(simulator, url, told.append):
        wait_for(lambda: any("cannot be reached" in line for line in told))
        with Receiver(port=int(url.split(":")[2].split("/")[0])) as receiver:
            wait_for(lambda: f"events go to {url}" in told)
            simulator.acts.post("C1", "U1", "hello")
            simulator.events.drain(20)
            assert [event["text"] for event in receiver.events] == ["hello"]
    simulator.acts.post("C1", "U1", "over")
    assert len(simulator.events.ledger.entries()) == 1
