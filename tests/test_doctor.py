"""`hubbub doctor`: each trouble is provoked, and found with its fix."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from hubbub.charts.fonts import Script
from hubbub.cli.program import run
from hubbub.core.batch import Admitted, Batch
from hubbub.core.findings import Finding, some
from hubbub.errors import HubbubError
from hubbub.flows import checking
from hubbub.flows.checking import examine
from hubbub.flows.collecting import collect
from hubbub.flows.starting import start
from hubbub.privacy.gate import Gate
from hubbub.privacy.policy import PRESETS
from hubbub.settings import Collecting, Sending, Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace
from hubbub.simulator.tokens import Standing, TokenKind
from hubbub.stores import duckdb as store
from hubbub.stores.journal import Journal

_PUBLIC = ["channels:read", "channels:history", "users:read", "usergroups:read", "reactions:read"]
_TOKEN = re.compile(r"xox[bp]-simulated")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUBBUB_HOME", "HUBBUB_WORKSPACE", "HUBBUB_PRIVACY", "HUBBUB_TIMEZONE",
                 "SLACK_BOT_TOKEN", "SLACK_USER_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET",
                 "SLACK_API_URL"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def _grove(**options: Any) -> Simulator:
    """A workspace: C1 (40 messages, one of them with more reactions than are listed) and C2 are
    public, P1 private, D1 a DM and M1 a group DM of the owner, U1. It is now."""
    team: Raw = {"id": "T1", "name": "Grove", "domain": "grove"}
    options = {"clock": Clock.real(), "listed_reactors": 1} | options
    simulator = Simulator(Workspace(team, "UTC"), **options)
    acts = simulator.acts
    for user_id, name in (("U1", "olive"), ("U2", "bram"), ("U3", "cas")):
        acts.add_user(name, id=user_id, is_primary_owner=user_id == "U1")
    for channel_id, is_private in (("C1", False), ("C2", False), ("P1", True)):
        acts.create_channel(channel_id.lower(), "U1", private=is_private, id=channel_id)
    liked = acts.post("C1", "U1", "the first")["ts"]
    for number in range(39):
        acts.post("C1", "U1", f"message {number}")
    for user_id in ("U2", "U3"):
        acts.join("C1", user_id)
        acts.react("C1", liked, user_id, "seedling")
    acts.post("P1", "U1", "closed doors")
    for others in (["U2"], ["U2", "U3"]):
        channel, _ = acts.open_conversation(["U1", *others])
        acts.post(channel["id"], "U1", "between us")
    return simulator


def _direct(simulator: Simulator) -> list[str]:
    return [
        channel["id"]
        for channel in simulator.workspace.channels
        if channel.get("is_im") or channel.get("is_mpim")
    ]


class Clinic(NamedTuple):
    """A simulator that is served, a workspace's settings, and the way to examine it."""

    simulator: Simulator
    settings: Settings
    monkeypatch: pytest.MonkeyPatch

    def token(
        self,
        kind: TokenKind = "bot",
        scopes: list[str] | None = None,
        channels: tuple[str, ...] = ("C1", "C2"),
    ) -> str:
        """Make a token, and put it into the environment."""
        given = _PUBLIC if scopes is None else scopes
        token = self.simulator.add_token(
            kind, scopes=given, channels=channels if kind == "bot" else ()
        )
        self.monkeypatch.setenv(f"SLACK_{kind.upper()}_TOKEN", token)
        return token

    def findings(self, **changes: Any) -> list[Finding]:
        """All findings for the settings with some changes."""
        found = examine(replace(self.settings, **changes))
        assert not _TOKEN.search(repr(found))
        assert all(finding.fix for finding in found if finding.state == "problem")
        return found

    def the(self, check: str, state: str = "problem", **changes: Any) -> Finding:
        """The one finding of a check that is in that state."""
        (found,) = (
            each for each in self.findings(**changes) if (each.check, each.state) == (check, state)
        )
        return found


