"""A workspace's settings: hubbub.toml, then the environment, then flags."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from msgspec.structs import replace

from hubbub.errors import BadContent, HubbubError, UsageError

_CHOICES: dict[str, type | tuple[type, ...]] = {
    "preset": str,
    "only_channels": list,
    "private_channels": list,
    "direct_messages": list,
    "names": bool,
    "contacts": bool,
    "text": str,
    "links": str,
    "pseudonyms": bool,
    "raw": bool,
    "text_days": int,
    "row_days": int,
    "raw_days": int,
    "phone_regions": list,
    "outsiders": str,
    "smallest_group": int,
    "operator_sql": bool,
}

_COLLECT: dict[str, type | tuple[type, ...]] = {
    "include": list,
    "exclude": list,
    "look_back_days": int,
    "full_every_days": int,
    "join": bool,
    "raw": bool,
    "files": bool,
    "file_limit_mb": int,
    "token": str,
}

_SERVE: dict[str, type | tuple[type, ...]] = {
    "host": str,
    "port": int,
    "prefix": str,
    "trusted_proxies": list,
    "tls_cert": str,
    "tls_key": str,
    "kafka": str,
    "topic": str,
}

_RECORDS: dict[str, type | tuple[type, ...]] = {"answer_days": int}

_SEND: dict[str, type | tuple[type, ...]] = {"letters": bool}
_SCHEDULED = {"cron", "run"}

KNOWN = {
    "privacy": tuple(_CHOICES),
    "collect": tuple(_COLLECT),
    "serve": tuple(_SERVE),
    "send": tuple(_SEND),
    "records": tuple(_RECORDS),
}
"""The settings of each section of hubbub.toml that has a fixed set of them."""

_ENTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
"""What an entry of the schedule may be called."""


class Collecting(Struct, frozen=True):
    """What is collected from Slack, and how: the section `collect` of hubbub.toml."""

    include: tuple[str, ...] = ()
    """Patterns of channel names or ids; all channels that the policy admits if there are none."""
    exclude: tuple[str, ...] = ()
    look_back_days: int = 30
    """How far back each run looks for edits, deletions and late replies."""
    full_every_days: int = 7
    """After how many days all history is looked through."""
    join: bool = False
    """Whether the bot enters public channels by itself; everybody there sees it."""
    raw: bool = False
    """Whether Slack's responses are kept as JSON, where the privacy policy permits it."""
    files: bool = False
    """Whether the bytes of files are fetched too."""
    file_limit_mb: int = 25
    """Files larger than this are not fetched."""
    token: str = "bot"  # noqa: S105 -- the kind of token, not one
    """Which token is used where there are both: `bot` or `user`."""


class Serving(Struct, frozen=True):
    """Where the dashboard is served, and how: the section `serve` of hubbub.toml."""

    host: str = "127.0.0.1"
    """Any other address than this machine's own wants a login."""
    port: int = 8000
    prefix: str = ""
    """The path under which a reverse proxy shows it, such as `/hubbub`."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded headers are believed."""
    tls_cert: str = ""
    """A file with the certificate and those between it and its root; none is plain HTTP."""
    tls_key: str = ""
    kafka: str = ""
    """A Kafka broker that gets the events too, once they are stored; none if empty."""
    topic: str = "slack-events"


class Sending(Struct, frozen=True):
    """What the app may post: the section `send` of hubbub.toml."""

    letters: bool = False
    """Whether it posts reports and letters. It asks for the scopes that this takes, and no more."""


class Answering(Struct, frozen=True):
    """How authors of records are answered: the section `records` of hubbub.toml."""

    answer_days: int = 7
    """Older posts are not answered."""


class Scheduled(Struct, frozen=True):
    """An entry of the section `schedule` of hubbub.toml: what is run, and when."""

    name: str
    cron: str
    """Five fields, in the workspace's time zone."""
    run: str
    """The words of a command line: `send monthly-member-chart`."""
    line: int = 1
    """Of hubbub.toml."""


