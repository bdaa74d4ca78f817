"""A stand-in for Google for each test, and the environment that leads to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hubbub.core.warehouse import DAY
from tests.bigquery.google_server import Google


@dataclass(frozen=True)
class Place:
    """A dataset that is not there yet."""

    google: Google
    url: str = "bigquery://acme/grove"

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in no order, without the day that was added."""
        rows = self.google.holdings.named_rows(f"SELECT * FROM acme.grove.{table}")
        return [{name: row[name] for name in row if name != DAY} for row in rows]

    def tables(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The same of many tables."""
        return {name: self.rows(name) for name in names}

    def drop(self, table: str) -> None:
        """Take a table away."""
        self.google.holdings.remove_table("acme", "grove", table)

    def everything(self) -> str:
        """All that is there, in one text."""
        if ("acme", "grove") not in self.google.holdings.datasets:
            return ""
        tables = self.google.holdings.datasets["acme", "grove"].tables
        return "\n".join(
            f"{table} {self.google.holdings.rows(f'SELECT * FROM acme.grove.{name} ORDER BY ALL')}"
            for name, table in tables.items()
        )


@pytest.fixture
def place(google: Google) -> Place:
    return Place(google)


def _no(_credentials: object) -> bool:
    return False


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    running = Google()
    running.start()
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", running.url)
    monkeypatch.setenv(
        "GOOGLE_APPLICATION_CREDENTIALS", str(running.key_file(tmp_path / "key.json"))
    )
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    # beside what is asked of it, Google's library asks Google for the regions of an account: it
    # finds no way out, and in this process it does not look for one
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setattr(
        "google.auth.credentials.CredentialsWithRegionalAccessBoundary."
        "_is_regional_access_boundary_lookup_required",
        _no,
    )
    yield running
    running.stop()
