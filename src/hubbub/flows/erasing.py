"""Takes members, and what is too old, out of a workspace: everywhere, for good, with a receipt."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from hubbub.core.tables import TABLES, Column, Privacy
from hubbub.destinations.files import whole
from hubbub.errors import UsageError
from hubbub.flows.applying_policy import limits_of
from hubbub.flows.auditing import audited
from hubbub.flows.journaling import alone, take_over
from hubbub.flows.keeping_files import safe_name
from hubbub.flows.ledger import release_in_ledger, renew_ledger
from hubbub.flows.loading import take_over_events
from hubbub.flows.outputs import Outputs
from hubbub.flows.workspace import keys_of, made, new_run_id, policy_of_workspace, sweep
from hubbub.privacy.audit import Plain
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import Policy
from hubbub.privacy.refusals import Entry, RefusalFile, Why, folded, names_in_texts, now
from hubbub.settings import Settings
from hubbub.slack.redaction import AFTER, BEFORE, NOBODY, without_members
from hubbub.stores import duckdb as store
from hubbub.stores.erasing import erase_members, erase_names, retain, rewritten
from hubbub.stores.publications import owe
from hubbub.stores.renewing import pseudonyms_by_version
from hubbub.stores.writes import updating

_IS_ID = re.compile(r"[UW][A-Z0-9]+")


class Receipt(Struct):
    """What was removed where; it names nobody."""

    id: str
    what: str
    at: str
    rows: dict[str, int] = {}
    """Rows of the store that were deleted or changed, by table."""
    raw: int = 0
    """Raw responses that were changed or removed."""
    files: int = 0
    """Files of members whose bytes were removed."""
    exports: list[str] = []
    """Exports and charts that were removed; the same command makes them anew."""
    changed_exports: list[str] = []
    """Exports that somebody has changed since: they are left, and are to be looked at."""
    destinations: list[str] = []
    """Warehouses that hold rows until they are published to again; or the one that this is of."""
    after: list[str] = []
    """The erasures that have reached a warehouse with this."""
    out_of_reach: int = 0
    """Messages under pseudonyms whose keys were destroyed: any of them may be theirs."""
    path: Path | None = None
    """Where the receipt is kept."""


class _Member(Struct, frozen=True):
    """A member, by all that the store calls them."""

    id: str
    stored: frozenset[str]
    """Ids, pseudonyms and handles."""
    handle: str | None
    names: re.Pattern[str] | None
    """Names, e-mail and telephone number, as they stand in others' texts."""
    called: frozenset[str]
    """Handles and names, as `folded` writes them."""
    files: tuple[str, ...]


def opt_out(settings: Settings, member: str) -> Receipt:
    """From now on, store nothing of a member; erase what there is."""
    return _refuse(settings, member, "opted out")


def forget(settings: Settings, member: str) -> Receipt:
    """Erase a member everywhere; neither an import nor a collection brings them back."""
    return _refuse(settings, member, "forgotten")


def opt_in(settings: Settings, member: str) -> bool:
    """Let a member in again; returns whether they were out. What was erased stays erased, until an
    import or a collection brings it anew."""
    keys = keys_of(settings)
    with _store_if_any(settings) as connection:
        found = _member(connection, keys, member)
    audited(settings, "erase", "opt-in", member=found.id)
    return RefusalFile(settings.refused).remove(keys.refusal(found.id)) is not None


def member_id_of(settings: Settings, name: str) -> str:
    """The id of a member, by id or by a name that one alone has. Raises `UsageError`."""
    keys = keys_of(settings)
    with _store_if_any(settings) as connection:
        return _member(connection, keys, name).id


def _refuse(settings: Settings, name: str, why: Why) -> Receipt:
    policy, keys = policy_of_workspace(settings), keys_of(settings)
    with _store_if_any(settings) as connection:
        member = _member(connection, keys, name)
    entry = Entry(
        keys.refusal(member.id),
        why,
        now(),
        keys.refusal(member.handle) if member.handle else None,
        keys.pseudonym("member", member.id) if policy.pseudonyms else None,
        tuple(sorted(keys.refusal(f"name\0{each}") for each in member.called)),
    )
    audited(settings, "erase", why.replace(" ", "-"), member=member.id, outcome="begun")
    found = _rows_of(settings, member)
    # First of all: whatever is under way will heed it when it merges.
    RefusalFile(settings.refused).add(entry)
    receipt = _begun(why)
    with alone(settings):
        sweep(settings)
        # The store last: it alone knows the member's names and files, should this be stopped.
        receipt.raw = _without_member(settings, member)
        receipt.files = _remove_files(settings, member.files)
        _remove_outputs(settings, receipt, lambda content: _is_named(content, member))
        take_over(settings)
        take_over_events(settings)
        renew_ledger(settings, keys)
        if store.exists(settings.store):
            with store.writing(settings.store) as connection:
                receipt.rows = dict(found | _erased(connection, member))
                versions = pseudonyms_by_version(connection).items()
                receipt.out_of_reach = sum(
                    messages for version, (_, messages) in versions if version < keys.first
                )
            rewritten(settings.store)
        # Last: a publication that looks into the store from now on does not find them.
        receipt.destinations = owe(settings.publications, receipt.id)
    return _kept(settings, receipt)


