"""A local Slack made ready to serve: out of an archive, a saved state, or an invented community."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from msgspec import Struct

from hubbub.destinations.files import whole
from hubbub.errors import HubbubError, UsageError
from hubbub.simulator.backend import AppClass, Plan
from hubbub.simulator.community import invent
from hubbub.simulator.loading import load_archive
from hubbub.simulator.saving import Saved, read_state, saved_state
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Workspace
from hubbub.sources.archives import open_archive

PATIENCE = 1.0
"""Seconds after which a receiver that does not answer is asked again."""


class Ready(Struct, frozen=True):
    """A simulator with a token of each kind; `skipped` records of its archive were no records."""

    simulator: Simulator
    bot_token: str
    user_token: str
    app_token: str
    skipped: int = 0


def prepare(
    archive: Path | None,
    state: Path | None,
    *,
    plan: Plan,
    app_class: AppClass,
    seed: int,
    members: int,
    days: int,
) -> Ready:
    """The simulator of a saved state if there is one, else of the archive, else an invented one.

    Its bot is in every public channel, its user is the owner. Tokens of a saved state stay valid.
    """
    saved, skipped = None, 0
    if state is not None and state.exists():
        if archive is not None:
            reason = f"{state} holds a state already, so {archive} would not be read."
            raise UsageError(reason, "Leave out --from, or name a --state file that is new.")
        saved = read_state(state.read_bytes(), str(state))
        workspace = saved.workspace
    elif archive is not None:
        loaded = load_archive(open_archive(archive), archive.stem)
        workspace, skipped = loaded.workspace, loaded.skipped
    else:
        if members < 5 or days < 1:
            reason = "A community needs at least 5 members and 1 day."
            raise UsageError(reason, "Ask for more with --members and --days.")
        workspace = invent(seed, members, days, until=datetime.now(UTC))
    simulator = Simulator(workspace, plan=plan, app_class=app_class)
    return _with_tokens(simulator, saved, skipped)


def keep(simulator: Simulator, state: Path) -> None:
    """Save the state for the next time, whole or not at all."""
    with whole(state) as unfinished:
        unfinished.write_bytes(saved_state(simulator.backend))


@contextmanager
def delivering(simulator: Simulator, url: str, told: Callable[[str], None]) -> Generator[None]:
    """Deliver events to a URL while the context lasts, from when a receiver answers there."""
    ended = Event()

    def subscribe() -> None:
        last = ""
        while not ended.is_set():
            try:
                with simulator.subscribe(url):
                    told(f"events go to {url}")
                    ended.wait()
            except HubbubError as error:
                if error.reason != last:
                    told(f"events wait for a receiver: {error.reason}")
                last = error.reason
                ended.wait(PATIENCE)

    thread = Thread(target=subscribe, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _with_tokens(simulator: Simulator, saved: Saved | None, skipped: int) -> Ready:
    if saved is not None:
        simulator.restore(saved)
    known = {token.kind: token.text for token in simulator.tokens.all()}
    bot = known.get("bot") or simulator.add_token(
        "bot", channels=public_channels(simulator.workspace)
    )
    user = known.get("user") or simulator.add_token("user")
    return Ready(simulator, bot, user, known.get("app") or simulator.add_token("app"), skipped)


def public_channels(workspace: Workspace) -> list[str]:
    """The ids of the public channels."""
    return [
        channel["id"]
        for channel in workspace.channels
        if not (channel.get("is_private") or channel.get("is_im") or channel.get("is_mpim"))
    ]
