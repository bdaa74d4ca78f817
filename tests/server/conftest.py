"""Servers that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from hubbub.settings import Settings
from tests.server.serving import Site, imported, serving


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The golden town under the policy `open`."""
    return imported(tmp_path_factory.mktemp("town"), "open")


@pytest.fixture(scope="session")
def site(town: Settings) -> Iterator[Site]:
    """A server over it."""
    with serving(town) as running:
        yield running


@pytest.fixture(scope="session")
def strict_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over the town under the policy `strict`."""
    with serving(imported(tmp_path_factory.mktemp("strict"), "strict")) as running:
        yield running