@contextmanager
def _opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Generator[Clinic]:
    settings = Settings(tmp_path / "home", "default")
    start(settings)
    with _grove(**options).serve() as simulator:
        monkeypatch.setenv("SLACK_API_URL", simulator.url)
        yield Clinic(simulator, settings, monkeypatch)


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    with _opened(tmp_path, monkeypatch) as opened:
        yield opened


def _troubles(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state != "ok" and finding.check != "fonts"]


def _leave(simulator: Simulator, channel_id: str) -> None:
    """Take the bot out of a channel, as if it had never been there."""
    members = simulator.workspace.members[channel_id]
    members[:] = [member for member in members if member in {"U1", "U2", "U3"}]


# All is well


def test_where_all_is_well_it_says_so_for_three_calls(clinic: Clinic) -> None:
    clinic.token()
    found = clinic.findings()
    assert _troubles(found) == []
    said = {finding.check: finding.found for finding in found}
    assert said["token"] == "A bot token, from SLACK_BOT_TOKEN."
    assert said["workspace"].startswith("Grove (T1), as hubbub")
    assert said["channels"] == "2 of 2 that it sees are chosen; all can be read."
    assert said["rate class"].startswith("Full pages")
    assert said["plan"] == "It hides nothing of #c1."
    assert {"settings", "scopes", "clock", "store", "disk", "folders", "fonts"} <= said.keys()
    assert [call.method for call in clinic.simulator.calls.made()] == [
        "auth.test", "conversations.list", "conversations.history",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "state", "said"),
    [
        ("SLACK_APP_TOKEN", "xapp-1-simulated", "ok", "Socket Mode"),
        ("SLACK_APP_TOKEN", "xoxb-1-simulated", "problem", "no app token"),
        ("SLACK_SIGNING_SECRET", "c0ffee", "ok", "/slack/events"),
        ("SLACK_SIGNING_SECRET", "", "ok", "None"),
    ],
)
def test_it_says_how_events_would_come(
    clinic: Clinic, name: str, value: str, state: str, said: str
) -> None:
    clinic.token()
    clinic.monkeypatch.setenv(name, value)
    found = clinic.the("events", state)
    assert said in found.found
    assert not value or value not in found.found


def test_it_says_when_members_cannot_choose_their_letters(clinic: Clinic) -> None:
    clinic.token()
    found = clinic.the("events", "note", send=Sending(letters=True))
    assert "hubbub privacy letters stop" in found.fix
    clinic.monkeypatch.setenv("SLACK_SIGNING_SECRET", "c0ffee")
    clinic.the("events", "ok", send=Sending(letters=True))


def test_nothing_is_written(clinic: Clinic) -> None:
    clinic.token()
    before = {path: path.read_bytes() for path in clinic.settings.home.rglob("*") if path.is_file()}
    clinic.findings()
    after = {path: path.read_bytes() for path in clinic.settings.home.rglob("*") if path.is_file()}
    assert before == after


# What the manifest asks for is exactly what is needed

_CONFIGURATIONS: list[tuple[dict[str, Any], dict[str, Any], TokenKind]] = [
    ({"preset": "standard"}, {}, "user"),
    ({"preset": "strict", "only_channels": ["c1"]}, {}, "bot"),
    ({"preset": "strict", "only_channels": ["c1"], "private_channels": ["P1"]}, {}, "user"),
    ({"private_channels": ["P1"]}, {}, "bot"),
    ({"contacts": True}, {}, "bot"),
    ({}, {"join": True}, "bot"),
    ({"preset": "open"}, {"files": True}, "bot"),
    ({"preset": "open", "direct": True}, {"raw": True}, "user"),
    ({"preset": "open", "private_channels": ["P1"], "contacts": True},
     {"join": True, "files": True, "raw": True}, "bot"),
    ({"preset": "open", "private_channels": ["P1"], "direct": True, "contacts": True},
     {"files": True}, "user"),
]  # fmt: skip