class Settings(Struct, frozen=True):
    """Where a workspace lives and what it has chosen."""

    home: Path
    workspace: str
    timezone: str = "UTC"
    privacy: dict[str, Any] = {}
    """The preset, and choices that are set alone."""
    collect: Collecting = Collecting()
    serve: Serving = Serving()
    send: Sending = Sending()
    language: str = ""
    """Of letters, such as `ko`; if it is empty, members get theirs and channels English."""
    records: Answering = Answering()
    schedule: tuple[Scheduled, ...] = ()
    unflagged: "Settings | None" = None
    """What they would be without the flags that change them."""

    @property
    def folder(self) -> Path:
        """The workspace's own folder."""
        return self.home / self.workspace

    @property
    def store(self) -> Path:
        """The workspace's store file."""
        return self.folder / "store.duckdb"

    @property
    def scratch(self) -> Path:
        """Where work in progress lies: admitted rows only, removed at the end."""
        return self.folder / "scratch"

    @property
    def journal(self) -> Path:
        """What was fetched from Slack and is not merged yet."""
        return self.folder / "journal.sqlite"

    @property
    def event_log(self) -> Path:
        """Events that Slack has delivered and the store has not merged yet."""
        return self.folder / "events.sqlite"

    @property
    def ledger(self) -> Path:
        """What was sent to whom, so that nothing goes twice."""
        return self.folder / "deliveries.sqlite"

    @property
    def raw(self) -> Path:
        """Slack's responses, a folder a run."""
        return self.folder / "raw"

    @property
    def files(self) -> Path:
        """Files that members shared, a folder each."""
        return self.folder / "files"

    @property
    def audit(self) -> Path:
        """Who did what with the workspace, in a chain."""
        return self.folder / "audit.jsonl"

    @property
    def secrets(self) -> Path:
        """Tokens of many workspaces."""
        return self.home / "secrets.toml"

    @property
    def refused(self) -> Path:
        """The members of whom nothing is kept, as keyed tokens."""
        return self.folder / "refused.json"

    @property
    def schedule_state(self) -> Path:
        """What of the schedule was run, and how it ended."""
        return self.folder / "schedule.json"

    @property
    def answers(self) -> Path:
        """Since when authors of records are answered, and what the run log has told."""
        return self.folder / "answers.json"

    @property
    def letters(self) -> Path:
        """Which letters members want, as keyed tokens."""
        return self.folder / "letters.json"

    @property
    def access(self) -> Path:
        """The password and tokens of the dashboard, hashed."""
        return self.folder / "access.json"

    @property
    def sessions(self) -> Path:
        """Who is logged in to the dashboard."""
        return self.folder / "sessions.json"

    @property
    def outputs(self) -> Path:
        """What was exported and drawn, and where to."""
        return self.folder / "outputs.json"

    @property
    def publications(self) -> Path:
        """What was published where: two files a destination."""
        return self.folder / "publications"

    @property
    def receipts(self) -> Path:
        """What was erased and when, a file each."""
        return self.folder / "receipts"

    @property
    def written(self) -> Path:
        """The file that the settings are written in."""
        return self.folder / "hubbub.toml"

    @property
    def pack(self) -> Path:
        """The workspace's own pack: its metrics, views and charts extend or override others."""
        return self.folder / "pack"

    @property
    def key(self) -> Path:
        """The key of the pseudonyms: beside the workspaces, so that a copy of one has no key."""
        return self.home / "keys" / f"{self.workspace}.key"


def load(
    home: str | None = None,
    workspace: str | None = None,
    preset: str | None = None,
    timezone: str | None = None,
    *,
    heed_file: bool = True,
) -> Settings:
    """The settings of a workspace; the arguments are flags and win over all else.

    The workspace is the one that is named, else the only one, else `default`. Without `heed_file`
    they are as if nothing was written in hubbub.toml.
    """
    root = Path(home or os.environ.get("HUBBUB_HOME") or "hubbub-home")
    name = workspace or os.environ.get("HUBBUB_WORKSPACE") or _only_workspace(root)
    if not name or "/" in name or name.startswith("."):
        raise UsageError(f"{name!r} is no name for a workspace.", "Take letters and digits.")
    if odd := {*str(root / name)} & {"?", "\\"}:
        raise UsageError(
            f"There is a {min(odd)} in {root / name}, which DuckDB takes for something else.",
            "Take another --home, or another --workspace.",
        )
    file = root / name / "hubbub.toml"
    written = _read(file) if heed_file else {}
    privacy = dict(written.get("privacy", {}))
    if chosen := os.environ.get("HUBBUB_PRIVACY"):
        privacy["preset"] = chosen
    zone = os.environ.get("HUBBUB_TIMEZONE") or written.get("timezone", "UTC")
    settings = Settings(
        root,
        name,
        _zone(zone),
        privacy,
        _collecting(file, written),
        _serving(file, written),
        Sending(**written.get("send", {})),
        written.get("language", ""),
        _answering(file, written),
        tuple(written.get("schedule", ())),
    )
    if not preset and not timezone:
        return settings
    flagged = {**privacy, "preset": preset} if preset else privacy
    return replace(settings, timezone=_zone(timezone or zone), privacy=flagged, unflagged=settings)


