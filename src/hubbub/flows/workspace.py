"""What all flows into a workspace share: its policy and gate, its folders, the names of runs."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hubbub.core.batch import Envelope
from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import ENVIRONMENT, Keys, from_environment, made_keys, read_keys
from hubbub.privacy.policy import Policy, policy_of
from hubbub.privacy.refusals import RefusalFile, folded, names_in_texts
from hubbub.settings import Settings
from hubbub.slack.normalize import names_in
from hubbub.stores import duckdb as store
from hubbub.stores.erasing import Limits, erase_members, erase_names, members_named, retain
from hubbub.stores.merge import withdraw
from hubbub.stores.renewing import note_keys

if TYPE_CHECKING:
    import duckdb

    from hubbub.privacy.scrub import Person, Scrubber


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


def gate_of(
    settings: Settings,
    policy: Policy,
    channels: Mapping[str, Channel],
    people: "Sequence[Person]" = (),
) -> Gate:
    """The gate of a workspace; makes the workspace's keys where there are none yet.

    `people` are the members whose names are taken out of texts: all, where the policy wants that
    (if nobody is known then, no text passes), else those who are refused.
    """
    keys = keys_of(settings)
    scrubber = None
    if policy.scrubs and (people or not policy.scrubs_names):
        scrubber = scrubber_of(policy, people if policy.scrubs_names else ())
    refusals = RefusalFile(settings.refused).refusals(keys)
    named = [
        (each.handle, name, each.email, each.phone)
        for each in people
        if each.member_id in refusals
        for name in each.names or (None,)
    ]
    called = {folded(name) for told in named for name in told[:2] if name}
    refusals = replace(refusals, names=names_in_texts(named), called=frozenset(called))
    return Gate(policy, channels, keys, scrubber, refusals, time.time_ns() // 1000)


def gate_of_store(settings: Settings) -> Gate:
    """The gate by what the store knows of channels: for rows that were admitted before."""
    return gate_of(settings, policy_of_workspace(settings), stored_channels(settings))


def needs_directory(settings: Settings, policy: Policy) -> bool:
    """Whether texts can be admitted only when it is known who the members are: where names are
    taken out of texts, those of all members or of refused ones."""
    return policy.scrubs_names or RefusalFile(settings.refused).exists()


def people_in(envelopes: Iterable[Envelope]) -> "list[Person]":
    """The members that directories name; what cannot be read in them is left to the quarantine."""
    from hubbub.privacy.scrub import Person

    people: list[Person] = []
    for envelope in envelopes:
        if envelope.kind == "users":
            people += [Person(*told) for told in names_in(envelope)]
    return people


def scrubber_of(policy: Policy, people: "Sequence[Person]") -> "Scrubber":
    """What scrubs texts by a policy. Raises `UsageError` if its language model is not there."""
    from hubbub.privacy.scrub import DEFAULT_REGIONS, Scrubber
    from hubbub.privacy.scrub.outsiders import Outsiders

    outsiders = None
    if policy.outsiders:
        outsiders = Outsiders(policy.outsiders)
        outsiders.load()
    return Scrubber(
        regions=policy.phone_regions or DEFAULT_REGIONS, people=people, outsiders=outsiders
    )


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


def limits_of(policy: Policy, moment: datetime) -> Limits:
    """From when on the policy keeps texts and rows."""
    texts, rows = (
        moment - timedelta(days=days) if days else None
        for days in (policy.text_days, policy.row_days)
    )
    return Limits(texts, rows)


def settle(connection: "duckdb.DuckDBPyConnection", settings: Settings, gate: Gate) -> None:
    """What follows each merge, in its transaction: channels that are not public leave the store,
    members who were refused meanwhile too, what is too old goes, and the store learns whose keys
    it was made with."""
    withdraw(connection, sorted({*kept_out(gate), *_left_public(connection, gate.policy)}))
    file = RefusalFile(settings.refused)
    if file.exists():
        refusals = file.refusals(gate.keys)
        pseudonyms = {entry.pseudonym for entry in file.entries()}
        named = members_named(connection)
        erase_members(
            connection, {each for each in named if each in refusals or each in pseudonyms}
        )
        erase_names(connection, replace(refusals, called=gate.refusals.called).calls)
    retain(connection, limits_of(gate.policy, datetime.now(UTC)))
    if gate.keys is not None:
        note_keys(connection, gate.keys)


def kept_out(gate: Gate) -> list[str]:
    """Channels that are known not to be public and may not be in the store."""
    return [
        channel_id
        for channel_id, channel in gate.channels.items()
        if channel.kind not in {"public", "unknown"} and not gate.admits(channel_id)
    ]


_WITHHELD = """SELECT channel_id, channel_id AS name, 'private' AS kind FROM store.withheld
    WHERE channel_id NOT IN (SELECT channel_id FROM store.channels)
    AND channel_id NOT IN (
        SELECT channel_id FROM store.channel_changes WHERE what = 'kind' AND kind = 'public')"""
"""Channels that are kept out, but for those that were public again when last heard of."""


def _left_public(connection: "duckdb.DuckDBPyConnection", policy: Policy) -> list[str]:
    """Channels of which the store itself knows that they are not public, and may not have rows."""
    found = connection.execute(f"""
        SELECT channel_id, name, kind FROM store.channels WHERE kind NOT IN ('public', 'unknown')
        UNION ALL SELECT channel_id, channel_id, kind FROM store.channel_changes
            WHERE what = 'kind' AND kind <> 'public'
        UNION ALL ({_WITHHELD})""").fetchall()
    return [each for each, name, kind in found if not policy.admits(each, name, kind)]


def new_run_id(started_at: datetime) -> str:
    """A name for a run: sorts by time."""
    return f"{started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def stored_channels(settings: Settings) -> dict[str, Channel]:
    """The channels that the store knows, and those it keeps out, by id."""
    if not store.exists(settings.store):
        return {}
    with store.reading(settings.store) as connection:
        found = connection.execute(f"""
            SELECT channel_id, name, kind FROM store.channels UNION ALL ({_WITHHELD})""").fetchall()
    return {channel_id: Channel(name, kind) for channel_id, name, kind in found}


def stored_team(settings: Settings) -> str | None:
    """Slack's id of the workspace, if the store has learned it."""
    if not store.exists(settings.store):
        return None
    with store.reading(settings.store) as connection:
        found = connection.execute("SELECT team_id FROM workspace").fetchall()
    return found[0][0] if found else None


@contextmanager
def scratch_folder(settings: Settings) -> Generator[Path]:
    """A folder for one piece of work alone; what others that died have left is removed."""
    root = made(settings.scratch / "x").parent
    for left in root.glob("work-*"):
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = root / f"work-{secrets.token_hex(4)}-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
