"""Who the members are, asked of Slack before any text is kept."""

from pathlib import Path
from threading import Event

import msgspec
import pytest
from tests.live.receiving import grove

from hubbub.errors import TryAgain, UsageError
from hubbub.flows.asking_members import directory
from hubbub.flows.gates import Gates
from hubbub.settings import Settings
from hubbub.slack.api import Slack, Token


def test_all_members_come_page_by_page() -> None:
    simulator = grove()
    bot = simulator.add_token("bot")
    with simulator.serve():
        envelopes = [*directory(Slack(Token("bot", "the test", bot), simulator.url), Event())]
    members = [each for page in envelopes for each in msgspec.json.decode(page.payload)["members"]]
    assert {"U1", "U2"} < {each["id"] for each in members}


@pytest.mark.parametrize("trouble", ["revoked", "without the scope"])
def test_of_a_token_that_never_lists_them_no_text_is_kept(tmp_path: Path, trouble: str) -> None:
    simulator = grove()
    scopes = ["channels:read"] if trouble == "without the scope" else None
    bot = simulator.add_token("bot", scopes=scopes)
    if trouble == "revoked":
        simulator.tokens.put(bot, "revoked")
    settings = Settings(tmp_path, "grove", privacy={"preset": "standard", "names": False})
    with simulator.serve():
        slack = Slack(Token("bot", "the test", bot), simulator.url)
        gates = Gates(settings, lambda: directory(slack, Event()))
        with pytest.raises(UsageError, match="no text is kept"):
            gates.prepare()
    gate = gates.current()
    assert gate is not None, "events are taken all the same: Slack gives up on who refuses all"
    assert gate.scrubber is None


def test_slack_that_is_away_is_asked_again(tmp_path: Path) -> None:
    slack = Slack(Token("bot", "the test", "xoxb-none"), "http://127.0.0.1:9/api/")
    gates = Gates(
        Settings(tmp_path, "grove", privacy={"preset": "standard", "names": False}),
        lambda: directory(slack, Event()),
    )
    with pytest.raises(TryAgain):
        gates.prepare()
    assert gates.current() is None, "nothing is admitted until it is known"
