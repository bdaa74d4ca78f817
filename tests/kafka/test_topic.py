"""From the event log through a topic into a store, with a real broker."""

import json
from pathlib import Path

import pytest

from hubbub.stores import duckdb as store
from tests.kafka.broker import Broker
from tests.kafka.feeding import (
    CHANNELS,
    Server,
    ask,
    load,
    make_topic,
    message,
    positions,
    records,
    ts_of,
    unlike,
    write,
)

pytestmark = pytest.mark.long


def talk(server: Server) -> None:
    """What happens in a channel: questions, replies, edits, deletions, reactions, links."""
    server.say("C1", *range(20))
    server.say("C2", 1, 2, 3, user="U2")
    server.deliver(
        message("C1", 30, thread_ts=ts_of(3), user="U2", text="<@U1> see <https://example.org/a>"),
        message("G1", 31, text="behind closed doors"),
        message(
            "C1", 32,
            reactions=[{"name": "seedling", "users": ["U1", "U2"], "count": 2}],
        ),
    )  # fmt: skip
    server.deliver(
        {
            "type": "message", "subtype": "message_changed", "channel": "C1", "ts": ts_of(40),
            "event_ts": ts_of(40), "channel_type": "channel",
            "message": {
                "type": "message", "ts": ts_of(5), "user": "U1", "text": "better",
                "edited": {"user": "U1", "ts": ts_of(40)},
            },
        },
        {
            "type": "message", "subtype": "message_deleted", "channel": "C1", "ts": ts_of(41),
            "event_ts": ts_of(41), "channel_type": "channel", "deleted_ts": ts_of(6),
            "previous_message": {"type": "message", "ts": ts_of(6), "user": "U1", "text": "oops"},
        },
    )  # fmt: skip
    server.deliver(
        {
            "type": "reaction_added", "user": "U2", "reaction": "tada", "event_ts": ts_of(50),
            "item": {"type": "message", "channel": "C1", "ts": ts_of(3)},
        },
        {
            "type": "team_join", "event_ts": ts_of(51),
            "user": {"id": "U7", "name": "sami", "profile": {"real_name": "Sami Example"}},
        },
        {
            "type": "member_joined_channel", "user": "U7", "channel": "C2", "channel_type": "C",
            "event_ts": ts_of(52),
        },
        {"type": "channel_rename", "channel": {"id": "C2", "name": "greenhouse"},
         "event_ts": ts_of(53)},
    )  # fmt: skip


@pytest.mark.parametrize("preset", ["open", "standard"])
def test_what_goes_through_a_topic_is_what_the_log_itself_holds(
    running: Broker, topic: str, tmp_path: Path, preset: str
) -> None:
    server = Server(tmp_path / "server", preset=preset)
    talk(server)
    server.forward(running.address, topic)
    loader = server.elsewhere(tmp_path / "loader")
    loaded = load(loader, running.address, topic)
    assert (loaded.events, loaded.quarantined, loaded.of) == (31, 0, 6)
    wanted = server.loaded_directly(tmp_path / "direct")
    assert len(wanted["messages"]) == 25
    assert unlike(loader, wanted) == []
    assert ask(loader, "SELECT team_id FROM workspace") == [("T1",)]

    if preset == "standard":
        return
    again = load(loader, running.address, topic)
    assert again.events == 0
    assert load(loader, running.address, topic, again=True).events == 31
    assert unlike(loader, wanted) == []


def test_events_of_a_channel_stay_in_order_and_private_ones_stay_out(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    said = {"C1": server.say("C1", 1, 2) + server.say("C1", 3), "C2": server.say("C2", 9)}
    server.say("G1", 4)
    said["C1"] += server.say("C1", 5)
    server.forward(running.address, topic)
    found = records(running.address, topic)
    for channel_id, event_ids in said.items():
        own = [each for each in found if each[1] == f"grove/{channel_id}"]
        assert len({partition for partition, *_ in own}) == 1
        assert [json.loads(value)["event_id"] for *_, value in own] == event_ids
    assert len(found) == 5
    assert b"G1" not in b"".join(key.encode() + value for _, key, _, value in found)
    _, _, headers, _ = found[0]
    assert headers == {"schema": "1", "workspace": "grove", "type": "message"}


def test_positions_are_the_offsets_that_were_merged_last(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1, 2, 3)
    server.forward(running.address, topic)
    [(partition, *_), *_] = records(running.address, topic)
    loader = server.elsewhere(tmp_path / "loader")
    load(loader, running.address, topic)
    assert positions(loader) == {f"kafka/{topic}/{partition}": 2}


def test_an_older_copy_of_the_store_catches_up(running: Broker, topic: str, tmp_path: Path) -> None:
    server = Server(tmp_path / "server")
    loader = server.elsewhere(tmp_path / "loader")
    server.say("C1", 1, 2, 3)
    server.forward(running.address, topic)
    load(loader, running.address, topic)
    older = loader.store.read_bytes()
    server.say("C1", 4, 5)
    server.forward(running.address, topic)
    load(loader, running.address, topic)
    loader.store.write_bytes(older)
    assert ask(loader, "SELECT count(*) FROM messages") == [(3,)]
    assert load(loader, running.address, topic).events == 2
    assert unlike(loader, server.loaded_directly(tmp_path / "direct")) == []


def test_each_workspace_of_a_topic_goes_into_its_own_store(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    servers = [Server(tmp_path / name, workspace=name) for name in ("grove", "reef")]
    for number, server in enumerate(servers):
        server.say("C1", number, number + 10)
        server.forward(running.address, topic)
    for number, server in enumerate(servers):
        loader = server.elsewhere(tmp_path / f"{server.settings.workspace}-loader")
        loaded = load(loader, running.address, topic)
        assert (loaded.events, loaded.others) == (2, 2)
        found = ask(loader, "SELECT ts FROM messages ORDER BY ts")
        assert found == [(ts_of(number),), (ts_of(number + 10),)]


def test_records_of_other_workspaces_are_passed_over_unread(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1)
    server.forward(running.address, topic)
    write(running.address, topic, [b"of another kind"], headers={"workspace": "reef"})
    write(running.address, topic, [b"of nobody"])
    loaded = load(server.elsewhere(tmp_path / "loader"), running.address, topic)
    assert (loaded.events, loaded.others, loaded.quarantined) == (1, 1, 1)


def test_no_store_is_made_where_there_is_nothing(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    server.say("G1", 1)
    server.forward(running.address, topic)
    assert CHANNELS["G1"].kind == "private"
    assert server.log.forwarded() == server.log.last
    loader = server.elsewhere(tmp_path / "loader")
    make_topic(running.address, topic)
    load(loader, running.address, topic)
    assert not store.exists(loader.store)
