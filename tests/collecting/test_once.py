"""Nothing is asked twice, and of two observations the later is right."""

from collections import Counter
from pathlib import Path

from collected import DAY, Collector, collector, grove, unlike

from hubbub.simulator.simulator import Simulator


def asked_twice(here: Collector) -> list[str]:
    """Calls that were made more than once with the same arguments."""
    calls = Counter(
        (call.method, *sorted(call.arguments.items())) for call in here.simulator.calls.made()
    )
    return [f"{call}: {number}" for call, number in calls.items() if number > 1]


def liked(here: Collector, ts: str, number: int) -> None:
    """Let so many others like a message of C1."""
    for user in range(number):
        here.simulator.acts.react("C1", ts, f"U1{user}", "tada")


def with_people(number: int = 9) -> Simulator:
    """C1 and C2 with so many more people, of whom messages name two for each reaction."""
    simulator = grove(listed_reactors=2)
    for user in range(number):
        simulator.acts.add_user(f"user{user}", id=f"U1{user}")
    return simulator


def test_reactions_are_asked_for_only_where_some_are_not_named(tmp_path: Path) -> None:
    simulator = with_people()
    with collector(simulator, tmp_path) as here:
        acts = simulator.acts
        root = acts.post("C1", "U1", "root")["ts"]
        simulator.clock.advance(60)
        reply = acts.reply("C1", root, "U2", "reply")["ts"]
        broadcast = acts.reply("C1", root, "U2", "to all", broadcast=True)["ts"]
        plain = acts.post("C1", "U1", "plain")["ts"]
        liked(here, root, 5)
        liked(here, reply, 4)
        liked(here, broadcast, 3)
        liked(here, plain, 2)
        here.collect()
        assert {each["timestamp"] for each in here.asked("reactions.get")} == {
            root, reply, broadcast,
        }  # fmt: skip
        assert asked_twice(here) == []
        assert unlike(here) == []
        for later in (60.0, DAY):
            here.forget()
            here.collect(later=later)
            assert here.asked("reactions.get") == []
            assert unlike(here) == []
        liked(here, root, 6)
        here.forget()
        here.collect()
        assert [each["timestamp"] for each in here.asked("reactions.get")] == [root]
        assert unlike(here) == []


def test_reactions_that_are_taken_back(tmp_path: Path) -> None:
    simulator = with_people()
    with collector(simulator, tmp_path) as here:
        said = [simulator.acts.post("C1", "U1", f"message {each}")["ts"] for each in range(4)]
        for ts in said:
            liked(here, ts, 4)
        here.collect()
        simulator.acts.unreact("C1", said[0], "U13", "tada")
        for user in range(2):
            simulator.acts.unreact("C1", said[1], f"U1{user}", "tada")
        for user in range(4):
            simulator.acts.unreact("C1", said[2], f"U1{user}", "tada")
        here.collect()
        assert unlike(here) == []


def test_a_reaction_taken_back_and_another_given(tmp_path: Path) -> None:
    """The counts stay the same, and so does what the page names: only a full refresh sees it."""
    simulator = with_people()
    with collector(simulator, tmp_path) as here:
        ts = simulator.acts.post("C1", "U1", "message")["ts"]
        liked(here, ts, 4)
        here.collect()
        simulator.acts.unreact("C1", ts, "U13", "tada")
        simulator.acts.react("C1", ts, "U17", "tada")
        here.collect(full_refresh=True)
        assert unlike(here) == []


def test_reactions_that_go_before_they_are_asked_for(tmp_path: Path) -> None:
    simulator = with_people()
    with collector(simulator, tmp_path) as here:
        ts = simulator.acts.post("C1", "U1", "message")["ts"]
        liked(here, ts, 4)

        def take_back(asked: object) -> bool:
            for user in range(4):
                simulator.acts.unreact("C1", ts, f"U1{user}", "tada")
            return False

        simulator.faults.add("reactions.get", when=take_back)
        here.collect()
        assert unlike(here) == []


def test_a_thread_that_is_pending_is_read_once(tmp_path: Path) -> None:
    simulator = grove()
    with collector(simulator, tmp_path) as here:
        roots = [simulator.acts.post("C1", "U1", f"root {each}")["ts"] for each in range(5)]
        simulator.clock.advance(60)
        for root in roots:
            simulator.acts.reply("C1", root, "U2", "reply")
        simulator.faults.add("conversations.replies", error="internal_error", times=6, skip=2)
        assert here.collect().exit == 4
        here.forget()
        assert here.collect(later=DAY).exit == 0
        assert len(here.asked("conversations.replies")) == 1
        assert asked_twice(here) == []
        assert unlike(here) == []


def test_a_hole_in_a_thread_is_filled(tmp_path: Path) -> None:
    simulator = grove()
    with collector(simulator, tmp_path) as here:
        root = simulator.acts.post("C1", "U1", "root")["ts"]
        for each in range(3):
            simulator.clock.advance(60)
            simulator.acts.reply("C1", root, "U2", f"reply {each}")
        messages = simulator.workspace.messages["C1"]
        lost = messages[2]
        calls: list[object] = []

        def hole(asked: object) -> bool:
            calls.append(asked)
            if len(calls) == 1:
                messages.remove(lost)
            elif lost not in messages:
                messages.insert(2, lost)
            return False

        simulator.faults.add("conversations.replies", when=hole)
        here.collect()
        assert unlike(here) == []
        assert len(calls) == 2


def test_profiles_names_and_members_follow_slack(tmp_path: Path) -> None:
    simulator = grove()
    with collector(simulator, tmp_path) as here:
        acts = simulator.acts
        acts.add_user("clara", id="U3")
        acts.join("C1", "U3")
        here.collect()
        assert unlike(here) == []
        simulator.clock.advance(60)
        acts.change_profile("U2", display_name="Bram B.", real_name="Bram")
        acts.rename("C1", "harbour", "U1")
        acts.set_topic("C2", "tides", "U1")
        acts.leave("C1", "U3")
        here.collect()
        assert unlike(here) == []
        simulator.clock.advance(60)
        acts.join("C1", "U3")
        acts.leave("C1", "U2")  # as many as before
        acts.deactivate("U2")
        here.collect()
        assert unlike(here) == []


def test_a_thread_that_stops_being_one(tmp_path: Path) -> None:
    """Slack may take `thread_ts` from a root that has lost its replies."""
    simulator = grove()
    with collector(simulator, tmp_path) as here:
        root = simulator.acts.post("C1", "U1", "root")["ts"]
        simulator.clock.advance(60)
        reply = simulator.acts.reply("C1", root, "U2", "reply")["ts"]
        here.collect()
        simulator.acts.delete("C1", reply)
        message = simulator.acts.message("C1", root)
        for name in ("thread_ts", "reply_count", "latest_reply", "reply_users"):
            del message[name]
        here.collect()
        assert here.alive("C1") == {root}
        here.forget()
        here.collect()
        assert here.asked("conversations.replies") == []
