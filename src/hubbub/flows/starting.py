"""Writes what a workspace begins with: hubbub.toml, and the manifest of the Slack app."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict, replace

from hubbub.destinations.files import whole
from hubbub.flows.collecting import types_wanted
from hubbub.flows.hearing_members import COMMAND
from hubbub.flows.workspace import contradictions, made, policy_of_workspace
from hubbub.privacy.policy import PRESETS, Policy
from hubbub.settings import Answering, Collecting, Sending, Serving, Settings
from hubbub.slack.scopes import events_wanted, scopes_needed

Change = Literal["new", "unchanged", "renewed"]

_DOCS: dict[str, dict[str, str]] = {
    "privacy": {
        "preset": "open, standard or strict; the lines below depart from it",
        "only_channels": "only these public channels, by name or id",
        "private_channels": "private channels that are admitted, by id",
        "direct_messages": "DMs and group DMs that are admitted, by id",
        "names": "keep names and handles of members",
        "contacts": "keep their e-mail, telephone number, title, status",
        "text": "what people write: whole (wants open), scrubbed or dropped",
        "links": "whole, trimmed (no query, no fragment) or domain",
        "pseudonyms": "keyed pseudonyms in place of member ids",
        "raw": "keep Slack's own JSON; wants the preset open",
        "text_days": "texts go after so many days; 0 keeps them",
        "row_days": "messages and files go after so many days; 0 keeps them",
        "raw_days": "raw responses and files' bytes go after so many days",
        "phone_regions": "countries of telephone numbers; [] for the usual",
        "outsiders": "spaCy model that finds names of people in no directory",
        "smallest_group": "no figure about fewer members is given",
        "operator_sql": "open sql, tables and the network all the same",
    },
    "collect": {
        "include": 'channels by name, id or pattern ("team-*"); [] takes all',
        "exclude": "channels that are left out, by the same",
        "look_back_days": "look so far back for edits, deletions and late replies",
        "full_every_days": "look through all history so often",
        "join": "let the bot enter public channels; everybody there sees it",
        "raw": "keep Slack's answers as files; wants the preset open",
        "files": "fetch the files that members share too",
        "file_limit_mb": "larger files are not fetched",
        "token": "bot or user: which is used where there are both",
    },
    "serve": {
        "host": "any address but this machine's own wants a login",
        "port": "of the dashboard",
        "prefix": 'path under which a reverse proxy shows it: "/hubbub"',
        "trusted_proxies": "addresses whose X-Forwarded headers are believed",
        "tls_cert": "file of the certificate, where no proxy does TLS",
        "tls_key": "file of its key",
        "kafka": "broker that gets the events too: host:port",
        "topic": "into which topic",
    },
    "send": {"letters": "let the app post reports and letters; asks for scopes"},
    "records": {"answer_days": "authors of posts that are older are not answered"},
}
"""What stands beside each setting."""

_SCHEDULE = [
    "# what is run by itself: hubbub schedule list",
    '# nightly = { cron = "0 3 * * *", run = "collect" }',
    '# tidy = { cron = "0 4 * * SUN", run = "privacy retain" }',
]
"""Examples of a schedule; the first line stands beside its heading."""

_BESIDE = 34
"""The column in which it stands."""


class Started(Struct, frozen=True):
    """What was written, or found."""

    settings_file: Path
    settings_are_new: bool
    manifest_file: Path
    manifest: Change
    kind: str
    """Of the token that the app gives: `bot` or `user`."""
    scopes: dict[str, str]
    """By name, with what each is for."""
    gained: list[str]
    lost: list[str]
    """Scopes that the manifest had not, and had, before."""
    unwritten: list[str]
    """Settings chosen by flags or the environment, of which hubbub.toml says something else."""
    admits_nothing: bool
    """Whether the policy admits no channel yet."""


def start(settings: Settings, kind: str | None = None) -> Started:
    """Write hubbub.toml if there is none, and the manifest of an app that may do what it says.

    `kind` of token wins over the settings'. Raises `UsageError` if the settings contradict each
    other.
    """
    if kind is not None:
        settings = replace(settings, collect=replace(settings.collect, token=kind))
    policy = policy_of_workspace(settings)
    for error in contradictions(settings, policy):
        raise error
    scopes = configured_scopes(settings, policy, settings.collect.token)
    are_new = not settings.written.exists()
    if are_new:
        _write(settings.written, settings_text(settings, policy))
    file = manifest_file(settings)
    before = file.read_text(encoding="utf-8") if file.exists() else None
    events = events_wanted(
        settings.collect.token,
        types_wanted(policy),
        files=settings.collect.files,
        letters=settings.send.letters,
    )
    text = manifest_text(settings, scopes, events)
    if text != before:
        _write(file, text)
    had = _scopes_of(before or "")
    return Started(
        settings_file=settings.written,
        settings_are_new=are_new,
        manifest_file=file,
        manifest="new" if before is None else "unchanged" if text == before else "renewed",
        kind=settings.collect.token,
        scopes=scopes,
        gained=[scope for scope in scopes if before and scope not in had],
        lost=[scope for scope in had if scope not in scopes],
        unwritten=[] if are_new else _unwritten(settings),
        admits_nothing=policy.only_channels == ()
        and not (policy.private_channels or policy.direct_messages),
    )


def manifest_file(settings: Settings) -> Path:
    """Where the manifest of the workspace's Slack app is."""
    return settings.folder / "slack-app.yaml"


