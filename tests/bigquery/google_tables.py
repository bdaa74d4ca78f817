"""What the stand-in for BigQuery holds: metadata as the client sent it, and rows in DuckDB.

Statements are read by SQLGlot's parser of BigQuery's dialect, which refuses what it does not know,
and run in DuckDB's. What BigQuery is documented to refuse is refused here too, as far as Hubbub
could come to ask for it.
"""

import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow
import pyarrow.parquet
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

Resource = dict[str, Any]

_pa: Any = pyarrow
_pq: Any = pyarrow.parquet
_TYPES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMPTZ",
    "DATE": "DATE",
}
_OF_PARQUET = {
    _pa.string(): "STRING",
    _pa.large_string(): "STRING",
    _pa.int64(): "INTEGER",
    _pa.float64(): "FLOAT",
    _pa.bool_(): "BOOLEAN",
    _pa.timestamp("us", tz="UTC"): "TIMESTAMP",
    _pa.date32(): "DATE",
}
MOST_DAYS = 4_000
"""Of partitions that one job may change."""


class Refused(Exception):
    """BigQuery says no: a status and a reason of its own, and a message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass
class Dataset:
    """A dataset and its tables' metadata."""

    resource: Resource
    tables: dict[str, Resource] = field(default_factory=dict[str, Resource])


class Holdings:
    """All projects' datasets. Not for several threads at once."""

    def __init__(self) -> None:
        self.datasets: dict[tuple[str, str], Dataset] = {}
        self.statements: list[str] = []
        """All that were run, as they came."""
        self._rows = duckdb.connect(":memory:")
        self._rows.execute("SET TimeZone = 'UTC'")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query in DuckDB's SQL: a test's own look at what is there."""
        return [tuple(row.values()) for row in self.named_rows(query)]

    def named_rows(self, query: str) -> list[dict[str, Any]]:
        """The same, by the names of columns."""
        table: Any = self._rows.sql(query).to_arrow_table()
        return table.to_pylist()

    def close(self) -> None:
        """Forget all."""
        self._rows.close()

    def dataset(self, project: str, name: str) -> Dataset:
        """A dataset. Raises `Refused` if it is not there."""
        if (project, name) not in self.datasets:
            raise Refused(404, "notFound", f"Not found: Dataset {project}:{name}")
        return self.datasets[project, name]

    def make_dataset(self, project: str, resource: Resource) -> Resource:
        """A new dataset."""
        name = resource["datasetReference"]["datasetId"]
        if (project, name) in self.datasets:
            raise Refused(409, "duplicate", f"Already Exists: Dataset {project}:{name}")
        made = {"kind": "bigquery#dataset", "id": f"{project}:{name}", "location": "US"} | resource
        self.datasets[project, name] = Dataset(made)
        catalogs = {each for (each,) in self.rows("SELECT database_name FROM duckdb_databases()")}
        if project not in catalogs:
            self._rows.execute(f"ATTACH ':memory:' AS \"{project}\"")
        self._rows.execute(f'CREATE SCHEMA "{project}"."{name}"')
        return made

    def table(self, project: str, dataset: str, name: str) -> Resource:
        """A table. Raises `Refused` if it is not there."""
        tables = self.dataset(project, dataset).tables
        if name not in tables:
            raise Refused(404, "notFound", f"Not found: Table {project}:{dataset}.{name}")
        return tables[name]

    def make_table(self, project: str, dataset: str, resource: Resource) -> Resource:
        """A new table, or view."""
        name = resource["tableReference"]["tableId"]
        tables = self.dataset(project, dataset).tables
        if name in tables:
            raise Refused(409, "duplicate", f"Already Exists: Table {project}:{dataset}.{name}")
        kind = "VIEW" if resource.get("view") else "TABLE"
        made = {"kind": "bigquery#table", "id": f"{project}:{dataset}.{name}", "type": kind}
        made |= resource
        if kind == "VIEW":
            assert resource["view"]["useLegacySql"] is False
            self._make_view(_path(project, dataset, name), resource["view"]["query"])
        else:
            columns = ", ".join(_column(each) for each in resource["schema"]["fields"])
            self._check_parts(resource)
            self._rows.execute(f"CREATE TABLE {_path(project, dataset, name)} ({columns})")
        tables[name] = _told(made)
        return tables[name]

    def _make_view(self, path: str, query: str) -> None:
        try:
            self._rows.execute(f"CREATE VIEW {path} AS {_in_duckdb(query)[0]}")
        except duckdb.Error as error:
            raise Refused(400, "invalidQuery", str(error).splitlines()[0]) from error

    def _check_parts(self, resource: Resource) -> None:
        kinds = {each["name"]: each for each in resource["schema"]["fields"]}
        parted = resource.get("timePartitioning")
        if parted:
            assert parted["type"] == "DAY"
            assert kinds[parted["field"]]["type"] in {"DATE", "TIMESTAMP"}
        clustering: dict[str, list[str]] = resource.get("clustering") or {"fields": []}
        clustered = clustering["fields"]
        if len(clustered) > 4 or any(
            kinds[each]["type"] == "FLOAT" or kinds[each].get("mode") == "REPEATED"
            for each in clustered
        ):
            raise Refused(400, "invalid", "Clustering is not possible by these fields")

    def change_table(
        self, project: str, dataset: str, name: str, changes: Resource, etag: str | None
    ) -> Resource:
        """Change a table's metadata; columns may be added, none may go."""
        table = self.table(project, dataset, name)
        if etag is not None and etag != table["etag"]:
            raise Refused(412, "conditionNotMet", "Precondition check failed.")
        if "schema" in changes:
            before = {each["name"]: each for each in table["schema"]["fields"]}
            after = {each["name"]: each for each in changes["schema"]["fields"]}
            if set(before) - set(after):
                raise Refused(400, "invalid", "Provided Schema does not match: a field is missing")
            for column in set(after) - set(before):
                path = _path(project, dataset, name)
                self._rows.execute(f"ALTER TABLE {path} ADD COLUMN {_column(after[column])}")
        table.update(changes)
        self.datasets[project, dataset].tables[name] = _told(table)
        return self.datasets[project, dataset].tables[name]

    def remove_table(self, project: str, dataset: str, name: str) -> None:
        """Remove a table or view."""
        kind = self.table(project, dataset, name)["type"]
        self._rows.execute(f"DROP {kind} {_path(project, dataset, name)}")
        del self.dataset(project, dataset).tables[name]

    def load(self, config: Resource, content: bytes) -> int:
        """Carry out a load job: all of it or nothing. Returns how many rows it brought."""
        where = config["destinationTable"]
        project, dataset, name = where["projectId"], where["datasetId"], where["tableId"]
        assert config["sourceFormat"] == "PARQUET"
        assert config["createDisposition"] == "CREATE_NEVER"
        table = self.table(project, dataset, name)
        rows = _pq.read_table(io.BytesIO(content))
        fields = config["schema"]["fields"]
        _check_rows(rows.schema, fields, config.get("parquetOptions", {}))
        self._check_days(table, rows)
        path = _path(project, dataset, name)
        is_replaced = config["writeDisposition"] == "WRITE_TRUNCATE"
        assert is_replaced or config["writeDisposition"] == "WRITE_APPEND"
        if is_replaced:
            if config.get("timePartitioning") != table.get("timePartitioning"):
                raise Refused(400, "invalid", "Incompatible table partitioning specification")
            table["schema"] = {"fields": fields}
            columns = ", ".join(map(_column, fields))
            self._rows.execute(f"CREATE OR REPLACE TABLE {path} ({columns})")
        values = ", ".join(
            f'coalesce("{each["name"]}", [])' if each.get("mode") == "REPEATED"
            else f'"{each["name"]}"'
            for each in fields
        )  # fmt: skip
        listed = ", ".join(f'"{each["name"]}"' for each in fields)
        self._rows.register("brought", rows)
        self._rows.execute(f"INSERT INTO {path} ({listed}) SELECT {values} FROM brought")
        self._rows.unregister("brought")
        return rows.num_rows

    def _check_days(self, table: Resource, rows: Any) -> None:
        parted = table.get("timePartitioning")
        if parted and len(rows[parted["field"]].unique()) > MOST_DAYS:
            raise Refused(400, "invalid", "Too many partitions produced by query")

    def query(self, statement: str) -> None:
        """Carry out statements that answer nothing."""
        self.statements.append(statement)
        for tree, written in zip(_parsed(statement), _in_duckdb(statement), strict=True):
            assert isinstance(tree, (exp.Merge, exp.TruncateTable, exp.Alter)), tree.key
            for each in tree.find_all(exp.Table):
                if each.catalog:
                    self.table(each.catalog, each.db, each.name)
            try:
                self._run(tree, written)
            except duckdb.Error as error:
                raise Refused(400, "invalidQuery", str(error)) from error

    def _run(self, tree: exp.Expr, written: str) -> None:
        if not isinstance(tree, exp.Alter):
            self._rows.execute(written)
            return
        table = tree.this
        for action in tree.args["actions"]:
            assert isinstance(action, exp.Drop)
            self._rows.execute(f"ALTER TABLE {table.sql('duckdb')} {action.sql('duckdb')}")
            fields = self.table(table.catalog, table.db, table.name)["schema"]["fields"]
            fields[:] = [each for each in fields if each["name"] != action.name]


