"""What the flows need of the parts around them; each port has one small interface."""

from collections.abc import Iterator, Sequence
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
