"""Publishes a workspace's tables and metrics to a warehouse: what is new, changed and gone."""

import secrets
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import wait
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.begun import awaited, begun
from hubbub.core.discovery import parts
from hubbub.core.instants import begin_of
from hubbub.core.warehouse import Warehouse, owner_of
from hubbub.destinations import warehouses
from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows.auditing import audited, audited_run
from hubbub.flows.choosing_tables import PREFIX, Views, Wanted, chosen_tables, compared, views_of
from hubbub.flows.packs import packs_in_use
from hubbub.flows.workspace import keys_of, made, scratch_folder, smallest_group, sole
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.comparing import Compared, Comparison, Part, note_parts, read_part
from hubbub.stores.publications import Publication, State

if TYPE_CHECKING:
    from hubbub.flows.erasing import Receipt

Progress = Callable[[str, int, int], None]


class Asked(Struct, frozen=True):
    """What of a workspace is to be published."""

    names: tuple[str, ...] = ()
    """Tables and metrics; all tables, and the metrics as views, if there are none."""
    since: str | None = None
    """Rows of before are not newly sent."""
    is_whole: bool = False
    """Whether all is sent anew."""


class Published(Struct, frozen=True):
    """What a publication did, or would do."""

    destination: str
    tables: tuple[Compared, ...]
    """Those that were changed, in their order."""
    views: int | None
    """Metrics that are made views there; None if they are there already."""
    left_out: dict[str, str]
    """Metrics that have no view there, with the reason."""
    emptied: tuple[str, ...] = ()
    """Tables of before whose rows may not be there any more."""
    is_cut: bool = False
    """Whether rows from before `since` may go from there: nobody remembers all that there are."""
    receipt: "Receipt | None" = None
    """Of the erasures that have now reached it."""


class _Found(Struct, frozen=True):
    """What a look into the store has found."""

    owner: str
    """What the marks of this workspace begin with, on whichever machine."""
    wanted: Wanted
    compared: tuple[Compared, ...]
    """The tables that are to be changed."""
    figures: dict[str, str]
    views: Views
    state: State
    """What will be known of the destination."""
    is_due: bool
    """Whether the destination is not as it should be."""
    is_cut: bool
    """Whether rows from before the window may go from there."""


def publish(
    settings: Settings,
    destination: str,
    asked: Asked = Asked(),
    *,
    is_rehearsal: bool = False,
    progress: Progress = lambda _what, _done, _total: None,
) -> Published:
    """Bring a destination up to what the workspace's store holds: rows that are new, changed and
    gone since the last publication to it. What is there already is kept right in any case.

    A rehearsal changes nothing. Raises `HubbubError`, `UsageError`, `TryAgain` if another
    publication to it is under way.
    """
    store.check_there(settings.store)
    with (
        scratch_folder(settings) as folder,
        closing(store.Engine()) as engine,
        closing(open_warehouse(destination, settings.workspace, folder)) as warehouse,
    ):
        work = _Work(settings, asked, warehouse, folder, engine, progress)
        if is_rehearsal:
            audited(settings, "read", "publication", destination=warehouse.title)
            return work.told(work.look(), {}, None)
        with (
            work.alone(),
            audited_run(settings, "publish", destination=warehouse.title) as told,
        ):
            found = work.look()
            refused = work.bring(found) if found.is_due else work.pass_over(found)
            work.clean(found)
            told["rows"] = sum(each.change.row_count for each in found.compared)
            told["gone"] = sum(each.change.gone_count for each in found.compared)
        return work.told(found, refused, work.receipt(found))


def open_warehouse(url: str, workspace: str, scratch: Path) -> Warehouse:
    """The warehouse that a URL or a path names. Raises `UsageError`."""
    scheme, separator, _ = url.partition("://")
    known: dict[str, str] = {
        name: module for module, schemes in parts(warehouses, "SCHEMES").items() for name in schemes
    }
    name = scheme if separator else "file" if url.startswith("file:") else ""
    is_path = not (separator or name) and _is_path(url)
    if name not in known or not (name or is_path):
        shown = ", ".join(f"{each}://…" for each in sorted(filter(None, known)))
        said = scheme + "://…" if separator else repr(url.partition("?")[0])
        folder = f"./{url}" if url and not separator else "./folder"
        raise UsageError(
            f"Hubbub cannot publish to {said}.",
            f"It can to: {shown}, or to a folder of this machine: {folder}",
        )
    return parts(warehouses, "open_warehouse")[known[name]](url, workspace, scratch)


