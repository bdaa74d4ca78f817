"""All record templates of a workspace."""

from functools import cached_property
from pathlib import Path

from hubbub.records.reading import Post, Record
from hubbub.records.template import Template


class Templates:
    """The templates of the packs and of the workspace's own; read when they are first needed."""

    def __init__(self, own_pack: Path) -> None:
        self._own_pack = own_pack

    @cached_property
    def templates(self) -> dict[str, Template]:
        """The templates by name. Raises `BadContent`."""
        return {}

    def might_read(self, text: str, channel_id: str, channel_name: str | None) -> bool:
        """Whether a template could find a record in a text: cheap, and never wrong by a no."""
        del text, channel_id, channel_name
        return False

    def read(self, post: Post) -> list[Record]:
        """The records of a post, by template and place. It depends on the post and the templates
        alone, and raises nothing."""
        del post
        return []
