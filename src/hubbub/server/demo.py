"""The end of the demo: its community goes on talking, and the dashboard moves."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from msgspec.structs import replace

from hubbub.flows.demo import Demo
from hubbub.server.running import Running, Sources, is_free
from hubbub.simulator.living import Living
from hubbub.slack.api import Slack, Token

_SPEED = 300.0
"""How many times livelier the community is than it used to be: somebody does something every few
seconds."""


@contextmanager
def live_demo(demo: Demo) -> Generator[Running]:
    """Let the demo's community live on, and hear it by Socket Mode; `run` shows it.

    What happened since it was collected is a gap at first, as after any downtime.
    """
    simulator = demo.simulator
    with simulator.serve():
        clock = simulator.clock
        clock.run(1.0)
        clock.move_to(time.time())
        with Living(simulator.workspace, simulator.acts, speed=_SPEED, seed=1):
            app = Token("app", "the demo", simulator.add_token("app"))
            slack = Slack(demo.bot, simulator.url)
            sources = Sources(app, None, (slack, demo.bot), simulator.url)
            settings = demo.settings
            if not is_free(settings.serve.host, settings.serve.port):
                settings = replace(settings, serve=replace(settings.serve, port=0))
            with Running(settings, sources) as running:
                yield running