_TOGETHER_ALL = {0, 2, 8, 9}
"""Those in which each choice is met once."""

_UNSEEN_BY_COLLECT = {"users:read.email", "files:read", "usergroups:read"}
"""Scopes without which answers are silent, or all else goes on."""


@pytest.mark.parametrize(
    ("privacy", "collects", "kind"),
    [pytest.param(*each, marks=() if number in _TOGETHER_ALL else pytest.mark.soak)
     for number, each in enumerate(_CONFIGURATIONS)],
)  # fmt: skip
def test_a_token_with_the_manifests_scopes_collects_and_with_one_less_it_does_not(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    privacy: dict[str, Any],
    collects: dict[str, Any],
    kind: TokenKind,
) -> None:
    with _opened(tmp_path, monkeypatch, clock=Clock.manual(time.time())) as clinic:
        if privacy.pop("direct", False):
            privacy = privacy | {"direct_messages": _direct(clinic.simulator)}
        settings = Settings(tmp_path / "grove", "default", "UTC", privacy,
                            Collecting(**collects, token=kind))  # fmt: skip
        scopes = [*start(settings).scopes]
        channels = ("C1", "P1") if collects.get("join") else ("C1", "C2", "P1")

        def troubles_with(given: list[str]) -> int:
            clinic.token(kind, given, channels)
            home = tmp_path / f"with-{len(given)}-{'-'.join(given).replace(':', '.')}"
            there = replace(settings, home=home)
            if collects.get("join"):
                _leave(clinic.simulator, "C2")
            try:
                return len(collect(there, clock=clinic.simulator.clock).troubles)
            except HubbubError:
                return 1

        assert troubles_with(scopes) == 0
        assert clinic.simulator.calls.count("reactions.get") > 0
        assert [each for each in clinic.findings(
            home=settings.home, privacy=privacy, collect=settings.collect,
        ) if each.check == "scopes" and each.state != "ok"] == []  # fmt: skip
        for missing in scopes:
            left = [scope for scope in scopes if scope != missing]
            if missing not in _UNSEEN_BY_COLLECT:
                assert troubles_with(left) > 0, missing
            clinic.token(kind, left, channels)
            state = "note" if missing == "usergroups:read" else "problem"
            named = clinic.the("scopes", state, privacy=privacy, collect=settings.collect)
            assert re.findall(r" ([\w:.]+) \(to ", named.found) == [missing]


# The token


def test_without_a_token_the_local_checks_still_run(clinic: Clinic) -> None:
    assert "SLACK_BOT_TOKEN" in clinic.the("token").fix
    checks = {finding.check for finding in clinic.findings()}
    assert checks >= {"settings", "store", "disk", "folders", "fonts"}
    assert clinic.simulator.calls.made() == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("xoxp-simulated-0123", "no bot token"),
        ("xoxb-…", "not a whole token"),
        ("xoxb-simulated 0123", "not a whole token"),
    ],
)
def test_what_is_no_token_is_said_without_repeating_it(
    clinic: Clinic, value: str, said: str
) -> None:
    clinic.monkeypatch.setenv("SLACK_BOT_TOKEN", value)
    found = clinic.the("token")
    assert said in found.found
    assert value not in repr(found)


def test_secrets_that_others_may_read_are_a_problem(clinic: Clinic) -> None:
    token = clinic.token()
    clinic.monkeypatch.delenv("SLACK_BOT_TOKEN")
    secrets = clinic.settings.secrets
    secrets.write_text(f'[default]\nbot_token = "{token}"\n', encoding="utf-8")
    secrets.chmod(0o644)
    assert f"chmod 600 {secrets}" in clinic.the("token").fix
    secrets.chmod(0o600)
    assert f"{secrets}, [default] bot_token" in clinic.the("token", "ok").found


