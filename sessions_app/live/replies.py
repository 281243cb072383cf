"""Answers in the making, passed on to a channel's followers.

Chunks are numbered; one that the bus lost is read from the log.  None of it is durable: the
finished answer is a message.
"""

import contextlib

from chatsite.lib.streamlog import Chunk, key_of, stream_log
from sessions_app import queries
from sessions_app.live.channel import Channel, Event, LiveReply, Subscription
from sessions_app.protocol import ReplyChunk, ReplyEnd, ReplyStart


def on_reply(channel: Channel, event: Event) -> LiveReply | None:
    """Pass on a start, a chunk or an end.  Return the reply if chunks of it are missing.

    Events of an epoch that is over are dropped: somebody else speaks now.
    """
    if event["epoch"] < channel.epoch:
        return None
    turn, attempt, seq = event["turn"], event["attempt"], event["seq"]
    if event["op"] == "end":
        end(channel, turn, event["text"])
        return None
    live = channel.reply
    if event["op"] == "start" or live is None or live.turn != turn or live.attempt < attempt:
        live = _start(channel, turn, attempt)
    if attempt != live.attempt or seq <= live.seq:
        return None
    if seq > live.seq + 1:
        return live
    live.seq = seq
    _pass_chunk(channel, turn, seq, seq, event["text"])
    return None


def _start(channel: Channel, turn: str, attempt: int) -> LiveReply:
    frame = ReplyStart(session_id=channel.key, turn_id=turn, attempt=attempt).encode()

    def deliver(sub: Subscription) -> None:
        sub.turn, sub.chunk = turn, 0
        sub.socket.push(frame)

    channel.reply = LiveReply(turn, attempt)
    channel.each(deliver)
    return channel.reply


def _pass_chunk(channel: Channel, turn: str, first: int, seq: int, text: str) -> None:
    frame = ReplyChunk(
        session_id=channel.key, turn_id=turn, seq=seq, from_seq=first, delta_text=text
    ).encode()

    def deliver(sub: Subscription) -> None:
        if sub.turn != turn or seq > sub.chunk:
            sub.chunk = seq
            sub.socket.push(frame)

    channel.each(deliver)


def end(channel: Channel, turn: str, status: str) -> None:
    """Tell every follower that a turn is over."""
    if channel.reply is not None and channel.reply.turn == turn:
        channel.reply = None
    frame = ReplyEnd(session_id=channel.key, turn_id=turn, status=status).encode()
    channel.each(lambda sub: sub.socket.push(frame))


async def mend(channel: Channel, live: LiveReply) -> None:
    """Read from the log the chunks that the bus lost."""
    chunks = await stream_log().read(key_of(live.turn, live.attempt), live.seq)
    fresh = [chunk for chunk in chunks if chunk[0] > live.seq]
    if channel.reply is live and fresh:
        first, live.seq = live.seq + 1, fresh[-1][0]
        _pass_chunk(channel, live.turn, first, live.seq, "".join(text for _, text in fresh))


async def show_so_far(
    channel: Channel, subscription: Subscription, missed: queries.Catchup
) -> None:
    """Show a newcomer the running answer: all of its text in one chunk."""
    turn, attempt = str(missed.live_turn), missed.live_attempt
    chunks: list[Chunk] = []
    with contextlib.suppress(Exception):  # without the log the newcomer waits for the message
        chunks = await stream_log().read(key_of(turn, attempt))
    seq = chunks[-1][0] if chunks else 0
    if channel.reply is None or channel.reply.turn != turn:
        channel.reply = LiveReply(turn, attempt, seq)
    subscription.turn, subscription.chunk = turn, seq
    socket = subscription.socket
    socket.push(ReplyStart(session_id=channel.key, turn_id=turn, attempt=attempt).encode())
    if chunks:
        text = "".join(text for _, text in chunks)
        socket.push(
            ReplyChunk(
                session_id=channel.key, turn_id=turn, seq=seq, from_seq=1, delta_text=text
            ).encode()
        )