def configured_scopes(settings: Settings, policy: Policy, kind: str) -> dict[str, str]:
    """The scopes that a token of a kind needs for what the settings ask for."""
    return scopes_needed(
        kind,
        types_wanted(policy),
        emails=policy.contacts,
        join=settings.collect.join,
        files=settings.collect.files,
        letters=settings.send.letters,
    )


def settings_text(settings: Settings, policy: Policy) -> str:
    """The text of a hubbub.toml that says the same as the settings; defaults are commented out."""
    preset = PRESETS[policy.preset]
    sections = {
        "privacy": asdict(preset),
        "collect": asdict(Collecting()),
        "serve": asdict(Serving()),
        "send": asdict(Sending()),
        "records": asdict(Answering()),
    }
    chosen = {
        "privacy": settings.privacy,
        "collect": dict(asdict(settings.collect).items() - sections["collect"].items()),
        "serve": dict(asdict(settings.serve).items() - sections["serve"].items()),
        "send": dict(asdict(settings.send).items() - sections["send"].items()),
        "records": dict(asdict(settings.records).items() - sections["records"].items()),
    }
    zone = {"timezone": settings.timezone} if settings.timezone != "UTC" else {}
    tongue = {"language": settings.language} if settings.language else {}
    lines = [
        f"# Hubbub's settings for the workspace {json.dumps(settings.workspace)}.",
        "#",
        "# A setting behind a # stands at its default; take the # away to change it. Then run",
        "# `hubbub init` again: it renews slack-app.yaml, the manifest of the Slack app, so that",
        "# the app may do what this file asks for and nothing else.",
        "",
        _line("timezone", "UTC", zone, "where days begin, such as Europe/Lisbon"),
        _line("language", "", tongue, "of letters, such as ko; empty: each member's own"),
    ]
    for section, docs in _DOCS.items():
        whose = f"# the defaults are those of {policy.preset}" if section == "privacy" else ""
        lines += ["", f"{f'[{section}]':<{_BESIDE}}{whose}".rstrip()]
        for name, doc in docs.items():
            lines.append(_line(name, sections[section][name], chosen[section], doc))
    beside, *examples = _SCHEDULE
    lines += ["", f"{'[schedule]':<{_BESIDE}}{beside}", *examples]
    return "\n".join(lines) + "\n"


