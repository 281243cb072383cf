"""The feeds of a process: made for the first reader of a turn, kept a little after the last.

The bus is a doorbell. Every few seconds one look at the rows of all open feeds finds what a lost
doorbell, or a Redis that forgot everything, has left behind.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections import Counter
from collections.abc import Collection, Coroutine
from typing import Any
from uuid import UUID

from django.conf import settings

from chatsite.lib import dbpool
from chatsite.lib.bus import bus
from chatsite.lib.errors import NotFound, RateLimited, ServiceUnavailable
from llm.metrics import STREAMS
from llm.streams import rows
from llm.streams.cursor import Cursor
from llm.streams.feed import Feed
from llm.streams.reader import Reader

log = logging.getLogger(__name__)

LOOK_S = 3.0
GATHER_S = 0.01
LINGER_S = 20.0
CATCH_UP_S = 3.0
CATCH_UP_STEP_S = 0.1
#: With a look every three seconds, no connection is silent for more than 15.
SILENT_S = 12.0
COMMENT = b": still here\n\n"


class Feeds:
    """All turns that are read in this process. Its methods run in the process's loop."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._readers: dict[Reader, Feed] = {}
        self._users: Counter[int] = Counter()
        self._dirty: set[Feed] = set()
        self._bell = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._is_started = False

    # --- Life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen to the bus; once per process."""
        if not self._is_started:
            self._is_started = True
            bus.listen("live", self._hear)

    def end_all(self) -> None:
        """Close every stream, so that its reader resumes at another process."""
        for reader in list(self._readers):
            reader.finish()

    async def stop(self) -> None:
        """Forget everything."""
        self._is_started = False
        bus.forget(self._hear)
        self.end_all()
        tasks = [task for task in (*self._tasks, self._watch) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._feeds.clear()
        self._readers.clear()
        self._users.clear()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- Readers --------------------------------------------------------------------------------

    async def join(self, turn_id: UUID, cursor: Cursor, *, user_id: int) -> Reader | None:
        """Return a reader that goes on from ``cursor``; None when it has seen all there is.

        Raises :class:`NotFound`, :class:`ServiceUnavailable` while the rows cannot be read, and
        :class:`RateLimited` for too many streams at once.
        """
        self.start()
        if self._users[user_id] >= settings.STREAMS_PER_USER:
            raise RateLimited("Too many streams at once", retry_after=5)
        feed = await self._opened(turn_id)
        if feed.is_done or feed.is_behind(cursor):
            await self._look_at(feed)
            await self._catch_up(feed, cursor)
        missed = feed.missed(cursor)
        if feed.is_done and not missed:
            return None
        reader = Reader(user_id, missed)
        if feed.is_done:
            reader.finish()
        else:
            feed.readers.add(reader)
        self._readers[reader] = feed
        self._users[user_id] += 1
        STREAMS.inc()
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader. Nothing else happens: who only reads ends nothing."""
        feed = self._readers.pop(reader, None)
        if feed is None:
            return
        feed.readers.discard(reader)
        feed.idle_since = time.monotonic()
        self._users[reader.user_id] -= 1
        if not self._users[reader.user_id]:
            del self._users[reader.user_id]
        STREAMS.dec()

    async def expect(self, turn_id: UUID, slots: list[rows.SlotRow]) -> None:
        """Make the feed of a turn that was asked just now, so that its reader need not wait for
        rows; whatever was not heard, the next look finds."""
        self.start()
        if str(turn_id) not in self._feeds:
            await self._made(turn_id).apply(slots, {})

    def _made(self, turn_id: UUID) -> Feed:
        feed = self._feeds[str(turn_id)] = Feed(turn_id)
        feed.idle_since = time.monotonic()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(
                self._keep_watch(), context=contextvars.Context()
            )
        return feed

    async def _opened(self, turn_id: UUID) -> Feed:
        key = str(turn_id)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._made(turn_id)
            self._opening[key] = self._spawn(self._look_at(feed))
            self._opening[key].add_done_callback(lambda _: self._opening.pop(key, None))
        feed.idle_since = time.monotonic()
        if opening := self._opening.get(key):
            await asyncio.shield(opening)
        return feed

    async def _look_at(self, feed: Feed) -> None:
        try:
            await self._look([feed])
        except Exception as error:  # noqa: BLE001 - the caller is told to come back
            if not feed.slots:
                self._forget(feed)
            log.warning("a turn cannot be read", extra={"error": type(error).__name__})
            raise ServiceUnavailable(retry_after=2) from None
        if not feed.slots:
            self._forget(feed)
            raise NotFound("No such turn")

    async def _catch_up(self, feed: Feed, cursor: Cursor) -> None:
        """Wait a moment for what the reader saw at another process: the log may be away, or new.

        Without it a reader would be thrown back to what is known here, and get the rest twice.
        """
        ends_at = time.monotonic() + CATCH_UP_S
        while (behind := feed.lagging(cursor)) and time.monotonic() < ends_at:
            await asyncio.sleep(CATCH_UP_STEP_S)
            for slot in behind:
                await feed.mend(slot)

    # --- What happens ---------------------------------------------------------------------------

    def _hear(self, event: dict[str, Any]) -> None:
        if event["type"] == "reply":
            feed = self._feeds.get(event["turn"])
            if feed is None:
                return
            if torn := feed.hear(event):
                self._spawn(feed.repair(torn))
            if event["op"] == "end":  # rows say how; beginnings and chunks tell all themselves
                self._dirty.add(feed)
                self._bell.set()
        elif event["type"] == "revoked":
            for reader in [one for one in self._readers if one.user_id == event["user"]]:
                reader.cut()

    async def _keep_watch(self) -> None:
        """Look at rows when a doorbell says so, and at all of them every few seconds."""
        looked_at = time.monotonic()
        while self._feeds:
            try:
                async with asyncio.timeout(max(0.0, looked_at + LOOK_S - time.monotonic())):
                    await self._bell.wait()
                    await asyncio.sleep(GATHER_S)
            except TimeoutError:
                looked_at = time.monotonic()
                self._tidy(looked_at)
                self._dirty |= {feed for feed in self._feeds.values() if feed.readers}
            self._bell.clear()
            dirty, self._dirty = self._dirty, set()
            try:
                await self._look(dirty)
            except Exception as error:  # noqa: BLE001 - the database may be away; the next look
                log.warning("turns cannot be read", extra={"error": type(error).__name__})

    def _tidy(self, now: float) -> None:
        for feed in list(self._feeds.values()):
            if not feed.readers and now - feed.idle_since > LINGER_S:
                self._forget(feed)
        for reader in self._readers:
            if now - reader.sent_at > SILENT_S:
                reader.push(COMMENT)

    async def _look(self, feeds: Collection[Feed]) -> None:
        """Read the rows of feeds, with the texts they need, and let each take its part."""
        if not feeds:
            return
        found, texts = await rows.look([feed.turn_id for feed in feeds])
        asked: set[UUID] = set(texts)
        is_first = True
        # What turns out to be torn needs its stored text in a second round.
        while (wanted := _lacking(feeds, found) - asked) or is_first:
            is_first = False
            if wanted:
                texts |= await dbpool.run(rows.texts, wanted)
                asked |= wanted
            known = [(feed, found.get(feed.turn_id, [])) for feed in feeds]
            await asyncio.gather(*(feed.apply(here, texts) for feed, here in known))
        for feed in feeds:
            if feed.turn_id not in found:
                self._forget(feed)

    def _forget(self, feed: Feed) -> None:
        """The turn is no longer there."""
        self._feeds.pop(str(feed.turn_id), None)
        for reader in list(feed.readers):
            reader.finish()


def _lacking(feeds: Collection[Feed], found: dict[UUID, list[rows.SlotRow]]) -> set[UUID]:
    return {answer for feed in feeds for answer in feed.lacks(found.get(feed.turn_id, []))}


feeds = Feeds()
