"""`hubbub init`: settings that mean what was chosen, and an app that may do just what they need."""

import json
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hubbub import settings as configured
from hubbub.errors import HubbubError, UsageError
from hubbub.flows.starting import configured_scopes, manifest_file, settings_text, start
from hubbub.flows.workspace import policy_of_workspace
from hubbub.privacy.policy import PRESETS
from hubbub.settings import KNOWN, Collecting, Sending, Serving, Settings
from hubbub.slack.scopes import scopes_needed
from tests.parts import shared
from tests.test_cli import hubbub

_PUBLIC = ["channels:read", "channels:history", "users:read", "usergroups:read", "reactions:read"]
_PRIVATE = ["groups:read", "groups:history"]
_DIRECT = ["mpim:read", "mpim:history", "im:read", "im:history"]

_EVERYTHING: dict[str, Any] = {
    "preset": "open", "private_channels": ["P1"], "direct_messages": ["D1"], "contacts": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUBBUB_HOME", "HUBBUB_WORKSPACE", "HUBBUB_PRIVACY", "HUBBUB_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)


def _manifest(settings: Settings) -> dict[str, Any]:
    return yaml.safe_load(manifest_file(settings).read_text(encoding="utf-8"))


def _loaded(settings: Settings) -> Settings:
    return configured.load(str(settings.home), settings.workspace)


# The settings


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Seoul"])
@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_what_was_chosen_is_written_and_means_the_same_when_read(
    tmp_path: Path, preset: str | None, timezone: str
) -> None:
    chosen = configured.load(str(tmp_path / "home"), None, preset, timezone)
    start(chosen)
    assert replace(_loaded(chosen), unflagged=chosen.unflagged) == chosen
    text = chosen.written.read_text(encoding="utf-8")
    active = [line.split(" = ")[0] for line in text.splitlines() if re.match(r"\w+ = ", line)]
    assert active == ["timezone"] * (timezone != "UTC") + ["preset"] * (preset is not None)


_NAMES = st.lists(st.text(max_size=8), max_size=3)
_COLLECTS = st.builds(
    Collecting,
    include=_NAMES.map(tuple),
    exclude=_NAMES.map(tuple),
    look_back_days=st.integers(0, 99),
    full_every_days=st.integers(1, 99),
    join=st.booleans(),
    files=st.booleans(),
    file_limit_mb=st.integers(1, 999),
    token=st.sampled_from(["bot", "user"]),
)
_PRIVACIES = st.fixed_dictionaries(
    {},
    optional={
        "preset": st.sampled_from([*PRESETS]),
        "only_channels": _NAMES,
        "private_channels": _NAMES,
        "names": st.booleans(),
        "contacts": st.booleans(),
        "links": st.sampled_from(["whole", "trimmed", "domain"]),
        "pseudonyms": st.booleans(),
    },
)

_SERVES = st.builds(
    Serving,
    host=st.sampled_from(["127.0.0.1", "::1", "0.0.0.0"]),
    port=st.integers(0, 65_535),
    prefix=st.sampled_from(["", "/hubbub"]),
    trusted_proxies=_NAMES.map(tuple),
    tls_cert=st.text(max_size=8),
)


@given(_PRIVACIES, _COLLECTS, _SERVES, st.sampled_from(["UTC", "Asia/Seoul"]))
def test_any_settings_are_the_same_when_read(
    tmp_path_factory: pytest.TempPathFactory,
    privacy: dict[str, Any],
    collect: Collecting,
    serve: Serving,
    timezone: str,
) -> None:
    home = tmp_path_factory.mktemp("any") / "home"
    keeps_texts = privacy.get("preset") == "open"
    collect = replace(collect, files=collect.files and keeps_texts)
    settings = Settings(home, "grove", timezone, privacy, collect, serve)
    start(settings)
    assert _loaded(settings) == settings


@pytest.mark.parametrize("preset", [*PRESETS])
def test_every_setting_is_there_at_the_default_that_it_has(tmp_path: Path, preset: str) -> None:
    settings = Settings(tmp_path, "default", privacy={"preset": preset})
    policy = policy_of_workspace(settings)
    shown = re.sub(r"^# (\w+ = )", r"\1", settings_text(settings, policy), flags=re.MULTILINE)
    written = tomllib.loads(shown)
    assert {name: tuple(written[name]) for name in KNOWN} == KNOWN
    if preset != "strict":  # all, which TOML has no word for
        assert written["privacy"].pop("only_channels") == ["general"]
        shown = re.sub(r"^only_channels.*", "", shown, flags=re.MULTILINE)
    settings.written.parent.mkdir()
    settings.written.write_text(shown, encoding="utf-8")
    loaded = _loaded(settings)
    assert (loaded.collect, loaded.serve) == (Collecting(), Serving())
    lists = {
        name: tuple(cast("list[str]", value))
        for name, value in loaded.privacy.items()
        if isinstance(value, list)
    }
    assert replace(policy_of_workspace(loaded), **lists) == policy


