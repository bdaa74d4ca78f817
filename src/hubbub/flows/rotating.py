"""Changes the keys of a workspace: pseudonyms become others; old ones can be cut off for ever."""

from msgspec import Struct
from msgspec.structs import replace

from hubbub.errors import UsageError
from hubbub.flows.auditing import audited
from hubbub.flows.journaling import alone, take_over
from hubbub.flows.ledger import renew_ledger
from hubbub.flows.loading import load_rest, sole_loader
from hubbub.flows.workspace import (
    keys_of,
    made,
    stored_keys,
)
from hubbub.privacy.keys import ENVIRONMENT, Keys, from_environment, write_keys
from hubbub.privacy.letters import Choices
from hubbub.privacy.refusals import Entry, RefusalFile
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.erasing import rewritten
from hubbub.stores.renewing import note_keys, pseudonyms_by_version


class Rotated(Struct, frozen=True):
    """What a change of keys did, and what it cost."""

    version: int
    renewed: int
    """Members whose pseudonyms were renewed."""
    parted: dict[int, tuple[int, int]]
    """Members and messages by version whose pseudonyms nobody can join to later ones any more."""
    refusals_lost: int
    """Members who had opted out or were forgotten, and are no longer recognised."""
    choices_lost: int = 0
    """Members whose choice of letters is lost in the same way: they would get all again."""


def rotate(settings: Settings) -> Rotated:
    """Add a key: all pseudonyms of the store become new ones, and the history stays in one piece.

    Who knows the keys of before can no longer tell whom a pseudonym means; exports that were made
    before keep their old ones.
    """
    _refuse_environment()
    with alone(settings), sole_loader(settings):
        # not before: two that rotate at once would make two keys of one version
        keys = keys_of(settings).rotated()
        audited(settings, "keys", "rotate", version=keys.version)
        take_over(settings)
        load_rest(settings)
        # The keys first: a store that lags behind them is brought up at its next merge.
        write_keys(settings.key, keys)
        renewed = 0
        if store.exists(settings.store):
            with store.writing(settings.store) as connection:
                note_keys(connection, keys)
                renewed = pseudonyms_by_version(connection).get(keys.version, (0, 0))[0]
            rewritten(settings.store)
        file = RefusalFile(settings.refused)
        if file.exists():
            file.change(lambda entries: [_renewed(entry, keys) for entry in entries])
        renew_ledger(settings, keys)
    return Rotated(keys.version, renewed, {}, 0)


def destroy_old(settings: Settings) -> Rotated:
    """Destroy the keys of all pseudonyms so far, and begin anew: what is stored stays, but nobody
    can join it to what comes, or tell any more whom its pseudonyms mean."""
    _refuse_environment()
    with alone(settings), sole_loader(settings):
        keys = keys_of(settings).without_past()
        audited(settings, "keys", "destroy-old", version=keys.version)
        take_over(settings)
        load_rest(settings)
        return _begin_anew(settings, keys, refusals_lost=0)


def begin_after_loss(settings: Settings) -> Rotated:
    """Make new keys where the old ones are lost. Nobody can be recognised any more: neither a
    pseudonym, nor a member who had opted out.

    Raises `UsageError` if they are not lost.
    """
    _refuse_environment()
    with alone(settings), sole_loader(settings):
        if settings.key.exists():
            raise UsageError(
                f"The keys are not lost: {settings.key} is there.", "Rotate without --after-loss."
            )
        known = stored_keys(settings)
        file = RefusalFile(settings.refused)
        lost = len(file.entries())
        keys = Keys.new()
        choices = Choices(settings.letters, file, keys)
        unknown = choices.count()
        audited(settings, "keys", "after-loss", refusals_lost=lost, choices_lost=unknown)
        version = known[1] + 1 if known else 1
        done = _begin_anew(settings, replace(keys, version=version), refusals_lost=lost)
        if lost:
            file.change(lambda _: [])
        if unknown:
            choices.clear()
    return replace(done, choices_lost=unknown)


def _begin_anew(settings: Settings, keys: Keys, *, refusals_lost: int) -> Rotated:
    parted: dict[int, tuple[int, int]] = {}
    # The store first: if this is stopped before the keys are written, it can be begun again.
    if store.exists(settings.store):
        with store.writing(settings.store) as connection:
            note_keys(connection, keys)
            parted = pseudonyms_by_version(connection)
    write_keys(made(settings.key), keys)
    return Rotated(keys.version, 0, parted, refusals_lost)


def _renewed(entry: Entry, keys: Keys) -> Entry:
    if entry.pseudonym is None:
        return entry
    return replace(entry, pseudonym=keys.renewed("member", entry.pseudonym, keys.version - 1))


def _refuse_environment() -> None:
    if from_environment() is not None:
        raise UsageError(
            f"The keys come from the environment ({ENVIRONMENT}), which Hubbub cannot change.",
            "Add a line there: the next version, a blank, 64 hexadecimal digits. The next import "
            "or collection renews the pseudonyms.",
        )
