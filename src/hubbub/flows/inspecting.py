"""Looks for what the privacy policy forbids, and for personal data, in all that Hubbub keeps."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from hubbub.core.findings import Finding, ok, problem, remark, some
from hubbub.core.tables import TABLES, Column, Privacy
from hubbub.errors import HubbubError
from hubbub.flows.applying_policy import limits_of, scrubber_of
from hubbub.flows.auditing import audited
from hubbub.flows.erasing import old_raw
from hubbub.flows.outputs import Outputs
from hubbub.flows.workspace import keys_of, policy_of_workspace
from hubbub.privacy.policy import Policy
from hubbub.privacy.refusals import RefusalFile, Refusals
from hubbub.privacy.scrub import Scrubber
from hubbub.settings import Settings
from hubbub.slack.directory import SLACK_ITSELF
from hubbub.stores import duckdb as store
from hubbub.stores.erasing import members_named, overdue, whole_ranks
from hubbub.stores.publications import publications

_PIECE = 20_000
"""Texts that are looked at together."""
_PSEUDONYM = re.compile(r"m\d+_[0-9a-f]{24}")
_ID = re.compile(r"[UW][A-Z0-9]+")
_KEYED = re.compile(r"\b(?:[a-z]+\d+_)?[0-9a-f]{24,64}\b")
"""Keyed tokens and digests, which could be taken for secrets."""
_READABLE = frozenset({".csv", ".json", ".gexf", ".svg", ".html", ".txt", ".jsonl", ".log"})
_LARGEST = 200_000_000
"""Bytes of a file that is still looked at."""


def inspect(settings: Settings, folders: Iterable[Path] = ()) -> list[Finding]:
    """What the policy forbids and is there all the same; personal data in texts, logs and exports.

    `folders` are looked at beside the home and the exports that Hubbub remembers. No finding holds
    the data itself.
    """
    policy = policy_of_workspace(settings)
    audited(settings, "read", "privacy check")
    try:
        keys = keys_of(settings)
    except HubbubError as error:
        return [problem("keys", error.reason, error.fix)]
    findings = [ok("keys", f"Only their owner can read them (version {keys.version}).")]
    scrubber = scrubber_of(policy, ())
    refusals = RefusalFile(settings.refused).refusals(keys)
    if store.exists(settings.store):
        with store.reading(settings.store) as connection:
            findings += _classes(connection, policy)
            findings += _channels(connection, policy)
            findings += _members(connection, policy, refusals)
            findings += _overdue(connection, settings, policy)
            findings += _texts(connection, policy, scrubber)
    else:
        findings.append(ok("store", "Nothing is stored yet."))
    findings += _kept_beside(settings, policy)
    findings += _published(settings)
    findings += _open_to_others(settings)
    findings += _files(settings, policy, scrubber, [*folders])
    return findings


def _published(settings: Settings) -> list[Finding]:
    """Destinations that hold rows which were erased here."""
    found = publications(settings.publications)
    behind = [state.title for state in found if state.owed]
    if behind:
        return [
            problem(
                "published",
                f"Erasures have not reached these yet: {some(behind)}.",
                "Publish to each again: hubbub publish …",
            )
        ]
    said = f"Erasures have reached all {len(found)} warehouses." if found else "Nothing is."
    return [ok("published", said)]


def _classes(connection: duckdb.DuckDBPyConnection, policy: Policy) -> list[Finding]:
    """Columns that hold what the policy drops."""
    found = [
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if not policy.keeps(column.privacy) and _count(connection, table.name, column)
    ]
    if not policy.raw:
        found += [f"{table}.{name}" for table, name in whole_ranks(connection)]
    if policy.links == "domain" and _count(connection, "links", TABLES["links"].column("url")):
        found.append("links.url")
    if not found:
        return [ok("policy", "No column holds what the policy drops.")]
    return [
        problem(
            "policy",
            f"These columns hold what the policy drops: {some(found)}. They were stored under "
            "another policy.",
            "Import or collect into a new workspace under this policy, and remove the old one.",
        )
    ]


def _count(connection: duckdb.DuckDBPyConnection, table: str, column: Column) -> int:
    query = f"SELECT count({column.name}) FROM store.{table}"
    return connection.execute(query).fetchall()[0][0]


def _channels(connection: duckdb.DuckDBPyConnection, policy: Policy) -> list[Finding]:
    """Rows of channels that the policy does not admit."""
    rows = connection.execute(
        "SELECT DISTINCT m.channel_id, coalesce(c.name, ''), coalesce(c.kind, 'unknown') "
        "FROM messages m LEFT JOIN channels c USING (channel_id)"
    ).fetchall()
    # archives without a list of channels: what nothing speaks against was taken as public
    refused = [
        channel_id
        for channel_id, name, kind in rows
        if not policy.admits(channel_id, name, "public" if kind == "unknown" else kind)
    ]
    if not refused:
        return [ok("channels", f"The policy admits all {len(rows):,} channels with messages.")]
    return [
        problem(
            "channels",
            f"The store has messages of channels that the policy keeps out: {some(refused)}.",
            "Admit them under [privacy], or import into a new workspace and remove the old one.",
        )
    ]


def _members(
    connection: duckdb.DuckDBPyConnection, policy: Policy, refusals: Refusals
) -> list[Finding]:
    named = members_named(connection)
    findings: list[Finding] = []
    if policy.pseudonyms:
        plain = [each for each in named - SLACK_ITSELF if not _PSEUDONYM.fullmatch(each)]
        if plain:
            ids = [each for each in plain if _ID.fullmatch(each)]
            findings.append(
                problem(
                    "members",
                    f"{len(ids or plain):,} members stand in the store by their real ids.",
                    "Import or collect into a new workspace under this policy, and remove the old.",
                )
            )
    refused = sum(each in refusals for each in named)
    if refused:
        findings.append(
            problem(
                "members",
                f"The store has rows of {refused:,} members who opted out or were forgotten.",
                "Run the same command for them again: hubbub privacy forget MEMBER.",
            )
        )
    whom = "by pseudonyms alone" if policy.pseudonyms else "by their ids"
    return findings or [ok("members", f"{len(named):,} members, {whom}; no one who is left out.")]


def _overdue(
    connection: duckdb.DuckDBPyConnection, settings: Settings, policy: Policy
) -> list[Finding]:
    moment = datetime.now(UTC)
    found = overdue(connection, limits_of(policy, moment))
    rows = ", ".join(f"{count:,} of {table}" for table, count in found.items())
    if policy.raw_days and old_raw(settings, moment - timedelta(days=policy.raw_days)):
        rows = ", ".join(filter(None, [rows, "raw responses"]))
    if rows:
        return [
            problem(
                "retention", f"Kept for longer than allowed: {rows}.", "Run: hubbub privacy retain"
            )
        ]
    return [ok("retention", "Nothing is kept for longer than the policy allows.")]


def _texts(
    connection: duckdb.DuckDBPyConnection, policy: Policy, scrubber: Scrubber
) -> list[Finding]:
    """Personal data in the columns of texts, links and names."""
    findings: list[Finding] = []
    for table in TABLES.values():
        for column in table.columns:
            if column.privacy not in (Privacy.TEXT, Privacy.LINK, Privacy.NAME):
                continue
            found: Counter[str] = Counter()
            query = f"SELECT {column.name} FROM store.{table.name} WHERE {column.name} IS NOT NULL"
            result = connection.execute(query)
            while rows := result.fetchmany(_PIECE):
                for _, kind, count in scrubber.scrub_column([text for (text,) in rows])[1]:
                    found[kind] += count
            if found:
                findings.append(_personal("texts", f"{table.name}.{column.name}", found, policy))
    return findings or [ok("texts", "No personal data was found in texts, links and names.")]


def _personal(check: str, where: str, found: Counter[str], policy: Policy) -> Finding:
    told = ", ".join(f"{count:,} × {kind}" for kind, count in found.most_common())
    if policy.text == "whole":
        return remark(
            check,
            f"Personal data stands in {where}: {told}.",
            "The policy keeps texts as they are. Under standard they would be scrubbed.",
        )
    return problem(
        check,
        f"Personal data stands in {where}: {told}.",
        "It comes from another policy or an older Hubbub: import into a new workspace, export "
        "anew, and remove the old ones.",
    )


def _kept_beside(settings: Settings, policy: Policy) -> list[Finding]:
    """Raw responses and files' bytes that the policy forbids."""
    findings: list[Finding] = []
    for folder, allowed, what in (
        (settings.raw, policy.raw, "raw responses"),
        (settings.files, policy.text == "whole", "bytes of files"),
    ):
        if not allowed and folder.is_dir() and any(folder.iterdir()):
            findings.append(
                problem(
                    "folders",
                    f"{folder} has {what}, which the policy forbids.",
                    f"Remove the folder: rm -r {folder}",
                )
            )
    return findings


