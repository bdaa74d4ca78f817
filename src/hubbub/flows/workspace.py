"""What all flows into a workspace share: its policy and gate, its folders, the names of runs."""

import os
import secrets
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hubbub.errors import HubbubError, UsageError
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.policy import Policy, policy_of
from hubbub.privacy.pseudonyms import workspace_key
from hubbub.settings import Settings
from hubbub.stores import duckdb as store


def policy_of_workspace(settings: Settings) -> Policy:
    """The privacy policy that a workspace has chosen."""
    return policy_of(**{"preset": "standard"} | settings.privacy)


def smallest_group(settings: Settings) -> int:
    """The fewest members that a figure may be about; 1 allows all figures.

    Options of one command cannot loosen it: they would make neighbouring figures whose difference
    tells of few. Raises `UsageError` for another time zone than the workspace's.
    """
    written = settings.unflagged or settings
    k = max(policy_of_workspace(each).smallest_group for each in (settings, written))
    if k > 1 and settings.timezone != written.timezone:
        raise UsageError(
            f"The figures of {settings.workspace} are about days of {written.timezone}: those of "
            f"another time zone beside them would tell of fewer than {k} members.",
            "Leave out --timezone. The time zone of all figures is timezone in hubbub.toml.",
        )
    return k


def open_to_operator(settings: Settings) -> bool:
    """Whether rows about single members may be handed to whoever runs Hubbub."""
    written = settings.unflagged or settings
    return smallest_group(settings) == 1 or policy_of_workspace(written).operator_sql


def refuse_single_members(settings: Settings, what: str) -> None:
    """Raise `TooFewMembers` unless rows about single members may be handed out."""
    if not open_to_operator(settings):
        raise TooFewMembers(
            f"{what} single members, and no figure about fewer than {smallest_group(settings)} "
            "may leave.",
            "If whoever runs Hubbub may see them, write operator_sql = true under [privacy] in "
            f"{settings.written}.",
        )


def contradictions(settings: Settings, policy: Policy) -> list[UsageError]:
    """What the settings ask to be kept and the policy forbids."""
    found: list[UsageError] = []
    for asked, allowed, name, what in (
        (settings.collect.raw, policy.raw, "raw", "Slack's own responses"),
        (
            settings.collect.files,
            policy.text == "whole",
            "files",
            "what members wrote, and so no files",
        ),
    ):
        if asked and not allowed:
            found.append(
                UsageError(
                    f"The preset {policy.preset} does not keep {what}.",
                    f"Leave out --{name}, and {name} under [collect] in hubbub.toml, or choose the "
                    "preset open.",
                )
            )
    return found


def gate_of(settings: Settings, policy: Policy, channels: Mapping[str, Channel]) -> Gate:
    """The gate of a workspace; makes the key of its pseudonyms where the policy needs one."""
    key = workspace_key(made(settings.key)) if policy.pseudonyms else None
    return Gate(policy, channels, key)


def kept_out(gate: Gate) -> list[str]:
    """Channels that are known not to be public and may not be in the store."""
    return [
        channel_id
        for channel_id, channel in gate.channels.items()
        if channel.kind != "public" and not gate.admits(channel_id)
    ]


def new_run_id(started_at: datetime) -> str:
    """A name for a run: sorts by time."""
    return f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def stored_channels(settings: Settings) -> list[tuple[str, str, str]]:
    """Id, name and kind of the channels that the store knows, and of those it keeps out."""
    if not store.exists(settings.store):
        return []
    with store.reading(settings.store) as connection:
        return connection.execute("""
            SELECT channel_id, name, kind FROM channels
            UNION ALL SELECT channel_id, channel_id, 'private' FROM withheld""").fetchall()


@contextmanager
def scratch_folder(settings: Settings) -> Generator[Path]:
    """A folder for one piece of work alone; what others that died have left is removed."""
    root = made(settings.scratch / "x").parent
    for left in root.glob("import-*"):
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = root / f"import-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def made(file: Path) -> Path:
    """A file's path, its folders made, for their owner alone. Raises `HubbubError` where that is
    not allowed."""
    try:
        lacking = [folder for folder in (file.parent, *file.parent.parents) if not folder.exists()]
        for folder in reversed(lacking):  # `parents=True` would give the mode to the last one only
            folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise HubbubError(
            f"{file.parent} cannot be made: {error.strerror}.",
            "Take a folder that you may write to: --home DIR.",
        ) from error
    return file