def _erased(connection: duckdb.DuckDBPyConnection, member: _Member) -> Counter[str]:
    """Erase a member's rows, ids and names; returns how many rows were touched, by table."""
    touched = erase_members(connection, member.stored)
    if member.names is not None:
        touched += _unnamed(connection, member.names)
    return touched + erase_names(connection, lambda name: folded(name) in member.called)


def _rows_of(settings: Settings, member: _Member) -> Counter[str]:
    """How many rows of the store whoever merges once the refusal is written down would erase, by
    table: it tells nobody. Names in others' texts are left to this process."""
    if not store.exists(settings.store):
        return Counter()
    with store.writing(settings.store) as connection:
        touched = _erased(connection, replace(member, names=None))
        connection.execute("ROLLBACK; BEGIN")
    return touched


def carried_out(
    settings: Settings, destination: str, after: Sequence[str], rows: Mapping[str, int]
) -> Receipt:
    """The receipt of erasures that have now reached a warehouse: they are named by their own."""
    receipt = _begun("publication")
    receipt.destinations, receipt.after, receipt.rows = [destination], [*after], dict(rows)
    return _kept(settings, receipt)


def retain_now(settings: Settings, moment: datetime | None = None) -> Receipt:
    """Apply the days that the policy keeps texts, rows and raw responses. Raises `UsageError` if it
    keeps all of them for ever."""
    policy = policy_of_workspace(settings)
    if not (policy.text_days or policy.row_days or policy.raw_days):
        raise UsageError(
            "The privacy policy keeps everything for ever.",
            "Set text_days, row_days or raw_days under [privacy] in hubbub.toml.",
        )
    receipt = _begun("retention")
    audited(settings, "erase", "retention", outcome="begun")
    with alone(settings):
        _retained(settings, policy, moment or datetime.now(UTC), receipt)
        if receipt.rows:
            receipt.destinations = owe(settings.publications, receipt.id)
    return _kept(settings, receipt) if _has_done(receipt) else receipt


def _retained(settings: Settings, policy: Policy, moment: datetime, receipt: Receipt) -> None:
    sweep(settings)
    take_over(settings)
    take_over_events(settings)
    limits = limits_of(policy, moment)
    if store.exists(settings.store):
        with store.writing(settings.store) as connection:
            receipt.rows = dict(retain(connection, limits))
        rewritten(settings.store)  # merges let old rows go too, but not their bytes
    if limits.rows_since is not None:
        release_in_ledger(settings, limits.rows_since)
    if policy.raw_days:
        since = moment - timedelta(days=policy.raw_days)
        for folder in old_raw(settings, since):
            receipt.raw += sum(path.is_file() for path in folder.rglob("*"))
            shutil.rmtree(folder)
        old = [path.name for path in _folders(settings.files) if _changed_at(path) < since]
        receipt.files = _remove_files(settings, tuple(old))


def old_raw(settings: Settings, since: datetime) -> list[Path]:
    """The folders of raw responses of runs before an instant; their names begin with the time."""
    return [path for path in _folders(settings.raw) if path.name < f"{since:%Y%m%dT%H%M%S}"]


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def _member(connection: duckdb.DuckDBPyConnection | None, keys: Keys, name: str) -> _Member:
    """Who is meant, by id or by a name that one member alone has."""
    wanted = name.removeprefix("@")
    if connection is None:
        if not _IS_ID.fullmatch(wanted):
            raise _unknown(name)
        return _Member(wanted, frozenset({wanted}), None, None, frozenset(), ())
    found = connection.execute(
        "SELECT DISTINCT user_id FROM (SELECT user_id, name, real_name, display_name FROM users "
        "UNION ALL SELECT user_id, name, real_name, display_name FROM profiles) "
        "WHERE user_id = $1 OR $1 IN (name, real_name, display_name)",
        [wanted],
    ).fetchall()
    ids = [user_id for (user_id,) in found]
    if len(ids) > 1 and wanted not in ids:
        raise UsageError(f"{name!r} names several members.", "Give the id.")
    member_id = wanted if wanted in ids or _IS_ID.fullmatch(wanted) else (ids or [""])[0]
    if not _IS_ID.fullmatch(member_id):
        raise _unknown(name)
    stored = {member_id, keys.pseudonym("member", member_id)}
    told = connection.execute(
        "SELECT name, real_name, email, phone, display_name FROM users "
        "WHERE user_id IN (SELECT unnest($1)) "
        "UNION SELECT name, real_name, NULL, NULL, display_name FROM profiles "
        "WHERE user_id IN (SELECT unnest($1))",
        [[*stored]],
    ).fetchall()
    files = connection.execute(
        "SELECT file_id FROM files WHERE user_id IN (SELECT unnest($1))", [[*stored]]
    ).fetchall()
    handles = {row[0] for row in told if row[0]}
    stored |= handles | {keys.pseudonym("member", handle) for handle in handles}
    return _Member(
        member_id,
        frozenset(stored),
        min(handles, default=None),
        names_in_texts(row[:4] for row in told),
        frozenset(folded(each) for row in told for each in (*row[:2], row[4]) if each),
        tuple(file_id for (file_id,) in files),
    )


