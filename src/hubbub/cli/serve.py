"""`hubbub serve`: the dashboard, and events as they happen."""

import logging

import click
from msgspec.structs import replace

from hubbub.cli.console import note
from hubbub.cli.options import Session, everywhere
from hubbub.cli.schedule import refuse_wrong


@click.command("serve", epilog="Example: hubbub serve --port 8000")
@click.option("--host", metavar="ADDRESS", help="Where to listen; 127.0.0.1 if nothing is set.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8000 if nothing is set; 0: any.")
@click.option("--prefix", metavar="PATH", help="The path under which a reverse proxy shows it.")
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy whose X-Forwarded headers are believed; may be given several times.",
)
@click.option("--tls-cert", metavar="FILE", help="Serve by TLS, with this certificate.")
@click.option("--tls-key", metavar="FILE", help="Its key.")
@click.option(
    "--kafka", metavar="HOST:PORT", help="Feed the events to Kafka or Redpanda too, once stored."
)
@click.option("--topic", metavar="NAME", help="Into which topic; slack-events if nothing is set.")
@everywhere
def command(session: Session, **chosen: object) -> None:
    """Serve the dashboard until Ctrl-C, and take what happens in Slack within the second.

    With SLACK_APP_TOKEN events come by Socket Mode, which needs no public address; with
    SLACK_SIGNING_SECRET Slack delivers them to /slack/events. Both want SLACK_BOT_TOKEN too, by
    which gaps are filled from history. Without any of them it shows what was imported. It runs the
    schedule too, unless another process does.
    """
    from hubbub.server.running import Running, Sources

    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s",
        level=logging.INFO if session.verbosity > 0 else logging.WARNING,
    )
    refuse_wrong(session.settings)
    given = {name: value for name, value in chosen.items() if value not in (None, ())}
    settings = replace(session.settings, serve=replace(session.settings.serve, **given))
    with Running(settings, Sources.of(settings)) as running:
        click.echo(running.url)
        told = running.access.told(is_secure=bool(settings.serve.tls_cert))
        note(told, verbosity=session.verbosity)
        note(f"{running.sources.told} Ctrl-C ends it.", verbosity=session.verbosity)
        running.run()
