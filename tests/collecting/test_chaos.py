"""Runs that meet random faults and `kill -9`, while people go on talking and taking back what they
said: in the end the store is what Slack is.

A seed that fails is run alone by `pytest tests/collecting/test_chaos.py -k seed17`; `make soak`
runs 200 of them.
"""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from collected import DAY, Collector, collector, community, held, stored, unlike
from tests.parts import IS_SOAK

from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw

pytestmark = pytest.mark.long

SEEDS = 200 if IS_SOAK else 3
ROUNDS = 4 if IS_SOAK else 2
IN_PROCESS = Path(__file__).with_name("in_process.py")
EMOJI = ("tada", "wave", "+1", "eyes")


def seeds(number: int) -> pytest.MarkDecorator:
    """So many seeds, named for `-k`."""
    return pytest.mark.parametrize(
        "seed", range(number), ids=[f"seed{seed}" for seed in range(number)]
    )


@seeds(SEEDS)
def test_whatever_happens_the_store_becomes_what_slack_is(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    simulator = community(seed, members=rng.randint(6, 10), days=rng.randint(3, 10))
    for channel in simulator.workspace.channels[6:]:
        simulator.acts.remove_channel(channel["id"])
    simulator.backend.listed_reactors = rng.choice((1, 2, 50))
    with collector(simulator, tmp_path) as here:
        alive: set[tuple[str, str]] = set()
        for _ in range(rng.randint(1, ROUNDS)):
            if rng.random() < 0.7:
                simulator.faults.chaos(rng.randrange(1000), rng.choice((0.05, 0.2)))
            killed_somewhere(here, rng)
            simulator.faults.clear()
            check_nothing_is_lost(here, alive)
            live(here, rng)
            simulator.clock.advance(rng.choice((60, 3600, DAY, 8 * DAY)))
        here.collect()
        assert here.collect().exit == 0
        changed = [line for line in unlike(here) if not is_unseen(here, line)]
        assert not changed, "\n".join(changed)
        here.collect(full_refresh=True)
        assert not (left := unlike(here)), "\n".join(left)
        assert not deleted(here) & {key for key, row in held(simulator)["messages"].items()
                                    if row["deleted_at"] is None}  # fmt: skip
        check_no_token_is_kept(here)


def started(here: Collector, pages: int = 0) -> "subprocess.Popen[str]":
    """A collection in its own process."""
    return subprocess.Popen(
        [sys.executable, str(IN_PROCESS), str(here.settings.home), str(pages)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finished(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """How it ended, and what it said."""
    said, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors, errors
    return process.returncode, said + errors


def killed_somewhere(here: Collector, rng: random.Random) -> int:
    """Start a collection and kill it after some call, or let it end; returns the calls made."""
    calls, before = here.simulator.calls, here.simulator.calls.count()
    most = before + int(120 ** rng.random())
    process = started(here, rng.choice((0, 3, 10, 40)))
    while process.poll() is None and calls.count() < most:
        time.sleep(0.002)
    time.sleep(rng.choice((0.0, 0.01, 0.05, 0.3)))
    process.send_signal(signal.SIGKILL)
    code, said = finished(process)
    assert code in {-signal.SIGKILL, 0, 1, 4}, said
    return calls.count() - before


def check_nothing_is_lost(here: Collector, alive: set[tuple[str, str]]) -> None:
    """What the store had and Slack still has, the store still has."""
    if not here.settings.store.exists():
        return
    there = {
        (channel["id"], message["ts"])
        for channel in here.simulator.workspace.channels
        for message in here.simulator.workspace.messages[channel["id"]]
        if message.get("subtype") != "tombstone"
    }
    found = {(c, ts) for c, ts in here.ask(
        "SELECT channel_id, ts FROM messages WHERE deleted_at IS NULL")}  # fmt: skip
    assert (alive & there) <= found
    alive |= found


def deleted(here: Collector) -> set[tuple[str, str]]:
    """The messages that the store holds as deleted."""
    return {(c, ts) for c, ts in here.ask(
        "SELECT channel_id, ts FROM messages WHERE deleted_at IS NOT NULL")}  # fmt: skip


def is_unseen(here: Collector, line: str) -> bool:
    """Whether a difference is one that no sweep can see: an edited reply, or reactions to one, and
    reactors who changed places where a message does not name them."""
    replies = {
        f"'{message['ts']}'"
        for messages in here.simulator.workspace.messages.values()
        for message in messages
        if message.get("thread_ts", message["ts"]) != message["ts"]
    }
    table = line.partition(" ")[0]
    if table == "reactions" and here.simulator.backend.listed_reactors < 50:
        return True
    hanging = {"messages", "reactions", "mentions", "links", "shares"}
    is_gone = table == "messages" and ("missing" in line or "too much" in line)
    return table in hanging and not is_gone and any(ts in line for ts in replies)


def check_no_token_is_kept(here: Collector) -> None:
    """Tokens never reach the disk."""
    for path in here.settings.home.rglob("*"):
        if path.is_file():
            assert here.token.encode() not in path.read_bytes(), path


# What people do


def live(here: Collector, rng: random.Random) -> None:
    """Let people do some things; what cannot be done is left."""
    acts, workspace = here.simulator.acts, here.simulator.workspace
    public = [c["id"] for c in workspace.channels if not (c["is_im"] or c["is_private"])]
    people = [user["id"] for user in workspace.users if not user.get("is_bot")]

    def any_message(channel_id: str, *, root: bool = False) -> Raw | None:
        messages = [
            each for each in workspace.messages[channel_id]
            if each.get("subtype") != "tombstone" and (not root or each.get("reply_count"))
        ]  # fmt: skip
        return rng.choice(messages) if messages else None

    def unthread(channel_id: str) -> None:
        if root := any_message(channel_id, root=True):
            for each in [*workspace.messages[channel_id]]:
                if each.get("thread_ts") == root["ts"] != each["ts"]:
                    acts.delete(channel_id, each["ts"])
            if rng.random() < 0.5:
                acts.delete(channel_id, root["ts"])

    def on(act: Callable[[str, str], object], *, root: bool = False) -> Callable[[str], object]:
        def do(channel_id: str) -> None:
            if message := any_message(channel_id, root=root):
                act(channel_id, message["ts"])

        return do

    def who() -> str:
        return rng.choice(people)

    deeds: list[Callable[[str], object]] = [
        lambda channel: acts.post(channel, who(), f"{rng.random()} <@{who()}> ok? https://x.org"),
        on(
            lambda channel, ts: acts.reply(channel, ts, who(), "late", broadcast=rng.random() < 0.2)
        ),
        on(lambda channel, ts: acts.edit(channel, ts, f"<https://example.org/{rng.random()}>")),
        on(acts.delete),
        on(acts.delete, root=True),
        on(lambda channel, ts: acts.react(channel, ts, who(), rng.choice(EMOJI))),
        on(lambda channel, ts: acts.unreact(channel, ts, who(), rng.choice(EMOJI))),
        unthread,
        lambda channel: acts.join(channel, who()),
        lambda channel: acts.leave(channel, rng.choice(workspace.members[channel])),
        lambda channel: acts.set_topic(channel, f"topic {rng.random()}", who()),
        lambda channel: acts.rename(channel, f"name-{rng.randrange(10**6)}", who()),
        lambda _: acts.change_profile(who(), display_name=f"somebody {rng.random()}"),
        lambda _: acts.add_user(f"new{rng.randrange(10**6)}"),
        lambda channel: acts.archive(channel, who()),
        lambda channel: acts.unarchive(channel, who()),
    ]
    for _ in range(rng.randint(5, 40)):
        here.simulator.clock.advance(rng.choice((1, 60, 600)))
        channel_id = rng.choice(public)
        is_closed = acts.channel(channel_id)["is_archived"]
        try:
            rng.choice(deeds[-1:] if is_closed else deeds)(channel_id)
        except (Refusal, IndexError, ValueError):
            continue


@seeds(SEEDS // 3)
def test_a_killed_run_repeats_the_page_in_flight_at_most(tmp_path: Path, seed: int) -> None:
    """Of each stream, that is of each channel's history and each thread, one page at most."""
    rng = random.Random(f"kill {seed}")
    simulator = community(seed)
    for channel in simulator.workspace.channels[12:]:
        simulator.acts.remove_channel(channel["id"])
    with collector(simulator, tmp_path) as here:
        for _ in range(rng.randint(1, 2)):
            killed_somewhere(here, rng)
        assert finished(started(here))[0] == 0
        assert unlike(here) == []
        assert not simulator.calls.limited()
        directory = {"auth.test", "conversations.list", "users.list", "usergroups.list"}
        asked = Counter(
            (call.method, call.arguments.get("channel"),
             call.arguments.get("ts", call.arguments.get("timestamp")),
             call.arguments.get("cursor"), call.arguments.get("oldest"))
            for call in simulator.calls.made()
            if call.method not in directory
        )  # fmt: skip
        runs = simulator.calls.count("auth.test")
        again = [call for call, number in asked.items() if number > 1]
        in_flight = Counter(call[0] for call in again)
        assert all(number <= runs - 1 for number in in_flight.values()), again


def test_the_program_says_how_it_went(tmp_path: Path) -> None:
    with collector(community(), tmp_path) as here:
        code, said = finished(started(here))
        told = json.loads(said)
        assert (code, told["calls"]["auth.test"]) == (0, 1)
        assert stored(here.settings)["messages"]
