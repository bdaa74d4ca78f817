"""Reads the records of stored messages once more, after templates have changed.

What is read passes the gate like everything else. Only whole texts can be read again; where the
policy shortens or drops them, history has to come from Slack or from an archive once more.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from msgspec import Struct

from hubbub.core.batch import Batch
from hubbub.core.tables import SEEN
from hubbub.errors import UsageError
from hubbub.flows.applying_policy import gate_of, settle, stored_channels
from hubbub.flows.auditing import audited_run
from hubbub.flows.journaling import alone, take_over
from hubbub.flows.reading import Reader, reader_of
from hubbub.flows.workspace import policy_of_workspace, scratch_folder
from hubbub.privacy.gate import Gate
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.slack.messages import blocks_of
from hubbub.slack.redaction import NOBODY
from hubbub.stores import duckdb as store
from hubbub.stores.rereading import replace_reread
from hubbub.stores.staging import stage

_arrow: Any = pa
_AT_ONCE = 20_000
"""Messages that are read at a time."""
_SOMEBODY = "U0NOBODY00"
"""Stands for a refused member while a text is read: their mention was taken out of it, and they
were there all the same."""

_Key = tuple[str, str]


class Reread(Struct):
    """What reading again found."""

    messages: int = 0
    """That were looked at."""
    changed: int = 0
    """Messages whose records were written anew."""
    records: dict[str, int] = {}
    """How many records of each template were read in these."""
    left: int = 0
    """Messages by apps that were left as they are: their blocks are not stored."""


def read_again(settings: Settings, template: str | None = None) -> Reread:
    """Read the stored messages with the templates of now: all, or those in which one of them finds
    a record or has found one.

    Raises `UsageError` for an unknown template, and where the policy does not keep whole texts.
    """
    policy = policy_of_workspace(settings)
    _refuse_shortened(policy)
    reader = reader_of(settings)
    known = reader.templates.templates
    if template is not None and template not in known:
        near = get_close_matches(template, known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"There is no template {template!r}.", f"{hint}See: hubbub list records")
    with alone(settings), audited_run(settings, "records read") as told:
        take_over(settings)
        gate = gate_of(settings, policy, stored_channels(settings))
        done = _reread(settings, reader, gate, template)
        told |= {"messages": done.messages, "changed": done.changed}
    return done


def _refuse_shortened(policy: Policy) -> None:
    if policy.text != "whole" or policy.pseudonyms:
        raise UsageError(
            "The privacy policy does not keep texts as they were written, so records cannot be "
            "read from what is stored.",
            "Read history again: hubbub collect --full-refresh, or hubbub import PATH once more. "
            "Both read it with the templates of now.",
        )


def _reread(settings: Settings, reader: Reader, gate: Gate, template: str | None) -> Reread:
    done = Reread()
    found = Batch()
    versions: dict[_Key, int] = {}
    with store.reading(settings.store) as connection:
        had = _had(connection, template)
        for piece in _pieces(connection, done):
            messages = piece.columns["messages"]
            versions |= {
                (channel_id, ts): version
                for channel_id, ts, version in zip(
                    messages["channel_id"], messages["ts"], messages["version"], strict=True
                )
            }
            reader.add_records(piece, gate)
            for name in ("records", "record_values"):
                found.rows[name] += [_with_nobody(row) for row in piece.rows[name]]
    wanted = had | {(row[0], row[1]) for row in found.rows["records"] if template in {None, row[3]}}
    due = {key: versions[key] for key in wanted if key in versions}
    for name, rows in found.rows.items():
        found.rows[name] = [row for row in rows if (row[0], row[1]) in due]
    for row in found.rows["records"]:
        done.records[row[3]] = done.records.get(row[3], 0) + 1
    _replace(settings, gate, found, due, done)
    return done


def _replace(
    settings: Settings, gate: Gate, found: Batch, due: Mapping[_Key, int], done: Reread
) -> None:
    read = _arrow.table({
        "channel_id": _arrow.array([channel_id for channel_id, _ in due], pa.string()),
        "ts": _arrow.array([ts for _, ts in due], pa.string()),
        "version": _arrow.array([*due.values()], pa.int64()),
    })  # fmt: skip
    with scratch_folder(settings) as scratch:
        staged = stage([gate.admit(found)], scratch, "read")
        with store.writing(settings.store) as connection:
            done.changed = replace_reread(connection, read, staged)
            settle(connection, settings, gate)


def _had(connection: duckdb.DuckDBPyConnection, template: str | None) -> set[_Key]:
    """The messages that have records, of one template if one is named."""
    rows = connection.execute(
        "SELECT DISTINCT channel_id, ts FROM records WHERE $1 IS NULL OR template = $1", [template]
    ).fetchall()
    return {(channel_id, ts) for channel_id, ts in rows}


_COLUMNS = ("channel_id", "ts", "posted_at", "user_id", "bot_id", "subtype", "kind", "presence",
            "version", "text")  # fmt: skip


def _pieces(connection: duckdb.DuckDBPyConnection, done: Reread) -> Iterator[Batch]:
    """The messages that can be read, some at a time, with the blocks of those by apps."""
    columns = ", ".join("epoch_us(posted_at)" if each == "posted_at" else each for each in _COLUMNS)
    result = connection.execute(f"""
        SELECT {columns},
            CASE WHEN bot_id IS NOT NULL OR subtype = 'bot_message'
                THEN coalesce(canonical, '') END AS of_app
        FROM store.messages
        WHERE deleted_at IS NULL AND presence = {SEEN} AND text IS NOT NULL""")
    while rows := result.fetchmany(_AT_ONCE):
        batch = Batch()
        kept: list[tuple[Any, ...]] = []
        for *told, of_app in rows:
            done.messages += 1
            if of_app == "":
                done.left += 1
                continue
            if of_app is not None:
                blocks = blocks_of(msgspec.json.decode(of_app))
                if blocks:
                    batch.blocks[len(kept)] = blocks
            told[-1] = told[-1].replace(NOBODY, f"<@{_SOMEBODY}>")
            kept.append((*told, len(kept)))
        if kept:
            names = (*_COLUMNS, "copy")
            values = zip(*kept, strict=True)
            batch.columns["messages"] = dict(zip(names, values, strict=True))
            yield batch


def _with_nobody(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row without the stand-in for refused members."""
    return tuple(
        (None if each == _SOMEBODY else each.replace(f"<@{_SOMEBODY}>", NOBODY))
        if isinstance(each, str) and _SOMEBODY in each
        else each
        for each in row
    )