def test_the_settings_are_a_page_that_a_terminal_shows(tmp_path: Path) -> None:
    start(Settings(tmp_path / "home", "default"))
    for file in (tmp_path / "home" / "default").iterdir():
        lines = file.read_text(encoding="utf-8").splitlines()
        assert max(map(len, lines)) <= 100
        assert len(lines) < 70


def test_settings_that_are_there_are_left_alone_and_the_manifest_follows_them(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    assert "written" in hubbub("init", "--home", home).stdout
    file = home / "default" / "hubbub.toml"
    mine = '# mine\n[privacy]\nprivate_channels = ["C0SECRET"]\n'
    file.write_text(mine, encoding="utf-8")
    done = hubbub("init", "--home", home)
    assert file.read_text(encoding="utf-8") == mine
    assert f"{file}: left as it is" in done.stdout
    assert "slack-app.yaml: renewed" in done.stdout
    for scope in _PRIVATE:
        assert f"+ {scope}" in done.stdout
    assert "Reinstall" in done.stdout
    again = hubbub("init", "--home", home)
    assert "slack-app.yaml: unchanged" in again.stdout
    assert "+" not in again.stdout
    file.write_text("", encoding="utf-8")
    assert "- groups:read" in hubbub("init", "--home", home).stdout


def test_flags_that_the_settings_do_not_repeat_are_said(tmp_path: Path) -> None:
    hubbub("init", "--home", tmp_path)
    done = hubbub("init", "--home", tmp_path, "--privacy", "open", "--token", "user",
                  HUBBUB_TIMEZONE="Asia/Seoul")  # fmt: skip
    for line in ('preset = "open"', 'token = "user"', 'timezone = "Asia/Seoul"'):
        assert f"note: {line} holds for this run alone" in done.stderr


def test_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "new" / "home", "default")
    start(settings)
    for folder in (settings.folder, settings.home, settings.home.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("privacy", "collect"),
    [
        ({"preset": "loose"}, Collecting()),
        ({"preset": "standard", "text": "whole"}, Collecting()),
        ({"preset": "strict", "direct_messages": ["D1"]}, Collecting()),
        ({"preset": "standard"}, Collecting(raw=True)),
    ],
)
def test_nothing_is_written_for_settings_that_contradict_each_other(
    tmp_path: Path, privacy: dict[str, Any], collect: Collecting
) -> None:
    with pytest.raises(UsageError):
        start(Settings(tmp_path / "home", "default", privacy=privacy, collect=collect))
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_made_is_said_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    with pytest.raises(HubbubError, match="--home DIR"):
        start(Settings(tmp_path / "home", "default"))


def test_choices_may_be_made_without_a_preset(tmp_path: Path) -> None:
    policy = policy_of_workspace(Settings(tmp_path, "default", privacy={"contacts": True}))
    assert policy == replace(PRESETS["standard"], contacts=True)


# The manifest


@pytest.mark.parametrize(
    ("privacy", "collect", "kind", "scopes"),
    [
        ({}, {}, "bot", _PUBLIC),
        ({"preset": "strict"}, {}, "bot", _PUBLIC),
        ({"preset": "open"}, {}, "bot", _PUBLIC),
        ({"private_channels": ["P1"]}, {}, "bot", [*_PUBLIC, *_PRIVATE]),
        ({"preset": "open", "direct_messages": ["D1"]}, {}, "user", [*_PUBLIC, *_DIRECT]),
        ({"contacts": True}, {}, "bot", [*_PUBLIC, "users:read.email"]),
        ({}, {"join": True}, "bot", [*_PUBLIC, "channels:join"]),
        ({}, {"join": True}, "user", _PUBLIC),
        ({"preset": "open"}, {"files": True}, "user", [*_PUBLIC, "files:read"]),
        (_EVERYTHING, {"join": True, "files": True}, "bot",
         [*_PUBLIC, *_PRIVATE, *_DIRECT, "channels:join", "users:read.email", "files:read"]),
    ],
)  # fmt: skip
def test_the_manifest_has_exactly_the_scopes_that_the_settings_need(
    tmp_path: Path, privacy: dict[str, Any], collect: dict[str, Any], kind: str, scopes: list[str]
) -> None:
    settings = Settings(tmp_path, "default", privacy=privacy, collect=Collecting(**collect))
    started = start(settings, kind)
    written = _manifest(settings)["oauth_config"]["scopes"]
    assert [*written] == [kind]
    assert sorted(written[kind]) == sorted(scopes) == sorted(started.scopes)
    policy = policy_of_workspace(settings)
    assert configured_scopes(settings, policy, kind) == started.scopes


@pytest.mark.parametrize("kind", ["bot", "user"])
def test_the_manifest_is_what_slack_describes(tmp_path: Path, kind: str) -> None:
    settings = Settings(tmp_path, "default", privacy=_EVERYTHING)
    start(settings, kind)
    written = _manifest(settings)
    assert written["_metadata"] == {"major_version": 2, "minor_version": 1}
    asked = written["settings"].pop("event_subscriptions")
    assert written["settings"].pop("socket_mode_enabled")
    assert not any(written["settings"].values())
    assert set(asked) == {f"{kind}_events"}
    events = asked[f"{kind}_events"]
    assert set(_EVENTS_OF_ALL) <= set(events)
    assert (
        ("message.im" in events)
        == ("message.groups" in events)
        == ("direct_messages" in _EVERYTHING)
    )
    assert ("bot_user" in written.get("features", {})) == (kind == "bot")
    schema = json.loads(
        shared("slack/specs/manifest-schema/manifest.schema.2.0.0.json").read_text()
    )
    _check(written, schema, schema["definitions"])


