"""Finds the tokens of a workspace, and the Slack that they are for."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping

from hubbub.errors import HubbubError, UsageError
from hubbub.settings import Settings
from hubbub.slack.api import SLACK, Slack, Token
from hubbub.slack.values import Json, record, text

_NAMES = {"bot": "SLACK_BOT_TOKEN", "user": "SLACK_USER_TOKEN"}
_PREFIXES = {"bot": ("xoxb-", "xoxe.xoxb-"), "user": ("xoxp-", "xoxe.xoxp-")}
_WHOLE = re.compile(r"[\w.-]{9,}", re.ASCII)
"""What a token consists of; its text goes into a header, where nothing else can be sent."""
_ADDRESS = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d+)?(/|$)", re.ASCII)
_HOW_TO_GET_BOT = (
    "Set SLACK_BOT_TOKEN (xoxb-…). With letters = true under [send] in hubbub.toml, `hubbub init` "
    "writes the manifest of an app that has one."
)
_HOW_TO_GET_ONE = (
    "Set SLACK_BOT_TOKEN (xoxb-…) or SLACK_USER_TOKEN (xoxp-…). `hubbub init` writes the manifest "
    "of an app that has one. To try without Slack: hubbub simulate."
)


def connect(settings: Settings) -> tuple[Slack, Token]:
    """The Slack of a workspace, with its token. Raises `UsageError` if there is none."""
    token = chosen_token(settings)
    return Slack(token, address()), token


def connect_bot(settings: Settings) -> tuple[Slack, Token]:
    """The Slack of a workspace, with its bot's token: letters come from the app, not from a person.

    Raises `UsageError` if there is none.
    """
    found = _from_environment(os.environ) or _from_secrets(settings)
    if "bot" not in found:
        raise UsageError("There is no bot token, and letters come from the app.", _HOW_TO_GET_BOT)
    token = _whole_token("bot", found["bot"])
    return Slack(token, address()), token


def address() -> str:
    """Where Slack's Web API is: Slack itself, unless the environment says otherwise."""
    url = os.environ.get("SLACK_API_URL") or SLACK
    if not _ADDRESS.match(url):
        raise UsageError(
            f"SLACK_API_URL is {url!r}, which is no address.",
            f"Unset it for Slack itself, or write an address such as {SLACK}.",
        )
    return url


def chosen_token(settings: Settings) -> Token:
    """The token that collects: from the environment, else from the secrets file."""
    found = _from_environment(os.environ) or _from_secrets(settings)
    kind = settings.collect.token if settings.collect.token in found else next(iter(found), None)
    if kind is None:
        raise UsageError("There is no token for Slack.", _HOW_TO_GET_ONE)
    return _whole_token(kind, found[kind])


def _whole_token(kind: str, token: Token) -> Token:
    if not token.value.startswith(_PREFIXES[kind]):
        raise UsageError(
            f"{token.place} holds no {kind} token.",
            f"A {kind} token begins with {_PREFIXES[kind][0]}. Take it from the app's page "
            "“OAuth & Permissions”.",
        )
    if not _WHOLE.fullmatch(token.value):
        raise UsageError(
            f"What {token.place} holds is not a whole token.",
            "Copy all of it from the app's page “OAuth & Permissions”: letters, digits, . and -.",
        )
    return token


def has_token(settings: Settings) -> bool:
    """Whether there is a token that can read."""
    return bool(_from_environment(os.environ) or _from_secrets(settings))


def app_token(settings: Settings) -> Token | None:
    """The token by which Socket Mode is opened, from the environment, else from the secrets file;
    None if there is none. Raises `UsageError` for something else in its place."""
    token = _secret(settings, "SLACK_APP_TOKEN", "app_token")
    if token is None or (token.value.startswith("xapp-") and _WHOLE.fullmatch(token.value)):
        return token
    raise UsageError(
        f"{token.place} holds no app token.",
        "An app token begins with xapp-. Make one with the scope connections:write on the app's "
        "page “Basic Information”, under “App-Level Tokens”.",
    )


def signing_secret(settings: Settings) -> str | None:
    """The secret by which Slack signs its events, from the environment, else from the secrets
    file; None if there is none."""
    found = _secret(settings, "SLACK_SIGNING_SECRET", "signing_secret")
    return found.value if found else None


def _secret(settings: Settings, name: str, key: str) -> Token | None:
    if value := os.environ.get(name, "").strip():
        return Token("app", name, value)
    value = text(_section(settings).get(key))
    return (
        Token("app", f"{settings.secrets}, [{settings.workspace}] {key}", value) if value else None
    )


def _from_environment(environment: Mapping[str, str]) -> dict[str, Token]:
    return {
        kind: Token(kind, name, environment[name].strip())
        for kind, name in _NAMES.items()
        if environment.get(name, "").strip()
    }


def _from_secrets(settings: Settings) -> dict[str, Token]:
    """Tokens of `<home>/secrets.toml`: a table a workspace with `bot_token` and `user_token`."""
    section = _section(settings)
    return {
        kind: Token(kind, f"{settings.secrets}, [{settings.workspace}] {kind}_token", value)
        for kind in _NAMES
        if (value := text(section.get(f"{kind}_token")))
    }


def _section(settings: Settings) -> Json:
    """What the secrets file holds for a workspace; nothing if there is no such file."""
    file = settings.secrets
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise HubbubError(
                f"{file} may be read by others.", f"Keep it to yourself: chmod 600 {file}"
            )
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # The error may quote a line, and with it a token.
        reason = f"{file} cannot be read ({type(error).__name__})."
        raise HubbubError(reason, 'Write a [workspace] with bot_token = "xoxb-…".') from None
    return record(written.get(settings.workspace))
