"""After a run the store holds what Slack holds: nothing is lost, kept too long or asked twice."""

from collections import Counter
from pathlib import Path

from collected import DAY, collector, community, unlike


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
