"""Applies a workspace's policy: its gate, and what has to follow each merge."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hubbub.core.batch import Envelope
from hubbub.flows.workspace import keys_of, policy_of_workspace
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.policy import Policy
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


def stored_channels(settings: Settings) -> dict[str, Channel]:
    """The channels that the store knows, and those it keeps out, by id."""
    if not store.exists(settings.store):
        return {}
    with store.reading(settings.store) as connection:
        found = connection.execute(f"""
            SELECT channel_id, name, kind FROM store.channels UNION ALL ({_WITHHELD})""").fetchall()
    return {channel_id: Channel(name, kind) for channel_id, name, kind in found}
