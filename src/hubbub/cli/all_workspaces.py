"""`--all-workspaces`: one command line in all workspaces of a home."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from hubbub import settings as configured
from hubbub.cli import console
from hubbub.cli.command_lines import check_command_line
from hubbub.cli.options import EVERYWHERE, Session
from hubbub.cli.stopping import stopped_by_signals
from hubbub.errors import Exit, HubbubError, UsageError

if TYPE_CHECKING:
    from hubbub.flows.keeping_schedules import Keeper
    from hubbub.flows.many_workspaces import Outcome

FLAG = "--all-workspaces"
_AT_ONCE = "--at-once"
_PLACE = "{workspace}"
"""Stands for the name of each workspace."""

VERBS = (
    "audit verify", "collect", "doctor", "import", "list", "load", "privacy check",
    "privacy retain", "privacy show", "publish", "records answer", "records read",
    "schedule list", "schedule run", "schedule start", "send", "show", "draw", "export", "sql",
)  # fmt: skip
"""What makes sense in many workspaces: what is done with each alike, and what shows each."""
_WITH_FILES = frozenset({"draw", "export", "import", "send"})
_OUTPUT = ("-o", "--output")


@dataclass
class _Asked:
    """A command line with `--all-workspaces`, taken apart."""

    words: list[str] = field(default_factory=list[str])
    """The verb and what is its own."""
    options: dict[str, str] = field(default_factory=dict[str, str])
    """Those of every verb, and `--at-once`; what takes no value has an empty one."""

    def flags(self) -> list[str]:
        """The options that each workspace gets."""
        kept = [name for name in self.options if name not in {"--home", _AT_ONCE}]
        return [part for name in kept for part in (name, self.options[name]) if part]


def run_in_all(arguments: Sequence[str]) -> int:
    """Run a command line in all workspaces; returns the exit code. Raises `UsageError`."""
    asked = _taken_apart(arguments)
    verb = _verb_of(asked.words)
    session = _session(asked)
    names = all_names(session)
    if verb in {"schedule start", "schedule list"} or "--due" in asked.words:
        check_command_line(asked.words)
        return _of_schedules(session, verb, _wanted_at_once(asked))
    _check(asked.words, names[0])
    return _in_each(session, asked, names)


def all_names(session: Session) -> list[str]:
    """The workspaces that there are."""
    from hubbub.flows.many_workspaces import all_workspaces

    return all_workspaces(session.settings)


def _taken_apart(arguments: Sequence[str]) -> _Asked:
    asked = _Asked()
    known = EVERYWHERE | {_AT_ONCE: True, FLAG: False}
    rest = [*arguments]
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            asked.words += [word, *rest]
            break
        if name not in known:
            asked.words.append(word)
        elif name != FLAG:
            if known[name] and not equals:
                if not rest:
                    raise click.UsageError(f"Option '{name}' requires an argument.")
                value = rest.pop(0)
            asked.options[name] = value
    if "--workspace" in asked.options:
        raise click.UsageError(f"{FLAG} and --workspace contradict each other.")
    return asked


def _verb_of(words: Sequence[str]) -> str:
    for length in (1, 2):
        if (verb := " ".join(words[:length])) in VERBS:
            return verb
    said = next((f"`hubbub {word}`" for word in words[:1]), "Nothing")
    raise UsageError(
        f"{said} cannot be done in all workspaces at once.",
        f"With {FLAG} go: {', '.join(sorted(VERBS))}.",
    )


def _session(asked: _Asked) -> Session:
    """What the options of every verb say, of no workspace in particular."""
    options = asked.options
    none = configured.load(options.get("--home"), "all", heed_file=False)
    loudness = len({"-v", "--verbose"} & {*options}) - len({"-q", "--quiet"} & {*options})
    return Session(none, "--json" in options, loudness, "--home" in options)


def _wanted_at_once(asked: _Asked) -> int:
    from hubbub.flows.many_workspaces import at_once

    said = asked.options.get(_AT_ONCE)
    if said is not None and not (said.isdecimal() and int(said) > 0):
        raise click.UsageError(f"{_AT_ONCE} wants a number of workspaces, not {said!r}.")
    return at_once(int(said) if said else None)


def _check(words: Sequence[str], example: str) -> None:
    """Refuse what fits no workspace, before hundreds of them say so, and files that one workspace
    would write over another's."""
    check_command_line([word.replace(_PLACE, example) for word in words])
    is_apart = any(_PLACE in word for word in words)
    writes = words[0] != "send" or any(word.partition("=")[0] in _OUTPUT for word in words)
    if words[0] in _WITH_FILES and writes and not is_apart:
        raise UsageError(
            f"All workspaces would share a file or folder of `hubbub {words[0]}`.",
            f"Write {_PLACE} where its name belongs: -o drafts/{_PLACE}, for example.",
        )


