"""The ledger of deliveries within a workspace: whose ids it holds, and what the store has of it."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from hubbub.core.tables import DELIVERIES
from hubbub.flows.workspace import keys_of, made, policy_of_workspace
from hubbub.privacy.keys import Keys
from hubbub.privacy.refusals import RefusalFile
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.deliveries import Delivery, Ledger
from hubbub.stores.renewing import note_keys

_PSEUDONYM = re.compile(r"m(\d+)_[0-9a-f]{24}")


@contextmanager
def open_ledger(settings: Settings, keys: Keys) -> Generator[Ledger]:
    """The ledger of a workspace, made if there is none; it calls members as the policy does."""
    ledger = Ledger(made(settings.ledger), keys.mark)
    try:
        ledger.rename(names_of_members(settings, keys))
        yield ledger
    finally:
        ledger.close()


def names_of_members(settings: Settings, keys: Keys) -> Callable[[str], str]:
    """How the ledger calls a member, of an id or of a pseudonym of before: as the store would, and
    empty for one who is refused."""
    file = RefusalFile(settings.refused)
    refusals = file.refusals(keys)
    refused = {entry.pseudonym for entry in file.entries()}
    is_keyed = policy_of_workspace(settings).pseudonyms

    def name(member: str) -> str:
        if member in refusals:
            return ""
        named = _keyed(member, keys) if is_keyed else member
        return "" if named in refused else named

    return name


def _keyed(member: str, keys: Keys) -> str:
    """A member's newest pseudonym, of an id or an older one."""
    known = _PSEUDONYM.fullmatch(member)
    if known is None:
        return keys.pseudonym("member", member)
    version = int(known[1])
    if version + 1 < keys.first:
        return member  # cut off from what comes later, for ever
    for each in range(version, keys.version):
        member = keys.renewed("member", member, each)
    return member


def tell_store(settings: Settings, ledger: Ledger, keys: Keys) -> None:
    """Let the store's table `deliveries` have what is new in the ledger."""
    ledger.rename(names_of_members(settings, keys))  # somebody may have been refused meanwhile
    untold = ledger.untold()
    if not untold:
        return
    columns = ", ".join(DELIVERIES.names)
    values = ", ".join("?" * len(DELIVERIES.names))
    with store.writing(settings.store) as connection:
        note_keys(connection, keys)
        for delivery in untold:
            connection.execute("DELETE FROM store.deliveries WHERE delivery = ?", [delivery.key])
            if delivery.recipient:  # else it was taken out: nobody's, and no row
                connection.execute(
                    f"INSERT INTO store.deliveries ({columns}) VALUES ({values})", _row(delivery)
                )
    ledger.told(untold)


def _row(delivery: Delivery) -> list[object]:
    is_member = delivery.kind == "member"
    row: dict[str, object] = {
        "delivery": delivery.key,
        "report": delivery.report,
        "period": delivery.period,
        "variant": delivery.variant or None,
        "user_id": delivery.recipient if is_member else None,
        "channel_id": None if is_member else delivery.recipient,
        "state": delivery.state,
        "reason": delivery.reason or None,
        "pictures": delivery.pictures,
        "ts": delivery.ts or None,
        "changed_at": datetime.fromtimestamp(delivery.at, UTC),
    }
    return [row[name] for name in DELIVERIES.names]


def renew_ledger(settings: Settings, keys: Keys) -> None:
    """Let the ledger call members by the keys' newest version, and refused ones not at all."""
    if settings.ledger.exists():
        with open_ledger(settings, keys):
            pass


def release_in_ledger(settings: Settings, before: datetime) -> int:
    """Forget for whom the letters of before an instant were; returns how many those are."""
    if not settings.ledger.exists():
        return 0
    with open_ledger(settings, keys_of(settings)) as ledger:
        return ledger.release(before.timestamp())
