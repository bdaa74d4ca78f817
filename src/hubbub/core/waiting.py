"""Blocking work, waited for in asyncio's loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

from hubbub.core.begun import begun

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str) -> T:
    """The result of blocking work. Its thread keeps no program from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(done: "Future[T]") -> None:
        if future.done():
            return
        error = done.exception()
        if error is None:
            future.set_result(done.result())
        else:
            future.set_exception(error)

    def tell(done: "Future[T]") -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(settle, done)

    begun(work, name).add_done_callback(tell)
    return await future
