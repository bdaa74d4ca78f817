"""Warehouses that Hubbub does not speak to itself, through dlt: `dlt://snowflake/dataset`, and
whatever else dlt brings rows to. A dataset a workspace."""

import json
import secrets
import tempfile
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from hubbub.core.begun import awaited, begun
from hubbub.core.warehouse import Change, Shown, claim_of
from hubbub.destinations.dlt.address import NOWHERE, WAITING, Address, address_of
from hubbub.destinations.dlt.book import BOOK, Book, columns_of, kinds_of, read_book
from hubbub.destinations.dlt.refusals import Doing, explained
from hubbub.destinations.dlt.rows import batches, hints
from hubbub.errors import HubbubError

SCHEMES = ("dlt",)

_TABLES = "hubbub"
"""What dlt calls the schema of the tables, and who loads them."""
_NOTES = "hubbub_notes"
"""The same of Hubbub's own table."""
_MERGED = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": True}
_COMMENTED = {"duckdb", "postgres", "redshift", "snowflake"}
"""Dialects that know COMMENT ON. To others dlt itself tells what columns mean, where it can."""


def open_warehouse(url: str, workspace: str, scratch: Path) -> "ThroughDlt":
    """The dataset that a URL names, or else one named after the workspace. Raises `UsageError`."""
    return ThroughDlt(address_of(url, workspace), scratch)


