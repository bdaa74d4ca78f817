"""Notes in the workspace's audit log what is done with it, before it is done."""

from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache

import duckdb
from msgspec import Struct

from hubbub.core.tables import TABLES
from hubbub.errors import HubbubError
from hubbub.flows.workspace import made, new_run_id, policy_of_workspace
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import BUILT_IN, PARAMETERS
from hubbub.privacy.audit import Action, Audit, Detail, Entry, Plain
from hubbub.settings import Settings

_LONGEST = 1_000
"""Characters of a query's shape that are kept."""


def audit_of(settings: Settings) -> Audit:
    """The audit log of a workspace."""
    return Audit(settings.audit, settings.key.parent, settings.workspace)


def audited(settings: Settings, action: Action, what: str, **details: Detail) -> None:
    """Note what is about to be done, and the policy in effect if it is another one than before.

    Raises `HubbubError` if it cannot be noted; then it must not be done.
    """
    policy = policy_of_workspace(settings)  # first: what is no policy makes no folder
    made(settings.audit)
    made(settings.key)
    audit = audit_of(settings)
    audit.note_policy(policy)
    audit.record(action, what, **details)


@contextmanager
def audited_run(settings: Settings, what: str, **details: Detail) -> Generator[dict[str, Detail]]:
    """Note that a run begins and how it ended; what is put into the dictionary is noted too.

    A run without its end was killed.
    """
    run = Plain(new_run_id(datetime.now(UTC)))
    audited(settings, "run", what, outcome="begun", run=run, **details)
    told: dict[str, Detail] = {"outcome": "done"}
    try:
        yield told
    except BaseException as error:
        outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        reason = Plain(type(error).__name__)
        try:
            audited(settings, "run", what, outcome=outcome, run=run, reason=reason)
        except HubbubError as second:
            raise error from second
        raise
    audited(settings, "run", what, run=run, **told)


def chosen(window: Mapping[str, str]) -> dict[str, Detail]:
    """The window of a metric as details. Names of parameters that only some metrics have could be
    anything that somebody typed: they are counted."""
    known: dict[str, Detail] = {
        name: value for name, value in window.items() if name in {*PARAMETERS, *BUILT_IN}
    }
    others = len(window) - len(known)
    return known | ({"other_parameters": others} if others else {})


def shape_of(query: str, catalog: Catalog) -> Plain:
    """A query without anything that it says of people: SQL's own words, and names of tables,
    views, columns and functions that Hubbub's files use. All else is `?`, comments are left out."""
    known = {name for table in TABLES.values() for name in (table.name, *table.names)}
    known |= {"hubbub", "store"}
    for file in (*catalog.files.values(), *catalog.views.values()):
        known |= {file.name, *_identifiers(file.text)}
    shape = "".join(_shapes(query, known)).strip()
    return Plain(shape if len(shape) <= _LONGEST else f"{shape[:_LONGEST]}…")


def _shapes(query: str, known: Collection[str]) -> Iterator[str]:
    for kind, token in _tokens(query):
        word = token.strip()
        is_told = kind in {duckdb.token_type.keyword, duckdb.token_type.operator} or (
            kind == duckdb.token_type.identifier and word.lower() in known
        )
        if kind == duckdb.token_type.comment:
            word = ""
        yield (word if is_told or not word else "?") + " " * (word != token)


@cache
def _identifiers(text: str) -> frozenset[str]:
    return frozenset(
        token.strip().lower()
        for kind, token in _tokens(text)
        if kind == duckdb.token_type.identifier
    )


def _tokens(query: str) -> list[tuple[object, str]]:
    """The parts of a query as DuckDB tells them apart, each with what parts it from the next."""
    content = query.encode()
    found = duckdb.tokenize(query)
    ends = [*(place for place, _ in found), len(content)][1:]
    return [
        (kind, content[begin:end].decode(errors="replace"))
        for (begin, kind), end in zip(found, ends, strict=True)
    ]


class Log(Struct, frozen=True):
    """What a reader of the audit log sees."""

    entries: list[Entry]
    """Those that were asked for, oldest first."""
    reader: str
    """How the log names who reads it."""
    has_begun: bool
    is_sound: bool


def read_log(settings: Settings, since: datetime | None, actions: Collection[str]) -> Log:
    """The entries of the audit log; that they are read is noted in it, if there is one."""
    audit = audit_of(settings)
    if not audit.has_begun:
        return Log([], "", has_begun=False, is_sound=True)
    audited(settings, "read", "audit log")
    entries = [
        entry
        for entry in audit.entries()
        if (not actions or entry.action in actions) and (since is None or entry.at >= since)
    ]
    return Log(entries, audit.actor(), has_begun=True, is_sound=audit.verify().is_sound)