def _in_each(session: Session, asked: _Asked, names: list[str]) -> int:
    import sys

    from hubbub.flows.many_workspaces import exit_of, in_each

    _note_variables(session)
    home = ["--home", str(session.settings.home)]
    hurry = Event()
    stop = stopped_by_signals(
        "Ending what runs; once more ends it at once …",
        verbosity=session.verbosity,
        again=hurry.set,
    )

    def command(name: str) -> list[str]:
        where = [*home, "--workspace", name, *asked.flags()]
        return [sys.executable, "-m", "hubbub", *where, *asked.words]

    outcomes = in_each(
        names,
        command,
        most=_wanted_at_once(asked),
        stop=stop,
        hurry=hurry,
        ended=_teller(session, len(names)),
    )
    _print(session, outcomes)
    if stop.is_set():
        return Exit.INTERRUPTED
    return exit_of(each.exit for each in outcomes if each.exit is not None)


def _note_variables(session: Session) -> None:
    """Say which tokens are not used."""
    import os

    from hubbub.flows.many_workspaces import OF_ONE_WORKSPACE

    if found := [name for name in OF_ONE_WORKSPACE if os.environ.get(name)]:
        console.note(
            f"note: {', '.join(found)} would be one workspace's for all, and is not used; each has "
            f"its own in {session.settings.secrets}",
            verbosity=session.verbosity,
        )


def _teller(session: Session, count: int) -> "Callable[[Outcome], None]":
    """Prints what each workspace has to say, all of it together, as it ends."""
    ended: list[str] = []

    def tell(outcome: "Outcome") -> None:
        ended.append(outcome.workspace)
        seconds = f"{outcome.seconds:.1f} s"
        head = f"── {outcome.workspace} ({len(ended)} of {count}): {outcome.told}, {seconds}"
        console.note(head, verbosity=session.verbosity)
        if outcome.printed and not session.as_json:
            click.echo(outcome.printed.rstrip("\n"))
        if outcome.said:
            console.note(outcome.said, verbosity=session.verbosity)

    return tell


def _print(session: Session, outcomes: "list[Outcome]") -> None:
    """The table at the end."""
    if session.as_json:
        click.echo(json.dumps([_as_json(each) for each in outcomes], ensure_ascii=False))
        return
    rows = [[each.workspace, each.told, each.seconds, each.reason] for each in outcomes]
    console.table(
        ["workspace", "what_happened", "seconds", "reason"], rows, timezone="UTC", wrap=True
    )
    counts = {told: sum(each.told == told for each in outcomes) for told in _ORDER}
    console.note(
        ", ".join(f"{count} {told}" for told, count in counts.items() if count),
        verbosity=session.verbosity,
    )


_ORDER = (
    "done", "findings", "failed", "wrong use", "try again", "killed", "interrupted", "not begun"
)  # fmt: skip


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    try:
        answer = json.loads(outcome.printed) if outcome.printed.strip() else None
    except json.JSONDecodeError:
        answer = outcome.printed
    return {
        "workspace": outcome.workspace,
        "outcome": outcome.told,
        "exit": outcome.exit,
        "seconds": round(outcome.seconds, 1),
        "reason": outcome.reason or None,
        "answer": answer,
    }


def _of_schedules(session: Session, verb: str, most: int) -> int:
    """What one process does for the schedules of all workspaces."""
    from hubbub.cli import schedule
    from hubbub.flows.many_workspaces import Outcome, exit_of

    home: Path = session.settings.home
    if verb == "schedule list":
        found, troubles = _all_settings(session)
        schedule.show_schedules(session, found, several=True)
        for name, error in troubles.items():
            click.echo(f"hubbub: {name}: {error.reason} {error.fix}", err=True)
        return exit_of(error.exit for error in troubles.values())
    _note_variables(session)
    keeper = _keeper(session, home, most)
    if verb == "schedule start":
        schedule.keep(session, keeper)
        return Exit.DONE
    ran = schedule.run_due(session, keeper)
    outcomes = [
        Outcome(name, each.exit, each.seconds, " ".join(each.said), f"{each.entry}\n")
        for name, each in ran
    ]
    if session.verbosity < 0 and not session.as_json:  # cron sends a mail of all that is printed
        outcomes = [each for each in outcomes if each.exit]
    if outcomes or session.as_json:
        _print(session, outcomes)
    else:
        console.note("Nothing is due.", verbosity=session.verbosity)
    return exit_of(each.exit for _, each in ran)


def _all_settings(session: Session) -> "tuple[list[configured.Settings], dict[str, HubbubError]]":
    """The settings of all workspaces, and what is wrong with those that have none."""
    from hubbub.flows.scheduling import schedule_of

    found: list[configured.Settings] = []
    troubles: dict[str, HubbubError] = {}
    for name in all_names(session):
        try:
            settings = configured.load(str(session.settings.home), name)
            schedule_of(settings)
            found.append(settings)
        except HubbubError as error:
            troubles[name] = error
    return found, troubles


def _keeper(session: Session, home: Path, most: int) -> "Keeper":
    from hubbub.cli.schedule import news_of
    from hubbub.flows.keeping_schedules import Keeper
    from hubbub.flows.many_workspaces import environment
    from hubbub.flows.processes import run_process

    return Keeper(
        partial(configured.workspaces, home),
        partial(configured.load, str(home)),
        at_once=most,
        news=news_of(session, several=True),
        runs=partial(run_process, environment=environment()),
    )