def _unknown(name: str) -> UsageError:
    return UsageError(
        f"There is no member {name!r} whose id is known.",
        "Give the id: in Slack, the member's profile, ⋮, Copy member ID.",
    )


def _unnamed(connection: duckdb.DuckDBPyConnection, names: re.Pattern[str]) -> Counter[str]:
    """Take a member's names out of the texts of others; whole copies that hold one go."""
    touched: Counter[str] = Counter()
    for table in TABLES.values():
        for column in table.columns:
            if column.privacy in (Privacy.TEXT, Privacy.LINK, Privacy.RAW, Privacy.OUTLINE):
                touched[table.name] += _unnamed_in(connection, table.name, column, names)
    return +touched


def _unnamed_in(
    connection: duckdb.DuckDBPyConnection, table: str, column: Column, names: re.Pattern[str]
) -> int:
    # DuckDB looks for the same, but does not know what stands around it
    found = connection.execute(
        f"SELECT rowid, {column.name} FROM store.{table} WHERE regexp_matches({column.name}, $1)",
        [f"(?i){names.pattern.removeprefix(BEFORE).removesuffix(AFTER)}"],
    ).fetchall()
    is_raw = column.privacy in (Privacy.RAW, Privacy.OUTLINE)
    outline = ", outline = NULL" if column.name == "canonical" else ""
    changes = [(row, names.sub(NOBODY, text)) for row, text in found if names.search(text)]
    for row, text in changes:
        connection.execute(
            updating(table, f"{column.name} = $1{outline}", "WHERE rowid = $2"),
            [None if is_raw else text, row],
        )
    return len(changes)


def _without_member(settings: Settings, member: _Member) -> int:
    """Take a member out of the raw responses; returns how many were changed."""
    changed = 0
    for path in sorted(settings.raw.rglob("*.json")) if settings.raw.is_dir() else ():
        content = path.read_bytes()
        if not _is_named(content, member):
            continue
        kept = without_members(
            msgspec.json.decode(content), lambda name: name == member.id, member.names
        )
        with whole(path) as unfinished:
            unfinished.write_bytes(msgspec.json.encode(kept))
        changed += 1
    return changed


def _is_named(content: bytes, member: _Member) -> bool:
    """Whether some bytes name a member."""
    if any(each.encode() in content for each in member.stored if each != member.handle):
        return True
    text = content.decode("utf-8", "replace")
    return member.names is not None and member.names.search(text) is not None


def _remove_files(settings: Settings, file_ids: tuple[str, ...]) -> int:
    removed = 0
    for file_id in file_ids:
        folder = settings.files / safe_name(file_id)
        if folder.is_dir():
            shutil.rmtree(folder)
            removed += 1
    return removed


def _remove_outputs(settings: Settings, receipt: Receipt, names: Callable[[bytes], bool]) -> None:
    for output in Outputs(settings.outputs).naming(names):
        shown = str(output.path)
        if output.is_unchanged:
            output.path.unlink()
            receipt.exports.append(shown)
        else:
            receipt.changed_exports.append(shown)


@contextmanager
def _store_if_any(settings: Settings) -> Generator[duckdb.DuckDBPyConnection | None]:
    """The store, to be read; None where nothing was stored yet."""
    if not store.exists(settings.store):
        yield None
        return
    with store.reading(settings.store) as connection:
        yield connection


def _begun(what: str) -> Receipt:
    started_at = datetime.now(UTC)
    return Receipt(new_run_id(started_at), what, started_at.isoformat(timespec="seconds"))


def _has_done(receipt: Receipt) -> bool:
    return bool(receipt.rows or receipt.raw or receipt.files)


def _kept(settings: Settings, receipt: Receipt) -> Receipt:
    """Write the receipt beside the others, and note in the audit log that it was done."""
    audited(
        settings,
        "erase",
        receipt.what.replace(" ", "-"),
        outcome="done",
        rows=sum(receipt.rows.values()),
        files=receipt.files + receipt.raw + len(receipt.exports),
        run=Plain(receipt.id),
    )
    path = made(settings.receipts / f"{receipt.id}.json")
    told = {name: value for name, value in asdict(receipt).items() if name != "path"}
    with whole(path) as unfinished:
        unfinished.write_text(json.dumps(told, indent=1), encoding="utf-8")
    path.chmod(0o600)
    return replace(receipt, path=path)