@pytest.mark.parametrize(
    ("standing", "said"),
    [("revoked", "revoked"), ("expired", "expired"), ("inactive", "removed")],
)
def test_a_token_that_ended_is_a_problem(clinic: Clinic, standing: Standing, said: str) -> None:
    clinic.simulator.tokens.put(clinic.token(), standing)
    found = clinic.the("workspace")
    assert said in found.found
    assert "Install the app again" in found.fix
    assert "SLACK_BOT_TOKEN" in found.fix


def test_an_unknown_token_is_a_problem(clinic: Clinic) -> None:
    clinic.monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-another-slack")
    assert "does not know this token" in clinic.the("workspace").found


def test_another_kind_than_preferred_is_a_note(clinic: Clinic) -> None:
    clinic.token("user")
    assert 'token = "user"' in clinic.the("token", "note").fix


def test_a_token_that_expires_is_a_problem(clinic: Clinic) -> None:
    clinic.monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxe.xoxb-1-simulated")
    assert "rotation" in clinic.the("token").fix


# The way to Slack


def test_no_network_is_a_problem(clinic: Clinic) -> None:
    clinic.token()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api/"
    clinic.monkeypatch.setenv("SLACK_API_URL", url)
    assert "SLACK_API_URL" in clinic.the("workspace").fix


@pytest.mark.parametrize("path", ["/", "/nothing/", "/_sim/"])
def test_another_address_is_a_problem(clinic: Clinic, path: str) -> None:
    clinic.token()
    clinic.monkeypatch.setenv("SLACK_API_URL", f"{clinic.simulator.origin}{path}")
    assert "SLACK_API_URL" in clinic.the("workspace").fix


@pytest.mark.parametrize("url", ["nonsense", "ftp://slack.com", "http://", "http://[bad/"])
def test_what_is_no_address_is_a_problem(clinic: Clinic, url: str) -> None:
    clinic.token()
    clinic.monkeypatch.setenv("SLACK_API_URL", url)
    assert "no address" in clinic.the("workspace").found


def test_a_line_that_breaks_is_a_problem(clinic: Clinic) -> None:
    clinic.token()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            server.accept()[0].close()

        thread = Thread(target=hang_up)
        thread.start()
        clinic.monkeypatch.setenv("SLACK_API_URL", f"http://127.0.0.1:{server.getsockname()[1]}/")
        found = clinic.the("workspace")
        thread.join()
    assert "connection_failed" in found.found


@pytest.mark.parametrize("method", ["conversations.list", "conversations.history"])
@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"error": "fatal_error"}, {"error": "is_archived"}]
)
def test_trouble_on_the_way_is_a_problem_of_the_channels(
    clinic: Clinic, method: str, fault: dict[str, Any]
) -> None:
    clinic.token()
    clinic.simulator.faults.add(method, **fault)
    assert clinic.the("channels").fix


# Scopes


def test_scopes_beyond_need_are_a_note(clinic: Clinic) -> None:
    clinic.token(scopes=[*_PUBLIC, "chat:write", "identify"])
    assert clinic.the("scopes", "note").found == "More than needed: chat:write."


def test_without_the_scope_of_user_groups_all_else_works(clinic: Clinic) -> None:
    clinic.token(scopes=[each for each in _PUBLIC if each != "usergroups:read"])
    found = clinic.the("scopes", "note")
    assert found.found.startswith("Without usergroups:read (to know the user groups")
    assert "hubbub init" in found.fix
    granted = clinic.the("scopes", "ok").found
    assert granted.startswith("All that are needed: channels:read")
    assert "usergroups" not in granted


def test_without_the_scope_to_see_channels_none_are_asked_for(clinic: Clinic) -> None:
    clinic.token(scopes=["users:read", "reactions:read"])
    found = clinic.the("scopes")
    assert "channels:read (to " in found.found
    assert "channels:history (to " in found.found
    assert "hubbub init" in found.fix
    assert [call.method for call in clinic.simulator.calls.made()] == ["auth.test"]


# Channels


