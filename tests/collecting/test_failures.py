"""What goes wrong is said with its fix and the right exit code; what was fetched is kept."""

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from collected import DAY, NOW, Collector, collector, community, differences, grove, stored, unlike
from msgspec.structs import replace

from hubbub.errors import Exit, HubbubError, TryAgain, UsageError
from hubbub.flows.collecting import Status, collect
from hubbub.flows.importing import import_archive
from hubbub.settings import Settings
from hubbub.simulator.simulator import Simulator
from hubbub.slack.pace import RealTime

pytestmark = pytest.mark.long


def spoken(here: Collector, number: int = 40) -> None:
    """Let both members talk in both channels."""
    for count in range(number):
        here.simulator.clock.advance(60)
        for channel_id in ("C1", "C2"):
            root = here.simulator.acts.post(channel_id, "U1", f"message {count}")["ts"]
            if count % 4 == 0:
                here.simulator.acts.reply(channel_id, root, "U2", "reply")


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "not_in_channel"])
def test_one_channel_does_not_stop_the_others(tmp_path: Path, code: str) -> None:
    with collector(grove(), tmp_path) as here:
        spoken(here)
        here.simulator.faults.add(
            "conversations.history", error=code, times=None, given={"channel": "C1"}
        )
        report = here.collect()
        assert report.exit is Exit.FAILED
        assert [(each.where, each.code) for each in report.troubles] == [("#c1", code)]
        assert here.alive("C2") == here.said("C2")
        here.simulator.faults.clear()
        assert here.collect().exit is Exit.DONE
        assert unlike(here) == []


