"""Writes letters to authors of structured posts, and the run log."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hubbub.core.letters import LONGEST_TEXT, Letter, Recipient
from hubbub.flows.choosing_letters import answers_to
from hubbub.flows.posts_of_authors import ReadPost
from hubbub.flows.recipients import Directory, Known
from hubbub.flows.telling_authors import Telling
from hubbub.privacy.keys import Keys
from hubbub.records.template import Template
from hubbub.reports import languages
from hubbub.reports.filters import Voice
from hubbub.reports.messages import Messages
from hubbub.reports.mrkdwn import blocks_of, cut, has_blocks, plain_text
from hubbub.settings import Settings

LOG = "records-log"
"""The report that the run log is of, and its message."""
_DIGITS = 16


class Told(NamedTuple):
    """A state of a post that its author was told of."""

    state: str
    times: str
    """How often before; empty for the first time."""
    is_known: bool
    """Whether it is known that they were."""


class Writer:
    """Writes to authors, and the log."""

    def __init__(self, settings: Settings, directory: Directory, known: Known, keys: Keys) -> None:
        self._directory = directory
        self._messages = Messages(settings.pack)
        self._zone = ZoneInfo(settings.timezone)
        self._telling = Telling(settings, directory, known)
        self._keys = keys

    def letter(self, template: Template, post: ReadPost, told: Sequence[Told]) -> Letter | None:
        """What an author is told of a post; None if they know, or the template has no words for
        it. A state that comes again after another one is told again."""
        last = told[-1] if told else None
        times = str(sum(each.state == post.state for each in told) or "")
        if last is not None and last.state == post.state:
            if last.is_known:
                return None
            times = last.times
        others = [each for each in told if (each.state, each.times) != (post.state, times)]
        if post.status != "good":
            occasion, message = "wrong", template.wrong
        elif others:
            occasion, message = "updated", template.updated
        else:
            occasion, message = "imported", template.imported
        if message is None:
            return None
        author = self._directory.member(post.author_id)
        voice = Voice(author.language, self._zone)
        said = self._telling.said(template, post, author, is_update=bool(others))
        if message.text:
            text = self._messages.written_in(template.file, message.text, voice, said)
        else:
            text = self._rendered(message.file, f"record-{occasion}", voice, said)
        variant = "-".join(each for each in (post.post, post.state, times) if each)
        return _letter(answers_to(template.name), variant, author.to, text, voice)

    def log(
        self, templates: Sequence[Template], news: Sequence[ReadPost], to: Recipient, language: str
    ) -> Letter:
        """What a channel is told of a run."""
        voice = Voice(language, self._zone)
        said = self._telling.log(templates, news, to, voice.language)
        marks = sorted(f"{each.post} {each.state}" for each in news)
        return _letter(
            LOG,
            self._keys.delivery("log", *marks)[:_DIGITS],
            to,
            self._messages.render(LOG, voice, said),
            voice,
        )

    def _rendered(self, name: str, usual: str, voice: Voice, said: Mapping[str, object]) -> str:
        """A message of a pack; where there is none of that name, the usual one."""
        chosen = name if self._messages.languages(name) else usual
        return self._messages.render(chosen, voice, said)


def _letter(report: str, variant: str, to: Recipient, text: str, voice: Voice) -> Letter:
    dropped = partial(languages.lines_dropped, language=voice.language)
    short = cut(plain_text(text), LONGEST_TEXT, dropped)
    blocks = blocks_of(text, dropped) if has_blocks(text) else ()
    return Letter(report, "once", to, short, blocks, variant=variant)
