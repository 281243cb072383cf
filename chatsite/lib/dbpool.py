"""Database work from async code: a few threads that keep their connections.

``sync_to_async`` would open and close a connection around each call, which alone limited a
process to about 150 messages a second.
"""

import asyncio
import contextvars
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")

_executor: ThreadPoolExecutor | None = None


def discard_broken_connections() -> None:
    """Close this thread's connections that failed, so that the next use opens new ones."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and (
            connection.errors_occurred or not connection.is_usable()
        ):
            connection.close()


def give_back() -> None:
    """Return this thread's connections to the pool before waiting for anything but the database.

    A request keeps its connection to the end, and a dozen slow ones would leave none for the chat.
    Inside of a transaction nothing happens.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def guarded(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call ``fn``; if it fails, leave no broken connection behind in this thread."""
    try:
        return fn(*args, **kwargs)
    except Exception:
        discard_broken_connections()
        raise


async def run(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run the synchronous ``fn`` in a database thread and return what it returns."""
    global _executor  # noqa: PLW0603 - one pool per process
    if _executor is None:
        _executor = ThreadPoolExecutor(settings.DB_THREADS, thread_name_prefix="db")
    context = contextvars.copy_context()
    call = functools.partial(context.run, functools.partial(guarded, fn, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_executor, call)


def close() -> None:
    """End the threads (tests and shutdown); the next :func:`run` starts new ones."""
    global _executor
    executor, _executor = _executor, None
    if executor is not None:
        everyone = threading.Barrier(settings.DB_THREADS)

        def leave() -> None:
            everyone.wait(5)  # so that each thread closes its own connections, and none twice
            connections.close_all()

        for _ in range(settings.DB_THREADS):
            executor.submit(leave)
        executor.shutdown(wait=True)
