"""A lake as a destination: `./folder`, `/folder`, `file:///folder` or `s3://bucket/prefix`, written
as Parquet, or as Delta tables with `?format=delta`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from hubbub.core.warehouse import Change, Shown
from hubbub.errors import HubbubError, UsageError

if TYPE_CHECKING:
    from hubbub.destinations.lake.description import Description, Form
    from hubbub.destinations.lake.places import Place
    from hubbub.destinations.lake.plain import PlainTables

SCHEMES = ("s3", "file", "")


class Lake:
    """A workspace's part of a lake."""

    has_days = True
    writes_days = True
    dialect = None

    def __init__(self, place: "Place", workspace: str, form: "Form", scratch: Path) -> None:
        self._place = place
        self._workspace = workspace
        self._form = form
        self._scratch = scratch
        self.title = f"{place.title} ({form.title()})"
        self.identity = place.identity

    def mark(self) -> str | None:
        """The mark of the last publication that ended here.

        Raises `HubbubError` if nothing can be written here, or something else lies here.
        """
        self._place.check()
        description = self._described()
        return description and description.mark

    def bring(
        self,
        changes: Sequence[Change],
        views: Sequence[Shown],
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> None:
        """Carry out the changes. A day is replaced in one step; of Delta, a table."""
        from hubbub.destinations.lake.description import NAME, Description

        assert not views, "a lake has none"
        place = self._place
        place.begin()
        try:
            description = self._described()
            if description is None:
                description = Description(self._workspace, self._form)
                place.put(self._written(description), NAME)  # whatever comes next is Hubbub's
            tables = self._tables()
            for change in changes:
                tables.carry_out(change)
                on_table(change.shape.name, change.row_count)
            after = description.after([change.shape for change in changes], mark)
            place.put(self._written(after), NAME)
        finally:
            place.end()

    def _described(self) -> "Description | None":
        from hubbub.destinations.lake.description import NAME, decoded

        names = self._place.names()
        if NAME in names:
            description = decoded(self._place.read(NAME), f"{self._place.title}/{NAME}")
            if description.format != self._form:
                raise UsageError(
                    f"{self._place.title} holds {description.format.title()}, "
                    f"not {self._form.title()}.",
                    f"Publish with ?format={description.format}, or to another place.",
                )
            return description
        if names:
            raise HubbubError(
                f"{self._place.title} holds {names[0]}, which is not Hubbub's.",
                "Choose another place for the lake.",
            )
        return None

    def _written(self, description: "Description") -> Path:
        from hubbub.destinations.lake.places import unwritable

        path = self._place.workshop / "description.json"
        try:
            path.write_bytes(description.encoded())
        except OSError as error:
            raise unwritable(path, error) from error
        return path

    def _tables(self) -> "PlainTables":
        from hubbub.destinations.lake.plain import PlainTables

        return PlainTables(self._place, self._scratch)


def open_warehouse(url: str, workspace: str, scratch: Path) -> Lake:
    """The lake that a URL or path names. Raises `UsageError`."""
    from hubbub.destinations.lake.description import Form
    from hubbub.destinations.lake.places import Folder

    place, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    form = options.pop("format", Form.PARQUET)
    if options or form not in set(Form):
        raise UsageError(
            f"A lake cannot be opened with ?{query}.",
            "The one thing that can be chosen is the format: ?format=parquet or ?format=delta.",
        )
    if place.startswith("file:"):
        place = unquote(place.removeprefix("file:").removeprefix("//"))
    return Lake(Folder(Path(place).absolute(), workspace), workspace, Form(form), scratch)
