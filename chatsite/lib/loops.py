"""The one event loop of a process that live events and model streams run on.

In a web process it is the server's loop: reserved before the server runs on it, so that whatever
is published earlier waits for it, or adopted when a server brings its own.  Elsewhere (worker,
scheduler, management command) it is a loop of its own in a daemon thread, made when first needed.
"""

import asyncio
import threading
from collections.abc import Callable

import uvloop

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def reserve(
    make: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> asyncio.AbstractEventLoop:
    """Return the loop that the server of this process will run on, making it when needed."""
    global _loop  # noqa: PLW0603 - there is one loop per process by definition
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = make()
        return _loop


def adopt(loop: asyncio.AbstractEventLoop) -> None:
    """Make a server's running ``loop`` the loop of this process."""
    global _loop  # noqa: PLW0603
    with _lock:
        _loop = loop


def background() -> asyncio.AbstractEventLoop:
    """Return the process's loop, starting one in a daemon thread when there is none."""
    global _loop  # noqa: PLW0603
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = uvloop.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="background-loop", daemon=True).start()
        return _loop


def is_current(loop: asyncio.AbstractEventLoop) -> bool:
    """Say whether the caller runs inside ``loop``."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
