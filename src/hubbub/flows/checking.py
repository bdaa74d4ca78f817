"""Checks whether a workspace can be collected and shown: what was found, and the fix."""

import shutil
import stat
from pathlib import Path

import duckdb

from hubbub.charts.fonts import EMOJI, JAPANESE, KOREAN, has_font
from hubbub.core.findings import Finding, ok, problem, remark, some
from hubbub.errors import HubbubError, TryAgain
from hubbub.flows.checking_slack import Workspace, check_slack
from hubbub.flows.connecting import app_token, signing_secret
from hubbub.flows.granting import login_is_wanted
from hubbub.flows.workspace import contradictions, policy_of_workspace
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.journal import Journal

_LEAST_FREE = 500_000_000
"""Bytes that a disk should have left at least: a merge needs some beside the store."""
_WAIT = 2.0
"""Seconds to wait for a store that another program holds."""


def examine(settings: Settings, complaint: HubbubError | None = None) -> list[Finding]:
    """All checks. `complaint` says why hubbub.toml could not be read, if it could not."""
    policy, findings = _settings(settings, complaint)
    of_slack, workspace = check_slack(settings, policy)
    return [
        *findings,
        *of_slack,
        *_store(settings, workspace),
        _disk(settings),
        *_folders(settings),
        *_journal(settings),
        *_kept(settings, policy),
        _events(settings),
        _dashboard(settings),
        _fonts(),
    ]


def _settings(
    settings: Settings, complaint: HubbubError | None
) -> tuple[Policy | None, list[Finding]]:
    if complaint is None:
        try:
            policy = policy_of_workspace(settings)
        except HubbubError as error:
            complaint = error
        else:
            where = f"{settings.written}" if settings.written.exists() else "No hubbub.toml"
            said = f"{where}: preset {policy.preset}, time zone {settings.timezone}."
            if settings.written.exists():
                return policy, [ok("settings", said)]
            return policy, [remark("settings", said, "To have one to change: hubbub init")]
    return None, [
        problem("settings", complaint.reason, complaint.fix),
        remark("settings", "Scopes and channels cannot be checked without settings.", ""),
    ]


def _store(settings: Settings, workspace: Workspace | None) -> list[Finding]:
    file = settings.store
    if not store.exists(file):
        return [ok("store", "None yet; hubbub collect and hubbub import make it.")]
    try:
        version = store.version_of(file, wait=_WAIT)
        if version < store.VERSION:
            return [ok("store", f"{file}, version {version}: brought up to date when next used.")]
        with store.reading(file, wait=_WAIT) as connection:
            known = connection.execute("SELECT team_id, name FROM store.workspace").fetchall()
    except TryAgain as error:
        return [remark("store", error.reason, error.fix)]
    except HubbubError as error:
        return [problem("store", error.reason, error.fix)]
    except duckdb.Error as error:
        return [
            problem(
                "store",
                f"{file} is damaged: {str(error).splitlines()[0]}",
                "Restore it from a backup, or move it away and collect and import again.",
            )
        ]
    if known and workspace and known[0][0] != workspace.team_id:
        return [
            problem(
                "store",
                f"It holds the workspace {known[0][1] or known[0][0]}, but the token is for "
                f"{workspace.name or workspace.team_id}.",
                "Name another workspace with --workspace, or take the other token.",
            )
        ]
    holds = f", of {known[0][1] or known[0][0]}" if known else ""
    megabytes = file.stat().st_size / 1e6
    return [ok("store", f"{file}, version {version}, {megabytes:,.0f} MB{holds}.")]


def _events(settings: Settings) -> Finding:
    """By what way `hubbub serve` would hear of events."""
    try:
        token, secret = app_token(settings), signing_secret(settings)
    except HubbubError as error:
        return problem("events", error.reason, error.fix)
    if token is not None:
        return ok("events", f"They come by Socket Mode, with the app token in {token.place}.")
    if secret is not None:
        return ok("events", "Slack delivers them to /slack/events of hubbub serve.")
    way = "set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET."
    if settings.send.letters:
        return remark(
            "events",
            "None: members who get letters cannot say in Slack that they want no more.",
            f"To hear them, {way} Until then: hubbub privacy letters stop MEMBER",
        )
    return ok("events", f"None: for a live dashboard {way}")


def _disk(settings: Settings) -> Finding:
    there = next(each for each in (settings.folder, *settings.folder.parents) if each.exists())
    free = shutil.disk_usage(there).free
    if free < _LEAST_FREE:
        return problem(
            "disk",
            f"Only {free / 1e6:,.0f} MB are free where {settings.folder} is.",
            f"Make room, at least {_LEAST_FREE / 1e6:,.0f} MB, or take another --home.",
        )
    return ok("disk", f"{free / 1e9:,.1f} GB are free.")


def _folders(settings: Settings) -> list[Finding]:
    """Who may look into the folders in which members' words and keys are."""
    folders = [each for each in (settings.folder, settings.key.parent) if each.is_dir()]
    found = [
        problem(
            "folders",
            f"{folder} is open to others on this machine.",
            f"Keep it to yourself: chmod 700 {folder}",
        )
        for folder in folders
        if stat.S_IMODE(folder.stat().st_mode) & 0o077
    ]
    if not folders:
        return []
    return found or [ok("folders", f"{some([*map(str, folders)])}: for their owner alone.")]


def _journal(settings: Settings) -> list[Finding]:
    """Whether a run has left something to be merged."""
    if not settings.journal.exists():
        return []
    try:
        journal = Journal(settings.journal)
    except HubbubError as error:
        return [problem("journal", error.reason, error.fix)]
    try:
        waiting = journal.pages
    finally:
        journal.close()
    if not waiting:
        return [ok("journal", "Nothing waits for the store.")]
    return [
        remark(
            "journal",
            f"Pages that wait for the store: {waiting:,}. A run is under way, or did not end.",
            "The next hubbub collect takes them over, and goes on from there.",
        )
    ]


def _kept(settings: Settings, policy: Policy | None) -> list[Finding]:
    """Whether Slack's answers or files are, or would be, kept against the policy."""
    if policy is None:
        return []
    found = [
        problem("kept", f"{error.reason} hubbub collect will refuse.", error.fix)
        for error in contradictions(settings, policy)
    ]
    runs = 0 if policy.raw else _runs(settings.raw)
    if runs:
        found.append(
            problem(
                "kept",
                f"{settings.raw} still holds Slack's answers of {runs:,} runs, with all texts; the "
                f"preset {policy.preset} forbids it.",
                f"Remove them: rm -r {settings.raw}",
            )
        )
    return found


def _runs(folder: Path) -> int:
    return sum(any(each.iterdir()) for each in folder.glob("*/"))


def _dashboard(settings: Settings) -> Finding:
    """Who may look at the dashboard, where hubbub.toml wants it served."""
    host = settings.serve.host
    try:
        is_asked = login_is_wanted(settings, host)
    except HubbubError as error:
        return problem("dashboard", error.reason, error.fix)
    if is_asked:
        return ok("dashboard", f"At {host or 'all addresses'}, behind a login.")
    return ok("dashboard", "For this machine alone, without a login.")


def _fonts() -> Finding:
    missing = [script for script in (KOREAN, JAPANESE, EMOJI) if not has_font(script)]
    if not missing:
        return ok("fonts", "Korean, Japanese, Chinese and emoji can be drawn.")
    packages = " ".join(dict.fromkeys(script.package for script in missing))
    return remark(
        "fonts",
        f"Charts cannot show {' or '.join(script.name for script in missing)} here.",
        f"Install fonts: apt-get install {packages}",
    )