def _is_path(url: str) -> bool:
    """Whether it says of itself that it is a path, so that a slip of the pen makes no folder."""
    return url.startswith(("./", "../", "/", "~/")) or url in {".", "..", "~"}


def read_parts(settings: Settings, engine: store.Engine, parts: Sequence[Part]) -> set[str]:
    """Read large tables, a session on the store for each part: others write in between. Returns
    the tables of which a row was no longer where it had been."""
    for part in parts:
        with store.reading(settings.store, engine=engine) as connection:
            read_part(connection, part)
    with engine.session() as session:
        return note_parts(session, parts)


class _Work:
    """A publication to one destination."""

    def __init__(
        self,
        settings: Settings,
        asked: Asked,
        warehouse: Warehouse,
        folder: Path,
        engine: store.Engine,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._asked = asked
        self._warehouse = warehouse
        self._folder = folder
        self._engine = engine
        """One for all sessions: beginning and ending it takes as long as what is done in one."""
        self._progress = progress
        self._publication = Publication(settings.publications, warehouse.identity)

    @contextmanager
    def alone(self) -> Generator[None]:
        """Let nobody else publish to this destination. Raises `TryAgain`."""
        publication = self._publication
        busy = TryAgain(
            f"Another hubbub publishes to {self._warehouse.title}.",
            "Wait for it to end, then run this again.",
        )
        with sole(publication.lock, busy.reason, busy.fix) as held:
            if not publication.is_lock(held):
                raise busy
            try:
                yield
            finally:
                if not publication.file.exists():  # nothing has come of it
                    publication.lock.unlink()

    def look(self) -> _Found:
        """Find out what is to be done."""
        warehouse = self._warehouse
        before = self._publication.state() or State(warehouse.title, warehouse.identity)
        self._progress("looking", 0, 0)
        if self._asked.is_whole or before.owed or not before.written:
            return self._read(before, warehouse.mark())
        # few rows have to be read, in the time that the destination takes to answer; that it is as
        # it was left is nearly always so. Who interrupts does not wait for the answer
        mark = begun(warehouse.mark, "destination")
        try:
            found = self._read(before, before.mark)
        except Exception:
            wait([mark])  # what it has opened by then is closed
            raise
        if awaited(mark) == before.mark:
            return found
        self._engine.close()  # and nothing is left attached of what was found
        return self._read(before, mark.result())

    def _read(self, before: State, mark: str | None) -> _Found:
        """Find out what is to be done at a destination with this mark, in sessions on the store
        that end with this."""
        settings, warehouse, asked = self._settings, self._warehouse, self._asked
        catalog, k = Catalog(settings.pack), smallest_group(settings)
        with store.reading(settings.store, engine=self._engine) as connection:
            owner = keys_of(settings, connection).mark
            is_known = mark is not None and self._is_known(mark, before, owner)
            is_whole = asked.is_whole or not is_known
            state = _unknown(before) if is_whole else before
            state = replace(state, owners=tuple(sorted({*state.owners, owner})))
            runner = Runner(connection, catalog, settings.timezone, smallest_group=k)
            with self._told_what_stays(before):
                wanted = chosen_tables(settings, catalog, runner, asked.names, state)
            packs = packs_in_use(settings, connection)
            views = views_of(settings, catalog, runner, wanted, packs, warehouse, state.views)
            comparison = Comparison(
                connection,
                self._publication,
                self._folder,
                self._since(),
                writes_days=warehouse.writes_days,
            )
            done, figures = compared(
                # what was erased is looked for among all
                comparison, runner, wanted, replace(state, written={}) if state.owed else state,
                self._folder, has_days=warehouse.has_days, is_whole=is_whole,
            )  # fmt: skip
        moved = read_parts(settings, self._engine, comparison.parts)
        written = {
            table.name: comparison.last_write for table in wanted.tables if table.name not in moved
        }
        if asked.since:  # then rows of before the window may not be there
            written = {name: state.written[name] for name in written if name in state.written}
        tables = tuple(each.change.shape for each in done)
        changed = tuple(each for each in done if not each.is_nothing)
        is_due = (
            bool(changed)
            or is_whole
            or before.coming is not None  # what it has left behind has to be put right
            or tables != before.tables
            or views.digest != before.views
        )
        return _Found(
            owner, wanted, changed, figures, views,
            replace(state, tables=tables, written=written), is_due,
            is_cut=bool(asked.since) and mark is not None and not is_known,
        )  # fmt: skip

    @contextmanager
    def _told_what_stays(self, there: State) -> Generator[None]:
        """A refusal says that rows of before are still at the destination, and how they go."""
        try:
            yield
        except TooFewMembers as error:
            if not there.tables:
                raise
            raise TooFewMembers(
                f"{error.reason} What was published before is still at {there.title}.",
                f"{error.fix} To take away there what may not leave: "
                "hubbub publish … --tables messages_per_month",
            ) from error

    def _since(self) -> datetime | None:
        if not self._asked.since:
            return None
        zone = ZoneInfo(self._settings.timezone)
        return begin_of("since", self._asked.since, datetime.now(UTC), zone)

    def _is_known(self, mark: str, state: State, owner: str) -> bool:
        """Whether the destination is as it was left. Raises `HubbubError` if it is another's."""
        if mark in {state.mark, state.coming}:
            return self._publication.keys.exists()
        if owner_of(mark) not in {owner, *state.owners}:
            raise HubbubError(
                f"{self._warehouse.title} holds what another workspace has published.",
                "Publish to another place. If it was this workspace's, and its keys and its folder "
                "publications/ are lost: remove what is there by hand, then publish again.",
            )
        return False

    def bring(self, found: _Found) -> dict[str, str]:
        """Carry the changes out; returns the views that cannot be made.

        First it is written down what may be there from now on: so whatever stops this, the next
        publication makes it right, and erasures reach it.
        """
        publication, state = self._publication, found.state
        mark = f"{found.owner}-{secrets.token_hex(8)}"
        made(publication.file)
        left_since = state.left_since or _now()
        publication.note(
            replace(state, coming=mark, figures={}, views="", written={}, left_since=left_since)
        )
        publication.expect(self._engine)
        changes = [each.change for each in found.compared]
        total, done = sum(each.row_count for each in changes), 0

        def heard(name: str, rows: int) -> None:
            nonlocal done
            done += rows
            if rows:
                self._progress(f"sent {name}", done, total)

        refused = self._warehouse.bring(changes, found.views.shown, mark, heard)
        has_left = publication.settle(self._engine)
        publication.note(
            replace(
                state, mark=mark, coming=None, figures=found.figures,
                views=found.views.digest, published_at=_now(),
                left_since=left_since if has_left else state.left_since,
            )
        )  # fmt: skip
        return {name.removeprefix(PREFIX): reason for name, reason in refused.items()}

    def pass_over(self, found: _Found) -> dict[str, str]:
        """Remember how far the store was read, where nothing in it had to be sent."""
        known = self._publication.state()
        if known is not None and known.written != found.state.written:
            self._publication.note(found.state)
        return {}

    def clean(self, found: _Found) -> None:
        """Let the file of the keys have no bytes of those that are gone: at once, where somebody
        was erased or may not be there any more; else once a day, for it takes a copy of all."""
        state = self._publication.state()
        if state is None:
            return
        touched = {each.change.shape.name for each in found.compared}
        is_due = (
            found.state.owed
            or found.state.mark is None
            or any(shape.name in touched for shape in found.wanted.emptied)
            or (state.left_since and datetime.fromisoformat(state.left_since) < _yesterday())
        )
        if is_due:
            self._engine.let_go("there")  # if nothing was sent, it is open still
            self._publication.rewrite()
            self._publication.note(replace(state, left_since=""))

    def receipt(self, found: _Found) -> "Receipt | None":
        """The receipt of erasures that were noted before the store was looked into, and so have
        reached the destination; None if there are none."""
        owed = found.state.owed
        if not owed:
            return None
        from hubbub.flows.erasing import carried_out

        counts = {
            each.change.shape.name: each.change.gone_count
            + (each.changed if each.is_counted else each.change.row_count)
            for each in found.compared
        }
        rows = {name: count for name, count in counts.items() if count}
        receipt = carried_out(self._settings, self._warehouse.title, owed, rows)
        self._publication.paid(owed)
        return receipt

    def told(self, found: _Found, refused: dict[str, str], receipt: "Receipt | None") -> Published:
        """What is told of it."""
        shown = found.views.shown
        touched = {each.change.shape.name for each in found.compared}
        return Published(
            self._warehouse.title,
            found.compared,
            None if shown is None else len(shown) - len(refused),
            found.views.left_out | refused,
            tuple(shape.name for shape in found.wanted.emptied if shape.name in touched),
            found.is_cut,
            receipt,
        )


def _unknown(state: State) -> State:
    """Of a destination that holds nobody knows what."""
    return replace(state, mark=None, views="", figures={}, written={})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)
