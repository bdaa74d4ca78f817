"""What all flows into a workspace share: its policy and keys, its folders, the names of runs."""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.privacy.keys import ENVIRONMENT, Keys, from_environment, made_keys, read_keys
from hubbub.privacy.policy import Policy, policy_of
from hubbub.privacy.refusals import RefusalFile
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

if TYPE_CHECKING:
    import duckdb


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


def keys_of(settings: Settings, connection: "duckdb.DuckDBPyConnection | None" = None) -> Keys:
    """The keys of a workspace, made if it never had any. A session on the store that there is
    already spares another.

    Raises `HubbubError` if they are lost, damaged, open to others, or not those that the store was
    made with.
    """
    known = stored_keys(settings) if connection is None else _noted_keys(connection)
    mark = known[0] if known else None
    keys = from_environment()
    if keys is None:
        if settings.key.exists():
            keys = read_keys(settings.key)
        elif mark or RefusalFile(settings.refused).exists() or settings.letters.exists():
            raise HubbubError(
                f"The keys of this workspace are lost: there is no {settings.key}.",
                "Restore the file from your backup. If there is none: hubbub privacy rotate "
                "--after-loss says what is lost with it, and begins anew.",
            )
        else:
            return made_keys(made(settings.key))
    if mark and keys.mark != mark:
        raise HubbubError(
            "The store was made with other keys than those of this workspace.",
            f"Restore {settings.key}, or {ENVIRONMENT}, from your backup.",
        )
    return keys


def stored_keys(settings: Settings) -> tuple[str, int] | None:
    """The mark and version of the keys that the store was made with; None if it never met any."""
    if not store.exists(settings.store):
        return None
    with store.reading(settings.store) as connection:
        return _noted_keys(connection)


def _noted_keys(connection: "duckdb.DuckDBPyConnection") -> tuple[str, int] | None:
    found = connection.execute("SELECT mark, version FROM keys").fetchall()
    return found[0] if found else None


def new_run_id(started_at: datetime) -> str:
    """A name for a run: sorts by time."""
    return f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def stored_team(settings: Settings) -> str | None:
    """Slack's id of the workspace, if the store has learned it."""
    if not store.exists(settings.store):
        return None
    with store.reading(settings.store) as connection:
        found = connection.execute("SELECT team_id FROM workspace").fetchall()
    return found[0][0] if found else None


def sweep(settings: Settings) -> None:
    """Remove what work that died has left in its scratch folder: rows of people, perhaps. A lock
    tells whether it died; numbers of processes mean something else in each container."""
    for left in settings.scratch.glob("work-*"):
        with contextlib.suppress(OSError), _locked(left):  # it is at work, or has just ended
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def scratch_folder(settings: Settings) -> Generator[Path]:
    """A folder for one piece of work alone; what others that died have left is removed."""
    root = made(settings.scratch / "x").parent
    sweep(settings)
    name = secrets.token_hex(8)
    folder, begun = root / f"work-{name}", root / f"new-{name}"
    begun.mkdir()
    with _locked(begun):
        begun.rename(folder)  # from now on there is a lock on what sweeps look at
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Hold a folder that nobody else holds. Raises `OSError` if somebody does, or it is gone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def sole(lock: Path, reason: str, fix: str) -> Generator[int]:
    """Hold a lock file that no other process holds; its descriptor keeps it, also in a process that
    inherits it. Raises `TryAgain` if another one does."""
    with made(lock).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TryAgain(reason, fix) from error
        yield file.fileno()


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
