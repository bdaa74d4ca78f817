"""What the tests of schedules share: an environment without settings, and signals as they were."""

import signal
from collections.abc import Generator

import pytest
from busy_slack import BusySlack, busy_slack

_SETTINGS = (
    "HUBBUB_HOME", "HUBBUB_WORKSPACE", "HUBBUB_PRIVACY", "HUBBUB_TIMEZONE", "SLACK_BOT_TOKEN",
    "SLACK_USER_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def slack() -> Generator[BusySlack]:
    """A Slack that asks everybody to come again in ten minutes."""
    with busy_slack() as server:
        yield server
