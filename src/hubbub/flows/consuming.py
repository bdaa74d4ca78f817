"""Loads a workspace's events from a topic into its store, as a member of a consumer group.

How far each partition is stands in the store, and moves in the transaction that merges its rows: a
loader may be killed anywhere, records may come twice, and an older copy of the store may be put
back. What cannot be read goes to the quarantine.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event as Stop
from typing import Any

import duckdb
import pyarrow as pa
from msgspec import Struct, field

from hubbub.core.arrow import SCHEMAS
from hubbub.core.broker import BrokerDown
from hubbub.core.tables import QUARANTINE
from hubbub.core.topic import Event, Gathered, NoRecord, read
from hubbub.errors import HubbubError, TryAgain
from hubbub.flows.applying_policy import gate_of_store
from hubbub.flows.auditing import audited_run
from hubbub.flows.loading import merge_staged, sole_loader
from hubbub.flows.workspace import keys_of, policy_of_workspace, scratch_folder, stored_team
from hubbub.privacy.admission import refuse_looser
from hubbub.privacy.keys import ENVIRONMENT, from_environment
from hubbub.settings import Settings
from hubbub.sources.topic import Gap, Received, TopicReader, instance_of
from hubbub.stores import duckdb as store
from hubbub.stores.staging import Staged, packed, stage_packed

_arrow: Any = pa

_AT_ONCE = 2_000
"""Records of a merge, at most."""
_GATHER_SECONDS = 0.5
"""How long the first of them waits for others: a merge of few costs as much as one of many."""
_PATIENCE_SECONDS = 60.0
"""How long a load that is to end by itself waits for a broker, or for a partition to read."""
_NOTE_TEAM = """INSERT INTO store.workspace (team_id)
    SELECT $1 WHERE NOT EXISTS (FROM store.workspace)"""


class Loaded(Struct):
    """What a loader has done so far."""

    events: int = 0
    """Merged; those that came again too."""
    others: int = 0
    """Of other workspaces in the same topic."""
    quarantined: int = 0
    gone: int = 0
    """Records that the topic had let go of before they were read."""
    behind: int = 0
    """Records that are known to wait."""
    partitions: tuple[int, ...] = ()
    """Those that this loader reads."""
    of: int = 0
    """Partitions of the topic."""
    trouble: HubbubError | None = None
    """Why nothing comes just now."""


Tell = Callable[[Loaded], None]


class _Moved(Exception):
    """The store's positions are not those that this batch follows."""


class _Batch(Struct):
    """Records that are merged together."""

    gathered: Gathered = field(default_factory=Gathered)
    quarantine: list[tuple[str, int, str]] = []
    positions: dict[int, int] = {}
    """Offset of the last record by partition."""
    events: int = 0
    others: int = 0


