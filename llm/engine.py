"""Runs any number of answers at once on the process's event loop.

The database says what is to be done and who does it; this module only does it. Whatever wakes it
(a Celery task, its own sweep, the end of another answer), it claims, streams, and ends it.
While an answer streams it holds no database connection; one query every 0.4 s asks for all running
answers together whether they are still wanted.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from chatsite.lib import clock, dbpool, request_id
from chatsite.lib.bus import bus
from llm import actions, answers, handover
from llm.answers import Busy, Claim, Ended, Figures
from llm.answers.quick import Quick
from llm.answers.quick_replies import QuickReplies
from llm.answers.quick_slots import QuickSlots
from llm.call import ask
from llm.grounding import note_unsupported
from llm.jobs import Job
from llm.line import Line
from llm.metrics import RUNNING, WAITING
from llm.models import Answer
from llm.policy import Wait
from llm.providers import Outcome, Provider, ProviderFailure, Providers
from llm.running import LongEnough, Running
from sessions_app.live.reply_stream import ReplyStream

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

PULSE_S = 0.4
"""A stop closes the provider's socket within a second, also when no bus rings for it."""
LEASES_EVERY_S = 5.0
TAKE_AGAIN_S = 0.5
CLOSE_STREAM_S = 3.0
FINISH_PATIENCE_S = 40.0


