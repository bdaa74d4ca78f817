"""`hubbub sql`: a query of one's own."""

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere, printed


@click.command(
    "sql", epilog='Example: hubbub sql "SELECT kind, count(*) FROM messages GROUP BY ALL"'
)
@click.argument("query")
@printed
@everywhere
def command(session: Session, query: str, form: str) -> None:
    """Run a query on the workspace's tables (see: hubbub list tables) and on the views that the
    metrics share, such as people_messages, members and threads. It can only read."""
    from hubbub.flows.asking import ask

    rows = ask(session.settings, query)
    values = [[*row.values()] for row in rows.to_pylist()]
    if session.as_json or form == "json":
        console.print_json(rows.column_names, values)
    elif form == "csv":
        console.print_csv(rows)
    else:
        console.table(rows.column_names, values, timezone=session.settings.timezone)