class TopicLoader:
    """Loads a topic into a workspace's store: `run` it."""

    def __init__(
        self, settings: Settings, properties: Mapping[str, str], topic: str, group: str | None
    ) -> None:
        """`group` is this workspace's own if none is named. Raises `HubbubError` without the keys
        that the workspace's server has."""
        if not from_environment() and not settings.key.exists():
            raise HubbubError(
                f"The keys of the workspace {settings.workspace} are not here.",
                f"Copy the server's key file to {settings.key}, or set {ENVIRONMENT}: the events' "
                "pseudonyms, and what settles between copies, are made with them.",
            )
        self._settings = settings
        self._properties = properties
        self._topic = topic
        self._group = group or f"hubbub-{settings.workspace}"
        self._policy = policy_of_workspace(settings)
        self._mark = keys_of(settings).mark
        self._team: str | None = None
        self._merged: dict[int, int] = {}
        """Positions of the store, as far as this loader knows."""
        self._again = False
        self._done = Loaded()

    def run(self, stop: Stop, *, once: bool = False, again: bool = False, tell: Tell) -> Loaded:
        """Load until `stop`; with `once`, until all is loaded that is there; with `again`, all that
        the topic still has, whatever was loaded before.

        Another loader of the same store is waited for. Raises `BrokerRefuses`, `HubbubError`.
        """
        with self._alone(stop, tell, once=once), audited_run(self._settings, "load") as told:
            self._again = again
            if stop.is_set():
                return self._done
            reader = TopicReader(
                self._properties,
                self._topic,
                self._group,
                instance_of(self._settings.store),
                self._stored_positions,
            )
            try:
                self._work(reader, stop, tell, once=once)
            finally:
                reader.close()
            told |= {"events": self._done.events, "quarantined": self._done.quarantined}
        return self._done

    def _work(self, reader: TopicReader, stop: Stop, tell: Tell, *, once: bool) -> None:
        patience = time.monotonic() + _PATIENCE_SECONDS
        while not stop.is_set():
            try:
                received = reader.read(_AT_ONCE, _GATHER_SECONDS)
            except BrokerDown as error:
                if once and time.monotonic() > patience:
                    raise
                self._done.trouble = error
                tell(self._done)
                stop.wait(_GATHER_SECONDS)
                continue
            if received or reader.gaps:
                self._load(reader, received)
            self._look(reader)
            tell(self._done)
            if received:
                patience = time.monotonic() + _PATIENCE_SECONDS
            elif once and reader.assigned and reader.ended >= reader.assigned.keys():
                return
            elif once and time.monotonic() > patience:
                raise TryAgain(
                    f"No partition of {self._topic} is left for this loader.",
                    f"Other loaders of the group {self._group} have them all.",
                )

    def _look(self, reader: TopicReader) -> None:
        """See what this loader reads, and how much waits."""
        assigned = tuple(sorted(reader.assigned))
        if assigned != self._done.partitions:
            self._done.partitions, self._done.of = assigned, reader.partitions()
        self._done.behind = reader.behind()
        if assigned:
            self._done.trouble = None

    def _load(self, reader: TopicReader, received: Sequence[Received]) -> None:
        """Merge records, and move the positions with them; or neither."""
        gaps, reader.gaps = reader.gaps, []
        batch = self._batch(received, gaps)
        try:
            self._merge(batch)
        except _Moved:
            reader.begin_again()
            return
        self._merged |= batch.positions
        reader.tell({each: offset + 1 for each, offset in batch.positions.items()})
        self._done.events += batch.events
        self._done.others += batch.others
        self._done.quarantined += len(batch.quarantine) - len(gaps)
        self._done.gone += sum(max(0, gap.end - gap.begin) for gap in gaps)

    def _batch(self, received: Sequence[Received], gaps: Sequence[Gap]) -> _Batch:
        batch = _Batch()
        for record in received:
            batch.positions[record.partition] = record.offset
            if record.workspace not in {None, self._settings.workspace}:
                batch.others += 1  # unread: with many workspaces in a topic most records are
                continue
            try:
                event = read(record.value)
                if event.workspace != self._settings.workspace:
                    batch.others += 1
                    continue
                self._check(event)
                batch.gathered.add(event)
                batch.events += 1
            except NoRecord as error:
                origin = self._source(record.partition)
                batch.quarantine.append((origin, record.offset, str(error)))
        for gap in gaps:
            what = f"the records {gap.begin} to {gap.end - 1} were gone before they were read"
            if gap.end < gap.begin:
                what = f"the topic was made anew: it does not reach {gap.begin} any more"
            batch.quarantine.append((self._source(gap.partition), gap.begin, what))
        return batch

    def _check(self, event: Event) -> None:
        """Raise `NoRecord` for an event that this workspace's policy would not have admitted."""
        if event.policy.keys != self._mark:
            raise NoRecord("admitted with other keys than this workspace's")
        refuse_looser(event, self._policy)
        if self._team is None:
            self._team = stored_team(self._settings) or event.team_id
        if event.team_id != self._team:
            raise NoRecord("of another Slack workspace that has the same name here")

    def _merge(self, batch: _Batch) -> None:
        gate = gate_of_store(self._settings)
        moved = {self._source(each): at for each, at in batch.positions.items()}
        with scratch_folder(self._settings) as folder:
            staged = self._staged(batch, folder)
            with store.writing(self._settings.store) as connection:
                found = self._positions_in(connection, "store.positions")
                if any(found.get(each) != self._merged.get(each) for each in batch.positions):
                    raise _Moved
                merge_staged(connection, self._settings, staged, gate, moved)
                if self._team is not None:
                    connection.execute(_NOTE_TEAM, [self._team])

    def _staged(self, batch: _Batch, folder: Path) -> Staged:
        tables = batch.gathered.tables()
        rows = [
            dict(zip(QUARANTINE.names, (*each, None), strict=True)) for each in batch.quarantine
        ]
        if rows:
            schema = SCHEMAS[QUARANTINE.name]
            tables[QUARANTINE.name] = _arrow.Table.from_pylist(rows, schema=schema)
        for name, each in tables.items():
            stage_packed([packed(each, name)], name, folder / f"{name}.arrow")
        return {name: [folder / f"{name}.arrow"] for name in tables}

    def _source(self, partition: int) -> str:
        return f"kafka/{self._topic}/{partition}"

    def _stored_positions(self) -> dict[int, int]:
        """Where to begin in each partition: after what the store has."""
        self._merged = {}
        if store.exists(self._settings.store):
            with store.reading(self._settings.store) as connection:
                self._merged = self._positions_in(connection, "positions")
        if self._again:
            self._again = False
            return {}
        return {each: offset + 1 for each, offset in self._merged.items()}

    def _positions_in(self, connection: duckdb.DuckDBPyConnection, table: str) -> dict[int, int]:
        found = connection.execute(f"SELECT source, position FROM {table}").fetchall()
        prefix = self._source(0).removesuffix("0")
        return {
            int(source.removeprefix(prefix)): position
            for source, position in found
            if source.startswith(prefix)
        }

    @contextmanager
    def _alone(self, stop: Stop, tell: Tell, *, once: bool) -> Generator[None]:
        """Wait until no other loader works on this store."""
        with ExitStack() as held:
            while not stop.is_set():
                try:
                    held.enter_context(sole_loader(self._settings))
                    break
                except TryAgain as error:
                    if once:
                        raise
                    self._done.trouble = error
                    tell(self._done)
                    stop.wait(_GATHER_SECONDS)
            self._done.trouble = None
            yield
