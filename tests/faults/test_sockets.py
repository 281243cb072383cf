"""Sockets that stall and servers that leave: the one is cut, the other says goodbye."""

import asyncio
import signal
import socket
import time
import uuid
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.clients import Place
from tests.faults.conftest import Seats
from tests.faults.harness import Cluster, wait_for

Frame = dict[str, Any]
LONG = "All work and no play makes a dull chat. " * 350
MESSAGES = 350


async def enter(place: Place, base: str, **options: Any) -> ClientConnection:
    """A connected socket; no frame of it has been read yet."""
    return await connect(
        f"{base.replace('http', 'ws', 1)}/api/v1/ws?token={place.token}",
        proxy=None,
        origin=None,
        ping_interval=None,
        compression=None,
        **options,
    )


async def ask(connection: ClientConnection, frame: Frame) -> None:
    await connection.send(orjson.dumps(frame).decode())


async def follow(connection: ClientConnection, place: Place, after_seq: int = 0) -> list[int]:
    """Subscribe, as often as there is more, and return the numbers that were missed."""
    missed = [after_seq]
    more = True
    while more:
        frame = {"type": "subscribe", "session_id": place.session, "after_seq": missed[-1]}
        await ask(connection, frame)
        while (answer := await read(connection))["type"] != "subscribed":
            if answer["type"] == "message":
                missed.append(answer["message"]["seq"])
        more = answer["more"]
    return missed[1:]


async def read(connection: ClientConnection) -> Frame:
    frame: Frame = orjson.loads(await asyncio.wait_for(connection.recv(), 30))
    return frame


async def messages(connection: ClientConnection, upto: int) -> list[int]:
    """The numbers of the messages that arrive, up to number `upto`."""
    numbers: list[int] = []
    while not numbers or numbers[-1] < upto:
        frame = await read(connection)
        if frame["type"] == "message":
            numbers.append(frame["message"]["seq"])
    return numbers


async def talk(connection: ClientConnection, place: Place, count: int) -> int:
    """Send long messages, each after the ack of the one before; return the last number."""
    seq = 0
    for _ in range(count):
        send = str(uuid.uuid4())
        frame = {"type": "message.send", "session_id": place.session}
        await ask(connection, {**frame, "client_msg_id": send, "content": LONG})
        while (answer := await read(connection))["type"] != "ack":
            assert answer["type"] != "error", answer
        seq = answer["seq"]
    return seq


@pytest.mark.timeout(120)
def test_a_stalled_socket_is_cut_and_the_others_go_on(cluster: Cluster, seats: Seats) -> None:
    ((customer, agent),) = seats(1)
    base = cluster.webs[0].base

    async def story() -> None:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.connect(("127.0.0.1", cluster.webs[0].port))
        stalled = await enter(customer, base, sock=small, max_queue=1)
        await follow(stalled, customer)
        reader = await enter(agent, base)
        first = await follow(reader, agent)
        sender = await enter(customer, base)
        await follow(sender, customer)
        listening = asyncio.create_task(messages(reader, first[-1] + MESSAGES))
        last = await talk(sender, customer, MESSAGES)
        assert await listening == list(range(first[-1] + 1, last + 1))

        # Now it reads again: some of what was under way, then the reason why it was cut.
        got: list[int] = []
        with pytest.raises(ConnectionClosed):
            await _drain(stalled, got)
        assert (stalled.close_code, stalled.close_reason) == (1013, "resync")
        assert len(got) < MESSAGES

        again = await enter(customer, base)
        missed = await follow(again, customer, after_seq=got[-1])
        assert [*got, *missed] == list(range(first[-1] + 1, last + 1))
        for connection in (reader, sender, again):
            await connection.close()

    asyncio.run(story())


async def _drain(connection: ClientConnection, got: list[int]) -> None:
    while True:
        frame = await read(connection)
        if frame["type"] == "message":
            got.append(frame["message"]["seq"])


@pytest.mark.timeout(120)
def test_a_socket_that_never_reads_again_is_let_go(cluster: Cluster, seats: Seats) -> None:
    """The server frees what it holds for it without waiting for the client to come back."""
    ((customer, agent),) = seats(1)
    web = cluster.webs[0]

    async def story() -> None:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.connect(("127.0.0.1", web.port))
        stalled = await enter(customer, web.base, sock=small, max_queue=1)
        await follow(stalled, customer)
        port = small.getsockname()[1]
        sender = await enter(agent, web.base)
        await follow(sender, agent)
        await talk(sender, agent, MESSAGES)
        await asyncio.to_thread(
            wait_for, "the server lets go", lambda: not _established(web.port, port), 40
        )
        stalled.transport.abort()
        await sender.close()

    asyncio.run(story())


def _established(server: int, client: int) -> bool:
    """Whether the server's end of a connection is still open, by the kernel's table."""
    want = (f"0100007F:{server:04X}", f"0100007F:{client:04X}", "01")
    table = Path("/proc/net/tcp").read_text().splitlines()
    return any(tuple(line.split()[1:4]) == want for line in table)


@pytest.mark.timeout(90)
def test_who_comes_while_rights_are_checked_stays(cluster: Cluster, seats: Seats) -> None:
    """The heartbeat judges only those it asked about, not who came in meanwhile."""
    (first, agent), (newcomer, _) = seats(2)
    base = cluster.webs[0].base

    async def story() -> None:
        early = [await enter(first, base), await enter(agent, base)]
        for connection in early:
            assert (await read(connection))["type"] == "ready"
        with psycopg.connect(cluster.postgresql.url) as database:
            # The check reads the teams of everyone connected; a customer who comes in does not.
            database.execute("lock table accounts_team_members in access exclusive mode")
            await asyncio.to_thread(wait_for, "a check", lambda: _waits(cluster), 40)
            late = await enter(newcomer, base)
            assert (await read(late))["type"] == "ready"
        await follow(late, newcomer)
        for _ in range(5):
            await asyncio.sleep(0.2)
            await ask(late, {"type": "ping"})
            while (await read(late))["type"] != "pong":
                pass
        for connection in (*early, late):
            await connection.close()

    asyncio.run(story())


def _waits(cluster: Cluster) -> bool:
    """Whether somebody waits for the lock on the members of teams."""
    with psycopg.connect(cluster.postgresql.url) as database:
        wanted = "accounts_team_members"
        found = database.execute(
            "select 1 from pg_locks where not granted and relation = %s::regclass", [wanted]
        )
        return found.fetchone() is not None


@pytest.mark.timeout(120)
def test_a_server_that_is_told_to_stop_says_goodbye(cluster: Cluster, seats: Seats) -> None:
    ((customer, _),) = seats(1)
    web = cluster.process("web.1")

    async def story() -> None:
        connections = [await enter(customer, cluster.webs[0].base) for _ in range(5)]
        for connection in connections:
            await follow(connection, customer)
        send = str(uuid.uuid4())
        frame = {"type": "message.send", "session_id": customer.session, "client_msg_id": send}
        await ask(connections[0], {**frame, "content": "The last word"})
        while (await read(connections[0]))["type"] != "ack":
            pass
        web.kill(signal.SIGTERM)
        for connection in connections:
            await asyncio.wait_for(connection.wait_closed(), 10)
        assert {connection.close_code for connection in connections} == {1012}

        other = await enter(customer, cluster.webs[1].base)
        assert await follow(other, customer)
        await other.close()

    told = time.monotonic()
    try:
        asyncio.run(story())
        wait_for("web.1 ends", lambda: not web.running, 20)
        assert time.monotonic() - told < 30
    finally:
        web.kill()
        cluster.restart("web.1")
