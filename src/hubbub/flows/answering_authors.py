"""Tells authors what was read in their structured posts: once for each state of a post, and only
for posts of the last days; and a channel, if it is wanted, how many were read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Event

from msgspec import Struct

from hubbub.core.letters import MANY, Delivered, Letter, Status
from hubbub.errors import UsageError
from hubbub.flows.answered import Answered, begin, note_logged, read_answered
from hubbub.flows.auditing import audited
from hubbub.flows.choosing_letters import answers_to, choices_of, wanted_letters
from hubbub.flows.connecting import connect_bot
from hubbub.flows.delivering import deliver
from hubbub.flows.ledger import open_ledger
from hubbub.flows.posts_of_authors import ReadPost, read_posts
from hubbub.flows.recipients import (
    Directory,
    Known,
    Person,
    ask_people,
    needs_people,
    read_known,
    stored_ids,
)
from hubbub.flows.workspace import keys_of, policy_of_workspace, refuse_single_members
from hubbub.flows.writing_to_authors import Told, Writer
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.records.template import Template
from hubbub.records.templates import Templates
from hubbub.settings import Settings
from hubbub.slack.api import Slack, Token
from hubbub.slack.pace import Clock
from hubbub.stores import duckdb as store


class Answers(Struct):
    """What authors are told by a run."""

    letters: list[Letter] = []
    log: Letter | None = None
    logged: list[ReadPost] = []
    """The posts that the log tells of."""
    posts: int = 0
    """That were looked at."""
    fresh: list[str] = []
    """Templates that are answered for the first time: from now on."""
    names: Known | None = None
    """Whom and what ids in letters mean, for whoever looks at them."""
    unknown: int = 0
    """Posts whose authors Slack's directory does not have."""
    unwanted: int = 0
    """Letters that their members do not want; only a rehearsal leaves them out by itself."""
    delivered: Delivered | None = None
    """None if nothing was sent."""
    is_too_many: bool = False

    @property
    def recipients(self) -> int:
        """How many authors are written to."""
        return len({each.to.id for each in self.letters})


def answer_authors(
    settings: Settings,
    template: str | None,
    *,
    now: datetime,
    log_to: str = "",
    is_rehearsal: bool = False,
    is_sure: bool = False,
    on_delivery: Callable[[Status], None] | None = None,
    stop: Event | None = None,
    clock: Clock | None = None,
    connection: tuple[Slack, Token] | None = None,
) -> Answers:
    """Write to the authors of posts that a template, or any, has read; to more than `MANY` of them
    only if `is_sure`. A rehearsal composes the letters, asks Slack nothing and notes nothing.

    Raises `UsageError` for a template that there is none of or that tells authors nothing, and what
    `deliver` raises.
    """
    templates = _templates(settings, template)
    if log_to:
        refuse_single_members(settings, "The run log tells of")
    if is_rehearsal:
        audited(settings, "read", "records answer")
        answers = _composed(settings, templates, read_answered(settings), log_to, None, now)
        wanted = wanted_letters(settings, answers.letters)
        answers.unwanted = len(answers.letters) - len(wanted)
        answers.letters = wanted
        return answers
    slack, token = connection or connect_bot(settings)
    before = read_answered(settings)
    answered = begin(settings, [each.name for each in templates], now)
    people = ask_people(settings, slack) if needs_people(settings) else {}
    audited(settings, "read", "records answer")
    answers = _composed(settings, templates, answered, log_to, people, now)
    answers.fresh = [each.name for each in templates if each.name not in before.begun]
    if answers.recipients > MANY and not is_sure:
        answers.is_too_many = True
        return answers
    letters = [*answers.letters, *([answers.log] if answers.log else [])]
    if not letters:
        return answers
    done = answers.delivered = deliver(
        settings,
        letters,
        (slack, token),
        wants=choices_of(settings).wants,
        on_progress=on_delivery or (lambda _: None),
        clock=clock,
        stop=stop,
    )
    missed = {each.to for each in done.setbacks}
    if answers.log and not done.left and answers.log.to not in missed:
        note_logged(settings, answers.logged, _oldest(settings, now))
    return answers


def _templates(settings: Settings, name: str | None) -> list[Template]:
    """The templates whose authors are told something."""
    known = Templates(settings.pack).templates
    if name is not None and name not in known:
        there = f"There are: {', '.join(known)}." if known else "See: hubbub list records"
        raise UsageError(f"There is no template {name!r}.", there)
    chosen = [each for each in known.values() if name in {None, each.name}]
    telling = [each for each in chosen if each.imported or each.updated or each.wrong]
    if name is not None and not telling:
        raise UsageError(
            f"The template {name} tells its authors nothing.",
            'Write messages under [author]: imported = { file = "record-imported" }',
        )
    return telling


def _composed(
    settings: Settings,
    templates: Sequence[Template],
    answered: Answered,
    log_to: str,
    people: Mapping[str, Person] | None,
    now: datetime,
) -> Answers:
    """The letters of a run. Without `people`, of a rehearsal, nobody is asked who is who."""
    answers = Answers()
    if not store.exists(settings.store) or not templates:
        return answers
    keys, policy = keys_of(settings), policy_of_workspace(settings)
    oldest = _oldest(settings, now)
    with store.reading(settings.store) as connection:
        catalog = Catalog(settings.pack)
        runner = Runner(connection, catalog, settings.timezone, smallest_group=1)
        runner.make_views(["FROM names JOIN channel_names JOIN people"])
        known = read_known(connection)
        posts = {
            each.name: read_posts(
                connection, runner, each, max(oldest, answered.begun.get(each.name, oldest)), keys,
                are_pseudonyms=policy.pseudonyms,
            )
            for each in templates
        }  # fmt: skip
    answers.names = known
    directory = Directory(known, people or {}, settings.language, stored_ids(settings))
    writer = Writer(settings, directory, known, keys)
    told = _told(settings, [each.name for each in templates])
    for template in templates:
        for post in posts[template.name]:
            answers.posts += 1
            if policy.pseudonyms and people is not None and post.author_id not in people:
                answers.unknown += 1
                continue
            letter = writer.letter(template, post, told[template.name].get(post.post, []))
            answers.letters += [letter] if letter else []
    if log_to:
        to = directory.find(log_to)
        news = [
            each
            for template in templates
            for each in posts[template.name]
            if answered.log_knows(each.post) != each.state
        ]
        if news:
            answers.log = writer.log(templates, news, to.to, to.language)
            answers.logged = news
    return answers


def _oldest(settings: Settings, now: datetime) -> datetime:
    return now - timedelta(days=settings.records.answer_days)


def _told(settings: Settings, templates: Iterable[str]) -> dict[str, dict[str, list[Told]]]:
    """What authors have been told of, in its order, by template and post."""
    found: dict[str, dict[str, list[Told]]] = {each: {} for each in templates}
    if settings.ledger.exists():
        with open_ledger(settings, keys_of(settings)) as ledger:
            for template, of_posts in found.items():
                for variant, is_known in ledger.variants(answers_to(template)):
                    post, state, times = f"{variant}-".split("-")[:3]
                    of_posts.setdefault(post, []).append(Told(state, times, is_known))
    return found
