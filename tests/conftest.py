"""What all tests share: the data beside the repository, and how long property tests search."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.parts import shared

settings.register_profile("default", deadline=None, max_examples=40, derandomize=True)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=2_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Finds a folder or file of the shared data, such as `export-houstondatavis`."""
    return lambda name: shared(f"data/{name}")
