"""Values that show nothing of what they hold, be it in a log, an error or a test that fails."""

from msgspec import Struct


class Unshown(Struct, frozen=True):
    """A value that holds secrets, or more than anybody can read: its type is all that is shown."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Nothing, where `rich` shows it."""
        return []
