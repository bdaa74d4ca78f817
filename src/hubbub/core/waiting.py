"""Blocking work, waited for in asyncio's loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str) -> T:
    """The result of blocking work. Its thread keeps no program from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[Any], None], result: Any) -> None:
        if not future.done():
            settled(result)

    def run() -> None:
        try:
            result: Any = work()
            settled: Callable[[Any], None] = future.set_result
        except Exception as error:  # noqa: BLE001 it is raised where it is awaited
            result, settled = error, future.set_exception
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(settle, settled, result)

    Thread(target=run, name=name, daemon=True).start()
    return await future
