"""The journal of a collection: whose turn it is, and how the store takes it over."""

from collections.abc import Generator
from contextlib import contextmanager

import duckdb

from hubbub.flows.applying_policy import gate_of_store, settle
from hubbub.flows.workspace import scratch_folder, sole
from hubbub.privacy.gate import Gate
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.journal import Journal
from hubbub.stores.merge import Merged, merge

_MEMORY = "80MB"
"""What DuckDB may take to merge a journal; beyond that it goes to the disk."""


@contextmanager
def alone(settings: Settings) -> Generator[None]:
    """Let no other process collect into this workspace, or erase in it."""
    with sole(
        settings.folder / "collect.lock",
        f"Another hubbub is collecting into {settings.folder}.",
        "Wait for it to end, then run this again.",
    ):
        yield


@contextmanager
def open_journal(settings: Settings) -> Generator[Journal]:
    """The journal of a workspace, made if there is none."""
    journal = Journal(settings.journal)
    try:
        yield journal
    finally:
        journal.close()


def merge_journal(
    connection: duckdb.DuckDBPyConnection, settings: Settings, journal: Journal, gate: Gate
) -> Merged:
    """Merge what waits in the journal, in the transaction that the session has begun; the journal
    is to be cleared once that is complete."""
    connection.execute(f"SET memory_limit = '{_MEMORY}'; SET threads = 1")
    with scratch_folder(settings) as scratch:
        merged = merge(connection, journal.staged(scratch))
        settle(connection, settings, gate)
    return merged


def take_over(settings: Settings) -> None:
    """Let the store have what a collection that was killed has left, and leave no byte of it
    behind."""
    gate = gate_of_store(settings)
    if not settings.journal.exists():
        return
    with open_journal(settings) as journal:
        if journal.pages:
            with store.writing(settings.store) as connection:
                merge_journal(connection, settings, journal, gate)
            journal.clear()
        journal.shrink()
