"""`hubbub records`: structured posts. A module of this folder is a verb of the group."""

from importlib import import_module
from pkgutil import iter_modules

import click

from hubbub.cli.options import Verbs


class _Verbs(Verbs):
    """Verbs by module name; a module is imported only when its verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in order of their names."""
        del ctx
        return sorted(info.name.replace("_", "-") for info in iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command


@click.group("records", cls=_Verbs, epilog="Example: hubbub records read")
def command() -> None:
    """Structured posts: how templates read them."""
