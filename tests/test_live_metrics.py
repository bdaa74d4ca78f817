"""Metrics of the dashboard where the golden town says nothing: links into Slack, reactions that
events have told, a score of the workspace's own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hubbub.flows.importing import import_archive
from hubbub.flows.measuring import measure
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.invented import write_export

ASKED, REPLIED = "1772442000.000100", "1772445600.000200"
"""U1's question of 2 March 2026, 09:00 UTC, with U2's reaction, and U2's reply of 10:00."""
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
METRICS_PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
Rows = list[dict[str, Any]]


@pytest.fixture
def community(tmp_path: Path) -> Callable[..., Settings]:
    """Makes settings of an invented workspace whose address is known, as collecting makes it."""

    def make(preset: str = "open") -> Settings:
        privacy: dict[str, Any] = {"preset": preset, "smallest_group": 1}
        if preset == "strict":
            privacy["only_channels"] = ["general", "garden"]
        settings = Settings(tmp_path / preset, "default", privacy=privacy)
        import_archive(settings, write_export(tmp_path / "export"))
        with store.writing(settings.store) as connection:
            connection.execute(
                "INSERT INTO store.workspace (team_id, url) VALUES ('T1', 'https://x.slack.com/')"
            )
        return settings

    return make


def rows(settings: Settings, metric: str, **given: str) -> Rows:
    return measure(settings, metric, {"as_of": "latest", **given}).rows.to_pylist()


def links(told: Rows) -> dict[str, tuple[str | None, str | None]]:
    return {row["ts"]: (row["permalink"], row["profile"]) for row in told}


def test_activity_leads_to_the_message_and_to_the_member(
    community: Callable[..., Settings],
) -> None:
    found = links(rows(community(), "recent_activity", channel="general"))
    at = "https://x.slack.com/archives/C1/p"
    assert found == {
        REPLIED: (
            f"{at}1772445600000200?thread_ts={ASKED}&cid=C1",
            "https://x.slack.com/team/U2",
        ),
        ASKED: (f"{at}1772442000000100", "https://x.slack.com/team/U1"),
    }


def test_an_unanswered_question_leads_to_itself_and_to_who_asked(
    community: Callable[..., Settings],
) -> None:
    settings = community()
    with store.writing(settings.store) as connection:
        connection.execute("DELETE FROM store.messages WHERE ts = $1", [REPLIED])
    found = links(rows(settings, "unanswered"))
    assert found == {
        ASKED: ("https://x.slack.com/archives/C1/p1772442000000100", "https://x.slack.com/team/U1")
    }


def test_pseudonyms_have_no_profile_and_dropped_texts_are_empty(
    community: Callable[..., Settings],
) -> None:
    told = rows(community("strict"), "recent_activity", channel="general")
    assert [row["profile"] for row in told] == [None, None]
    assert [row["text"] for row in told] == [None, None]
    assert all(row["permalink"].startswith("https://x.slack.com/archives/C1/p") for row in told)


def reacted(settings: Settings, member: str, name: str, at: datetime, *, is_there: bool) -> None:
    """An event of a reaction to U1's question, as the merge leaves it."""
    with store.writing(settings.store) as connection:
        connection.execute(
            "INSERT INTO store.reaction_changes "
            "(channel_id, ts, user_id, name, is_there, changed_at) VALUES ('C1', ?, ?, ?, ?, ?)",
            [ASKED, member, name, is_there, at],
        )
        if is_there:
            connection.execute(
                "INSERT INTO store.reactions (channel_id, ts, user_id, name) "
                "VALUES ('C1', ?, ?, ?)",
                [ASKED, member, name],
            )


@pytest.mark.parametrize(("at", "is_there", "active"), [
    # at ten U2 replies; U1 reacts to a message that is an hour old
    (TEN - timedelta(minutes=5), True, (2, 1)),
    (TEN - timedelta(minutes=20), True, (1, 0)),
    (TEN - timedelta(minutes=5), False, (1, 0)),
])  # fmt: skip
def test_a_reaction_that_an_event_told_counts_at_its_own_time(
    community: Callable[..., Settings], at: datetime, is_there: bool, active: tuple[int, int]
) -> None:
    settings = community()
    reacted(settings, "U1", "eyes", at, is_there=is_there)
    (now,) = rows(settings, "active_now", as_of="2026-03-02T10:00:01Z")
    assert (now["members"], now["reactions"]) == active


def test_a_late_reaction_to_a_new_message_is_not_of_its_time(
    community: Callable[..., Settings],
) -> None:
    settings = community()
    reacted(settings, "U2", "eyes", TEN, is_there=True)
    # at nine U1 asks, and U2's seedling, whose own time nobody knows, counts there
    (now,) = rows(settings, "active_now", as_of="2026-03-02T09:01:00Z")
    assert (now["members"], now["reactions"]) == (2, 1)


def test_a_workspace_has_a_score_of_its_own_as_the_documentation_says(
    community: Callable[..., Settings],
) -> None:
    text = METRICS_PAGE.read_text(encoding="utf-8")
    (formula,) = (
        block for block in text.split("```sql\n")[1:] if "of a hundred questions" in block
    )
    settings = community()
    folder = settings.pack / "metrics"
    folder.mkdir(parents=True)
    (folder / "health_score.sql").write_text(formula.partition("```")[0], encoding="utf-8")
    # the newest message is of 3 March, 09:00, a day after the question, which U2 answered
    assert rows(settings, "health_score") == [{"score": 100, "questions": 1}]
    assert rows(settings, "health_score", as_of="2026-03-03") == [{"score": 100, "questions": 1}]
    assert rows(settings, "health_score", as_of="2026-03-02") == [{"score": None, "questions": 0}]
