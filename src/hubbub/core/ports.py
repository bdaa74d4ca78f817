"""What the flows need of the parts around them; each port has one small interface."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from hubbub.core.batch import Envelope


class Part(NamedTuple):
    """A piece of an archive that can be read by itself: a day file, say."""

    name: str
    size: int
    """Bytes, to share the work out; not exact."""
    channel_id: str | None = None


class Archive(Protocol):
    """The past of a workspace in files. Crosses to other processes, so it holds no open file."""

    @property
    def title(self) -> str:
        """What it is, for people: "Slack export"."""
        ...

    @property
    def lists_channels(self) -> bool:
        """Whether the archive says which channels there are, and so which are private."""
        ...

    def directory(self) -> Iterator[Envelope]:
        """Users and channels; read before all parts."""
        ...

    def parts(self) -> Sequence[Part]:
        """Everything else, in pieces."""
        ...

    def read(self, part: Part) -> Iterator[Envelope]:
        """The envelopes of one part."""
        ...


class Outcome(Enum):
    """What became of an event that Slack delivered."""

    DONE = "done"
    """It is safe on the disk, or nothing of it is to be kept."""
    DUPLICATE = "duplicate"
    """It has been delivered before."""
    BUSY = "busy"
    """More events wait than may."""
    DISK_FULL = "disk full"
    FAILED = "failed"
    """The log of events cannot be used."""
    NOT_READY = "not ready"
    """It is not known yet what may be kept."""
    WRONG_WORKSPACE = "wrong workspace"

    @property
    def is_settled(self) -> bool:
        """Whether Slack need not deliver it again."""
        return self is Outcome.DONE or self is Outcome.DUPLICATE


class Listener(Protocol):
    """Who is told what Slack says of its own deliveries; from any thread."""

    def gap(self, channel_id: str | None, why: str) -> None:
        """Events may be missing, of a channel or (None) of any: history has to be read again."""
        ...

    def gone(self, why: str) -> None:
        """The app may no longer see the workspace."""
        ...
