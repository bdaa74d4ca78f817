"""Who gets the letters of a report: a channel, each of some, or those of a list.

Under pseudonyms the store knows no member's real id: it comes from Slack's directory, whose members
are recognised by their pseudonyms, and is in memory only.
"""

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.letters import Recipient
from hubbub.errors import BadContent, HubbubError, UsageError
from hubbub.flows.asking_members import LETTERS, directory
from hubbub.flows.workspace import keys_of, policy_of_workspace
from hubbub.metrics.user_groups import Group, group_named, read_groups
from hubbub.reports.catalog import Audience
from hubbub.settings import Settings
from hubbub.slack.api import Slack
from hubbub.slack.directory import names_of
from hubbub.slack.normalize import decoded
from hubbub.slack.values import record, records, text

_ID = re.compile(r"[UWCGD][A-Z0-9]{2,20}")
_COLUMN = re.compile(r"[a-z_][a-z0-9_]*")
_NAMES_SHOWN = 3


class Person(Struct, frozen=True):
    """A member, as Slack's directory knows them now."""

    id: str
    names: tuple[str, ...]
    """The first is what they are called; the handle is among them."""
    locale: str


class Addressee(Struct, frozen=True):
    """Whom a letter is for, and what is known of them here alone."""

    stored_id: str
    """As the store has it: under pseudonyms another than Slack's."""
    to: Recipient
    language: str
    row: Mapping[str, str]
    """The line of a list; empty for others."""


class Known(Struct, frozen=True):
    """The members and channels that a store knows."""

    members: dict[str, tuple[str, ...]]
    """Names by id, as in `Person`."""
    channels: dict[str, str]
    active_members: list[str]
    """Persons whose account is not closed."""
    open_channels: list[str]
    closed_channels: frozenset[str]
    """Those that not everybody can read: what is said there stays there."""
    groups: list[Group]


def needs_people(settings: Settings) -> bool:
    """Whether letters to members need Slack's directory: for real ids, or for languages."""
    return policy_of_workspace(settings).pseudonyms or not settings.language


def ask_people(settings: Settings, slack: Slack) -> dict[str, Person]:
    """Slack's directory, by the ids that the store has. Raises `TryAgain` and `UsageError`."""
    stored = stored_ids(settings)
    found: dict[str, Person] = {}
    for page in directory(slack, Event(), LETTERS, with_locale=True):
        for user in records(record(decoded(page.payload)).get("members")):
            user_id, handle, names, *_ = names_of(user)
            if user_id is None:
                continue
            called = (text(record(user.get("profile")).get("display_name")), *names, handle)
            person = Person(
                user_id,
                tuple(dict.fromkeys(name for name in called if name)) or (user_id,),
                text(user.get("locale")) or "",
            )
            found[stored(user_id)] = person
    return found


def stored_ids(settings: Settings) -> Callable[[str], str]:
    """Makes the store's id of one of Slack's: the pseudonym, where the policy wants those."""
    if policy_of_workspace(settings).pseudonyms:
        return partial(keys_of(settings).pseudonym, "member")
    return str


def read_known(connection: duckdb.DuckDBPyConnection) -> Known:
    """What the store knows; the views `names`, `people` and `channel_names` have been made."""
    members = connection.execute("""
        SELECT n.user_id, n.name, u.display_name, u.real_name, u.name
        FROM names n LEFT JOIN users u USING (user_id) ORDER BY n.user_id""").fetchall()
    channels = connection.execute("SELECT channel_id, name FROM channel_names ORDER BY 2, 1")
    named = dict(channels.fetchall())
    active = connection.execute("""
        SELECT p.user_id FROM people p LEFT JOIN users u USING (user_id)
        WHERE NOT coalesce(u.is_deleted, false) ORDER BY p.user_id""").fetchall()
    is_open = connection.execute("""
        SELECT channel_id FROM channels WHERE NOT is_archived AND deleted_at IS NULL
        AND kind IN ('public', 'private') ORDER BY name, channel_id""").fetchall()
    closed = connection.execute(
        "SELECT channel_id FROM channel_names WHERE kind IS DISTINCT FROM 'public'"
    ).fetchall()
    return Known(
        {user_id: tuple(dict.fromkeys(each for each in names if each)) or (user_id,)
         for user_id, *names in members},
        named,
        [row[0] for row in active],
        [row[0] for row in is_open],
        frozenset(row[0] for row in closed),
        read_groups(connection),
    )  # fmt: skip


