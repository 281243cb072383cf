"""Waiting for a reply in the name of a caller without a socket.

However many wait, no shared thread and no database connection is held: the bus rings when something
happens in the session, and now and then the row is read anyway, because a ring may get lost and
the row is the truth. (Django keeps a thread of its own for each request; here it is idle.)
"""

import asyncio
import contextlib
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial

from django.db import DatabaseError, InterfaceError

from chatsite.lib import dbpool, loops
from chatsite.lib.bus import Event, bus
from sessions_app.models import SessionStatus
from sessions_app.queries import ReplyState, reply_state

LOOK_AGAIN_S = 3.0


class Bells:
    """Who is to be told that something happened in a session; listens only while anybody waits."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Callable[[], object]]] = defaultdict(set)

    @contextlib.contextmanager
    def of(self, session_id: uuid.UUID) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever something happens in the session."""
        rung = asyncio.Event()
        # The request may run in another loop than the bus.
        bell = partial(asyncio.get_running_loop().call_soon_threadsafe, rung.set)
        if not self._bells:
            bus.listen("live", self._ring)
        self._bells[session_id.hex].add(bell)
        try:
            yield rung
        finally:
            self._bells[session_id.hex].discard(bell)
            if not self._bells[session_id.hex]:
                del self._bells[session_id.hex]
            if not self._bells:
                loops.background().call_soon_threadsafe(bus.forget, self._ring)

    def _ring(self, event: Event) -> None:
        if event["type"] == "reply" and event.get("op") != "end":
            return
        for bell in tuple(self._bells.get(event.get("session", ""), ())):
            with contextlib.suppress(RuntimeError):  # its loop has ended
                bell()


bells = Bells()


async def reply_to(session_id: uuid.UUID, seq: int, *, patience_s: float) -> ReplyState:
    """Return what became of message ``seq``, once it is settled or ``patience_s`` have passed."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + patience_s
    state = ReplyState(None, SessionStatus.BOT, pending=True)
    with bells.of(session_id) as rung:
        while True:
            rung.clear()
            with contextlib.suppress(DatabaseError, InterfaceError):
                state = await dbpool.run(reply_state, session_id, seq)
            left = ends_at - loop.time()
            if not state.pending or left <= 0:
                return state
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_AGAIN_S)):
                    await rung.wait()
