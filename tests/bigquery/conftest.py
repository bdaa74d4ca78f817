"""A stand-in for Google for each test, and the environment that leads to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bigquery.google_server import Google


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
    # beside what is asked of it, Google's library asks Google for the regions of an account
    monkeypatch.setattr(
        "google.auth.credentials.CredentialsWithRegionalAccessBoundary."
        "_is_regional_access_boundary_lookup_required",
        _no,
    )
    yield running
    running.stop()
