"""Processes that read end with what they are for, whatever becomes of it."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pytest

from hubbub.core.batch import Envelope
from hubbub.core.ports import Part
from hubbub.errors import HubbubError
from hubbub.flows.workers import held_archive, reading_workers

LARGE = 100_000_000
"""Bytes of an archive that is not read in one process."""


class Shelf:
    """An archive of nothing."""

    title = "shelf"
    lists_channels = True

    def directory(self) -> Iterator[Envelope]:
        """Nobody."""
        return iter(())

    def parts(self) -> Sequence[Part]:
        """None."""
        return ()

    def read(self, part: Part) -> Iterator[Envelope]:
        """Nothing."""
        del part
        return iter(())


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with two cores."""
    if sys.platform != "linux":
        pytest.skip("elsewhere processes are not forked")
    monkeypatch.setattr(os, "sched_getaffinity", cores)


def cores(_process: int) -> set[int]:
    """Two of them."""
    return {0, 1}


def title() -> tuple[str, str]:
    """What a worker holds, and who gives it memory for rows."""
    return held_archive().title, pa.default_memory_pool().backend_name


def wait_for_an_end() -> None:
    """Wait until no process is left, for half a minute at most."""
    deadline = time.monotonic() + 30
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.01)


def test_workers_end_by_themselves_after_the_block() -> None:
    with reading_workers(LARGE, Shelf()) as workers:
        assert workers is not None
        assert workers.submit(title).result() == ("shelf", "system")
        assert multiprocessing.active_children()
    wait_for_an_end()
    assert not multiprocessing.active_children()


def interrupted() -> None:
    """Stop while workers have something to do."""
    with reading_workers(LARGE, Shelf()) as workers:
        assert workers is not None
        workers.submit(title)
        raise KeyboardInterrupt


def test_workers_have_ended_when_the_block_fails() -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not multiprocessing.active_children()


def robbed() -> None:
    """Go on after a worker was killed."""
    with reading_workers(LARGE, Shelf()) as workers:
        assert workers is not None
        os.kill(workers.submit(os.getpid).result(), signal.SIGKILL)
        for _ in range(1_000):
            workers.submit(os.getpid).result()
            time.sleep(0.01)


def test_a_worker_that_is_killed_is_told_of() -> None:
    with pytest.raises(HubbubError, match="A reading process was killed"):
        robbed()
    assert not multiprocessing.active_children()


def test_a_small_archive_is_read_in_one_process() -> None:
    with reading_workers(1_000_000, Shelf()) as workers:
        assert workers is None