def test_channels_that_the_bot_is_not_in_are_named_with_the_fix(clinic: Clinic) -> None:
    clinic.token(channels=("C1",))
    found = clinic.the("channels")
    assert found.found == "The bot is not in #c2."
    assert "/invite" in found.fix
    assert "join = true" in found.fix
    said = clinic.the("channels", "ok").found
    assert said == "2 of 2 that it sees are chosen; 1 of them can be read."
    excluded = Collecting(exclude=("c2",))
    assert clinic.the("channels", "ok", collect=excluded).found.startswith("1 of 2")


def test_of_many_channels_ten_are_named(clinic: Clinic) -> None:
    for number in range(12):
        clinic.simulator.acts.create_channel(f"more-{number:02}", "U1", id=f"CM{number}")
    clinic.token(channels=("C1", "C2"))
    assert clinic.the("channels").found.endswith("#more-09 and 2 more.")


def test_a_bot_that_may_join_will(clinic: Clinic) -> None:
    clinic.token(scopes=[*_PUBLIC, "channels:join"], channels=("C1",))
    assert "#c2" in clinic.the("channels", "note", collect=Collecting(join=True)).found


def test_an_archived_channel_cannot_be_entered(clinic: Clinic) -> None:
    clinic.token(channels=("C1",))
    clinic.simulator.acts.archive("C2", "U1")
    assert "export" in clinic.the("channels", "note").fix


def test_a_user_reads_public_channels_without_being_there(clinic: Clinic) -> None:
    clinic.token("user")
    found = clinic.findings(collect=Collecting(token="user"))
    assert _troubles(found) == []


@pytest.mark.parametrize(("kind", "fix"), [("bot", "/invite @Hubbub"), ("user", "link")])
def test_a_named_private_channel_that_the_token_does_not_see(
    clinic: Clinic, kind: TokenKind, fix: str
) -> None:
    clinic.token(kind, [*_PUBLIC, "groups:read", "groups:history"])
    named = {"private_channels": ["P1", "P9"]}
    found = clinic.the("channels", privacy=named, collect=Collecting(token=str(kind)))
    assert ("P1, P9" if kind == "bot" else "see P9") in found.found
    assert fix in found.fix


@pytest.mark.parametrize("kind", ["bot", "user"])
def test_a_named_direct_message_that_the_token_does_not_see(
    clinic: Clinic, kind: TokenKind
) -> None:
    direct = ["im:read", "im:history", "mpim:read", "mpim:history"]
    clinic.token(kind, [*_PUBLIC, *direct])
    named = {"preset": "open", "direct_messages": ["D9"]}
    found = clinic.the("channels", privacy=named, collect=Collecting(token=kind))
    assert "does not see D9" in found.found
    assert ("user token" in found.fix) == (kind == "bot")


@pytest.mark.parametrize(
    ("privacy", "collects", "fix"),
    [
        ({"preset": "strict"}, Collecting(), "only_channels"),
        ({}, Collecting(include=("nothing-*",)), "include"),
        ({}, Collecting(exclude=("*",)), "exclude"),
    ],
)
def test_that_nothing_is_chosen_is_a_problem(
    clinic: Clinic, privacy: dict[str, Any], collects: Collecting, fix: str
) -> None:
    clinic.token()
    assert fix in clinic.the("channels", privacy=privacy, collect=collects).fix
    assert clinic.the("plan", "note", privacy=privacy, collect=collects)


def test_a_misspelt_channel_is_a_problem(clinic: Clinic) -> None:
    clinic.token()
    found = clinic.the("channels", privacy={"only_channels": ["c1", "#c2"]})
    assert found.found == "There is no #c2, which privacy.only_channels names."


# Plan, class, clock


def test_a_free_plan_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock.manual(time.time() - 100 * 86_400)
    with _opened(tmp_path, monkeypatch, plan="free", clock=clock) as clinic:
        clinic.token()
        assert clinic.the("plan", "ok")
        clock.move_to(time.time())
        found = clinic.the("plan", "note")
    assert "90 days" in found.found
    assert "paid plan" in found.fix


