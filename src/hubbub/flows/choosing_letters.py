"""Which letters members want: noted for them by whoever runs Hubbub, or by what they say."""

from collections.abc import Sequence
from typing import NamedTuple

from hubbub.content import find
from hubbub.core.letters import Letter
from hubbub.errors import UsageError
from hubbub.flows.auditing import audited
from hubbub.flows.erasing import member_id_of
from hubbub.flows.workspace import keys_of, policy_of_workspace
from hubbub.privacy.audit import Plain
from hubbub.privacy.letters import Choice, Choices
from hubbub.privacy.refusals import RefusalFile
from hubbub.settings import Settings


class Chosen(NamedTuple):
    """What a member gets."""

    choice: Choice
    is_refused: bool
    """Whether nothing is kept of them, so that there is nothing to write to them either."""


def choices_of(settings: Settings) -> Choices:
    """The choices of a workspace's members. Raises `HubbubError` if its keys are lost."""
    return Choices(settings.letters, RefusalFile(settings.refused), keys_of(settings))


def wanted_letters(settings: Settings, letters: Sequence[Letter]) -> list[Letter]:
    """The letters of a dry run, but for those that their members do not want. Under pseudonyms only
    Slack's directory, which a dry run does not ask, tells whose choices they are: so all stay."""
    if policy_of_workspace(settings).pseudonyms:
        return [*letters]
    wants = choices_of(settings).wants
    return [each for each in letters if each.to.kind != "member" or wants(each.to.id, each.report)]


def letters_known(settings: Settings) -> list[str]:
    """The letters that a member can choose by name: reports, and answers to those who wrote a
    record."""
    reports = find("reports", (".toml",), settings.pack)
    templates = find("records", (".toml",), settings.pack)
    return sorted({*reports, *map(answers_to, templates)})


def answers_to(template: str) -> str:
    """What the letters to authors of a template's records are called."""
    return f"{template}-answers"


def chosen(settings: Settings, member: str) -> Chosen:
    """What a member, by id or name, gets."""
    return chosen_of(settings, choices_of(settings), member_id_of(settings, member))


def chosen_of(settings: Settings, choices: Choices, member_id: str) -> Chosen:
    """The same for a member whose id is known."""
    audited(settings, "read", "letters", member=member_id)
    return Chosen(choices.of(member_id), choices.is_refused(member_id))


def choose(settings: Settings, member: str, report: str | None, *, wanted: bool) -> Chosen:
    """Note what a member, by id or name, wants: of a report, or of all letters.

    Raises `UsageError` if there is no such member, or no such letter.
    """
    check_letter(settings, report)
    return choose_for(settings, choices_of(settings), member_id_of(settings, member), report,
                      wanted=wanted)  # fmt: skip


def choose_for(
    settings: Settings, choices: Choices, member_id: str, report: str | None, *, wanted: bool
) -> Chosen:
    """The same for a member whose id is known. Of who is left out of the workspace nothing is
    noted: they get no letters."""
    if not choices.is_refused(member_id):
        what = "letters start" if wanted else "letters stop"
        audited(settings, "choice", what, member=member_id, report=Plain(report or "all"))
        choices.choose(member_id, report, wanted=wanted)
    return Chosen(choices.of(member_id), choices.is_refused(member_id))


def check_letter(settings: Settings, report: str | None) -> None:
    """Raise `UsageError` if there is no such letter: a choice about it would mean nothing."""
    known = letters_known(settings)
    if report is not None and report not in known:
        there = f"There are: {', '.join(known)}." if known else "There are none yet."
        raise UsageError(f"There is no letter {report!r}.", there)
