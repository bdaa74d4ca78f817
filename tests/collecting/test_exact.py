"""After a run the store holds what Slack holds: nothing is lost, kept too long or asked twice."""

from collections import Counter
from pathlib import Path

from bench import collecting
from collected import DAY, collector, community, unlike

from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator


def test_a_first_run_collects_everything(tmp_path: Path) -> None:
    with collector(community(members=20, days=30), tmp_path) as here:
        report = here.collect()
        assert report.exit == 0
        assert unlike(here) == []
        asked = Counter(
            (call.method, *sorted(call.arguments.items())) for call in here.simulator.calls.made()
        )
        assert max(asked.values()) == 1, "something was asked twice"
        assert not here.simulator.calls.limited()
        here.forget()
        assert here.collect(later=DAY).exit == 0
        assert unlike(here) == []
        assert not here.asked("conversations.replies")
        assert not here.asked("reactions.get")


def test_calls_and_time_are_about_the_least(tmp_path: Path) -> None:
    """A tenth of the reference load: 5 channels of 40 roots, 60 threads of 5 replies.

    By hand: 5 pages, 5 lists of members, 60 threads, and auth.test, conversations.list, users.list,
    usergroups.list; 60 threads at 50 a minute take 72 seconds. A day later the 5 pages, 8 threads
    and those 4.
    """
    made = collecting.workspace(5, 40, 60, 5)
    simulator = Simulator(made, clock=Clock.manual(collecting.NOW))
    with collector(simulator, tmp_path) as here:
        first = here.collect()
        assert sum(first.calls.values()) == 5 + 5 + 60 + 4
        assert first.seconds <= 72 / 0.95
        for channel in made.channels[:4]:
            messages = made.messages[channel["id"]]
            for root in [each for each in messages if "reply_count" in each][-2:]:
                simulator.acts.reply(channel["id"], root["ts"], made.users[0]["id"], "late")
        later = here.collect(later=DAY)
        assert sum(later.calls.values()) == 5 + 8 + 4
        assert unlike(here) == []
        assert not simulator.calls.limited()
