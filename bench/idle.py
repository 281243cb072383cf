"""What an idle socket costs: proportional set size of the web process, before and after.

The handshake carries the compression offer that browsers make, because accepting it is what makes
sockets expensive.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import PING, Seat
from bench.wire import Socket, connect


@dataclass(frozen=True, slots=True)
class Idle:
    """What one run measured."""

    sockets: int
    base_mb: float
    kb_each: float
    opens: float
    compressed: int
    lost: int


def pss_kb(pid: int) -> int:
    """Proportional set size of a process in kilobytes (Linux only)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError("no Pss in smaps_rollup")


async def measure(url: str, seats: Sequence[Seat], pid: int, *, count: int) -> Idle:
    """Open `count` sockets, wait until they are quiet, and see what the process has grown by."""
    before = pss_kb(pid)
    begin = time.monotonic()
    sockets: list[Socket] = []
    for start in range(0, count, 20):
        tokens = [seats[at % len(seats)].customer_token for at in range(start, start + 20)]
        sockets += await asyncio.gather(
            *(connect(url, _ignore, token=token, offer_deflate=True) for token in tokens)
        )
    opens = len(sockets) / (time.monotonic() - begin)
    for _ in range(2):
        for socket in sockets:
            socket.send(PING)
        await asyncio.sleep(2)
    after = pss_kb(pid)
    result = Idle(
        sockets=len(sockets),
        base_mb=before / 1024,
        kb_each=(after - before) / len(sockets),
        opens=opens,
        compressed=sum(socket.compressed for socket in sockets),
        lost=sum(socket.closed.done() for socket in sockets),
    )
    for socket in sockets:
        socket.close()
    await asyncio.sleep(0.5)
    return result


def _ignore(_: bytes) -> None:
    """Frames of an idle socket are of no interest."""