def _told(resource: Resource) -> Resource:
    return resource | {"etag": uuid.uuid4().hex}


def _path(project: str, dataset: str, name: str) -> str:
    return f'"{project}"."{dataset}"."{name}"'


def _column(told: Mapping[str, Any]) -> str:
    assert told.get("mode", "NULLABLE") in {"NULLABLE", "REPEATED"}
    array = "[] DEFAULT []" if told.get("mode") == "REPEATED" else ""
    return f'"{told["name"]}" {_TYPES[told["type"]]}{array}'


def _parsed(statement: str) -> list[exp.Expr]:
    try:
        return [each for each in sqlglot.parse(statement, read="bigquery") if each is not None]
    except SqlglotError as error:
        raise Refused(400, "invalidQuery", str(error)) from error


def _in_duckdb(statement: str) -> list[str]:
    return [each.sql("duckdb") for each in _parsed(statement)]


def _check_rows(schema: Any, fields: Sequence[Resource], options: Resource) -> None:
    """What BigQuery checks of a Parquet file's columns."""
    told = {each["name"]: each for each in fields}
    for column in schema:
        is_list = _pa.types.is_list(column.type)
        if is_list and not options.get("enableListInference"):
            raise Refused(400, "invalid", f"Field {column.name} has changed type to RECORD")
        type_ = _OF_PARQUET[column.type.value_type if is_list else column.type]
        if column.name not in told or told[column.name]["type"] != type_:
            raise Refused(400, "invalid", f"Provided Schema does not match: {column.name}")
        assert is_list == (told[column.name].get("mode") == "REPEATED"), column.name
