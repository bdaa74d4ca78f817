"""`hubbub records`: how structured posts are read. A module here is a verb of the group."""

from importlib import import_module
from pkgutil import iter_modules

import click

from hubbub.cli.options import Verbs


class _Verbs(Verbs):
    """Verbs by module name; a module is imported only when its verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in order of their names."""
        del ctx
        names = (info.name.replace("_", "-") for info in iter_modules(__path__))
        return sorted(name for name in names if name not in _NO_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command


_NO_VERBS = {"shown"}


@click.group(
    "records",
    cls=_Verbs,
    epilog="Example: hubbub records check backblast ao-the-mine",
)
def command() -> None:
    """Structured posts, such as reports of workouts: look how they are read, or read them again."""
