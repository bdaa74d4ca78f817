"""Rate limits by the simulator's clock: tiers, their sharing, and Retry-After."""

import pytest
from local_slack import Client

from hubbub.simulator.simulator import Simulator


def let_through(client: Client, method: str, **arguments: object) -> int:
    """How many calls of a method pass until one is turned away."""
    count = 0
    while client(method, **arguments).status == 200:
        count += 1
    return count


@pytest.mark.parametrize(
    ("method", "calls"),
    [("users.list", 20), ("team.info", 50), ("users.info", 100), ("auth.test", 600)],
)
def test_each_tier_has_its_calls_a_minute(owner: Client, method: str, calls: int) -> None:
    assert let_through(owner, method, user="U1") == calls
    turned_away = owner(method, user="U1")
    assert turned_away.status == 429
    assert turned_away.body == {"ok": False, "error": "ratelimited"}
    assert turned_away.headers["retry-after"] == "60"


def test_who_waits_as_told_goes_on(slack: Simulator, owner: Client) -> None:
    start = slack.clock.now()
    for _ in range(205):
        reply = owner("conversations.history", channel="C1")
        if reply.status == 429:
            slack.clock.sleep(int(reply.headers["retry-after"]))
            assert owner("conversations.history", channel="C1").body["ok"]
    assert slack.clock.now() - start == pytest.approx(240)
    assert len(slack.calls.limited()) == 4


def test_who_keeps_the_pace_is_never_turned_away(slack: Simulator, owner: Client) -> None:
    for _ in range(200):
        assert owner("conversations.history", channel="C1").status == 200
        slack.clock.advance(1.2)


def test_methods_have_budgets_of_their_own(owner: Client) -> None:
    assert let_through(owner, "conversations.history", channel="C1") == 50
    assert owner("conversations.replies", channel="C1", ts="1.0").status == 200


def test_all_tokens_of_an_app_share_its_limits(slack: Simulator, owner: Client) -> None:
    same = Client(slack, slack.add_token("bot", channels=["C1"]))
    other = Client(slack, slack.add_token("bot", app_id="A2", channels=["C1"]))
    assert let_through(owner, "conversations.history", channel="C1") == 50
    assert same("conversations.history", channel="C1").status == 429
    assert other("conversations.history", channel="C1").status == 200
    same.close()
    other.close()


def test_unlisted_apps_get_one_call_a_minute_and_fifteen_objects(
    slack: Simulator, owner: Client
) -> None:
    slack.backend.app_class = "unlisted"
    root = slack.acts.post("C1", "U1", "root")
    for number in range(40):
        slack.acts.reply("C1", root["ts"], "U2", f"reply {number}", broadcast=True)
    page = owner("conversations.history", channel="C1", limit=200)
    assert len(page.body["messages"]) == 15
    assert page.body["response_metadata"]["next_cursor"]
    assert owner("conversations.history", channel="C1").headers["retry-after"] == "60"
    thread = owner("conversations.replies", channel="C1", ts=root["ts"]).body
    assert len(thread["messages"]) == 15
    slack.clock.advance(59)
    assert owner("conversations.history", channel="C2").status == 429
    slack.clock.advance(1)
    assert owner("conversations.history", channel="C2").status == 200
    assert owner("conversations.list").status == 200


def test_posting_is_limited_by_channel(slack: Simulator, owner: Client) -> None:
    assert owner("chat.postMessage", channel="C1", text="one").body["ok"]
    assert owner("chat.postMessage", channel="C2", text="two").body["ok"]
    soon = owner("chat.postMessage", channel="C1", text="three")
    assert (soon.status, soon.headers["retry-after"]) == (429, "1")
    slack.clock.advance(1)
    assert owner("chat.postMessage", channel="C1", text="three").body["ok"]
    assert [message["text"] for message in slack.sent("C1")] == ["one", "three"]


def test_calls_are_on_record(slack: Simulator, owner: Client) -> None:
    owner("conversations.history", channel="C1", limit=5)
    owner("conversations.history", channel="nowhere")
    first, second = slack.calls.made("conversations.history")
    assert first.arguments == {"channel": "C1", "limit": "5"}
    assert (first.status, first.error, second.error) == (200, "", "channel_not_found")
    assert first.at == slack.clock.now()
    assert owner.token not in str(slack.calls.made())
