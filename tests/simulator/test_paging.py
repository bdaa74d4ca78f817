"""Walking a cursor gives exactly the right messages, once, for any bounds, limit and order."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_slack import Client, empty

from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, count_replies, is_reply, stamp

FIRST = 1_790_000_000_000_000
"""The earliest message, in microseconds."""

STEP = 500_000


@pytest.fixture(scope="module")
def slack() -> Iterator[Simulator]:
    simulator = empty()
    simulator.answering.limits = None
    with simulator.serve():
        yield simulator


@pytest.fixture(scope="module")
def owner(slack: Simulator) -> Iterator[Client]:
    client = Client(slack, slack.add_token("user"))
    yield client
    client.close()


@st.composite
def conversations(draw: st.DrawFn) -> list[Raw]:
    """Roots and replies, some of them broadcast, one every half second."""
    kinds = draw(st.lists(st.sampled_from(["root", "reply", "broadcast"]), max_size=24))
    said: list[Raw] = []
    for place, kind in enumerate(kinds):
        message: Raw = {"type": "message", "ts": stamp(FIRST + place * STEP), "user": "U1"}
        roots = [each for each in said if not is_reply(each)]
        if kind != "root" and roots:
            message["thread_ts"] = draw(st.sampled_from(roots))["ts"]
            message |= {"subtype": "thread_broadcast"} if kind == "broadcast" else {}
        said.append(message)
    count_replies(said)
    return said


INSTANTS = st.none() | st.integers(-2, 26).map(lambda place: stamp(FIRST + place * STEP))
LIMITS = st.integers(1, 30)


def within(ts: str, oldest: str | None, latest: str | None, inclusive: bool) -> bool:
    """Whether a ts lies between the bounds, as Slack's documentation says."""
    if inclusive:
        return (oldest or ts) <= ts <= (latest or ts)
    return (oldest is None or ts > oldest) and (latest is None or ts < latest)


@given(conversations(), INSTANTS, INSTANTS, st.booleans(), LIMITS)
def test_history(
    slack: Simulator,
    owner: Client,
    said: list[Raw],
    oldest: str | None,
    latest: str | None,
    inclusive: bool,
    limit: int,
) -> None:
    slack.workspace.messages["C1"] = said
    bounds = {"oldest": oldest, "latest": latest}
    sent = {name: value for name, value in bounds.items() if value is not None}
    pages = owner.walk(
        "conversations.history", "messages", channel="C1", inclusive=inclusive, limit=limit, **sent
    )
    expected = [
        message["ts"]
        for message in said
        if within(message["ts"], oldest, latest, inclusive)
        and (not is_reply(message) or message.get("subtype") == "thread_broadcast")
    ]
    found = [[message["ts"] for message in page] for page in pages]
    assert all(page == sorted(page, reverse=True) for page in found)
    assert all(len(page) <= limit for page in found)
    if oldest is not None and latest is None:
        assert [ts for page in found for ts in reversed(page)] == expected
    else:
        assert [ts for page in found for ts in page] == expected[::-1]


@given(conversations(), INSTANTS, INSTANTS, st.booleans(), LIMITS, st.data())
def test_replies(
    slack: Simulator,
    owner: Client,
    said: list[Raw],
    oldest: str | None,
    latest: str | None,
    inclusive: bool,
    limit: int,
    data: st.DataObject,
) -> None:
    slack.workspace.messages["C1"] = said
    if not said:
        assert owner("conversations.replies", channel="C1", ts="1.0").error == "thread_not_found"
        return
    asked = data.draw(st.sampled_from(said))
    root_ts: str = asked.get("thread_ts", asked["ts"])
    bounds = {"oldest": oldest, "latest": latest}
    sent = {name: value for name, value in bounds.items() if value is not None}
    pages = owner.walk(
        "conversations.replies",
        "messages",
        channel="C1",
        ts=asked["ts"],
        inclusive=inclusive,
        limit=limit,
        **sent,
    )
    assert all(page[0]["ts"] == root_ts for page in pages)
    assert all(len(page) <= max(limit, 2) for page in pages)
    expected = [
        message["ts"]
        for message in said
        if message.get("thread_ts") == root_ts
        and is_reply(message)
        and within(message["ts"], oldest, latest, inclusive)
    ]
    assert [message["ts"] for page in pages for message in page[1:]] == expected


