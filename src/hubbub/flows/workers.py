"""Processes to read with: they start at once, leave Ctrl-C to their parent, and end with it."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

import pyarrow as pa

from hubbub.core.ports import Archive
from hubbub.errors import HubbubError
from hubbub.stores import duckdb as store

_ALONE_BYTES = 3_000_000
"""Archives up to this size are read in this process: starting others takes longer."""


@contextmanager
def reading_workers(size: int, archive: Archive) -> Generator[Executor | None]:
    """Processes that hold an archive, to read it with; none if it is small. They start at once,
    before this process has any thread, and so inherit what it knows of the archive. After the block
    they end by themselves, while what they have read is put to use."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    if size <= _ALONE_BYTES or cores == 1:
        yield None
        return
    store.let_engine_go()
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    workers = ProcessPoolExecutor(cores, context, _begin_worker, (archive,))
    try:
        workers.submit(os.getpid).result()
        yield workers
    except BaseException as error:
        workers.shutdown(wait=True, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise HubbubError(
                "A reading process was killed, probably for want of memory.",
                "Free some memory and run this again. The store is as it was.",
            ) from error
        raise
    workers.shutdown(wait=False)


_held: list[Archive] = []


def held_archive() -> Archive:
    """The archive that this worker holds: too large to be sent with every task."""
    return _held[0]


def _begin_worker(archive: Archive) -> None:
    """Hold the archive, leave Ctrl-C to the parent and end with it, or when it says so, whatever
    the parent itself does then; collect no garbage, for rows have no cycles.

    Arrow's own allocator gives memory back and fetches it anew for each block of rows: with the
    system's a worker takes 5 % less time.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
    pa.set_memory_pool(pa.system_memory_pool())
    _held.append(archive)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