class Engine:
    """All answers of this process. Its methods run in the loop, unless they say otherwise."""

    def __init__(self, *, provider: Provider | None = None) -> None:
        self.worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.provider: Provider = provider or Providers()
        self.draining = False
        self.loop = asyncio.get_running_loop()
        self._running: dict[UUID, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._taking: set[Job] = set()
        self._again: set[Job] = set()
        self._waiting: dict[Job, float] = {}
        self._timers: dict[Job, asyncio.TimerHandle] = {}
        self._line = Line(self.wake)
        self._quick: dict[str, Quick] = {
            "reply": QuickReplies(self.worker),
            "slot": QuickSlots(self.worker),
        }
        self._idle = asyncio.Event()
        self._idle.set()
        self._housekeepers: list[asyncio.Task[None]] = []

    # --- Waking ------------------------------------------------------------------------------

    def start(self) -> None:
        """Take jobs, listen to cancellations, keep leases alive, and sweep."""
        if not self._housekeepers:
            bus.listen("control", self._on_control)
            # Each by itself: a long sweep must not make those wait who want an answer to stop.
            self._housekeepers = [
                asyncio.get_running_loop().create_task(_again_and_again(every, work))
                for every, work in (
                    (PULSE_S, self._check_running),
                    (LEASES_EVERY_S, self._extend_leases),
                    (settings.LLM_SWEEP_S, self._sweep),
                    *([(TAKE_AGAIN_S, self._take_jobs)] if settings.REDIS_URL else []),
                )
            ]

    def wake(self, job: Job) -> None:
        """Look whether an answer is to be given, and give it."""
        if self.draining:
            return
        if job in self._taking:
            self._again.add(job)
        elif len(self._running) + len(self._taking) >= settings.LLM_MAX_STREAMS:
            self._waiting.setdefault(job, asyncio.get_running_loop().time())
            WAITING.set(len(self._waiting))
        else:
            self._waiting.pop(job, None)
            self._taking.add(job)
            self._idle.clear()
            self._spawn(self._take(job))

    async def _take_jobs(self) -> None:
        await handover.hand_on(self.wake, is_over=lambda: self.draining)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, job: Job) -> None:
        found: Claim | Wait | Busy | None = None
        try:
            if quick := self._quick.get(job.kind):
                found = await quick.claim(job.id)
            if found is None:
                found = await dbpool.run(answers.claim, job=job, worker=self.worker)
        except Exception as error:  # noqa: BLE001 - the sweep comes back to it
            _report("claiming an answer failed", error, kind=job.kind, id=str(job.id))
        if isinstance(found, Claim):
            self._running[found.answer_id] = running = Running(found)
            RUNNING.set(len(self._running))
            self._spawn(self._answer(running))
        self._taking.discard(job)
        if isinstance(found, Busy):
            self._line.join(job, found.model_id, found.until)
        else:
            self._line.leave(job)
        self._note_idle()
        if job in self._again:
            self._again.discard(job)
            self.wake(job)
        elif isinstance(found, Wait):
            self._wake_at(job, found.until)
        elif not isinstance(found, Claim):
            self._next_waiting()

    def _wake_at(self, job: Job, moment: dt.datetime) -> None:
        delay = max(0.0, (moment - clock.now()).total_seconds() + 0.005)
        self._forget_timer(job)
        loop = asyncio.get_running_loop()
        self._timers[job] = loop.call_later(delay, self._wake_now, job)

    def _wake_now(self, job: Job) -> None:
        self._timers.pop(job, None)
        self.wake(job)

    def _forget_timer(self, job: Job) -> None:
        if timer := self._timers.pop(job, None):
            timer.cancel()

    def _note_idle(self) -> None:
        if not self._running and not self._taking:
            self._idle.set()

    def _next_waiting(self) -> None:
        if self._waiting and len(self._running) + len(self._taking) < settings.LLM_MAX_STREAMS:
            # Customers first: people who compare models can wait a moment longer.
            job = next((job for job in self._waiting if job.kind == "reply"), None)
            job = job or next(iter(self._waiting))
            del self._waiting[job]
            WAITING.set(len(self._waiting))
            self.wake(job)

    # --- Answering ---------------------------------------------------------------------------

    async def _answer(self, running: Running) -> None:
        claim = running.claim
        with request_id.use(request_id.current() or claim.answer_id.hex):
            ended: Ended | None = None
            try:
                ended = await self._stream_and_end(running)
            except Exception as error:  # noqa: BLE001 - the lease runs out, the sweep ends it
                _report("answering failed", error, answer_id=str(claim.answer_id))
            finally:
                self._running.pop(claim.answer_id, None)
                self._line.freed(running.claim.model.pk)
                RUNNING.set(len(self._running))
                self._note_idle()
            log.info(
                "answer ended",
                extra={
                    "answer_id": str(claim.answer_id),
                    "session_id": str(claim.place or ""),
                    "attempt": claim.attempt,
                    "status": ended.status if ended else "unknown",
                    "cancelled": running.reason,
                    "ttft_ms": running.ttft_ms,
                },
            )
        if ended is not None and ended.next_due_at is not None:
            self._wake_at(claim.job, ended.next_due_at)
        self._next_waiting()

    async def _stream_and_end(self, running: Running) -> Ended | None:
        claim = running.claim
        outcome: Outcome | None = None
        failure: ProviderFailure | None = None
        running.upstream = asyncio.get_running_loop().create_task(ask(self.provider, running))
        await asyncio.wait({running.upstream})
        if running.stream is not None:
            await _close(running.stream)
        try:
            outcome = running.upstream.result()
        except LongEnough:
            return await self._finish(claim, running.figures(finish_reason="length"), None)
        except asyncio.CancelledError:
            return await self._end_cancelled(running)
        except ProviderFailure as error:
            failure = error
        except Exception as error:  # noqa: BLE001
            _report("a provider raised what it may not", error, model=claim.model.name)
            failure = ProviderFailure("protocol")
        figures = running.figures(outcome)
        if outcome is not None and not figures.text and outcome.handoff is None:
            failure = ProviderFailure("empty")
        if failure is not None or outcome is None:
            failure = failure or ProviderFailure("empty")
            return await _persist(
                answers.fail, claim, figures, code=failure.code, reason=failure.reason
            )
        if outcome.refused != running.refused:
            await _persist(
                actions.remember_refused, model_id=claim.model.pk, refused=outcome.refused
            )
        asked = outcome.handoff.reason if outcome.handoff else None
        ended = await self._finish(claim, figures, asked)
        await note_unsupported(running.grounding, claim, ended)
        return ended

    async def _finish(self, claim: Claim, figures: Figures, asked: str | None) -> Ended:
        quick = self._quick.get(claim.job.kind)
        if quick and asked is None and (ended := await quick.finish(claim, figures)):
            return ended
        return await _persist(answers.finish, claim, figures, wants_person=asked)

    async def _end_cancelled(self, running: Running) -> Ended | None:
        if running.reason in (None, "lost", "drain"):
            # Not ours to end: someone else has it, or will have it when it is given back.
            return None
        status = Answer.Status.SUPERSEDED if running.reason == "newer" else Answer.Status.STOPPED
        return await _persist(
            answers.end_quietly, running.claim, running.figures(), status, str(running.reason)
        )

    # --- Watching ----------------------------------------------------------------------------

    def _on_control(self, event: dict[str, Any]) -> None:
        if event.get("type") != "reply.cancel":
            return
        session_id, answer_id = event.get("session_id"), event.get("turn_id")
        for running in list(self._running.values()):
            claim = running.claim
            if str(claim.place) != session_id:
                continue
            # Without an id it is about the floor, which only a reply holds.
            if answer_id == str(claim.answer_id) or (answer_id is None and claim.floor):
                self._cancel(running, event.get("reason"))

    def _cancel(self, running: Running, reason: Any) -> None:
        floor = running.claim.floor
        if reason == "newer" and not (floor and floor.may_be_superseded):
            return
        if reason in ("floor", "stop", "newer"):
            running.cancel(reason)

    async def _check_running(self) -> None:
        before = list(self._running.items())
        if not before:
            return
        found = await dbpool.run(
            answers.pulses, answer_ids=[answer_id for answer_id, _ in before], worker=self.worker
        )
        for answer_id, running in before:
            if reason := answers.judge(running.claim, found.get(answer_id)):
                running.cancel(reason)

    async def _extend_leases(self) -> None:
        if not self._running:
            return
        shown, others = {}, []
        for answer_id, running in self._running.items():
            if running.ttft_ms is None:
                others.append(answer_id)
            else:
                shown[answer_id] = (running.ttft_ms, running.text)
        await dbpool.run(answers.extend_leases, shown=shown, others=others, worker=self.worker)

    async def _sweep(self) -> None:
        if self.draining:
            return
        for job in await dbpool.run(answers.sweep):
            self.wake(job)
        now = asyncio.get_running_loop().time()
        for job, since in list(self._waiting.items()):
            if job.kind == "reply" and now - since > settings.LLM_MAX_WAIT_S:
                del self._waiting[job]
                await dbpool.run(answers.give_up_waiting, session_id=job.id)

    # --- Ending ------------------------------------------------------------------------------

    def stop_claiming(self) -> None:
        """Take nothing new; what runs goes on."""
        self.draining = True
        self._waiting.clear()
        self._line.clear()
        for job in list(self._timers):
            self._forget_timer(job)

    async def drain(self, patience: float | None = None) -> list[Job]:
        """Let running answers finish for ``patience`` seconds, then give the others back.

        Returns the jobs of those given back, so that another worker can be woken for them.
        """
        self.stop_claiming()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.LLM_DRAIN_S if patience is None else patience):
                await self._idle.wait()
        left = list(self._running)
        for running in list(self._running.values()):
            running.cancel("drain")
        jobs: list[Job] = []
        if left:
            jobs = await _persist(answers.release, answer_ids=left, worker=self.worker)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self._idle.wait()
        self.retire()
        await self.provider.close()
        for quick in self._quick.values():
            await quick.close()
        return jobs

    def retire(self) -> None:
        """Stop listening and sweeping."""
        self.stop_claiming()
        for housekeeper in self._housekeepers:
            housekeeper.cancel()
        self._housekeepers.clear()
        bus.forget(self._on_control)

    def abandon(self) -> list[Job]:
        """Give everything back after the loop has ended; callable from any thread, blocks."""
        left = list(self._running)
        return answers.release(answer_ids=left, worker=self.worker) if left else []


def _report(what: str, error: Exception, **extra: str) -> None:
    # A database error may quote the row, and with it what a customer wrote.
    safe = None if isinstance(error, DatabaseError) else error
    log.error(what, exc_info=safe, extra={"error": type(error).__name__, **extra})


async def _again_and_again(every: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - it must outlive every outage
            log.warning("housekeeping failed", extra={"error": type(error).__name__})
        await asyncio.sleep(every)


async def _close(stream: ReplyStream) -> None:
    # Chunks are a convenience: with Redis away, the answer is still finished from our own text.
    try:
        async with asyncio.timeout(CLOSE_STREAM_S):
            await stream.aclose()
    except Exception as error:  # noqa: BLE001
        log.warning("the chunk log is unreachable", extra={"error": type(error).__name__})


async def _persist(fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do the end of an answer in the database, through an outage of it of some length."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + FINISH_PATIENCE_S
    pause = 0.2
    while True:
        try:
            return await dbpool.run(fn, *args, **kwargs)
        except (DatabaseError, InterfaceError) as error:
            if loop.time() > ends_at:
                raise
            log.warning("the database is away", extra={"error": type(error).__name__})
        await asyncio.sleep(pause)
        pause = min(pause * 2, 3.0)
