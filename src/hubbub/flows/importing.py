"""Imports an archive: read in parallel, admitted, staged, then merged in one transaction.

Until the merge nothing of the store is touched, and the merge is all or nothing: an import that is
stopped anywhere leaves the store as it was.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
from msgspec import Struct, field

from hubbub.core.batch import Admitted, Envelope
from hubbub.core.ports import Archive, Part
from hubbub.core.tables import RUNS, Privacy
from hubbub.flows.applying_policy import (
    gate_of,
    needs_directory,
    people_in,
    settle,
    stored_channels,
)
from hubbub.flows.auditing import audited_run
from hubbub.flows.reading import Reader, reader_of
from hubbub.flows.workers import held_archive, reading_workers
from hubbub.flows.workspace import new_run_id, policy_of_workspace, scratch_folder
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.slack.directory import strictest
from hubbub.slack.normalize import channel_ids
from hubbub.sources.archives import open_archive
from hubbub.stores import duckdb as store
from hubbub.stores.merge import Merged, merge
from hubbub.stores.staging import Staged, joined, stage

_TASK_BYTES, _LAST_BYTES = 8_000_000, 1_000_000
"""JSON that a task reads, about; the last ones read less, so that no process waits long for
another."""
_PIECE_BYTES = 200_000
"""JSON that is held as rows at a time, about: bounds memory, and keeps to the cache."""

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it, of how much."""


class Report(Struct, frozen=True):
    """What an import found and did."""

    archive: str
    rows: dict[str, int]
    """Rows of the store that the archive stands for, by table."""
    added: int
    updated: int
    unchanged: int
    quarantined: int
    left_out: int
    """Messages of channels that the policy keeps out."""
    assumed_public: tuple[str, ...]
    """Channels taken as public because the archive has no list of channels."""
    keeps_text: bool
    seconds: float


class _Done(Struct, frozen=True):
    """What a task staged."""

    staged: Staged
    left_out: int
    quarantined: int


