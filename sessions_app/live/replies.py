"""Answers in the making, passed on to a channel's followers.

Chunks are numbered; one that the bus lost is read from the log.  None of it is durable: the
finished answer is a row.  The reply to a customer is everyone's; the answers of a turn to several
models (those with a slot) are for staff, and any number of them run at once.
"""

import contextlib

from chatsite.lib.streamlog import Chunk, key_of, stream_log
from sessions_app.live.channel import Channel, Event, LiveReply, Subscription
from sessions_app.protocol import ReplyChunk, ReplyEnd, ReplyStart
from sessions_app.publish import LiveAnswer


def on_reply(channel: Channel, event: Event) -> LiveReply | None:
    """Pass on a start, a chunk or an end.  Return the answer if it has to be mended.

    Replies of an epoch that is over are dropped: somebody else speaks now.
    """
    if event["slot"] is None and event["epoch"] < channel.epoch:
        return None
    live = channel.replies.get(event["answer"])
    if event["op"] == "end":
        if live is not None and live.heard:
            live.ended = event["text"]
        else:
            end(channel, live or _named(event), event["text"])
        return None
    if live is None or live.attempt < event["attempt"]:
        live = _start(channel, _named(event))
    seq = event["seq"]
    if event["attempt"] != live.attempt or seq <= live.seq:
        return None
    if seq > live.seq + 1:
        is_mended = live.heard > 0
        live.heard = seq
        return None if is_mended else live
    _pass_on(channel, live, [(seq, event["text"])])
    return None


def _named(event: Event) -> LiveReply:
    return LiveReply(event["turn"], event["answer"], event["slot"], event["attempt"])


def _start(channel: Channel, live: LiveReply) -> LiveReply:
    if live.slot is None:  # a session has one reply at a time, so an older one is over
        _forget_reply(channel)
    channel.replies[live.answer] = live
    frame = _start_frame(channel, live)

    def deliver(sub: Subscription) -> None:
        if _may_see(sub, live) and _shown(sub, live) < (live.attempt, 0):
            sub.shown[live.answer] = (live.attempt, 0)
            sub.socket.push(frame)

    channel.each(deliver)
    return live


def _forget_reply(channel: Channel) -> None:
    for answer, live in list(channel.replies.items()):
        if live.slot is None:
            del channel.replies[answer]


def _pass_on(channel: Channel, live: LiveReply, chunks: list[Chunk]) -> None:
    """Give every follower the next chunks; who was shown some of them already gets the rest."""
    first, last = chunks[0][0], chunks[-1][0]
    live.seq = last
    frame = _chunk_frame(channel, live, chunks)

    def deliver(sub: Subscription) -> None:
        attempt, seq = _shown(sub, live)
        if not _may_see(sub, live) or (attempt, seq) >= (live.attempt, last):
            return
        sub.shown[live.answer] = (live.attempt, last)
        if attempt == live.attempt and seq >= first:
            sub.socket.push(_chunk_frame(channel, live, [c for c in chunks if c[0] > seq]))
        else:
            sub.socket.push(frame)

    channel.each(deliver)


def end(channel: Channel, live: LiveReply, status: str) -> None:
    """Tell every follower that an answer is over."""
    channel.replies.pop(live.answer, None)
    frame = ReplyEnd(
        session_id=channel.key, turn_id=live.turn, slot=live.slot, status=status
    ).encode()

    def deliver(sub: Subscription) -> None:
        if _may_see(sub, live):
            sub.shown.pop(live.answer, None)
            sub.socket.push(frame)

    channel.each(deliver)


def end_lost_reply(channel: Channel) -> None:
    """End the reply whose end the bus lost: rows say that none is running."""
    for live in list(channel.replies.values()):
        if live.slot is None:
            end(channel, live, "done")


async def mend(channel: Channel, live: LiveReply) -> None:
    """Read from the log the chunks that the bus lost, up to the last one heard of."""
    try:
        while live.seq < live.heard:
            chunks = await stream_log().read(key_of(live.answer, live.attempt), live.seq)
            fresh = [chunk for chunk in chunks if chunk[0] > live.seq]
            if not fresh or channel.replies.get(live.answer) is not live:
                break
            _pass_on(channel, live, fresh)
    finally:
        live.heard = 0
        if live.ended and channel.replies.get(live.answer) is live:
            end(channel, live, live.ended)


async def show_so_far(
    channel: Channel, subscription: Subscription, running: list[LiveAnswer]
) -> None:
    """Show a newcomer the answers that are running: all text of each in one chunk."""
    for answer in running:
        key = str(answer.answer_id)
        live = channel.replies.get(key)
        if live is None or live.attempt < answer.attempt:
            named = LiveReply(str(answer.turn_id), key, answer.slot, answer.attempt)
            live = _start(channel, named)
        if _may_see(subscription, live):
            await _show_one(channel, subscription, live)


async def _show_one(channel: Channel, subscription: Subscription, live: LiveReply) -> None:
    chunks: list[Chunk] = []
    with contextlib.suppress(Exception):  # without the log the newcomer waits for the row
        chunks = await stream_log().read(key_of(live.answer, live.attempt))
    subscription.shown[live.answer] = (live.attempt, chunks[-1][0] if chunks else 0)
    subscription.socket.push(_start_frame(channel, live))
    if chunks:
        subscription.socket.push(_chunk_frame(channel, live, chunks))


def _may_see(subscription: Subscription, live: LiveReply) -> bool:
    return live.slot is None or subscription.member.staff


def _shown(subscription: Subscription, live: LiveReply) -> tuple[int, int]:
    return subscription.shown.get(live.answer, (0, 0))


def _start_frame(channel: Channel, live: LiveReply) -> str:
    return ReplyStart(
        session_id=channel.key, turn_id=live.turn, slot=live.slot, attempt=live.attempt
    ).encode()


def _chunk_frame(channel: Channel, live: LiveReply, chunks: list[Chunk]) -> str:
    return ReplyChunk(
        session_id=channel.key,
        turn_id=live.turn,
        slot=live.slot,
        seq=chunks[-1][0],
        from_seq=chunks[0][0],
        delta_text="".join(text for _, text in chunks),
    ).encode()