@given(st.integers(1, 9), st.sets(st.integers(0, 17)), st.sets(st.integers(0, 17)))
def test_lists_of_channels(
    slack: Simulator, owner: Client, limit: int, private: set[int], archived: set[int]
) -> None:
    def channel(place: int) -> Raw:
        return {
            "id": f"C{place:02}",
            "name": f"c{place}",
            "is_private": place in private,
            "is_archived": place in archived,
        }

    kept = slack.workspace.channels
    slack.workspace.channels = [channel(place) for place in range(18)]
    try:
        pages = owner.walk("conversations.list", "channels", limit=limit, exclude_archived=1)
    finally:
        slack.workspace.channels = kept
    assert len(pages) == -(-18 // limit), "pages are cut before they are filtered"
    expected = [f"C{n:02}" for n in range(18) if n not in private | archived]
    assert [found["id"] for page in pages for found in page] == expected


@given(st.integers(1, 40), st.integers(1, 12))
def test_lists_of_members(slack: Simulator, owner: Client, count: int, limit: int) -> None:
    members = [f"U{place}" for place in range(count)]
    slack.workspace.members["C2"] = ["U1", *members[2:]]
    pages = owner.walk("conversations.members", "members", channel="C2", limit=limit)
    assert [member for page in pages for member in page] == slack.workspace.members["C2"]


def test_one_message_is_fetched_from_either_end(slack: Simulator, owner: Client) -> None:
    said = [{"type": "message", "ts": stamp(FIRST + n * STEP), "user": "U1"} for n in range(9)]
    slack.workspace.messages["C1"] = said
    for bound in ("latest", "oldest"):
        body = owner(
            "conversations.history",
            channel="C1",
            inclusive="true",
            limit=1,
            **{bound: said[4]["ts"]},
        ).body
        assert [message["ts"] for message in body["messages"]] == [said[4]["ts"]]
        assert body[bound] == said[4]["ts"]


def test_cursors_expire_and_belong_to_their_method(slack: Simulator, owner: Client) -> None:
    slack.workspace.messages["C1"] = [
        {"type": "message", "ts": stamp(FIRST + n), "user": "U1"} for n in range(9)
    ]
    page = owner("conversations.history", channel="C1", limit=2).body
    cursor = page["response_metadata"]["next_cursor"]
    assert owner("conversations.history", channel="C1", limit=2, cursor=cursor).body["ok"]
    for method, arguments in (
        ("conversations.history", {"channel": "C2"}),
        ("conversations.members", {"channel": "C1"}),
        ("users.list", {}),
    ):
        assert owner(method, cursor=cursor, **arguments).error == "invalid_cursor"
    assert owner("conversations.history", channel="C1", cursor="bm8=").error == "invalid_cursor"
    slack.clock.advance(slack.cursors.lifetime + 1)
    stale = owner("conversations.history", channel="C1", limit=2, cursor=cursor)
    assert stale.error == "invalid_cursor"


def test_limits_of_pages_are_adjusted(slack: Simulator, owner: Client) -> None:
    slack.workspace.messages["C1"] = [
        {"type": "message", "ts": stamp(FIRST + n), "user": "U1"} for n in range(1200)
    ]
    for asked, given_ in (("", 100), ("0", 100), ("-3", 100), ("some", 100), ("5000", 999)):
        page = owner("conversations.history", channel="C1", limit=asked).body
        assert len(page["messages"]) == given_
    assert owner("conversations.list", limit="some").error == "invalid_limit"