def test_the_capped_class_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _opened(tmp_path, monkeypatch, app_class="unlisted") as clinic:
        clinic.token()
        found = clinic.the("rate class")
        assert "15 messages a minute" in found.found
        assert "internal app" in found.fix
        again = clinic.the("rate class", "note")
        assert "Wait" in again.fix


def test_a_class_that_cannot_be_told_yet_is_noted(clinic: Clinic) -> None:
    clinic.token(channels=("C2",))
    only = {"only_channels": ["c2"]}
    assert "cannot be told yet" in clinic.the("rate class", "note", privacy=only).found


@pytest.mark.parametrize(("seconds", "word"), [(-150, "ahead of"), (150, "behind")])
def test_a_clock_that_is_wrong_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, word: str
) -> None:
    clock = Clock.scaled(1.0, time.time() + seconds)
    with _opened(tmp_path, monkeypatch, clock=clock) as clinic:
        clinic.token()
        found = clinic.the("clock")
    assert re.search(rf"1(49|50|51) seconds {word} Slack's", found.found)
    assert "NTP" in found.fix


# Settings, store, disk, folders, journal, raw, fonts


@pytest.mark.parametrize(
    ("privacy", "fix"),
    [({"preset": "loose"}, "open, standard, strict"), ({"text": "whole"}, "preset open")],
)
def test_settings_that_contradict_each_other_are_a_problem(
    clinic: Clinic, privacy: dict[str, Any], fix: str
) -> None:
    clinic.token()
    assert fix in clinic.the("settings", privacy=privacy).fix
    assert clinic.the("workspace", "ok", privacy=privacy)


def test_no_settings_are_a_note(clinic: Clinic, tmp_path: Path) -> None:
    assert "hubbub init" in clinic.the("settings", "note", home=tmp_path / "other").fix


def test_a_store_is_described(clinic: Clinic) -> None:
    clinic.token()
    collect(clinic.settings)
    assert _troubles(clinic.findings()) == []
    said = clinic.the("store", "ok").found
    assert f"version {store.VERSION}" in said
    assert said.endswith("of Grove.")
    assert clinic.the("journal", "ok").found == "Nothing waits for the store."


def test_a_store_of_another_workspace_is_a_problem(clinic: Clinic) -> None:
    clinic.token()
    with store.writing(clinic.settings.store) as connection:
        connection.execute(
            "INSERT INTO store.workspace (team_id, name, url) VALUES ('T9', 'Orchard', '')"
        )
    found = clinic.the("store")
    assert "Orchard" in found.found
    assert "Grove" in found.found
    assert "--workspace" in found.fix


def test_a_damaged_store_is_a_problem(clinic: Clinic) -> None:
    clinic.settings.store.write_bytes(b"no store" * 1000)
    assert "backup" in clinic.the("store").fix


