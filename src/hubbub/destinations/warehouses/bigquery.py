"""BigQuery: a dataset a workspace, its tables parted by day and clustered by channel.

A table that is replaced is loaded by one job, which becomes valid at its end. Other changes wait in
tables of their own, which end by themselves after a day, and become valid by one MERGE.
"""

import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hubbub.core.warehouse import Change, Shape, Shown, claim_of
from hubbub.destinations.bigquery import connection as bigquery
from hubbub.destinations.bigquery import statements as sql
from hubbub.destinations.bigquery.connection import Address, address_of, connected
from hubbub.destinations.bigquery.dataset import LABELS, Book, Dataset
from hubbub.destinations.bigquery.files import as_one, days_of
from hubbub.errors import HubbubError

SCHEMES = ("bigquery",)

_WAITING = "_hubbub_waiting_"
"""What the tables are called in which changes wait."""
_WAIT = timedelta(days=1)
_MOST_DAYS = 4_000
"""Of which one job may change rows."""


def open_warehouse(url: str, workspace: str, scratch: Path) -> "BigQuery":
    """The dataset that a URL names, or else one named after the workspace. Raises `UsageError`."""
    return BigQuery(address_of(url, workspace), scratch)


class BigQuery:
    """A dataset; nothing is asked of Google before `mark` or `bring`."""

    has_days = True
    writes_days = False
    dialect = None
    """Metrics are no views here, for want of a BigQuery by which their figures could be held to
    DuckDB's: SQLGlot writes weeks that begin on Sundays, for one. As tables they are right."""

    def __init__(self, address: Address, scratch: Path) -> None:
        self._address = address
        self._scratch = scratch
        self.title = self.identity = address.title

    def table_name(self, table: str) -> str:
        """A table, with project and dataset."""
        return sql.quoted(f"{self._address.project}.{self._address.dataset}.{table}")

    def mark(self) -> str | None:
        """The mark of the last publication that ended here."""
        with connected(self._address) as client:
            return Dataset(client, self._address).book().mark

    def bring(
        self,
        changes: Sequence[Change],
        views: Sequence[Shown] | None,  # noqa: ARG002 -- it has no dialect
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> dict[str, str]:
        """Carry out the changes, a job each; and make the view of posts, if its tables are."""
        with connected(self._address) as client:
            dataset = Dataset(client, self._address)
            work = _Work(dataset, self.table_name, self._scratch)
            work.claim(mark)
            for change in changes:
                work.carry_out(change)
                on_table(change.shape.name, change.row_count)
            refused = work.show_posts()
            work.end(mark)
        return {} if refused is None else {sql.POSTS: refused}

    def close(self) -> None:
        """Nothing is held open: each use has a client of its own."""


class _Work:
    """One publication's changes of a dataset."""

    def __init__(self, dataset: Dataset, table_name: Callable[[str], str], scratch: Path) -> None:
        self._dataset = dataset
        self._client = dataset.client
        self._google = dataset.google
        self._patience = dataset.patience
        self._table_name = table_name
        self._scratch = scratch
        self._run = secrets.token_hex(8)
        self._numbers = count()
        self._location = ""
        self._book = Book()
        self._seen: set[str] = set()

    def claim(self, mark: str) -> None:
        """Take possession, wait for jobs of a publication that was killed, and clear away what it
        has left."""
        self._book = self._dataset.book()
        self._location = self._dataset.make()
        if self._book.run is not None:
            self._await_jobs_of(self._book.run)
        self._book = replace(self._book, mark=self._book.mark or claim_of(mark), run=self._run)
        self._dataset.note(self._book)
        for name in self._dataset.tables():
            if name.startswith(_WAITING):
                self._dataset.remove(name)

    def end(self, mark: str) -> None:
        """Write down that all is done."""
        tables = tuple(sorted({*self._book.tables, *self._seen}))
        self._dataset.note(Book(mark, None, tables))

    def _await_jobs_of(self, run: str) -> None:
        """What a killed publication has asked for last is perhaps not done yet, and must not come
        after what is asked for now."""
        from google.api_core.exceptions import NotFound

        for number in count():
            try:
                job = self._client.get_job(
                    f"hubbub_{run}_{number}", location=self._location, retry=self._patience
                )
            except NotFound:
                return
            job.exception(timeout=bigquery.JOB_SECONDS)

    def carry_out(self, change: Change) -> None:
        """Make of one table what it is to be, at once."""
        shape = change.shape
        is_new = self._fit(shape, is_whole=change.is_whole)
        if change.rows and (change.is_whole or is_new):
            self._replace(change)
        elif change.is_whole and not is_new:
            self._query(sql.empty(self._table_name(shape.name)))
        elif not is_new:
            self._merge(change)
        self._seen.add(shape.name)

    def _fit(self, shape: Shape, *, is_whole: bool) -> bool:
        """Make a table, or give it the columns that it is to have; whether it is new."""
        there = self._dataset.find(shape.name)
        if there is None and shape.name in self._book.tables and not is_whole:
            raise HubbubError(
                f"{self._dataset.address.title} has lost its table {shape.name}.",
                "Send all rows anew: hubbub publish … --full-refresh",
            )
        if there is None:
            self._client.create_table(self._table(shape), exists_ok=True, retry=self._patience)
            return True
        self._refuse_others(shape.name, there.labels)
        if not is_whole:
            self._describe(shape, there)
        return False

    def _describe(self, shape: Shape, there: Any) -> None:
        """Give a table the columns, meaning and labels that it is to have."""
        wanted = {each.name: each for each in sql.schema(shape.fields)}
        had = {each.name for each in there.schema}
        told = [wanted.get(each.name, each) for each in there.schema]
        told += [each for name, each in wanted.items() if name not in had]
        doc = sql.description(shape)
        if told != list(there.schema) or there.description != doc or there.labels != LABELS:
            there.schema, there.description, there.labels = told, doc, LABELS
            self._client.update_table(
                there, ["schema", "description", "labels"], retry=self._patience
            )
        if gone := sorted(had - {*wanted}):
            self._query(sql.drop(self._table_name(shape.name), gone))

    def _refuse_others(self, name: str, labels: dict[str, str]) -> None:
        if labels != LABELS:
            raise HubbubError(
                f"{self._dataset.address.title} holds {name}, which Hubbub has not made.",
                "Rename it, or publish to another dataset.",
            )

    def _table(self, shape: Shape) -> Any:
        table = self._google.Table(self._dataset.reference(shape.name), sql.schema(shape.fields))
        table.description = sql.description(shape)
        table.labels = LABELS
        table.time_partitioning = sql.partitioning(shape)
        table.clustering_fields = sql.clustering(shape)
        return table

    def _replace(self, change: Change) -> None:
        shape = change.shape
        self._refuse_many(days_of(change))
        self._load(
            shape.name,
            sql.schema(shape.fields),
            change.rows,
            write_disposition="WRITE_TRUNCATE",
            time_partitioning=sql.partitioning(shape),
            clustering_fields=sql.clustering(shape),
        )
        self._describe(shape, self._dataset.find(shape.name))

    def _merge(self, change: Change) -> None:
        shape = change.shape
        keys = [field for field in shape.fields if field.name in shape.key]
        with (
            self._waiting(sql.schema(shape.fields), change.rows) as rows,
            self._waiting(sql.schema(keys), change.gone) as gone,
        ):
            if rows or gone:
                days = days_of(change)
                self._refuse_many(days)
                self._query(sql.merge(self._table_name(shape.name), rows, gone, shape, days))

    def _refuse_many(self, days: Sequence[date]) -> None:
        if len(days) > _MOST_DAYS:
            raise HubbubError(
                f"BigQuery takes {_MOST_DAYS:,} days of one table at once, and these are "
                f"{len(days):,}.",
                "Begin with the newest, and go back in time: hubbub publish … --since DAY",
            )

    @contextmanager
    def _waiting(self, schema: list[Any], files: Sequence[Path]) -> Generator[str | None]:
        """A table with the rows of files, for as long as the block lasts."""
        if not files:
            yield None
            return
        name = _WAITING + secrets.token_hex(8)
        table = self._google.Table(self._dataset.reference(name), schema)
        table.labels = LABELS
        table.expires = datetime.now(UTC) + _WAIT
        self._client.create_table(table, exists_ok=True, retry=self._patience)
        try:
            self._load(name, schema, files, write_disposition="WRITE_APPEND")
            yield self._table_name(name)
        finally:
            self._dataset.remove(name)

    def _load(self, table: str, schema: list[Any], files: Sequence[Path], **options: Any) -> None:
        """Load rows by one job, which takes one file."""
        parquet = self._google.ParquetOptions()
        parquet.enable_list_inference = True
        config = self._google.LoadJobConfig(
            source_format="PARQUET",
            schema=schema,
            create_disposition="CREATE_NEVER",
            parquet_options=parquet,
            **options,
        )
        name = self._job()
        with as_one(files, self._scratch) as path, path.open("rb") as file:
            job = self._begun(
                name,
                lambda: self._client.load_table_from_file(
                    file,
                    self._dataset.reference(table),
                    size=path.stat().st_size,
                    job_id=name,
                    location=self._location,
                    job_config=config,
                    timeout=bigquery.JOB_SECONDS,
                ),
            )
        job.result(retry=self._patience, timeout=bigquery.JOB_SECONDS)

    def _query(self, statement: str) -> None:
        name = self._job()
        job = self._begun(
            name,
            lambda: self._client.query(
                statement,
                job_id=name,
                location=self._location,
                retry=self._patience,
                job_retry=None,
            ),
        )
        job.result(retry=self._patience, timeout=bigquery.JOB_SECONDS, job_retry=None)

    def _begun(self, name: str, begin: Callable[[], Any]) -> Any:
        """A job that was begun: by a request before, if its answer was lost on the way."""
        from google.api_core.exceptions import Conflict

        try:
            return begin()
        except Conflict:
            return self._client.get_job(name, location=self._location, retry=self._patience)

    def _job(self) -> str:
        return f"hubbub_{self._run}_{next(self._numbers)}"

    def show_posts(self) -> str | None:
        """Make the view of posts and threads. Returns why BigQuery does not take it, if so."""
        from google.api_core.exceptions import BadRequest

        if not {*sql.POSTS_READ} <= {*self._dataset.tables()}:
            return None
        query = sql.posts(*map(self._table_name, sql.POSTS_READ))
        there = self._dataset.find(sql.POSTS)
        if there is not None:
            if there.labels != LABELS:
                return "there is something of that name which Hubbub has not made"
            if there.view_query == query:
                return None
            self._dataset.remove(sql.POSTS)
        view = self._google.Table(self._dataset.reference(sql.POSTS))
        view.view_query, view.description, view.labels = query, sql.POSTS_DOC, LABELS
        try:
            self._client.create_table(view, exists_ok=True, retry=self._patience)
        except BadRequest as error:
            return f"BigQuery does not take its SQL: {error.message}"
        return None
