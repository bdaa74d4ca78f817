"""A lake as a destination: `./folder`, `/folder`, `file:///folder` or `s3://bucket/prefix`, written
as Parquet, or as Delta tables with `?format=delta`."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote

from hubbub.core.warehouse import Change, Shown, claim_of
from hubbub.errors import HubbubError, UsageError

if TYPE_CHECKING:
    from hubbub.destinations.lake.description import Description, Form
    from hubbub.destinations.lake.places import Place

SCHEMES = ("s3", "file", "")


class Tables(Protocol):
    """The tables of a lake in one of its forms."""

    def carry_out(self, change: Change) -> None:
        """Make a table what a publication wants it to be. Raises `HubbubError`."""
        ...


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

    def table_name(self, table: str) -> str:
        """A table; a lake has no views that would name it otherwise."""
        return table

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
        views: Sequence[Shown] | None,
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> dict[str, str]:
        """Carry out the changes. A day is replaced in one step; of Delta, a table."""
        from hubbub.destinations.lake.description import NAME, Description

        assert not views, "a lake has none"
        place = self._place
        place.begin()
        try:
            description = self._described()
            if description is None:
                description = Description(self._workspace, self._form, claim_of(mark))
                place.put(self._written(description), NAME)  # whatever comes next is Hubbub's
            tables = self._tables()
            for change in changes:
                tables.carry_out(change)
                on_table(change.shape.name, change.row_count)
            after = description.after([change.shape for change in changes], mark)
            place.put(self._written(after), NAME)
        finally:
            place.end()
        return {}

    def close(self) -> None:
        """Nothing is held open: a lake is files."""

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

    def _tables(self) -> "Tables":
        from hubbub.destinations.lake.description import Form

        if self._form is Form.DELTA:
            from hubbub.destinations.lake.delta import DeltaTables

            return DeltaTables(self._place, self._scratch)
        from hubbub.destinations.lake.plain import PlainTables

        return PlainTables(self._place, self._scratch)


def open_warehouse(url: str, workspace: str, scratch: Path) -> Lake:
    """The lake that a URL or path names. Raises `UsageError`."""
    from hubbub.destinations.lake.description import Form

    place, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    form = options.pop("format", Form.PARQUET)
    if options or form not in set(Form):
        raise UsageError(
            f"A lake cannot be opened with ?{query}.",
            "The one thing that can be chosen is the format: ?format=parquet or ?format=delta.",
        )
    return Lake(place_of(place, workspace, scratch), workspace, Form(form), scratch)


def place_of(place: str, workspace: str, scratch: Path) -> "Place":
    """A workspace's part of the lake at a URL or path. Raises `UsageError`."""
    if place.startswith("s3:"):
        from hubbub.destinations.lake.buckets import Bucket, access

        bucket, _, prefix = place.removeprefix("s3:").removeprefix("//").partition("/")
        if not bucket or "@" in bucket:
            raise UsageError(
                "A lake in S3 is named by its bucket, and by no login.",
                "Write s3://bucket/prefix; the login is read from AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY.",
            )
        return Bucket(bucket, prefix, workspace, access(os.environ), scratch)
    from hubbub.destinations.lake.places import Folder

    if place.startswith("file:"):
        place = unquote(place.removeprefix("file:").removeprefix("//"))
    return Folder(Path(place).expanduser().absolute(), workspace)