def test_a_store_that_another_program_holds_is_a_note(clinic: Clinic) -> None:
    with store.writing(clinic.settings.store):
        pass
    hold = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(clinic.settings.store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = clinic.the("store", "note")
        holder.communicate(b"\n")
    assert "Wait" in found.fix


def test_the_version_of_a_store_is_told_and_left(clinic: Clinic) -> None:
    def put(version: int) -> None:
        with store.writing(clinic.settings.store) as connection:
            connection.execute("UPDATE store.schema SET version = $1", [version])

    put(store.VERSION - 1)
    assert "brought up to date" in clinic.the("store", "ok").found
    assert store.version_of(clinic.settings.store) == store.VERSION - 1
    put(store.VERSION + 1)
    assert "Update Hubbub" in clinic.the("store").fix


def test_a_full_disk_is_a_problem(clinic: Clinic) -> None:
    def usage(path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=4_000_000)

    clinic.monkeypatch.setattr(checking.shutil, "disk_usage", usage)
    found = clinic.the("disk")
    assert "4 MB" in found.found
    assert "Make room" in found.fix


def test_a_folder_that_others_may_read_is_a_problem(clinic: Clinic) -> None:
    clinic.settings.folder.chmod(0o755)
    assert clinic.the("folders").fix.endswith(f"chmod 700 {clinic.settings.folder}")


def test_pages_that_wait_are_a_note(clinic: Clinic) -> None:
    clinic.token()
    journal = Journal(clinic.settings.journal)
    journal.append(_a_page())
    journal.close()
    found = clinic.the("journal", "note")
    assert "wait for the store: 1." in found.found
    assert "hubbub collect" in found.fix


def _a_page() -> Admitted:
    batch = Batch()
    batch.quarantine("somewhere", 1, "for a test", None)
    return Gate(PRESETS["standard"], {}).admit(batch)


def test_a_damaged_journal_is_a_problem(clinic: Clinic) -> None:
    clinic.settings.journal.write_bytes(b"no journal" * 1000)
    assert "Move it away" in clinic.the("journal").fix


def test_raw_answers_against_the_policy_are_a_problem(clinic: Clinic) -> None:
    wanted = Collecting(raw=True)
    assert "preset open" in clinic.the("kept", collect=wanted).fix
    kept = clinic.settings.raw / "20260101T000000-abcdef" / "000001-users.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}", encoding="utf-8")
    assert clinic.the("kept").fix == f"Remove them: rm -r {clinic.settings.raw}"
    assert not [
        each
        for each in clinic.findings(privacy={"preset": "open"}, collect=wanted)
        if each.check == "kept"
    ]


def test_missing_fonts_are_a_note(clinic: Clinic) -> None:
    def has_font(script: Script) -> bool:
        return False

    clinic.monkeypatch.setattr(checking, "has_font", has_font)
    found = clinic.the("fonts", "note")
    assert "Korean" in found.found
    assert "emoji" in found.found
    assert found.fix.endswith("apt-get install fonts-noto-cjk fonts-noto-color-emoji")


def test_names_are_counted_beyond_the_first() -> None:
    assert some(["a"]) == "a"
    assert some([*"abc"], most=2) == "a, b and 1 more"


# The command


def _run(clinic: Clinic, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = run(["doctor", "--home", str(clinic.settings.home), *options])
    said = capsys.readouterr()
    assert not _TOKEN.search(said.out + said.err)
    assert "Traceback" not in said.err
    return code, said.out


def test_the_exit_code_tells_whether_there_is_a_problem(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.token()
    assert _run(clinic, capsys)[0] == 0
    clinic.token(channels=(), scopes=_PUBLIC[1:])
    code, said = _run(clinic, capsys)
    assert code == 3
    assert "channels:read" in said
    assert "1 problem" in said


def test_json_is_an_array_of_findings(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _run(clinic, capsys, "--json")
    assert code == 3
    for finding in json.loads(said):
        assert [*finding] == ["check", "state", "found", "fix"]
        assert finding["state"] in {"ok", "note", "problem"}


def test_the_terminal_shows_it_in_80_columns(
    clinic: Clinic, capsys: pytest.CaptureFixture[str]
) -> None:
    clinic.monkeypatch.setenv("COLUMNS", "80")
    clinic.token(channels=("C1",), scopes=[*_PUBLIC, "chat:write"])
    _, said = _run(clinic, capsys)
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    assert {"✓", "!", "✗"} <= {line[:1] for line in lines}
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "text",
    ["[privacy", "[privacy]\nprests = 1", "timezone = 'Mars'", "[collect]\nlook_back_days = -1"],
)
def test_settings_that_cannot_be_read_are_a_finding_like_others(
    clinic: Clinic, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    clinic.token()
    clinic.settings.written.write_text(text, encoding="utf-8")
    code, said = _run(clinic, capsys, "--json")
    assert code == 3
    states = {(each["check"], each["state"]) for each in json.loads(said)}
    assert {("settings", "problem"), ("workspace", "ok"), ("store", "ok")} <= states
