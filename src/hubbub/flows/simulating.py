"""A local Slack made ready to serve: out of an archive, a saved state, or an invented community."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hubbub.destinations.files import whole
from hubbub.errors import UsageError
from hubbub.simulator.backend import AppClass, Plan
from hubbub.simulator.community import invent
from hubbub.simulator.loading import load_archive
from hubbub.simulator.saving import Saved, read_state, saved_state
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Workspace
from hubbub.sources.archives import open_archive


@dataclass(frozen=True)
class Ready:
    """A simulator with a token of each kind; `skipped` records of its archive were no records."""

    simulator: Simulator
    bot_token: str
    user_token: str
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


def _with_tokens(simulator: Simulator, saved: Saved | None, skipped: int) -> Ready:
    if saved is not None:
        simulator.restore(saved)
        known = {token.kind: token.text for token in simulator.tokens.all()}
        if known.keys() >= {"bot", "user"}:
            return Ready(simulator, known["bot"], known["user"], skipped)
    bot = simulator.add_token("bot", channels=public_channels(simulator.workspace))
    return Ready(simulator, bot, simulator.add_token("user"), skipped)


def public_channels(workspace: Workspace) -> list[str]:
    """The ids of the public channels."""
    return [
        channel["id"]
        for channel in workspace.channels
        if not (channel.get("is_private") or channel.get("is_im") or channel.get("is_mpim"))
    ]
