"""Calls with one item each that are done together.

What comes while a batch is under way is the next batch: a call that finds nobody waits for nobody,
and the more there is to do, the less each costs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Gather(Generic[A, R]):
    """Hands items to ``do`` in batches, one batch at a time.  Use it within one event loop.

    ``do`` returns a result for each item, in their order; what it raises, every caller gets.
    """

    def __init__(self, do: Callable[[list[A]], Awaitable[list[R]]], *, most: int = 100) -> None:
        self._do = do
        self._most = most
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    async def one(self, item: A) -> R:
        """Return what ``do`` returns for ``item``."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = loop.create_task(self._work())
        return await done

    async def _work(self) -> None:
        try:
            while batch := self._waiting[: self._most]:
                del self._waiting[: self._most]
                await self._settle(batch)
        finally:
            self._task = None

    async def _settle(self, batch: list[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            results = await self._do([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is each caller's to handle
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)
