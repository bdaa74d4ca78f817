"""Every fault, on request and at random."""

import http.client
import time
from collections.abc import Callable
from typing import Any

import pytest
from local_slack import Client, Reply

from hubbub.simulator.faults import CHAOS
from hubbub.simulator.simulator import Simulator

HISTORY = "conversations.history"


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({"status": 429, "retry_after": 7}, 429, "ratelimited"),
        ({"status": 500}, 500, "internal_error"),
        ({"status": 503}, 503, "service_unavailable"),
        ({"error": "internal_error"}, 200, "internal_error"),
        ({"error": "fatal_error", "status": 500}, 500, "fatal_error"),
    ],
)
def test_answers_are_replaced(
    slack: Simulator, owner: Client, asked: dict[str, Any], status: int, error: str
) -> None:
    slack.faults.add(HISTORY, times=2, **asked)
    assert owner("team.info").body["ok"], "another method"
    for _ in range(2):
        reply = owner(HISTORY, channel="C1")
        assert (reply.status, reply.error) == (status, error)
        assert reply.headers.get("retry-after") == ("7" if status == 429 else None)
    assert owner(HISTORY, channel="C1").body["ok"]
    assert [call.status for call in slack.calls.made(HISTORY)] == [status, status, 200]


def test_faults_choose_their_calls(slack: Simulator, owner: Client) -> None:
    slack.faults.add(HISTORY, error="internal_error", given={"channel": "C2"})
    slack.faults.add(HISTORY, status=500, skip=1, when=lambda sent: sent.get("limit") == "3")
    assert owner(HISTORY, channel="C1").body["ok"]
    assert owner(HISTORY, channel="C2").error == "internal_error"
    assert owner(HISTORY, channel="C2", limit=3).status == 200
    assert owner(HISTORY, channel="C2", limit=3).status == 500
    assert slack.faults.waiting() == []


def test_cursors_expire_on_request(slack: Simulator, owner: Client) -> None:
    for number in range(3):
        slack.acts.post("C1", "U1", str(number))
    slack.faults.add(HISTORY, error="invalid_cursor", when=lambda sent: "cursor" in sent)
    page = owner(HISTORY, channel="C1", limit=2).body
    cursor = page["response_metadata"]["next_cursor"]
    assert owner(HISTORY, channel="C1", cursor=cursor).error == "invalid_cursor"
    assert owner(HISTORY, channel="C1", cursor=cursor).body["ok"]
    slack.cursors.expire()
    assert owner(HISTORY, channel="C1", cursor=cursor).error == "invalid_cursor"


def test_work_may_be_done_though_the_answer_fails(slack: Simulator, owner: Client) -> None:
    slack.faults.add("chat.postMessage", status=500, after=True)
    assert owner("chat.postMessage", channel="C1", text="twice?").status == 500
    assert [message["text"] for message in slack.sent("C1")] == ["twice?"]


def test_work_may_be_done_long_after_the_caller_gave_up(slack: Simulator, owner: Client) -> None:
    slack.faults.add("chat.postMessage", status=504, late=30.0)
    assert owner("chat.postMessage", channel="C1", text="late").status == 504
    slack.clock.advance(29)
    assert owner(HISTORY, channel="C1").body["messages"] == []
    slack.clock.advance(1)
    (message,) = owner(HISTORY, channel="C1").body["messages"]
    assert (message["text"], message["ts"]) == ("late", f"{slack.clock.now():.6f}")


def test_uploads_of_bytes_fail_on_request(slack: Simulator, owner: Client) -> None:
    slack.faults.add("upload", status=503)
    answer = owner("files.getUploadURLExternal", filename="a.txt", length=2).body
    address = answer["upload_url"].removeprefix(slack.origin)
    assert owner.send("POST", address, b"ab").status == 503
    assert owner.send("POST", address, b"ab").status == 200


def test_connections_break_in_mid_body(slack: Simulator, owner: Client) -> None:
    slack.faults.add(HISTORY, reset_mid_body=True)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        owner(HISTORY, channel="C1")
    assert owner(HISTORY, channel="C1").body["ok"]


def test_answers_may_be_slow(slack: Simulator, owner: Client) -> None:
    slack.faults.add(HISTORY, slow=0.2)
    begun = time.monotonic()
    assert owner(HISTORY, channel="C1").body["ok"]
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("longest", [0, 1])
def test_pages_may_be_short_or_empty(slack: Simulator, owner: Client, longest: int) -> None:
    said = [slack.acts.post("C1", "U1", str(number))["ts"] for number in range(5)]
    slack.acts.reply("C1", said[0], "U2", "reply")
    for method, field, arguments in (
        (HISTORY, "messages", {"channel": "C1"}),
        ("users.list", "members", {"limit": 5}),
        ("conversations.list", "channels", {}),
    ):
        whole = owner.walk(method, field, **arguments)
        slack.faults.add(method, longest_page=longest)
        pages = owner.walk(method, field, **arguments)
        assert len(pages[0]) == longest
        assert [each for page in pages for each in page] == [e for page in whole for e in page]
    slack.faults.add("conversations.replies", longest_page=0)
    pages = owner.walk("conversations.replies", "messages", channel="C1", ts=said[0])
    assert [[message["text"] for message in page] for page in pages] == [["0"], ["0", "reply"]]


def outcomes(call: Callable[[], Reply], count: int) -> list[object]:
    """What came of so many calls."""
    found: list[object] = []
    for _ in range(count):
        try:
            reply = call()
            found.append((reply.status, reply.content))
        except (http.client.IncompleteRead, ConnectionError):
            found.append("reset")
    return found


def test_chaos_is_the_same_for_the_same_seed(slack: Simulator, owner: Client) -> None:
    for number in range(6):
        slack.acts.post("C1", "U1", str(number))

    def call() -> Reply:
        return owner(HISTORY, channel="C1")

    slack.answering.limits = None
    told: list[list[object]] = []
    for seed in (1, 1, 2):
        slack.faults.chaos(seed, 0.5)
        told.append(outcomes(call, 60))
    assert told[0] == told[1] != told[2]
    assert 6 < len({str(each) for each in told[0]}) <= len(CHAOS)
    slack.faults.clear()
    assert all(each == outcomes(call, 1)[0] for each in outcomes(call, 5))
