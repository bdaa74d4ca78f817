"""`--all-workspaces`: one command line in all workspaces of a home."""

from collections.abc import Sequence
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from hubbub import settings as configured
from hubbub.cli import console
from hubbub.cli.command_lines import check_command_line
from hubbub.cli.options import EVERYWHERE, OF_MANY_WORKSPACES, Session
from hubbub.cli.outcomes import print_outcomes, teller
from hubbub.cli.stopping import stopped_by_signals
from hubbub.core.shards import ALL, Shard, read_shard
from hubbub.errors import Exit, HubbubError, UsageError

if TYPE_CHECKING:
    from hubbub.flows.keeping_schedules import Keeper

FLAG = "--all-workspaces"
_AT_ONCE, _SHARD = OF_MANY_WORKSPACES
_PLACE = "{workspace}"
"""Stands for the name of each workspace."""

VERBS = (
    "audit verify", "collect", "doctor", "import", "list", "load", "privacy check",
    "privacy retain", "privacy show", "publish", "records answer", "records read",
    "schedule list", "schedule run", "schedule start", "send", "show", "draw", "export", "sql",
)  # fmt: skip
"""What makes sense in many workspaces: what is done with each alike, and what shows each."""
_NAMED = 5
"""Workspaces that a note names."""
_WITH_FILES = frozenset({"draw", "export", "import", "send"})
_OUTPUT = ("-o", "--output")


class _Asked(Struct):
    """A command line with `--all-workspaces`, taken apart."""

    words: list[str] = []
    """The verb and what is its own."""
    options: dict[str, str] = {}
    """Those of every verb, `--at-once` and `--shard`; what takes no value has an empty one."""

    def flags(self) -> list[str]:
        """The options that each workspace gets."""
        kept = [name for name in self.options if name not in {"--home", *OF_MANY_WORKSPACES}]
        return [part for name in kept for part in (name, self.options[name]) if part]


def run_in_all(arguments: Sequence[str]) -> int:
    """Run a command line in all workspaces; returns the exit code. Raises `UsageError`."""
    asked = _taken_apart(arguments)
    verb = _verb_of(asked.words)
    session = _session(asked)
    shard = read_shard(asked.options[_SHARD]) if _SHARD in asked.options else ALL
    if verb in {"schedule start", "schedule list"} or "--due" in asked.words:
        check_command_line(asked.words)
        _names_of(session, shard)
        return _of_schedules(session, verb, shard, _wanted_at_once(asked))
    _check(asked.words)
    names = _names_of(session, shard)
    return _in_each(session, asked, names, _most(asked, verb, len(names)))


def _names_of(session: Session, shard: Shard) -> list[str]:
    """The workspaces of a shard; says if that is none, and what lies here of other machines'."""
    from hubbub.flows.many_workspaces import all_workspaces, of_shard, stores_of_others

    home = session.settings.home
    count = len(all_workspaces(home))
    own = of_shard(home, shard)
    if not own:
        told = "The only workspace" if count == 1 else f"Each of the {count} workspaces"
        console.note(
            f"{told} in {home} belongs to another shard than {shard}.",
            verbosity=session.verbosity,
        )
    if left := stores_of_others(home, shard):
        named = ", ".join(left[:_NAMED])
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        console.note(
            f"note: stores of other shards lie here: {named}{more}. `hubbub list workspaces "
            f"--shards {shard.of}` says where they belong, docs/machines.md how to move them",
            verbosity=session.verbosity,
        )
    return own


def _taken_apart(arguments: Sequence[str]) -> _Asked:
    asked = _Asked()
    known = EVERYWHERE | dict.fromkeys(OF_MANY_WORKSPACES, True) | {FLAG: False}
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


def _most(asked: _Asked, verb: str, count: int) -> int:
    """How many workspaces at once. What does not end by itself needs all of them at once."""
    from hubbub.flows.many_workspaces import at_once

    if verb != "load" or "--once" in asked.words:
        return _wanted_at_once(asked)
    most = _wanted_at_once(asked) if _AT_ONCE in asked.options else at_once(count)
    if most < count:
        raise UsageError(
            f"`hubbub load` does not end by itself: {count - most} of {count} workspaces would "
            "never have their turn.",
            "Let it end and begin again: put `load … --once` into each schedule, or spread the "
            f"workspaces over more machines with {_SHARD}.",
        )
    return most


def _check(words: Sequence[str]) -> None:
    """Refuse what fits no workspace, before hundreds of them say so, and files that one workspace
    would write over another's."""
    check_command_line([word.replace(_PLACE, "workspace") for word in words])
    is_apart = any(_PLACE in word for word in words)
    writes = words[0] != "send" or any(word.partition("=")[0] in _OUTPUT for word in words)
    if words[0] in _WITH_FILES and writes and not is_apart:
        raise UsageError(
            f"All workspaces would share a file or folder of `hubbub {words[0]}`.",
            f"Write {_PLACE} where its name belongs: -o drafts/{_PLACE}, for example.",
        )


def _in_each(session: Session, asked: _Asked, names: list[str], most: int) -> int:
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
        most=most,
        stop=stop,
        hurry=hurry,
        ended=teller(session, len(names)),
    )
    print_outcomes(session, outcomes)
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


def _of_schedules(session: Session, verb: str, shard: Shard, most: int) -> int:
    """What one process does for the schedules of all workspaces."""
    from hubbub.cli import schedule
    from hubbub.flows.many_workspaces import Outcome, exit_of

    if verb == "schedule list":
        found, troubles = _all_settings(session, shard)
        schedule.show_schedules(session, found, several=True)
        for name, error in troubles.items():
            click.echo(f"hubbub: {name}: {error.reason} {error.fix}", err=True)
        return exit_of(error.exit for error in troubles.values())
    _note_variables(session)
    keeper = _keeper(session, shard, most)
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
        print_outcomes(session, outcomes)
    else:
        console.note("Nothing is due.", verbosity=session.verbosity)
    return exit_of(each.exit for _, each in ran)


def _all_settings(
    session: Session, shard: Shard
) -> "tuple[list[configured.Settings], dict[str, HubbubError]]":
    """The settings of a shard's workspaces, and what is wrong with those that have none."""
    from hubbub.flows.many_workspaces import of_shard
    from hubbub.flows.scheduling import schedule_of

    found: list[configured.Settings] = []
    troubles: dict[str, HubbubError] = {}
    home = session.settings.home
    for name in of_shard(home, shard):
        try:
            settings = configured.load(str(home), name)
            schedule_of(settings)
            found.append(settings)
        except HubbubError as error:
            troubles[name] = error
    return found, troubles


def _keeper(session: Session, shard: Shard, most: int) -> "Keeper":
    from hubbub.cli.schedule import news_of
    from hubbub.flows.keeping_schedules import Keeper
    from hubbub.flows.many_workspaces import environment, of_shard
    from hubbub.flows.processes import run_process

    home = session.settings.home
    return Keeper(
        partial(of_shard, home, shard),
        partial(configured.load, str(home)),
        at_once=most,
        news=news_of(session, several=True),
        runs=partial(run_process, environment=environment()),
    )
