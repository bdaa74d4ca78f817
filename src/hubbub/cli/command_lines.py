"""Checks a command line without running it."""

from collections.abc import Sequence
from typing import Any

import click

from hubbub.errors import UsageError

_ENDLESS = frozenset({"demo", "load", "schedule", "serve", "simulate"})
"""Verbs that end when somebody ends them; some know `--once`."""
_CHOSEN_ELSEWHERE = ("--home", "--workspace", "--all-workspaces", "--shard")


def check_command_line(words: Sequence[str]) -> dict[str, Any]:
    """What words of Hubbub's command line say, by the names of options and arguments. Raises
    `UsageError` unless there is that verb, and takes them."""
    from hubbub.cli.program import program

    for word in words:
        if word.partition("=")[0] in _CHOSEN_ELSEWHERE:
            raise UsageError(
                f"{word} has no place here.", "It is run in the workspace that it is written for."
            )
    command: click.Command = program
    context = click.Context(program, info_name="hubbub")
    rest = [*words]
    while isinstance(command, click.Group):
        inner = command.get_command(context, rest[0]) if rest else None
        if inner is None:
            known = ", ".join(command.list_commands(context))
            path = context.command_path
            said = " ".join([path, *rest[:1]])
            raise UsageError(f"There is no command `{said}`.", f"{path} has: {known}.")
        command, name = inner, rest.pop(0)
        context = click.Context(command, info_name=name, parent=context)
    return _arguments(command, context, rest)


def check_schedulable(words: Sequence[str]) -> dict[str, Any]:
    """The same for what a schedule runs, which has to end by itself."""
    if words and words[0] in _ENDLESS and "--once" not in words:
        raise UsageError(
            f"`hubbub {words[0]}` cannot be scheduled: it does not end by itself.",
            "Schedule collect, send NAME or privacy retain, for example.",
        )
    return check_command_line(words)


def _arguments(command: click.Command, context: click.Context, rest: list[str]) -> dict[str, Any]:
    arguments: Any = [*rest]
    try:
        return command.make_context(context.info_name, arguments, parent=context.parent).params
    except click.exceptions.Exit as error:
        raise UsageError(f"`{' '.join(rest)}` only shows a text.", "Leave that out.") from error
    except click.ClickException as error:
        raise UsageError(
            error.format_message(), f"See what it takes: {context.command_path} --help"
        ) from error
