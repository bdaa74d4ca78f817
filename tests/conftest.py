"""What all tests share: the data beside the repository, and how long property tests search."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.parts import missing, shared

settings.register_profile("default", deadline=None, max_examples=15, derandomize=True)
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


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system in memory, or changes its options."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    if os.geteuid() != 0:
        missing("only root can mount a small file system")
    done: list[str] = []

    def run(options: str) -> Path:
        again = "remount," if done else ""
        command = ["mount", "-t", "tmpfs", "-o", again + options, "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            missing(f"no tmpfs can be mounted here: {error}")
        done.append(options)
        return folder

    yield run
    if done:
        subprocess.run(["umount", "-l", str(folder)], check=True)
