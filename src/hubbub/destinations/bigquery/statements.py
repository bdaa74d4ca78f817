"""BigQuery's schemas and statements; all of them from the shapes."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hubbub.core.warehouse import DAY, Field, Kind, Shape

TYPES = {
    Kind.TEXT: "STRING",
    Kind.INTEGER: "INTEGER",
    Kind.NUMBER: "FLOAT",
    Kind.FLAG: "BOOLEAN",
    Kind.INSTANT: "TIMESTAMP",
    Kind.DATE: "DATE",
    Kind.TEXTS: "STRING",
}
_DOC_CHARACTERS = 1_024
_TABLE_DOC_CHARACTERS = 16_384
_PRUNED_DAYS = 1_000
"""With more days than these, all of a table is looked through."""

POSTS = "posts"
"""The view of posts and threads, with the columns that loaders of single workspaces often have."""
POSTS_DOC = (
    "Posts and replies that are not deleted, with their reactions as JSON. "
    "tddate is the day in UTC, by which the tables are parted."
)
POSTS_READ = ("messages", "reactions", "workspace")
"""Tables that it reads."""


def quoted(name: str) -> str:
    """A name as SQL."""
    return f"`{name}`"


def schema(fields: Sequence[Field]) -> list[Any]:
    """Columns, as Google's client wants them."""
    from google.cloud.bigquery import SchemaField

    return [
        SchemaField(
            field.name,
            TYPES[field.kind],
            mode="REPEATED" if field.kind is Kind.TEXTS else "NULLABLE",
            description=field.doc[:_DOC_CHARACTERS],
        )
        for field in fields
    ]


def description(shape: Shape) -> str:
    """What a table means."""
    return shape.doc[:_TABLE_DOC_CHARACTERS]


def partitioning(shape: Shape) -> Any:
    """By day, where rows have one."""
    from google.cloud.bigquery import TimePartitioning, TimePartitioningType

    has_day = any(field.name == DAY for field in shape.fields)
    return TimePartitioning(type_=TimePartitioningType.DAY, field=DAY) if has_day else None


def clustering(shape: Shape) -> list[str] | None:
    """By channel, and the rest of the key: by what rows are looked for and merged."""
    kinds = {field.name: field.kind for field in shape.fields}
    fields = [name for name in shape.key if kinds[name] in {Kind.TEXT, Kind.INTEGER}]
    return fields[:4] or None


def merge(
    table: str, rows: str | None, gone: str | None, shape: Shape, days: Sequence[date]
) -> str:
    """One statement, which is carried out whole or not at all: rows come in, or take the place of
    those with their keys; rows whose keys are gone go. `days` are those that are concerned."""
    columns = [field.name for field in shape.fields]
    sources: list[str] = []
    if rows:
        sources.append(f"SELECT {_names(columns)}, FALSE AS is_gone FROM {rows}")
    if gone:
        empty = [
            quoted(field.name) if field.name in shape.key else _nothing(field)
            for field in shape.fields
        ]
        sources.append(f"SELECT {', '.join(empty)}, TRUE AS is_gone FROM {gone}")
    matched = [f"t.{quoted(name)} = s.{quoted(name)}" for name in shape.key]
    if 0 < len(days) <= _PRUNED_DAYS:
        listed = ", ".join(f"DATE '{day}'" for day in days)
        matched.append(f"t.{quoted(DAY)} IN ({listed})")
    changed = [name for name in columns if name not in shape.key]
    update = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in changed)
    values = ", ".join(f"s.{quoted(name)}" for name in columns)
    return " ".join([
        f"MERGE {table} AS t USING ({' UNION ALL '.join(sources)}) AS s",
        f"ON {' AND '.join(matched)}",
        "WHEN MATCHED AND s.is_gone THEN DELETE",
        f"WHEN MATCHED THEN UPDATE SET {update}" if changed else "",
        f"WHEN NOT MATCHED AND NOT s.is_gone THEN INSERT ({_names(columns)}) VALUES ({values})",
    ])  # fmt: skip


def empty(table: str) -> str:
    """All rows go."""
    return f"TRUNCATE TABLE {table}"


def drop(table: str, columns: Sequence[str]) -> str:
    """Columns go."""
    return f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {quoted(each)}' for each in columns)}"


def posts(messages: str, reactions: str, workspace: str) -> str:
    """Posts and replies that are not deleted, with reactions as JSON and a link to each."""
    return f"""WITH of_name AS (
  SELECT channel_id, ts, name, COUNT(*) AS count, ARRAY_AGG(user_id ORDER BY user_id) AS users
  FROM {reactions} GROUP BY channel_id, ts, name
), of_message AS (
  SELECT channel_id, ts, ARRAY_AGG(STRUCT(name, count, users) ORDER BY count DESC, name) AS given
  FROM of_name GROUP BY channel_id, ts
)
SELECT
  m.channel_id,
  CASE WHEN m.kind = 'post' THEN 'post' ELSE 'thread' END AS message_type,
  CASE WHEN m.kind = 'post' THEN m.ts ELSE COALESCE(m.thread_ts, m.ts) END AS post_id,
  m.user_id,
  m.ts,
  m.posted_at AS createtime,
  m.{DAY} AS tddate,
  m.text,
  CONCAT(
    RTRIM((SELECT MAX(url) FROM {workspace}), '/'), '/archives/', m.channel_id, '/p',
    REPLACE(m.ts, '.', ''),
    CASE WHEN m.kind = 'post' OR m.thread_ts IS NULL THEN ''
      ELSE CONCAT('?thread_ts=', m.thread_ts, '&cid=', m.channel_id) END
  ) AS permalink,
  TO_JSON(r.given) AS reactions
FROM {messages} AS m
LEFT JOIN of_message AS r ON r.channel_id = m.channel_id AND r.ts = m.ts
WHERE m.kind <> 'system' AND m.deleted_at IS NULL"""


def _names(columns: Sequence[str]) -> str:
    return ", ".join(map(quoted, columns))


def _nothing(field: Field) -> str:
    type_ = "ARRAY<STRING>" if field.kind is Kind.TEXTS else _CASTS[field.kind]
    return f"CAST(NULL AS {type_}) AS {quoted(field.name)}"


_CASTS = {
    Kind.TEXT: "STRING",
    Kind.INTEGER: "INT64",
    Kind.NUMBER: "FLOAT64",
    Kind.FLAG: "BOOL",
    Kind.INSTANT: "TIMESTAMP",
    Kind.DATE: "DATE",
}