class Directory(Struct, frozen=True):
    """Finds recipients by what people and metrics call them."""

    known: Known
    people: Mapping[str, Person]
    """Slack's own directory, if it was asked."""
    language: str
    """Of the workspace; empty if each member is to have theirs."""
    stored: Callable[[str], str]
    """Makes the store's id of one of Slack's."""

    def member(
        self, stored_id: str, row: Mapping[str, str] | None = None, *, slack_id: str = ""
    ) -> Addressee:
        """A member by the store's id."""
        person = self.people.get(stored_id)
        user_id = person.id if person else slack_id or stored_id
        names = person.names if person else self.known.members.get(stored_id, (user_id,))
        language = self.language or (person.locale if person else "") or "en"
        return Addressee(stored_id, Recipient("member", user_id, names[0]), language, row or {})

    def channel(self, channel_id: str, row: Mapping[str, str] | None = None) -> Addressee:
        """A channel by its id."""
        name = self.known.channels.get(channel_id, channel_id)
        to = Recipient("channel", channel_id, name)
        return Addressee(channel_id, to, self.language or "en", row or {})

    def find(self, name: str, row: Mapping[str, str] | None = None) -> Addressee:
        """A recipient by `@name`, `#name` or id. Raises `UsageError`."""
        if name.startswith("@") or (_ID.fullmatch(name) and name[0] in "UW"):
            return self.find_member(name, row)
        return self.find_channel(name, row)

    def find_member(self, name: str, row: Mapping[str, str] | None = None) -> Addressee:
        """A member by id, handle or name. Raises `UsageError` if it is nobody's, or several's."""
        wanted = name.removeprefix("@").strip()
        if _ID.fullmatch(wanted) and wanted[0] in "UW":
            return self.member(self.stored(wanted), row, slack_id=wanted)
        if wanted in self.known.members:
            return self.member(wanted, row)
        called = self._called()
        found = called.get(wanted.casefold(), set())
        if len(found) == 1:
            return self.member(found.pop(), row)
        if found:
            raise UsageError(f"{name!r} names several members.", "Give the member's id.")
        raise _nobody("member", name, called)

    def find_members(self, name: str) -> list[Addressee]:
        """The members of a user group by handle or id, else one member. Raises `UsageError`."""
        wanted = name.removeprefix("@").strip()
        group = group_named(self.known.groups, wanted, self._called().get(wanted.casefold(), ()))
        if group is None:
            return [self.find_member(name)]
        return [self.member(each) for each in group.members]

    def find_channel(self, name: str, row: Mapping[str, str] | None = None) -> Addressee:
        """A channel by id or name. Raises `UsageError` if there is none, or several."""
        wanted = name.removeprefix("#").strip()
        if wanted in self.known.channels or (_ID.fullmatch(wanted) and wanted[0] in "CGD"):
            return self.channel(wanted, row)
        found = [each for each, called in self.known.channels.items() if called == wanted]
        if len(found) == 1:
            return self.channel(found[0], row)
        if found:
            raise UsageError(f"{name!r} names several channels.", "Give the channel's id.")
        raise _nobody("channel", name, self.known.channels.values())

    def _called(self) -> dict[str, set[str]]:
        """The members who bear each name."""
        called: dict[str, set[str]] = {}
        for stored, names in self._names():
            for each in names:
                called.setdefault(each.casefold(), set()).add(stored)
        return called

    def _names(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        if self.people:
            return ((stored, person.names) for stored, person in self.people.items())
        return self.known.members.items()


def addressees(
    audience: Audience,
    directory: Directory,
    with_rows: Sequence[str] | None,
    list_file: Path | None,
) -> list[Addressee]:
    """Everybody whom a report is for, each once; `with_rows` are the ids that its metric names."""
    if audience.to:
        return [directory.find(audience.to)]
    if audience.list:
        path = list_file or audience.part.file.path.parent / audience.list
        return _listed(path, directory)
    if audience.each == "channel":
        ids = directory.known.open_channels if with_rows is None else with_rows
        return [directory.channel(each) for each in ids]
    ids = directory.known.active_members if with_rows is None else with_rows
    return [directory.member(each) for each in ids]


def chosen(
    everybody: Sequence[Addressee], names: Sequence[str], directory: Directory, audience: Audience
) -> list[Addressee]:
    """Those of the addressees whom somebody names; of a report to a channel, another in its place.
    Raises `UsageError` for whom the report is not for."""
    if audience.to:
        if len(names) > 1:
            raise UsageError("The report goes to one channel.", "Give --to once.")
        return [directory.find(names[0])]
    wanted: list[Addressee] = []
    for name in names:
        of_channels = audience.each == "channel" or name.startswith("#")
        found = [directory.find_channel(name)] if of_channels else directory.find_members(name)
        ids = {each.stored_id for each in found}
        there = [each for each in everybody if each.stored_id in ids]
        if not there:
            raise UsageError(
                f"The report has nothing for {name}: it goes to {audience.in_words()}.",
                "See who gets it: hubbub send … --dry-run",
            )
        wanted += [each for each in there if each not in wanted]
    return wanted


def unknown_to_slack(found: Sequence[Addressee], people: Mapping[str, Person]) -> set[str]:
    """The members of the store whom Slack's directory does not have: nothing can be sent to
    them."""
    return {each.stored_id for each in found if each.to.kind == "member"} - set(people)


def hidden(addressee: Addressee) -> Addressee:
    """The same, a member named by the store's id."""
    if addressee.to.kind != "member":
        return addressee
    named = addressee.to._replace(id=addressee.stored_id, name=addressee.stored_id)
    return replace(addressee, to=named)


def _listed(path: Path, directory: Directory) -> list[Addressee]:
    """The recipients of a CSV file. Raises `BadContent`, `UsageError` if there is no such file."""
    found: dict[str, tuple[int, Addressee]] = {}
    for line, row in _lines(path):
        of_member = "member" in row
        name = row.get("member") or row.get("channel") or ""
        if not name:
            raise BadContent(str(path), line, "no member and no channel", "Fill that column.")
        try:
            one = (
                directory.find_member(name, row) if of_member else directory.find_channel(name, row)
            )
        except UsageError as error:
            raise BadContent(str(path), line, error.reason, error.fix) from error
        if one.stored_id in found:
            first = found[one.stored_id][0]
            reason = f"{name!r} stands in line {first} already"
            raise BadContent(str(path), line, reason, "A letter each: remove one of the lines.")
        found[one.stored_id] = line, one
    return [one for _, one in found.values()]


def _lines(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no list {path}.", "Name the CSV file with the recipients: --list FILE"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise HubbubError(f"{path} cannot be read: {error}", "Save it as CSV in UTF-8.") from error
    reader = csv.reader(lines)
    head = [name.strip() for name in next(reader, list[str]())]
    if {"member", "channel"}.isdisjoint(head):
        fix = "Let the first line name the columns: member,coupon"
        raise BadContent(str(path), 1, "no column member, and none channel", fix)
    for name in head:
        if not _COLUMN.fullmatch(name) or head.count(name) > 1:
            fix = "Name each column once, with small letters, digits and _."
            raise BadContent(str(path), 1, f"{name!r} is no name for a column", fix)
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(head):
            fix = "Put texts that hold a comma between quotation marks."
            reason = f"{len(row)} cells, but {len(head)} columns"
            raise BadContent(str(path), reader.line_num, reason, fix)
        yield reader.line_num, dict(zip(head, map(str.strip, row), strict=True))


def _nobody(what: str, name: str, known: Iterable[Any]) -> UsageError:
    near = get_close_matches(name.removeprefix("@").removeprefix("#").casefold(), list(known),
                             _NAMES_SHOWN)  # fmt: skip
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f"There is no {what} {name!r}.", f"{hint}Give the {what}'s id.")
