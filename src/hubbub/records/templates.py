"""All record templates of a workspace, and the records that they find in posts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from hubbub.records.dates import Reach, is_month_first
from hubbub.records.needles import Needles
from hubbub.records.polls import read_poll
from hubbub.records.reading import Post, Record
from hubbub.records.recognition import parts
from hubbub.records.template import Template, matches
from hubbub.records.template_files import read_templates
from hubbub.records.writing import cleaned, own_words

_DAYS = (-3650, 3650)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Templates:
    """The templates of the packs and of the workspace's own; read when they are first needed."""

    def __init__(self, own_pack: Path) -> None:
        self._own_pack = own_pack

    @cached_property
    def templates(self) -> dict[str, Template]:
        """The templates by name. Raises `BadContent`."""
        return read_templates(self._own_pack)

    def might_read(self, text: str, channel_id: str, channel_name: str | None) -> bool:
        """Whether a template could find a record in a text: cheap, and never wrong by a no."""
        return bool(self.candidates([text], [channel_id], {channel_id: channel_name}))

    def candidates(
        self,
        texts: Sequence[str],
        channel_ids: Sequence[str],
        names: Mapping[str, str | None],
    ) -> set[int]:
        """The places of the texts in which a template could find a record, by their channels'
        names."""
        found = self._needles.found_in(texts)
        opened = {each for each, name in names.items() if matches(self._opened, each, name)}
        if opened:
            found |= {place for place, each in enumerate(channel_ids) if each in opened}
        return found

    @cached_property
    def _needles(self) -> Needles:
        return Needles(each for one in self.templates.values() for each in one.needles)

    @cached_property
    def _opened(self) -> tuple[str, ...]:
        """The channels in which some template needs no opening."""
        return tuple(dict.fromkeys(
            pattern for each in self.templates.values() for pattern in each.without_opening
        ))  # fmt: skip

    def read(self, post: Post) -> list[Record]:
        """The records of a post, by template and place. It depends on the post and the templates
        alone, and raises nothing."""
        if not post.blocks and not self.might_read(post.text, post.channel_id, post.channel_name):
            return []
        lines = own_words(cleaned(post.text)).split("\n")
        return [
            record
            for template in self.templates.values()
            if _is_for(template, post)
            for record in _read(template, post, lines)
        ]


def _is_for(template: Template, post: Post) -> bool:
    if template.authors and not (
        ("apps" if post.is_bot else "people") in template.authors
        or post.author_id in template.authors
    ):
        return False
    return template.is_read_in(post.channel_id, post.channel_name)


def _read(template: Template, post: Post, lines: list[str]) -> list[Record]:
    if template.reader == "poll":
        poll = read_poll(post.blocks)
        return [] if poll is None else [Record(template.name, 0, poll, "good")]
    from hubbub.records.reader import read_part  # its patterns take a while, and few need it

    is_open = template.is_open_in(post.channel_id, post.channel_name)
    found: list[Record] = []
    reach = None
    for part in parts(lines, template, is_open=is_open):
        reach = reach or _reach(template, post)
        record = read_part(template, post, part, reach, len(found))
        if record is not None:
            found.append(record)
    return found


def _reach(template: Template, post: Post) -> Reach:
    dates = (each for each in template.fields.values() if each.type == "date")
    first = next(dates, None)
    before, after = (first.range if first and first.range else None) or _DAYS
    posted = (_EPOCH + timedelta(microseconds=post.posted_at)).astimezone(post.zone).date()
    month_first = template.month_first
    if month_first is None:
        month_first = is_month_first(post.zone)
    return Reach(posted, -before, after, post.zone, month_first)
