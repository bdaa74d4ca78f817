"""What messages to authors see of a post: what was read in it, in words, and how to write it."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from hubbub.core.letters import Recipient
from hubbub.flows.choosing_letters import answers_to
from hubbub.flows.posts_of_authors import ReadField, ReadPost, ReadRecord, ReadValue
from hubbub.flows.recipients import Addressee, Directory, Known
from hubbub.records.doubts import DOUBTS
from hubbub.records.template import Field, Template
from hubbub.records.writing import cleaned, key, trimmed
from hubbub.reports import languages
from hubbub.reports.filters import mention_of, shown
from hubbub.reports.messages import Said
from hubbub.settings import Settings
from hubbub.slack.markup import plain

_LONGEST = 200
"""Characters of a text that are repeated to its author."""
_MOST_LINKS = 15
"""Posts that a log names one by one."""


class Telling:
    """Puts what was read into the words of a reader."""

    def __init__(self, settings: Settings, directory: Directory, known: Known) -> None:
        self._settings = settings
        self._directory = directory
        self._known = known
        self._called = {user_id: names[0] for user_id, names in known.members.items()}

    def said(
        self, template: Template, post: ReadPost, author: Addressee, *, is_update: bool
    ) -> dict[str, Any]:
        """What a message to an author sees."""
        records = [
            Said(
                status=record.status,
                fields=self._fields(template, record, author.language),
            )
            for record in post.records
        ]
        return {
            "recipient": Said(
                name=author.to.name,
                mention=mention_of("member", author.to.id, author.to.name),
            ),
            "template": Said(
                name=template.name, title=template.title, example=template.example.strip()
            ),
            "post": Said(
                link=post.permalink,
                posted_at=post.posted_at,
                channel=mention_of("channel", post.channel_id, self._channel(post.channel_id)),
            ),
            "status": post.status,
            "is_update": is_update,
            "records": records,
            "doubts": [each for record in records for each in record.fields if each.doubt],
            "letter": answers_to(template.name),
            "workspace": Said(name=self._settings.workspace, timezone=self._settings.timezone),
            "language": author.language,
        }

    def log(
        self, templates: Sequence[Template], news: Sequence[ReadPost], to: Recipient, language: str
    ) -> dict[str, Any]:
        """What the log sees. Posts of channels that not everybody can read are counted there, but
        not named, unless the log goes into the same channel."""
        closed = self._known.closed_channels - {to.id}
        amiss = [each for each in news if each.status != "good"]
        named = [each for each in amiss if each.channel_id not in closed]
        by_name = {each.name: each for each in templates}
        return {
            "counts": [
                Said(
                    title=each.title,
                    read=len(of_it := [one for one in news if one.template == each.name]),
                    good=sum(one.status == "good" for one in of_it),
                    doubtful=sum(one.status == "doubtful" for one in of_it),
                    refused=sum(one.status == "refused" for one in of_it),
                )
                for each in templates
                if any(one.template == each.name for one in news)
            ],
            "posts": [
                self._logged(by_name[each.template], each, language) for each in named[:_MOST_LINKS]
            ],
            "more": len(amiss) - len(named[:_MOST_LINKS]),
            "workspace": Said(name=self._settings.workspace, timezone=self._settings.timezone),
            "language": language,
        }

    def _logged(self, template: Template, post: ReadPost, language: str) -> Said:
        author = self._directory.member(post.author_id).to
        fields = [
            each for record in post.records for each in self._fields(template, record, language)
        ]
        return Said(
            status=post.status,
            title=template.title,
            link=post.permalink,
            posted_at=post.posted_at,
            author=mention_of("member", author.id, author.name),
            channel=mention_of("channel", post.channel_id, self._channel(post.channel_id)),
            doubts=[each for each in fields if each.doubt],
        )

    def _fields(self, template: Template, record: ReadRecord, language: str) -> list[Said]:
        """The fields of a record: what was understood, where it came from, how to write it."""
        people = {each.name: {*map(_person, each.values)} for each in record.fields}
        return [self._field(template, each, people, language) for each in record.fields]

    def _field(
        self, template: Template, read: ReadField, people: Mapping[str, set[str]], language: str
    ) -> Said:
        field = template.fields.get(read.name)
        counted = [people.get(each, set()) for each in field.counts] if field else []
        label = field.labels[0] if field and field.labels else read.name
        source = plain(read.source, self._called, self._known.channels) if read.source else ""
        return Said(
            name=read.name,
            label=label,
            understood=self._understood(read.values, language),
            named=len(set[str]().union(*counted)),
            unregistered=[each.name for each in read.values if _is_nobodys(each)],
            source=_short(source),
            doubt=read.doubt,
            why=DOUBTS[read.doubt].sentence if read.doubt else "",
            write=_example(template, field) if field else "",
        )

    def _understood(self, values: Sequence[ReadValue], language: str) -> Markup:
        return Markup(", ").join(escape(self._value(each, language)) for each in values)

    def _value(self, value: ReadValue, language: str) -> Any:
        if value.member_id is not None:
            member = self._directory.member(value.member_id).to
            return mention_of("member", member.id, member.name)
        if value.channel_id is not None:
            return mention_of("channel", value.channel_id, self._channel(value.channel_id))
        if value.day is not None:
            return languages.day(value.day, language)
        if value.number is not None:
            return languages.number(value.number, language)
        said = plain(value.name or value.text or "", self._called, self._known.channels)
        return shown(_short(said))

    def _channel(self, channel_id: str) -> str:
        return self._known.channels.get(channel_id, channel_id)


def _person(value: ReadValue) -> str:
    """What tells people apart, in one record."""
    return value.member_id or (value.name or "").strip().casefold()


def _is_nobodys(value: ReadValue) -> bool:
    return value.kind == "name" and value.member_id is None and value.name is not None


def _short(text: str) -> str:
    """A text in one line, and no longer than can be repeated."""
    said = " / ".join(line for each in text.splitlines() if (line := trimmed(each)))
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1].rstrip()}…"


def _example(template: Template, field: Field) -> str:
    """A line of the template's example that fills a field; else its label."""
    labels = {key(each) for each in field.labels}
    for line in cleaned(template.example).splitlines():
        before, colon, _ = line.partition(":")
        if colon and key(before) in labels:
            return trimmed(line)
    return f"{field.labels[0]}: …" if field.labels else ""
