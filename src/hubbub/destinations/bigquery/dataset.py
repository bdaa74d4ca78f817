"""A dataset of BigQuery's, as Google's client gives it, and what Hubbub notes of it."""

from typing import Any

import msgspec
from msgspec import Struct

from hubbub.destinations.bigquery.connection import PATIENCE, Address
from hubbub.errors import HubbubError

_BOOK = "_hubbub"
"""The table whose description says how far publications have come."""
LABELS = {"made-by": "hubbub"}
"""Of all tables and views that Hubbub has made."""


class Book(Struct, frozen=True):
    """What Hubbub has noted of a dataset."""

    mark: str | None = None
    run: str | None = None
    """What the jobs of the publication that is under way are called by."""
    tables: tuple[str, ...] = ()
    """Those that were there when the last publication ended."""


class Dataset:
    """The dataset's tables, as Google's client gives them."""

    def __init__(self, client: Any, address: Address) -> None:
        from google.cloud import bigquery as google

        self.client = client
        self.address = address
        self.google: Any = google
        self.patience: Any = google.DEFAULT_RETRY.with_timeout(PATIENCE)
        self._name: Any = google.DatasetReference(address.project, address.dataset)

    def reference(self, table: str) -> Any:
        """A table's full name."""
        return self._name.table(table)

    def find(self, table: str) -> Any:
        """A table as it is there; None if it is not."""
        from google.api_core.exceptions import NotFound

        try:
            return self.client.get_table(self.reference(table), retry=self.patience)
        except NotFound:
            return None

    def tables(self) -> dict[str, Any]:
        """All tables and views, by name; none if there is no dataset."""
        from google.api_core.exceptions import NotFound

        try:
            found = list(self.client.list_tables(self._name, retry=self.patience))
        except NotFound:
            return {}
        return {each.table_id: each for each in found}

    def book(self) -> Book:
        """What Hubbub has noted here. Raises `HubbubError` if the dataset is not Hubbub's."""
        book = self.find(_BOOK)
        if book is not None:
            return msgspec.json.decode(book.description or "{}", type=Book)
        strange = sorted(self.tables())
        if strange:
            raise HubbubError(
                f"{self.address.title} holds tables that are not Hubbub's, such as {strange[0]}.",
                "Name a dataset of its own: bigquery://project/NAME; Hubbub makes it.",
            )
        return Book()

    def note(self, book: Book) -> None:
        """Write down how far publications have come. Google permits this once in two seconds."""
        table = self.google.Table(self.reference(_BOOK))
        table.description = msgspec.json.encode(book).decode()
        self.client.update_table(table, ["description"], retry=self.patience)

    def make(self) -> str:
        """Make the dataset and Hubbub's own table, where they are not there; where the dataset
        lies, and so its jobs. Who may write to a dataset may perhaps make none."""
        from google.api_core.exceptions import NotFound

        try:
            dataset = self.client.get_dataset(self._name, retry=self.patience)
        except NotFound:
            wanted = self.google.Dataset(self._name)
            wanted.location = self.address.location
            dataset = self.client.create_dataset(wanted, exists_ok=True, retry=self.patience)
        if self.find(_BOOK) is None:
            nothing = [self.google.SchemaField("nothing", "STRING")]
            table = self.google.Table(self.reference(_BOOK), nothing)
            table.labels = LABELS
            self.client.create_table(table, exists_ok=True, retry=self.patience)
        return dataset.location

    def remove(self, table: str) -> None:
        """Remove a table or view, if it is there."""
        self.client.delete_table(self.reference(table), not_found_ok=True, retry=self.patience)
