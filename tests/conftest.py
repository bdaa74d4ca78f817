"""What all tests share: the data beside the repository, and how long property tests search."""

import gc
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.parts import IS_SOAK, missing, shared

settings.register_profile("default", deadline=None, max_examples=15, derandomize=True)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=2_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("soak" if IS_SOAK else "default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make soak` what is marked so, but for classes that say that they run it all."""
    if IS_SOAK:
        return
    left = {item for item in items if item.get_closest_marker("soak") and not _runs_all(item)}
    config.hook.pytest_deselected(items=[*left])
    items[:] = [item for item in items if item not in left]


def pytest_collection_finish() -> None:
    """Do not look for garbage in all that is loaded by now: it stays to the end."""
    gc.collect()
    gc.freeze()


def _runs_all(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and getattr(item.cls, "runs_all", False)


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