def test_trouble_at_slack_is_exit_4(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        spoken(here)
        here.simulator.faults.add(
            "conversations.history", status=503, times=None, given={"channel": "C2"}
        )
        report = here.collect()
        assert report.exit is Exit.TRY_AGAIN
        assert [each.where for each in report.troubles] == ["#c2"]
        assert here.alive("C1") == here.said("C1")


def test_channels_that_are_gone_are_said_once(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        spoken(here)
        here.collect()
        before = here.alive("C1")
        here.simulator.acts.remove_channel("C1")
        report = here.collect()
        assert (report.exit, [each.where for each in report.troubles]) == (Exit.FAILED, ["#c1"])
        assert here.collect().exit is Exit.DONE
        assert here.alive("C1") == before


def test_a_wrong_token(tmp_path: Path) -> None:
    with collector(grove(), tmp_path, token="xoxp-stolen") as here:
        with pytest.raises(HubbubError, match="invalid_auth") as told:
            here.collect()
        assert told.value.exit is Exit.FAILED
        assert "SLACK_USER_TOKEN" in told.value.fix
        assert "xoxp-stolen" not in str(told.value)


def test_a_token_revoked_in_mid_run(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        spoken(here)
        here.simulator.faults.add(
            "conversations.replies", error="token_revoked", skip=5, times=None
        )
        with pytest.raises(HubbubError, match="token_revoked") as told:
            here.collect()
        assert told.value.exit is Exit.FAILED
        assert "was fetched is kept" in told.value.fix
        kept = len(here.alive("C1")) + len(here.alive("C2"))
        assert kept == 85, "80 roots of both channels, and 5 of 20 threads"
        assert here.ask("SELECT outcome FROM store.runs") == [("failed",)]
        here.simulator.faults.clear()
        here.forget()
        here.collect()
        assert len(here.asked("conversations.replies")) == 15
        assert unlike(here) == []


def test_a_missing_scope_says_which(tmp_path: Path) -> None:
    simulator = grove()
    token = simulator.add_token("user", scopes=["channels:read", "users:read"])
    with collector(simulator, tmp_path, token=token) as here:
        report = here.collect()
        assert report.exit is Exit.FAILED
        assert {each.where for each in report.troubles} == {"#c1", "#c2"}
        assert all("channels:history" in each.fix for each in report.troubles)


def test_private_channels_without_their_scope_do_not_stop_the_public_ones(tmp_path: Path) -> None:
    simulator = grove()
    scopes = ["channels:read", "channels:history", "users:read", "reactions:read"]
    with collector(simulator, tmp_path, token=simulator.add_token("user", scopes=scopes)) as here:
        spoken(here, 4)
        here.settings = replace(
            here.settings, privacy={"preset": "open", "private_channels": ["P1"]}
        )
        report = here.collect()
        assert report.exit is Exit.FAILED
        assert [(each.where, each.code) for each in report.troubles] == [
            ("the directory", "missing_scope")
        ]
        assert "groups:read" in report.troubles[0].fix
        assert here.alive("C1") == here.said("C1")


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with collector(grove(), tmp_path) as here:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        monkeypatch.setenv("SLACK_API_URL", f"http://127.0.0.1:{port}/api/")
        with pytest.raises(TryAgain, match="cannot be reached") as told:
            here.collect()
        assert told.value.exit is Exit.TRY_AGAIN
        assert "SLACK_API_URL" in told.value.fix


def test_a_wrong_clock_is_put_right(tmp_path: Path) -> None:
    """The machine's clock is years behind Slack's: the runs are noted by Slack's."""
    with collector(grove(), tmp_path) as here:
        spoken(here, 3)
        here.simulator.clock.move_to(NOW + 3650 * DAY)
        report = collect(here.settings, clock=RealTime(Event()))
        assert report.exit is Exit.DONE
        begun = here.ask("SELECT epoch(started_at) FROM store.runs")[0][0]
        assert abs(begun - here.simulator.clock.now()) < 60
        assert here.alive("C1") == here.said("C1")


def test_a_run_that_is_stopped_before_it_knows_the_workspace(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        spoken(here, 3)
        here.collect()
        stop = Event()
        stop.set()
        with pytest.raises(KeyboardInterrupt):
            collect(here.settings, clock=here.simulator.clock, stop=stop)
        assert here.collect().exit is Exit.DONE


def test_a_token_of_another_workspace_is_refused(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        here.collect()
        here.simulator.workspace.team["id"] = "T2"
        with pytest.raises(HubbubError, match="holds the workspace"):
            here.collect()


@pytest.mark.parametrize("room", [0, 200, 3000])
@pytest.mark.parametrize("raw", [False, True])
def test_a_full_disk(mount: Callable[[str], Path], room: int, *, raw: bool) -> None:
    home = mount("size=100000k") / "home"
    with collector(grove(), home, raw=raw) as here:
        spoken(here, 5)
        here.collect()
        before = here.alive("C1")
        used = sum(path.stat().st_blocks for path in home.rglob("*")) // 2
        mount(f"size={used + room}k")
        for each in range(3):
            here.simulator.acts.post("C1", "U1", f"{each} " * 100_000)
            spoken(here, 8)
        with pytest.raises(HubbubError) as told:
            here.collect()
        assert told.value.exit is Exit.FAILED
        assert "oom on the disk" in told.value.fix or "Make room" in told.value.fix
        mount("size=100000k")
        assert here.alive("C1") >= before
        assert here.collect().exit is Exit.DONE
        here.collect()
        assert unlike(here) == []


# The capped class


def test_the_capped_class_finishes_and_says_how_long(tmp_path: Path) -> None:
    """15 objects and a call a minute: C1 and C2 have 100 and 10 messages, 25 and 3 threads."""
    simulator = grove(app_class="unlisted")
    told: list[Status] = []
    with collector(simulator, tmp_path) as here:
        spoken(here, 50)
        here.simulator.clock.advance(60)
        begun, stop = simulator.clock.now(), Event()

        def seen(status: Status) -> None:
            told.append(status)
            if status.calls in {12, 30}:
                stop.set()

        report = None
        for _ in range(6):
            stop.clear()
            report = collect(here.settings, clock=simulator.clock, stop=stop, progress=seen)
            if not report.is_interrupted:
                break
        assert report is not None
        assert (report.exit, report.is_capped) == (Exit.DONE, True)
        assert unlike(here) == []
        assert len(simulator.calls.limited()) <= 1
        # 2 × 4 pages of history and 26 threads side by side, a call a minute: 25 minutes of waiting
        assert simulator.clock.now() - begun < 32 * 60
        half = told[len(told) // 2]
        assert 5 * 60 <= half.seconds_left <= 40 * 60


def test_small_channels_show_the_capped_class_too(tmp_path: Path) -> None:
    """No page has 15 objects and a cursor: that calls are refused for a minute tells."""
    simulator = grove(app_class="unlisted")
    for number in range(6):
        simulator.acts.create_channel(f"small{number}", "U1")
    with collector(simulator, tmp_path) as here:
        spoken(here, 5)
        here.collect()
        assert unlike(here) == []
        assert len(simulator.calls.limited()) <= 2, "one of each method"


# What is kept besides


def test_raw_responses_give_the_same_tables(tmp_path: Path) -> None:
    simulator = community()
    simulator.backend.listed_reactors = 1
    with collector(simulator, tmp_path / "collected", raw=True) as here:
        here.collect()
        messages = simulator.workspace.messages
        for channel_id in [each for each, said in messages.items() if len(said) > 8][:3]:
            root = next(each for each in messages[channel_id] if "subtype" not in each)
            simulator.acts.delete(channel_id, root["ts"])
        here.collect()
        runs = sorted(path for path in here.settings.raw.iterdir())
        assert [run.name for run in runs] == [report.run_id for report in here.reports]
        imported = Settings(tmp_path / "imported", "grove", privacy={"preset": "open"})
        for run in reversed(runs):
            import_archive(imported, run)
        assert differences(stored(imported), stored(here.settings)) == []
        for path in here.settings.home.rglob("*"):
            assert path.is_dir() or here.token.encode() not in path.read_bytes()


def test_raw_responses_are_refused_where_the_policy_forbids_them(tmp_path: Path) -> None:
    with (
        collector(grove(), tmp_path, preset="standard", raw=True) as here,
        pytest.raises(UsageError),
    ):
        here.collect()


def test_pseudonyms_and_lists_of_channels_hold(tmp_path: Path) -> None:
    simulator: Simulator = grove()
    with collector(simulator, tmp_path, preset="strict") as here:
        spoken(here, 5)
        privacy = here.settings.privacy | {"only_channels": ["c2"]}
        here.settings = replace(here.settings, privacy=privacy)
        here.collect()
        assert here.alive("C1") == set()
        assert here.alive("C2") == here.said("C2")
        here.collect()
        authors = {user for (user,) in here.ask("SELECT DISTINCT user_id FROM messages")}
        assert not authors & {"U1", "U2"}
        for path in here.settings.folder.rglob("*"):
            assert path.is_dir() or b"olive" not in path.read_bytes()
