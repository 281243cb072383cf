"""The live bus: a doorbell between the processes, over the Channels layer.

The database is the feed; an event lost here costs at most one heartbeat.  So publishing never
blocks, never raises and is batched: what comes within :data:`EVERY_S` of a send goes out together
with the next, because one layer message per event is what limits a Channels project first, and
every sender also reads its own.

A process's own listeners are called at once and without the layer; its own echo is dropped.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import orjson
from channels.layers import get_channel_layer

from chatsite.lib import loops
from chatsite.lib.ids import uuid7
from chatsite.lib.metrics import BUS_DROPPED, BUS_SENT

log = logging.getLogger(__name__)

Topic = Literal["live", "control"]
Event = dict[str, Any]
Handler = Callable[[Event], None]

PROCESS = uuid7().hex
SEND_TIMEOUT_S = 2.0
EVERY_S = 0.005
BATCH = 400


class Bus:
    """Batches events of this process to the others and hands theirs to local handlers."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._pending: dict[str, list[Event]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._failed_at = 0.0

    @property
    def is_healthy(self) -> bool:
        """Say whether nothing failed in the last ten seconds."""
        return time.monotonic() - self._failed_at > 10 or self._failed_at == 0.0

    def publish(self, topic: Topic, *events: Event) -> None:
        """Ring every process that listens to ``topic``.  Callable from any thread."""
        loop = loops.background()
        if loops.is_current(loop):
            self._publish(topic, events)
        else:
            loop.call_soon_threadsafe(self._publish, topic, events)

    def listen(self, topic: Topic, handler: Handler) -> None:
        """Call ``handler`` in the process's loop for each event.  Callable from any thread."""
        loop = loops.background()
        if loops.is_current(loop):
            self._listen(topic, handler)
        else:
            loop.call_soon_threadsafe(self._listen, topic, handler)

    def forget(self, handler: Handler) -> None:
        """Stop calling ``handler``; call inside the loop."""
        for handlers in self._handlers.values():
            if handler in handlers:
                handlers.remove(handler)

    async def close(self) -> None:
        """End readers and senders (tests and shutdown)."""
        tasks = [*self._readers.values(), *self._senders.values()]
        self._handlers.clear()
        self._readers.clear()
        self._senders.clear()
        self._pending.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _publish(self, topic: str, events: Sequence[Event]) -> None:
        for event in events:
            self._deliver(topic, event)
        self._pending.setdefault(topic, []).extend(events)
        if topic not in self._senders:
            self._senders[topic] = asyncio.get_running_loop().create_task(self._send(topic))

    def _listen(self, topic: str, handler: Handler) -> None:
        self._handlers.setdefault(topic, []).append(handler)
        if topic not in self._readers:
            self._readers[topic] = asyncio.get_running_loop().create_task(self._read(topic))

    def _deliver(self, topic: str, event: Event) -> None:
        for handler in self._handlers.get(topic, ()):
            try:
                handler(event)
            except Exception:
                log.exception("live event handler failed", extra={"topic": topic})

    async def _send(self, topic: str) -> None:
        try:
            while pending := self._pending.get(topic):
                batch, self._pending[topic] = pending[:BATCH], pending[BATCH:]
                try:
                    # In one piece, so that who sent them need not take them apart again.
                    events = orjson.dumps(batch)
                    message = {"type": "bus", "origin": PROCESS, "events": events}
                    layer = get_channel_layer()
                    assert layer is not None
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await layer.group_send(topic, message)
                    BUS_SENT.inc(len(batch))
                except Exception as error:  # noqa: BLE001 - the doorbell may fail, the feed stays
                    self._failed_at = time.monotonic()
                    BUS_DROPPED.inc(len(batch))
                    log.warning("live bus unreachable", extra={"error": type(error).__name__})
                await asyncio.sleep(EVERY_S)
        finally:
            self._senders.pop(topic, None)

    async def _read(self, topic: str) -> None:
        while True:
            try:
                layer = get_channel_layer()
                assert layer is not None
                channel = await layer.new_channel()
                await layer.group_add(topic, channel)
                while True:
                    message = await layer.receive(channel)
                    if message["origin"] != PROCESS:
                        for event in orjson.loads(message["events"]):
                            self._deliver(topic, event)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001
                self._failed_at = time.monotonic()
                log.warning("live bus reader failed", extra={"error": type(error).__name__})
                await asyncio.sleep(1)


bus = Bus()