def test_the_manifest_asks_for_no_event_of_what_the_policy_keeps_out(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "default")
    start(settings)
    events = _manifest(settings)["settings"]["event_subscriptions"]["bot_events"]
    assert set(_EVENTS_OF_ALL) <= set(events)
    assert not {"message.groups", "message.im", "message.mpim", "file_deleted"} & {*events}


_EVENTS_OF_ALL = (
    "message.channels", "reaction_added", "reaction_removed", "team_join", "user_change",
    "channel_created", "channel_rename", "member_joined_channel", "member_left_channel",
    "app_uninstalled", "tokens_revoked",
)  # fmt: skip


def _check(value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Hold a value against as much of JSON Schema as the manifest's schema uses."""
    if reference := schema.get("$ref"):
        schema = definitions[reference.removeprefix("#/definitions/")]
    types: dict[str, type] = {
        "object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
    }  # fmt: skip
    assert isinstance(value, types[schema["type"]]), (value, schema)
    if isinstance(value, dict):
        properties = schema["properties"]
        assert set(schema.get("required") or []) <= value.keys()
        for name, each in cast("dict[str, Any]", value).items():
            _check(each, properties[name], definitions)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            _check(each, schema["items"], definitions)
    elif isinstance(value, str):
        assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        assert re.search(schema.get("regex") or schema.get("pattern") or "", value)


# The command


def test_json_tells_paths_and_scopes(tmp_path: Path) -> None:
    told = json.loads(hubbub("init", "--json", "--token", "user", "--home", tmp_path).stdout)
    assert told["settings"] == str(tmp_path / "default" / "hubbub.toml")
    assert told["manifest"] == str(tmp_path / "default" / "slack-app.yaml")
    assert (told["settings_are_new"], told["manifest_is"]) == (True, "new")
    assert told["token"] == "user"
    assert sorted(told["scopes"]) == sorted(_PUBLIC)
    assert 'token = "user"' in (tmp_path / "default" / "hubbub.toml").read_text(encoding="utf-8")


def test_it_says_what_to_do_next_for_this_very_workspace(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    done = hubbub("init", "--home", home, "--workspace", "north")
    assert "https://api.slack.com/apps" in done.stdout
    assert "export SLACK_BOT_TOKEN=xoxb-" in done.stdout
    assert f"hubbub --home '{home}' doctor" in done.stdout
    assert f"hubbub --home '{home}' collect" in done.stdout
    second = hubbub("init", "--workspace", "south", HUBBUB_HOME=str(home))
    assert "hubbub --workspace south doctor" in second.stdout


def test_strict_says_that_no_channel_is_admitted_yet(tmp_path: Path) -> None:
    done = hubbub("init", "--privacy", "strict", "--home", tmp_path)
    assert "only_channels" in done.stderr


@pytest.mark.parametrize(("kind", "has"), [("bot", True), ("user", False)])
def test_letters_ask_for_their_scopes_and_a_place_to_be_read(
    tmp_path: Path, kind: str, has: bool
) -> None:
    settings = Settings(tmp_path, "grove", send=Sending(letters=True))
    started = start(settings, kind)
    posting = {"chat:write", "files:write", "im:write", "im:history", "commands"}
    assert set(started.scopes) == {*_PUBLIC, *(posting if has else ())}
    manifest = started.manifest_file.read_text(encoding="utf-8")
    assert ("messages_tab_enabled: true" in manifest) is has
    assert ("command: /hubbub" in manifest) is has
    # a user's own token would hear all direct messages of that user
    assert ("- message.im\n" in manifest) is has
    schema = json.loads(
        shared("slack/specs/manifest-schema/manifest.schema.2.0.0.json").read_text()
    )
    _check(_manifest(settings), schema, schema["definitions"])
    assert not posting & set(start(Settings(tmp_path, "reef"), kind).scopes)
    assert "message.im" not in manifest_file(Settings(tmp_path, "reef")).read_text()
    assert configured.load(str(tmp_path), "grove").send == Sending(letters=True)


def test_the_documentation_names_each_scope_beside_its_setting() -> None:
    page = (Path(__file__).parents[1] / "docs" / "starting.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (`[a-z]+:[a-z:`, .]+) \|$", page, re.MULTILINE)
    told = {said: re.findall(r"`(.+?)`", scopes) for said, scopes in rows}
    assert len(told) == 7
    everything = scopes_needed(
        "bot", ["public_channel", "private_channel", "mpim", "im"],
        emails=True, join=True, files=True, letters=True,
    )  # fmt: skip
    assert {scope for scopes in told.values() for scope in scopes} == {*everything}
    assert told["nothing: public channels"] == _PUBLIC
