"""One bucket's server for all tests of a run; each test has a prefix of its own."""

import os
from collections.abc import Iterator

import pytest
from tests.lake.bucket_server import BucketServer, running


@pytest.fixture(scope="session")
def server() -> Iterator[BucketServer]:
    with running() as started:
        yield started


@pytest.fixture(autouse=True)
def without_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