def workspaces(home: Path) -> list[str]:
    """The workspaces that there are, in order of their names."""
    try:
        found = {path.parent.name for name in _MARKS for path in home.glob(f"*/{name}")}
    except OSError:
        found = set[str]()
    return sorted(found - {"keys"})


def _serving(file: Path, written: dict[str, Any]) -> Serving:
    chosen: dict[str, Any] = dict(written.get("serve", {}))
    chosen["trusted_proxies"] = tuple(map(str, chosen.get("trusted_proxies", ())))
    serve = Serving(**chosen)
    if not 0 <= serve.port < 65_536:
        raise UsageError(f"{file}: serve.port is {serve.port}.", "Write a number up to 65535.")
    return serve


def _answering(file: Path, written: dict[str, Any]) -> Answering:
    answering = Answering(**written.get("records", {}))
    if answering.answer_days < 1:
        raise UsageError(f"{file}: records.answer_days is too small.", "Write 1 or more.")
    return answering


def _collecting(file: Path, written: dict[str, Any]) -> Collecting:
    chosen: dict[str, Any] = dict(written.get("collect", {}))
    for name in ("include", "exclude"):
        chosen[name] = tuple(map(str, chosen.get(name, ())))
    collect = Collecting(**chosen)
    if collect.token not in {"bot", "user"}:
        raise UsageError(f"{file}: collect.token is {collect.token!r}.", "Write bot or user.")
    if collect.look_back_days < 0 or collect.full_every_days < 1 or collect.file_limit_mb < 1:
        raise UsageError(
            f"{file}: a number under [collect] is too small.",
            "look_back_days is 0 or more; full_every_days and file_limit_mb are 1 or more.",
        )
    return collect


_MARKS = ("store.duckdb", "hubbub.toml")
"""Files that make a folder a workspace."""


def _only_workspace(root: Path) -> str:
    found = workspaces(root)
    return found[0] if len(found) == 1 else "default"


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise HubbubError(f"{file} cannot be read: {error}", "Check the file.") from error
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is no TOML: {error}", "Correct that line.") from error
    texts = {"timezone": str, "language": str}
    _check(file, text, written, texts | dict.fromkeys([*KNOWN, "schedule"], dict))
    _check(file, text, written.get("privacy", {}), _CHOICES)
    _check(file, text, written.get("collect", {}), _COLLECT)
    _check(file, text, written.get("serve", {}), _SERVE)
    _check(file, text, written.get("send", {}), _SEND)
    _check(file, text, written.get("records", {}), _RECORDS)
    written["schedule"] = _scheduled(file, text, written.get("schedule", {}))
    return written


def _scheduled(file: Path, text: str, written: dict[str, Any]) -> list[Scheduled]:
    """The entries of the schedule, in the order of the file."""
    found: list[Scheduled] = []
    for name, entry in written.items():
        begin = re.compile(
            rf"""\s*(\[\s*)?(schedule\s*\.\s*)?["']?{re.escape(name)}["']?\s*[].=]"""
        )
        lines = enumerate(text.splitlines(), 1)
        line = next((number for number, each in lines if begin.match(each)), 1)
        if not _ENTRY.fullmatch(name):
            fix = "Take letters, digits, - and _, at most 40."
            raise BadContent(str(file), line, f"{name!r} is no name for an entry", fix)
        if not isinstance(entry, dict) or {*entry} != _SCHEDULED:
            raise BadContent(
                str(file),
                line,
                f"schedule.{name} wants cron and run, and nothing else",
                f'Write: {name} = {{ cron = "0 3 * * *", run = "collect" }}',
            )
        told = cast("dict[str, Any]", entry)
        if not all(isinstance(value, str) for value in told.values()):
            fix = "Write both in quotation marks."
            raise BadContent(str(file), line, f"cron and run of schedule.{name} are texts", fix)
        found.append(Scheduled(name, told["cron"], told["run"], line))
    return found


def _check(
    file: Path, text: str, written: dict[str, Any], known: Mapping[str, type | tuple[type, ...]]
) -> None:
    for key, value in written.items():
        line = next((number for number, each in enumerate(text.splitlines(), 1) if key in each), 1)
        if key not in known:
            fix = f"Known here: {', '.join(known)}."
            raise BadContent(str(file), line, f"unknown setting {key!r}", fix)
        if not isinstance(value, known[key]) or isinstance(value, bool) is not (known[key] is bool):
            wanted = getattr(known[key], "__name__", str(known[key]))
            raise BadContent(str(file), line, f"{key} is no {wanted}", f"Write a {wanted}.")


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"There is no time zone {name!r}.", "Take an IANA name such as Europe/Lisbon."
        ) from error
