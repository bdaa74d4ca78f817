"""The program `hubbub`: its group of verbs, and how errors reach the user."""

import contextlib
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from hubbub import cli
from hubbub.cli.options import OF_MANY_WORKSPACES, sorted_arguments
from hubbub.errors import Exit, HubbubError


class Verbs(click.Group):
    """Verbs by module name; a module is imported only when its verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in order of their names."""
        del ctx
        names = (info.name for info in pkgutil.iter_modules(cli.__path__))
        return sorted(name.rstrip("_") for name in names if name not in _NO_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        name = f"{cmd_name}_" if cmd_name == "import" else cmd_name
        return import_module(f"hubbub.cli.{name}").command


_NO_VERBS = {
    "all_workspaces", "command_lines", "console", "findings", "options", "outcomes", "program",
    "receipts", "setbacks", "stopping",
}  # fmt: skip


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: hubbub demo. Then: hubbub import EXPORT.zip",
)
@click.version_option(package_name="hubbub")
def program() -> None:
    """Hubbub tells a Slack community what is going on in it.

    \b
    Every verb takes, in any position:
      --home DIR         where all is kept; else HUBBUB_HOME, else ./hubbub-home
      --workspace NAME   one of several; else the only one, else "default"
      --privacy PRESET   open, standard or strict; else HUBBUB_PRIVACY, hubbub.toml, standard
      --timezone ZONE    where days begin; else HUBBUB_TIMEZONE, hubbub.toml, UTC
      --json             answers as JSON
      -v, -q             more, or fewer, messages
    With --all-workspaces a verb is run in all workspaces of the home, in as many at once as there
    are cores, or --at-once N; a table at the end says what became of each. With --shard 2/5 it is
    those of the second of five machines.
    \b
    Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 usage,
    3 findings, 4 try again, 130 interrupted.
    """


def run(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit code."""
    # Ctrl-C is an exception everywhere, also where a shell has started us in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if "--all-workspaces" in arguments:
            from hubbub.cli.all_workspaces import run_in_all

            return run_in_all(arguments)
        # A verb that ends by click's Exit has its code returned here, not raised.
        code = program.main(sorted_arguments(arguments), prog_name="hubbub", standalone_mode=False)
        return code if isinstance(code, int) else Exit.DONE
    except SystemExit:
        # whoever read our output has seen enough: click has put the rest aside
        return Exit.DONE
    except click.NoSuchOption as error:
        if error.option_name not in OF_MANY_WORKSPACES:
            error.show()
        else:
            _complain(f"{error.option_name} goes with --all-workspaces alone.", _FIX_ALONE)
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except HubbubError as error:
        _complain(error.reason, error.fix)
        return error.exit
    except (KeyboardInterrupt, click.Abort):
        _complain("Interrupted.", "The store is as it was, or complete. Run it again to be sure.")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has seen enough; the interpreter must not complain at exit
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _complain(f"{error.filename or 'The system'}: {error.strerror or error}", _FIX_SYSTEM)
        return Exit.FAILED
    return Exit.DONE  # whoever read our output has gone


_FIX_ALONE = "Write `hubbub --all-workspaces --shard 2/5 VERB`, or name a --workspace instead."
_FIX_SYSTEM = "Check the disk, the path and its permissions, then run this again."


def _complain(reason: str, fix: str) -> None:
    click.echo(f"hubbub: {reason}", err=True)
    click.echo(f"        {fix}", err=True)
