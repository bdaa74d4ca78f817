"""Puts many files in place, several at a time where that is quicker."""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from hubbub.destinations.lake.places import Place


@contextmanager
def putting(place: Place) -> Generator[Callable[[Path, str], None]]:
    """A `put` that may come back before the file is there; all of them are when the block ends.
    Raises the first error, here or in a later `put`."""
    if place.at_once == 1:
        yield place.put
        return
    under_way: deque[Future[None]] = deque()

    def put(file: Path, name: str) -> None:
        while len(under_way) >= 2 * place.at_once:  # no more files than these wait on the disk
            under_way.popleft().result()
        under_way.append(pool.submit(place.put, file, name))

    with ThreadPoolExecutor(place.at_once, thread_name_prefix="put") as pool:
        try:
            yield put
            for each in under_way:
                each.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
