"""Blocking work in a thread of its own, which keeps no program from ending."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import TypeVar

T = TypeVar("T")


def begun(work: Callable[[], T], name: str) -> "Future[T]":
    """The result to come of work; what it raises is raised where the result is asked for."""
    future: Future[T] = Future()
    begin(work, name, future)
    return future


def begin(work: Callable[[], T], name: str, future: "Future[T]") -> None:
    """The same, for who has to know of it even if a Ctrl-C comes while it begins: a future that is
    cancelled by then keeps it from running, and one that is done has no work under way."""

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 else who asks would wait for ever
            future.set_exception(error)
        else:
            future.set_result(result)

    Thread(target=run, name=name, daemon=True).start()


def awaited(future: "Future[T]") -> T:
    """The result of work that was begun. A Ctrl-C meanwhile is one: in `Future.result` it can come
    as an error of the condition that waits there."""
    is_done = Lock()
    is_done.acquire()
    future.add_done_callback(lambda _: is_done.release())
    is_done.acquire()
    return future.result()