class ThroughDlt:
    """A dataset; nothing is asked of the destination before `mark` or `bring`."""

    has_days = False
    writes_days = False
    dialect = None
    """Metrics are no views: their values could not be compared where nobody can try."""

    def __init__(self, address: Address, scratch: Path) -> None:
        self._address = address
        self._dlt = address.library
        self._scratch = scratch
        self.title = address.title
        self.identity = address.identity

    def table_name(self, table: str) -> str:
        """A table, with its dataset."""
        return f"{self._address.dataset}.{table}"

    def mark(self) -> str | None:
        """The mark of the last publication that ended here."""
        with self._session() as client:
            book = read_book(client)
            if book is None:
                return None
            there = columns_of(client, book.tables)
            is_whole = all(name in there for name, columns in book.tables.items() if columns)
            return book.mark if is_whole else claim_of(book.mark)

    def bring(
        self,
        changes: Sequence[Change],
        views: Sequence[Shown] | None,  # noqa: ARG002 -- it has no dialect
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> dict[str, str]:
        """Carry out the changes together: a warehouse in the cloud takes seconds for each load,
        whatever is in it."""
        # in a thread, so that a Ctrl-C need not wait for the warehouse
        awaited(begun(lambda: self._bring(changes, mark), "dlt"))
        for change in changes:
            on_table(change.shape.name, change.row_count)
        return {}

    def close(self) -> None:
        """Nothing is held open: each use has a connection of its own."""

    def _bring(self, changes: Sequence[Change], mark: str) -> None:
        with self._session() as client:
            book = read_book(client)
            there = columns_of(client, {*(book.tables if book else ()), *_names(changes)})
            self._refuse(book, there, changes)
            schema = self._dlt.Schema(_TABLES)
            if book is not None:
                _clear(client, book)  # what a publication that was killed has left
                schema = self._schema(client, changes)
                _fit(client, book, there, changes)
        if book is None or not {*_names(changes)} <= book.tables.keys():
            book = (book or self._claimed(mark)).expecting(changes)
            self._note(book)
        if changes:
            with self._explained(Doing.SENDING):
                way = self._pipeline(_TABLES, book.waiting)
                way.run(list(map(self._resource, changes)), schema=schema)
            with self._session() as client:
                _clear(client, book)
                _comment(client, book, changes)
        self._note(book.after(changes, mark))

    def _claimed(self, mark: str) -> Book:
        """The first note. Nobody else has a dataset of the name in which rows will wait."""
        waiting = f"{self._address.dataset}{WAITING}{secrets.token_hex(4)}"
        return Book(0, claim_of(mark), {}, waiting)

    def _refuse(self, book: Book | None, there: Collection[str], changes: Sequence[Change]) -> None:
        """Leave alone what is not Hubbub's. Raises `HubbubError`."""
        made = book.tables if book else {}
        strange = sorted({*there} - {*made})
        if strange:
            raise HubbubError(
                f"{self.title} holds {strange[0]}, which Hubbub has not made.",
                "Rename it, or publish to another dataset.",
            )
        for change in changes:
            name = change.shape.name
            if made.get(name) and name not in there and not change.is_whole:
                raise HubbubError(
                    f"{self.title} has lost its table {name}.",
                    "Publish again: all rows are sent anew.",
                )

    def _schema(self, client: Any, changes: Sequence[Change]) -> Any:
        """What dlt knows of the tables of before, for whoever reads them with dlt; without those
        that are about to change."""
        stored = client.get_stored_schema(_TABLES)
        if stored is None:
            return self._dlt.Schema(_TABLES)
        schema = self._dlt.Schema.from_dict(json.loads(stored.schema))
        for name in _names(changes):
            schema.tables.pop(schema.naming.normalize_table_identifier(name), None)
        return schema

    def _resource(self, change: Change) -> Any:
        shape = change.shape
        resource = self._dlt.resource(
            batches(change, self._scratch),
            name=shape.name,
            columns=hints(shape),
            write_disposition="replace" if change.is_whole else _MERGED,
        )
        return resource.apply_hints(additional_table_hints={"description": shape.doc})

    def _note(self, book: Book) -> None:
        import pyarrow as pa

        arrow: Any = pa
        row = arrow.Table.from_pylist([book.row()])
        resource = self._dlt.resource([row], name=BOOK, write_disposition="append")
        doc = "What of this dataset Hubbub has made, and how far it has come; the last row counts."
        resource.apply_hints(additional_table_hints={"description": doc})
        with self._explained(Doing.ASKING):
            way = self._pipeline(_NOTES, book.waiting)
            way.run(resource, schema=self._dlt.Schema(_NOTES))

    def _pipeline(self, called: str, waiting: str) -> Any:
        """A pipeline that knows nothing of any before it: its folder has rows of people."""
        folder = tempfile.mkdtemp(prefix="dlt-", dir=self._scratch)
        return self._address.pipeline(called, waiting, Path(folder))

    @contextmanager
    def _session(self) -> Generator[Any]:
        with ExitStack() as stack:
            with self._explained(Doing.CONNECTING):
                way = self._pipeline(_TABLES, NOWHERE)
                client = stack.enter_context(way.destination_client())
            with self._explained(Doing.ASKING):
                yield client

    def _explained(self, doing: Doing) -> AbstractContextManager[None]:
        return explained(doing, self.title, self._address.secrets)


def _names(changes: Sequence[Change]) -> list[str]:
    return [each.shape.name for each in changes]


def _fit(
    client: Any, book: Book, there: Mapping[str, Collection[str]], changes: Sequence[Change]
) -> None:
    """Take away the columns that are no more, or that hold something else now. dlt adds columns,
    and looks for what is there only if it does not know the schema."""
    sql, naming = client.sql_client, client.schema.naming
    statements: list[str] = []
    dropped: list[str] = []
    for change in changes:
        name, kinds = change.shape.name, kinds_of(change.shape)
        called, noted = naming.normalize_table_identifier(name), book.tables.get(name, {})
        others = [each for each, kind in noted.items() if kinds.get(each) != kind]
        if len(others) == len(noted):
            # no table can be without any column; or one was killed that was about to make it
            dropped += [called] if name in there else []
            continue
        for column in map(naming.normalize_identifier, others):
            if column in there.get(name, ()):
                table, gone = sql.make_qualified_table_name(called), sql.escape_column_name(column)
                statements.append(f"ALTER TABLE {table} DROP COLUMN {gone}")
    if statements:
        sql.execute_many(statements)
    if statements or dropped or any(each.is_whole for each in changes):
        client.drop_tables(*dropped, delete_schema=True)  # what dlt knows of all of them


def _clear(client: Any, book: Book) -> None:
    """Drop the dataset in which rows have waited."""
    with client.sql_client.with_alternative_dataset_name(book.waiting) as waiting:
        if waiting.has_dataset():
            waiting.drop_dataset()


def _comment(client: Any, book: Book, changes: Sequence[Change]) -> None:
    """Say what new tables and their columns mean."""
    sql, naming, can = client.sql_client, client.schema.naming, client.capabilities
    if can.sqlglot_dialect not in _COMMENTED:
        return
    for shape in (each.shape for each in changes):
        if book.tables.get(shape.name) == kinds_of(shape):
            continue
        table = sql.make_qualified_table_name(naming.normalize_table_identifier(shape.name))
        statements = [f"COMMENT ON TABLE {table} IS {can.escape_literal(shape.doc)}"]
        for field in shape.fields:
            column = sql.escape_column_name(naming.normalize_identifier(field.name))
            meaning = can.escape_literal(field.doc)
            statements.append(f"COMMENT ON COLUMN {table}.{column} IS {meaning}")
        sql.execute_many(statements)
