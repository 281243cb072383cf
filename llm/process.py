"""The engine of this process, from any thread."""

from __future__ import annotations

import asyncio

from django.conf import settings

from chatsite.lib import loops
from llm.engine import FINISH_PATIENCE_S, Engine
from llm.jobs import Job

_engine: Engine | None = None


def engine() -> Engine:
    """Return the process's engine, started; call inside the process's loop."""
    global _engine  # noqa: PLW0603 - one per process
    loop = asyncio.get_running_loop()
    if _engine is not None and _engine.loop is not loop:
        # A web server adopted its own loop after the worker thread had started on another one.
        _engine.loop.call_soon_threadsafe(_engine.retire)
        _engine = None
    if _engine is None:
        _engine = Engine()
    _engine.start()
    return _engine


def start() -> None:
    """Start the engine from any thread, so that it sweeps without having been woken."""
    loops.background().call_soon_threadsafe(engine)


def wake(job: Job) -> None:
    """Wake the engine from any thread; returns at once."""
    loops.background().call_soon_threadsafe(lambda: engine().wake(job))


def stop_claiming() -> None:
    """Let the engine take nothing new; callable from any thread."""
    if _engine is not None and _engine.loop.is_running():
        _engine.loop.call_soon_threadsafe(_engine.stop_claiming)


def drain(patience: float | None = None) -> list[Job]:
    """End the engine from a thread other than the loop's; blocks. See :meth:`Engine.drain`."""
    global _engine  # noqa: PLW0603
    ending, _engine = _engine, None
    if ending is None:
        return []
    if not ending.loop.is_running():
        # The web server whose loop it was has ended, and with it every running answer.
        return ending.abandon()
    future = asyncio.run_coroutine_threadsafe(ending.drain(patience), ending.loop)
    return future.result(settings.LLM_DRAIN_S + (patience or 0) + FINISH_PATIENCE_S)
