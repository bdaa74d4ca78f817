"""Answers a query that a person wrote; it reads the workspace's tables and nothing else."""

from contextlib import closing

import duckdb
import pyarrow as pa

from hubbub.errors import UsageError
from hubbub.flows.auditing import audited, shape_of
from hubbub.flows.workspace import refuse_single_members
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store


def ask(settings: Settings, query: str) -> pa.Table:
    """The rows of one SELECT. Raises `UsageError` for anything else, or what DuckDB refuses; and
    for all queries where small groups are suppressed, unless the policy opens them."""
    refuse_single_members(settings, "hubbub sql can ask about")
    catalog = Catalog(settings.pack)
    with (
        closing(store.Engine()) as engine,
        store.reading(settings.store, engine=engine) as connection,
    ):
        audited(settings, "read", "sql", query=shape_of(query, catalog), digest=query)
        Runner(connection, catalog, settings.timezone, smallest_group=1).make_views([query])
        store.shut_in(connection)
        try:
            statements = connection.extract_statements(query)
        except duckdb.Error as error:
            raise _refused(error) from error
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageError(
                "hubbub sql takes one query, and it can only read.", "Write one SELECT."
            )
        try:
            return connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise _refused(error) from error


def _refused(error: duckdb.Error) -> UsageError:
    return UsageError(str(error).strip(), "See: hubbub list tables")
