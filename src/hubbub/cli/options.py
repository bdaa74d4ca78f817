"""Options that every verb takes, and those that several share."""

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import click
from msgspec import Struct

from hubbub import settings as configured
from hubbub.errors import HubbubError
from hubbub.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
_Command = Callable[..., Any]

EVERYWHERE = {
    "--home": True,
    "--workspace": True,
    "--privacy": True,
    "--timezone": True,
    "--json": False,
    "-v": False,
    "--verbose": False,
    "-q": False,
    "--quiet": False,
}
"""Options of every verb, and whether a value follows."""

OF_MANY_WORKSPACES = ("--at-once", "--shard")
"""Options that go with --all-workspaces alone; a value follows."""

_WITH_VERBS_OF_ITS_OWN = frozenset({"privacy", "records"})
"""Verbs that take another verb, which is the one that has the options."""


class Session(Struct, frozen=True):
    """What the options of every verb say."""

    settings: Settings
    as_json: bool
    verbosity: int
    """-1 quiet, 0 normal, 1 verbose."""
    home_is_chosen: bool
    """Whether the user named a home, by flag or environment."""
    complaint: HubbubError | None = None
    """Why hubbub.toml cannot be heeded; only verbs that go on without it see this."""


def sorted_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments with those options that stand before the verb put behind it."""
    front: list[str] = []
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        name, equals, _ = rest[0].partition("=")
        if name not in EVERYWHERE:
            break
        taken = 2 if EVERYWHERE[name] and not equals else 1
        front += rest[:taken]
        rest = rest[taken:]
    verb = 2 if rest[:1] and rest[0] in _WITH_VERBS_OF_ITS_OWN else 1
    return [*rest[:verb], *front, *rest[verb:]] if rest else [*arguments]


class Verbs(click.Group):
    """A verb that has verbs of its own, and takes the options of every verb in any position."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Hand those options on to the inner verb."""
        return super().parse_args(ctx, sorted_arguments(args))


def everywhere(verb: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give a verb the options that every verb has; it gets them as a `Session`."""
    return _with_options(verb, is_forgiving=False)


def everywhere_forgiving(verb: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """The same for a verb that goes on if hubbub.toml is wrong: as if nothing was written there."""
    return _with_options(verb, is_forgiving=True)


def _with_options(
    verb: Callable[Concatenate[Session, P], R], *, is_forgiving: bool
) -> Callable[P, R]:
    @wraps(verb)
    def with_session(*args: P.args, **kwargs: P.kwargs) -> R:
        taken = cast("dict[str, Any]", kwargs)
        home = taken.pop("home")
        flags = (home, taken.pop("workspace"), taken.pop("privacy"), taken.pop("timezone"))
        complaint = None
        try:
            settings = configured.load(*flags)
        except HubbubError as error:
            if not is_forgiving:
                raise
            settings, complaint = configured.load(*flags, heed_file=False), error
        session = Session(
            settings,
            taken.pop("as_json"),
            int(taken.pop("verbose")) - int(taken.pop("quiet")),
            bool(home or os.environ.get("HUBBUB_HOME")),
            complaint,
        )
        return verb(session, *args, **kwargs)

    command: Any = with_session
    for option in reversed(
        (
            click.option("--home", metavar="DIR", help="Where all is kept.", hidden=True),
            click.option("--workspace", metavar="NAME", help="One of several.", hidden=True),
            click.option("--privacy", metavar="PRESET", hidden=True),
            click.option("--timezone", metavar="ZONE", hidden=True),
            click.option("--json", "as_json", is_flag=True, hidden=True),
            click.option("-v", "--verbose", is_flag=True, hidden=True),
            click.option("-q", "--quiet", is_flag=True, hidden=True),
        )
    ):
        command = option(command)
    return command


printed = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="How to print it.",
)
"""The option that says how rows are printed; passed on as `form`."""


def window(verb: _Command) -> _Command:
    """The options that choose a metric's window, channel and member; passed on as `window`."""

    @wraps(verb)
    def with_window(**kwargs: Any) -> Any:
        names = ("since", "as_of", "channel", "member")
        given = {name: value for name in names if (value := kwargs.pop(name)) is not None}
        for each in kwargs.pop("parameters"):
            name, equals, value = each.partition("=")
            if not equals:
                raise click.UsageError(f"--set wants NAME=VALUE, not {each!r}.")
            given[name] = value
        return verb(window=given, **kwargs)

    command = with_window
    for option in reversed(
        (
            click.option(
                "--since", metavar="TIME", help="Begin: a day, an instant, `30 days`, or `year`."
            ),
            click.option(
                "--as-of",
                "--until",
                "as_of",
                metavar="TIME",
                help="End, inside the window: now, `latest` (the newest message), a day, …",
            ),
            click.option("--channel", metavar="NAME", help="One channel, by name or id."),
            click.option("--member", metavar="NAME", help="One member, by handle, name or id."),
            click.option(
                "--set",
                "parameters",
                metavar="NAME=VALUE",
                multiple=True,
                help="Another parameter of the metric.",
            ),
        )
    ):
        command = option(command)
    return command