def _open_to_others(settings: Settings) -> list[Finding]:
    """Folders, and files that say who may look, that other users of the machine can look into."""
    findings: list[Finding] = []
    for each, forbidden, fix in (
        (settings.folder, 0o007, "chmod o-rwx"),
        (settings.key.parent, 0o007, "chmod o-rwx"),
        (settings.access, 0o077, "chmod 600"),
        (settings.sessions, 0o077, "chmod 600"),
    ):
        if each.exists() and each.stat().st_mode & forbidden:
            found = f"Other users of this machine can look into {each}."
            findings.append(problem("permissions", found, f"Close it: {fix} {each}"))
    return findings or [ok("permissions", "Other users of this machine cannot look in.")]


def _read(path: Path) -> str:
    """What a file says to people: a picture without its coordinates, a page without its program,
    both of which are full of numbers."""
    content = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".svg":
        return _COORDINATES.sub(" ", content)
    return _PROGRAM.sub("", content) if path.suffix == ".html" else content


_COORDINATES = re.compile(r' (?:transform|d|x\d?|y\d?|cx|cy|viewBox|points)="[^"]*"')
_PROGRAM = re.compile(r'<script id="vega">.*?</script>', re.DOTALL)


def _files(
    settings: Settings, policy: Policy, scrubber: Scrubber, folders: list[Path]
) -> list[Finding]:
    """Personal data in logs, receipts, exports and other readable files."""
    own = [settings.audit, settings.outputs, *sorted(settings.receipts.glob("*.json"))]
    remembered = [output.path for output in Outputs(settings.outputs).naming(lambda _: True)]
    asked = [path for folder in folders for path in sorted(folder.rglob("*"))]
    found: dict[Path, Counter[str]] = {}
    looked_at = 0
    for path in dict.fromkeys([*own, *remembered, *asked]):
        if path.suffix not in _READABLE or not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        looked_at += 1
        lines = _read(path).splitlines()
        counts: Counter[str] = Counter()
        for begin in range(0, len(lines), _PIECE):
            piece = [_KEYED.sub("", line) for line in lines[begin : begin + _PIECE]]
            for _, kind, count in scrubber.scrub_column(piece)[1]:
                counts[kind] += count
        if counts:
            found[path] = counts
    if not found:
        return [ok("files", f"No personal data in {looked_at:,} logs, receipts and exports.")]
    return [_personal("files", str(path), counts, policy) for path, counts in found.items()]