def unseen(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def import_archive(settings: Settings, path: Path, progress: Progress = unseen) -> Report:
    """Import an archive into a workspace. Raises `HubbubError`; then the store is as it was."""
    archive = open_archive(path)
    with audited_run(settings, "import", source=str(path.resolve())) as told:
        report = _imported(settings, path, archive, progress)
        told |= {"added": report.added, "updated": report.updated, "left_out": report.left_out}
        return report


def _imported(settings: Settings, path: Path, archive: Archive, progress: Progress) -> Report:
    begun, started_at = time.perf_counter(), datetime.now(UTC)
    policy = policy_of_workspace(settings)
    parts = archive.parts()
    size = sum(part.size for part in parts)
    with scratch_folder(settings) as scratch:
        with reading_workers(size, archive) as workers:
            listed = list(archive.directory())
            known, assumed = _channels(archive, listed, settings)
            people = people_in(listed) if needs_directory(settings, policy) else ()
            gate = gate_of(settings, policy, known, people)
            task = _Task(gate, reader_of(settings), scratch, path.name)
            groups = _shared_out(parts)
            reading = _run(workers, archive, task, groups)
            done = [task.directory(listed)]
            for number, finished in enumerate(reading, 1):
                done.append(finished)
                progress("reading", number, len(groups))
        progress("merging", 0, 1)
        staged = joined([each.staged for each in done])
        quarantined = sum(each.quarantined for each in done)
        left_out = sum(each.left_out for each in done)
        with store.writing(settings.store) as connection:
            merged = merge(connection, staged)
            settle(connection, settings, gate)
            _note_run(connection, archive, policy, started_at, merged, quarantined, left_out)
    return Report(
        archive.title,
        merged.rows,
        merged.added,
        merged.updated,
        merged.unchanged,
        quarantined,
        left_out,
        tuple(sorted(name for name in assumed if gate.admits(name))),
        policy.keeps(Privacy.TEXT),
        time.perf_counter() - begun,
    )


class _Task(Struct, frozen=True):
    """Reads parts of an archive and stages what the gate admits; runs in a worker."""

    gate: Gate
    reader: Reader
    scratch: Path
    name: str
    id: str = field(default_factory=partial(secrets.token_hex, 8))

    def directory(self, envelopes: list[Envelope]) -> _Done:
        """Stage the users and channels."""
        return self._stage(0, envelopes)

    def read(self, archive: Archive, number: int, parts: Sequence[Part]) -> _Done:
        """Stage the messages of some parts."""
        return self._stage(number, (each for part in parts for each in archive.read(part)))

    def read_held(self, number: int, parts: Sequence[Part]) -> _Done:
        """Stage the messages of some parts of the archive that this worker holds."""
        # sent anew with each piece of work; what the gate has prepared is in the first one
        held = _held.setdefault(self.id, self)
        return held.read(held_archive(), number, parts)

    def _stage(self, number: int, envelopes: Iterable[Envelope]) -> _Done:
        counts = _Counts()
        staged = stage(self._pieces(number, envelopes, counts), self.scratch, f"{number:06}")
        return _Done(staged, counts.left_out, counts.quarantined)

    def _pieces(
        self, number: int, envelopes: Iterable[Envelope], counts: "_Counts"
    ) -> Iterator[Admitted]:
        """What the gate admits, a little at a time: rows that stay in the processor's cache are
        read in two thirds of the time."""
        copies = number << 32  # tasks must not use the same copy numbers
        pending = iter(envelopes)
        while piece := list(_up_to(_PIECE_BYTES, pending)):
            batch = self.reader.read(piece, self.gate, copies=copies)
            rows = batch.rows["quarantine"]
            batch.rows["quarantine"] = [(f"{self.name}/{origin}", *rest) for origin, *rest in rows]
            admitted = self.gate.admit(batch)
            counts.left_out += admitted.left_out
            counts.quarantined += len(rows)
            copies = batch.copies
            yield admitted


_held: dict[str, _Task] = {}
"""The task of this worker."""


class _Counts(Struct):
    """What a task counts on its way."""

    left_out: int = 0
    quarantined: int = 0


def _up_to(size: int, envelopes: Iterator[Envelope]) -> Iterator[Envelope]:
    """Envelopes until they hold so many bytes together."""
    taken = 0
    for envelope in envelopes:
        yield envelope
        taken += len(envelope.payload)
        if taken >= size:
            return


def _channels(
    archive: Archive, listed: list[Envelope], settings: Settings
) -> tuple[dict[str, Channel], list[str]]:
    """All channels that the archive or the store knows, and those assumed to be public.

    An archive without any list of channels (history pages, an event log) cannot say that a channel
    is private; its owner names it on the command line, so what nothing speaks against is public.
    """
    claims = [(each, *told) for each, told in stored_channels(settings).items()]
    for envelope in listed:
        if envelope.kind == "channels":
            claims += channel_ids(envelope)
    names: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for channel_id, name, kind in claims:
        names[channel_id] = name
        before = kinds.get(channel_id, "unknown")
        said = {before, kind} - {"unknown"}
        kinds[channel_id] = strictest(*said) if said else "unknown"
    assumed: list[str] = []
    if not archive.lists_channels:
        assumed = [channel_id for channel_id, kind in kinds.items() if kind == "unknown"]
        kinds |= dict.fromkeys(assumed, "public")
    known = {channel_id: Channel(names[channel_id], kinds[channel_id]) for channel_id in names}
    return known, assumed


def _shared_out(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts in groups of about equal size, towards the end in ever smaller ones."""
    groups: list[list[Part]] = []
    left = sum(part.size for part in parts)
    room = 0
    for part in parts:
        if room <= 0:
            groups.append([])
            room = min(_TASK_BYTES, max(_LAST_BYTES, left // 8))
        groups[-1].append(part)
        room -= part.size
        left -= part.size
    return groups


def _run(
    workers: Executor | None, archive: Archive, task: _Task, groups: list[list[Part]]
) -> Iterator[_Done]:
    """What the tasks staged, as they end; workers begin at once."""
    numbered = enumerate(groups, 1)
    if workers is None:
        return (task.read(archive, number, group) for number, group in numbered)
    futures = [workers.submit(task.read_held, number, group) for number, group in numbered]
    return (future.result() for future in as_completed(futures))


def _note_run(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    policy: Policy,
    started_at: datetime,
    merged: Merged,
    quarantined: int,
    left_out: int,
) -> None:
    run_id = new_run_id(started_at)
    connection.execute(
        f"INSERT INTO store.runs ({', '.join(RUNS.names[:10])}, policy, text_days, row_days, "
        "outcome) VALUES ($1, 'import', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'done')",
        [
            run_id,
            archive.title,
            started_at,
            datetime.now(UTC),
            merged.rows.get("messages", 0),
            merged.added,
            merged.updated,
            quarantined,
            left_out,
            policy.name,
            policy.text_days,
            policy.row_days,
        ],
    )
