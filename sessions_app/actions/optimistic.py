"""Posting without locks: what nearly every message needs, in one statement inside the event loop.

A plain message needs nothing but its session's numbers.  They are given out from the row as this
process knows it, and written if the row is still that one (:mod:`sessions_app.heads`).  Whatever
is not plain, lost the race, was sent before, or met an error is left to
:func:`~sessions_app.actions.posting.post_batch`, which locks.  Nothing is refused here: a refusal
could rest on a row that has changed since.
"""

import logging
import uuid
from collections.abc import Sequence

import psycopg

from chatsite.lib import clock
from chatsite.lib.bus import Event, bus
from chatsite.lib.loopdb import LoopConnections
from chatsite.lib.metrics import COMMITS
from sessions_app.actions.drafts import Draft
from sessions_app.actions.posting import HOT_FIELDS, Posted, takes_floor
from sessions_app.actions.recording import NUMBERS, consequences, numbered, take_effect
from sessions_app.heads import Head, Heads
from sessions_app.models import ChatSession, Message

log = logging.getLogger(__name__)


class OptimisticPosting:
    """Posts batches of drafts in the loop it is used in, at once only of different sessions."""

    def __init__(self) -> None:
        self._heads = Heads(known=HOT_FIELDS, written=NUMBERS)
        self._listens = False

    @staticmethod
    def is_possible() -> bool:
        """Say whether anything can be posted so."""
        return LoopConnections.are_possible()

    async def post(self, drafts: Sequence[Draft]) -> list[Posted | None]:
        """Post what can be posted; return ``None`` for what is left to do under locks.

        The drafts of a session share one fate, so that their order stays theirs.
        """
        nothing: list[Posted | None] = [None] * len(drafts)
        if not self.is_possible():
            return nothing
        self._listen()
        try:
            heads = await self._heads.take({item.session_id for item in drafts})
            plain = _plain_sessions(drafts, heads)
            if not plain:
                return nothing
            return await self._write(drafts, plain)
        except psycopg.errors.UniqueViolation:
            return nothing  # a send that is stored already: its first message is found under locks
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("posting falls back to locks", extra={"error": repr(error)})
            return nothing
        except Exception:
            log.exception("posting falls back to locks")
            return nothing

    async def _write(
        self, drafts: Sequence[Draft], heads: dict[uuid.UUID, Head]
    ) -> list[Posted | None]:
        now = clock.now()
        messages: list[Message | None] = []
        for item in drafts:
            if head := heads.get(item.session_id):
                message = numbered(head.session, item, now)
                take_effect(head.session, message, now)
                messages.append(message)
            else:
                messages.append(None)
        added = [message for message in messages if message]
        stored = await self._heads.store(added, heads)
        results = [
            Posted(message, created=True) if message and message.session_id in stored else None
            for message in messages
        ]
        _tell(
            [head.session for pk, head in heads.items() if pk in stored],
            [result.message for result in results if result],
        )
        return results

    def _listen(self) -> None:
        if not self._listens:
            self._listens = True
            bus.listen("live", self._on_event)

    def _on_event(self, event: Event) -> None:
        """Let go of a session that somebody else changed, rather than try in vain."""
        if event["type"] == "message":
            self._heads.forget(event["session"], below=event["version"])
        elif event["type"] in {"session", "access"} or event.get("op") in {"start", "end"}:
            self._heads.forget(event["session"])

    async def close(self) -> None:
        """Let go of the connection and of all that is known."""
        bus.forget(self._on_event)
        self._listens = False
        await self._heads.close()


def _plain_sessions(drafts: Sequence[Draft], heads: dict[uuid.UUID, Head]) -> dict[uuid.UUID, Head]:
    """Return the sessions of whose drafts each needs the session's numbers and nothing else."""
    plain = dict(heads)
    keys: set[uuid.UUID] = set()
    for item in drafts:
        head = plain.get(item.session_id)
        if head is None:
            continue
        if not _is_plain(head.session, item) or item.send_key in keys:
            del plain[item.session_id]
        elif item.send_key:
            keys.add(item.send_key)
    return plain


def _is_plain(session: ChatSession, item: Draft) -> bool:
    return (
        item.joined
        and not item.attachment_ids
        and item.reply_to is None
        and not session.is_closed
        and not takes_floor(session, item)
    )


def _tell(sessions: Sequence[ChatSession], messages: Sequence[Message]) -> None:
    if not messages:
        return
    COMMITS.observe(len(messages))
    for step in consequences(sessions, messages, {}, plain=True):
        try:
            step()
        except Exception:
            log.exception("what follows a commit failed")