def _line(name: str, default: Any, chosen: dict[str, Any], doc: str) -> str:
    """A setting: active if it was chosen."""
    if name in chosen:
        said = f"{name} = {_toml(chosen[name])}"
    elif default is None:  # which TOML cannot say: all, as long as the line is commented out
        said = f'# {name} = ["general"]'
    else:
        said = f"# {name} = {_toml(default)}"
    return f"{said:<{_BESIDE}}# {doc}"


def _toml(value: Any) -> str:
    """A value as TOML: its strings are escaped as JSON's, but for one character."""
    if isinstance(value, tuple):
        value = [*value]  # pyright: ignore[reportUnknownVariableType]
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


_MET_BY_MEMBERS = [
    "  app_home:",
    "    home_tab_enabled: false",
    "    messages_tab_enabled: true # here members find letters, and write stop or start",
    "    messages_tab_read_only_enabled: false",
    "  slash_commands:",
    f"    - command: {COMMAND}",
    "      description: Choose which letters you get",
    '      usage_hint: "letters [stop|start] [NAME]"',
    "      should_escape: false",
    "      # Without Socket Mode, beside the address of events below:",
    "      # url: https://hubbub.example.org/slack/commands",
]
"""How members meet an app that posts letters."""


def manifest_text(settings: Settings, scopes: dict[str, str], events: list[str]) -> str:
    """The manifest of a Slack app, version 2, whose token has these scopes and no others, and which
    is told of these events."""
    kind = settings.collect.token
    width = max(map(len, scopes)) + 2
    asked = [f"      - {name:<{width}}# {meaning}" for name, meaning in scopes.items()]
    bot = ["features:", "  bot_user:", "    display_name: Hubbub", "    always_online: false"]
    if settings.send.letters:
        bot += _MET_BY_MEMBERS
    return "\n".join([
        "# The Slack app that reads for Hubbub; `hubbub init` writes this file out of hubbub.toml.",
        "#",
        "# To create the app: https://api.slack.com/apps, Create New App, From a manifest, YAML.",
        "# To change it: the app's page “App Manifest”, and there, afterwards, Install App.",
        "# Keep it an internal app: with public distribution, Slack gives it 15 messages a minute.",
        "_metadata:",
        "  major_version: 2",
        "  minor_version: 1",
        "display_information:",
        "  name: Hubbub",
        "  description: Tells this community what is going on in it",
        '  background_color: "#2f5d3a"',
        *(bot if kind == "bot" else []),
        "oauth_config:",
        "  scopes:",
        f"    {kind}:",
        *asked,
        "settings:",
        "  event_subscriptions:",
        "    # Without Socket Mode Slack delivers to an address of yours that the world can reach:",
        "    # request_url: https://hubbub.example.org/slack/events",
        f"    {kind}_events:",
        *(f"      - {event}" for event in events),
        "  org_deploy_enabled: false",
        "  socket_mode_enabled: true # for `hubbub serve` without a public address",
        "  token_rotation_enabled: false",
        "",
    ])  # fmt: skip


def _scopes_of(manifest: str) -> list[str]:
    """The scopes in a manifest that was written here."""
    asked, _, _ = manifest.partition("\nsettings:")
    return re.findall(r"^ +- ([\w.:]+)", asked, re.MULTILINE)


def _unwritten(settings: Settings) -> list[str]:
    """What the settings say other than hubbub.toml does, as lines of it."""
    written = tomllib.loads(settings.written.read_text(encoding="utf-8"))
    said = {
        "timezone": (written.get("timezone", "UTC"), settings.timezone),
        "preset": (
            written.get("privacy", {}).get("preset", "standard"),
            settings.privacy.get("preset", "standard"),
        ),
        "token": (written.get("collect", {}).get("token", "bot"), settings.collect.token),
    }
    return [f"{name} = {_toml(now)}" for name, (before, now) in said.items() if before != now]


def _write(file: Path, text: str) -> None:
    with whole(made(file)) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
