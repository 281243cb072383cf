"""Bytes on the wire for a slow model's answer: `python -m bench.pieces [--tokens 500]`.

Three models write the same words at 20, 50 and 100 tokens a second; each is read as an event
stream and on the socket. What the readers got is counted as it came, and as it would have come
through compression with a window that stays open (what a browser offers), flushed at each piece.
"""

import argparse
import asyncio
import json
import re
import time
import urllib.request
import zlib
from collections.abc import Sequence

from bench import run, servers
from bench.wire import connect

RATES = (20, 50, 100)
WINDOWS = ((15, 8), (10, 4))  # bits and memory level: the usual one, and one of 18 KB

SEED = """
import json
from accounts.models import Role, User
from accounts.tokens import issue_access
from llm.models import ModelConfig
ids, made = [], ModelConfig.objects.get()
for rate in {rates}:
    made.pk, made.is_default, made.name, made.model = None, False, f"m{{rate}}", f"m{{rate}}"
    made.save()
    ids.append(made.pk)
ada = User.objects.create(username="bench-admin", role=Role.ADMIN)
print("SEED", json.dumps([issue_access(ada), *ids]))
"""


class Endpoint:
    """A model endpoint that writes as fast as the model's name says."""

    def __init__(self, tokens: int) -> None:
        text = (servers.ROOT / "docs" / "streams.md").read_text("utf-8")
        words = re.findall(r"\s*\S+", re.sub(r"[|`*#\[\]]", " ", text))
        pieces = [piece for word in words for piece in re.findall(r"(?s).{1,6}", word)]
        self._pieces = (pieces * (tokens // len(pieces) + 1))[:tokens]

    async def serve(self, port: int) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", port)
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        rate = int(json.loads(await reader.readexactly(length))["model"][1:])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        writer.write(b"Connection: close\r\n\r\n")
        due = time.monotonic()
        for piece in self._pieces:
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            writer.write(b"data: %b\n\n" % json.dumps({"choices": [choice]}).encode())
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        writer.write(b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(end).encode())
        writer.close()


async def read(web: servers.Web, token: str, model: int) -> tuple[list[bytes], list[bytes]]:
    """Ask one model; returns the frames of the socket and the events of the stream."""

    def call(path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        wanted = urllib.request.Request(f"{web.base}/api/v1{path}", data, head)
        with urllib.request.urlopen(wanted) as answer:
            return bytes(answer.read())

    frames: list[bytes] = []
    ready, over = asyncio.Event(), asyncio.Event()

    def take(payload: bytes) -> None:
        kind = json.loads(payload)["type"]
        if kind == "reply.chunk":
            frames.append(bytes(payload))
        ready.set() if kind == "subscribed" else None
        over.set() if kind == "reply.end" else None

    made = json.loads(await asyncio.to_thread(call, "/conversations", {"model_ids": [model]}))
    socket = await connect(web.ws, take, token=token)
    wanted = {"type": "subscribe", "session_id": made["id"], "after_seq": 0}
    socket.send(json.dumps(wanted).encode())
    await ready.wait()
    ask = f"/conversations/{made['id']}/messages"
    turn = json.loads(await asyncio.to_thread(call, ask, {"content": "Hello?"}))["turn_id"]
    stream = asyncio.create_task(asyncio.to_thread(call, f"/streams/turn/{turn}"))
    while not over.is_set():
        await asyncio.sleep(5)
        socket.send(b'{"type":"ping","content":"ping"}')
    socket.close()
    events = [event + b"\n\n" for event in (await stream).split(b"\n\n")]
    return frames, [event for event in events if b"event: chunk" in event]


def squeezed(pieces: Sequence[bytes], bits: int, level: int) -> tuple[int, float]:
    """Bytes of the pieces through one window, and microseconds for each."""
    squeeze, size, begin = zlib.compressobj(6, zlib.DEFLATED, -bits, level), 0, time.thread_time()
    for piece in pieces:
        size += len(squeeze.compress(piece) + squeeze.flush(zlib.Z_SYNC_FLUSH))
    return size, (time.thread_time() - begin) / len(pieces) * 1e6


async def measure(on: run.Stage, web: servers.Web, tokens: int) -> None:
    """Read all three at once, and print."""
    endpoint = asyncio.create_task(Endpoint(tokens).serve(on.endpoint))
    found = await asyncio.to_thread(
        servers.manage, "shell", "-v", "0", "-c", SEED.format(rates=RATES), env=on.env
    )
    token, *models = json.loads(found.split("SEED ")[1])
    answers = await asyncio.gather(*(read(web, token, model) for model in models))
    endpoint.cancel()
    run.row("tokens/s, reader", "bytes a piece", "times the text", *map(str, WINDOWS))
    for rate, (frames, events) in zip(RATES, answers, strict=True):
        text = sum(len(json.loads(frame)["delta_text"].encode()) for frame in frames)
        for name, pieces in (("socket", frames), ("events", events)):
            plain = sum(map(len, pieces))
            small = [squeezed(pieces, *window) for window in WINDOWS]
            run.row(
                f"{rate}, {name}",
                f"{text / len(pieces):.1f} in {plain / len(pieces):.0f}",
                f"{plain / text:.1f}",
                *(f"{size / text:.1f} ({spent:.0f} us)" for size, spent in small),
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.pieces", description=__doc__)
    parser.add_argument("--tokens", type=int, default=500)
    options = parser.parse_args()
    with run.stage() as on:
        web = servers.product("web", home=on.home, env=on.env)
        with run.started(web, servers.worker("worker", home=on.home, env=on.env)):
            asyncio.run(measure(on, web, options.tokens))


if __name__ == "__main__":
    main()
