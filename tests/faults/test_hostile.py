"""Everything a client can get wrong on purpose: a documented error for it, and nothing for the
others."""

import asyncio
import base64
import hashlib
import hmac
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import jwt
import orjson
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.faults.clients import Place
from tests.faults.conftest import Seats
from tests.faults.harness import Cluster
from tests.faults.test_sockets import ask, enter, follow, messages, read

NOWHERE = "0198c0de-0000-7000-8000-000000000000"


def sending(**changes: Any) -> dict[str, Any]:
    """A good message.send with something changed; the session is filled in later."""
    frame = {"type": "message.send", "session_id": "HERE", "content": "hello"}
    return {**frame, "client_msg_id": str(uuid.uuid4()), **changes}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in sending().items() if key != name}


VALIDATION = "VALIDATION_FAILED"
FRAMES: dict[str, tuple[Any, str]] = {
    "broken JSON": ('{"type":', VALIDATION),
    "empty": ("", VALIDATION),
    "not an object": ("[1]", VALIDATION),
    "null": ("null", VALIDATION),
    "NaN": ('{"type":"read","session_id":"HERE","seq":NaN}', VALIDATION),
    "two values": ('{"type":"ping"}{"type":"ping"}', VALIDATION),
    "nested lists": ("[" * 30_000, VALIDATION),
    "nested objects": ('{"type":' * 7_000, VALIDATION),
    "nested and closed": ('{"type":"ping","x":' + "[" * 9_000 + "]" * 9_000 + "}", VALIDATION),
    "binary rubbish": (b"\xff\xfe\x00rubbish", VALIDATION),
    "unknown type": ({"type": "message.sendd"}, VALIDATION),
    "type is a number": ({"type": 7}, VALIDATION),
    "type is an object": ({"type": {"type": "ping"}}, VALIDATION),
    "no type": ({"session_id": "HERE"}, VALIDATION),
    "NUL": (sending(content="a\0b"), VALIDATION),
    "lone surrogate": (
        '{"type":"message.send","session_id":"HERE","client_msg_id":"x","content":"\\ud800"}',
        VALIDATION,
    ),
    "NUL in the id": (sending(client_msg_id="a\0b"), VALIDATION),
    "long id": (sending(client_msg_id="x" * 65), VALIDATION),
    "id is a number": (sending(client_msg_id=7), VALIDATION),
    "no id": (without("client_msg_id"), VALIDATION),
    "no content": (without("content"), VALIDATION),
    "content is null": (sending(content=None), VALIDATION),
    "content is a list": (sending(content=["hello"]), VALIDATION),
    "content is an object": (sending(content={"$ne": ""}), VALIDATION),
    "content is blank": (sending(content="  \n "), VALIDATION),
    "content is long": (sending(content="x" * 16_001), VALIDATION),
    "kind is made up": (sending(kind="event"), VALIDATION),
    "kind is an object": (sending(kind={}), VALIDATION),
    "a note by a customer": (sending(kind="note"), "PERMISSION_DENIED"),
    "attachments are text": (sending(attachment_ids="x"), VALIDATION),
    "attachments are not ids": (sending(attachment_ids=["x"]), VALIDATION),
    "attachments are nobody's": (sending(attachment_ids=[NOWHERE]), VALIDATION),
    "too many attachments": (sending(attachment_ids=[NOWHERE] * 11), VALIDATION),
    "reply to nothing": (sending(reply_to=NOWHERE), VALIDATION),
    "session is not an id": (sending(session_id="1 or 1=1"), VALIDATION),
    "session is a number": (sending(session_id=1), VALIDATION),
    "session is a list": (sending(session_id=["HERE"]), VALIDATION),
    "session does not exist": (sending(session_id=NOWHERE), "SESSION_NOT_FOUND"),
    "session of a stranger": (sending(session_id="THERE"), "SESSION_NOT_FOUND"),
    "subscribe to a stranger": ({"type": "subscribe", "session_id": "THERE"}, "SESSION_NOT_FOUND"),
    "cursor is negative": (
        {"type": "subscribe", "session_id": "HERE", "after_seq": -1},
        VALIDATION,
    ),
    "cursor is huge": (
        {"type": "subscribe", "session_id": "HERE", "after_seq": 2**63 - 1},
        VALIDATION,
    ),
    "cursor is text": ({"type": "subscribe", "session_id": "HERE", "after_seq": "0"}, VALIDATION),
    "cursor is a fraction": (
        {"type": "subscribe", "session_id": "HERE", "after_version": 0.5},
        VALIDATION,
    ),
    "read mark is true": ({"type": "read", "session_id": "HERE", "seq": True}, VALIDATION),
    "read mark of a stranger": (
        {"type": "read", "session_id": "THERE", "seq": 1},
        "SESSION_NOT_FOUND",
    ),
    "typing is text": ({"type": "typing", "session_id": "HERE", "active": "yes"}, VALIDATION),
    "typing at a stranger": (
        {"type": "typing", "session_id": "THERE", "active": True},
        "SESSION_NOT_FOUND",
    ),
    "presence is made up": ({"type": "presence", "status": "invisible"}, VALIDATION),
    "stop a stranger's reply": (
        {"type": "reply.stop", "session_id": "THERE"},
        "SESSION_NOT_FOUND",
    ),
}


@pytest.mark.timeout(120)
def test_bad_frames_get_an_error_and_the_socket_stays(cluster: Cluster, seats: Seats) -> None:
    (customer, _), (other, agent) = seats(2)
    base = cluster.webs[0].base

    async def story() -> None:
        bystander = await enter(agent, base)
        before = await follow(bystander, agent)
        villain = await enter(customer, base)
        await follow(villain, customer)
        wrong = {}
        for name, (frame, code) in FRAMES.items():
            await villain.send(_filled(frame, customer, other))
            answer = await _answer(villain)
            if (answer["type"], answer.get("code")) != ("error", code):
                wrong[name] = answer
            await ask(villain, {"type": "ping"})
            while (await read(villain))["type"] != "pong":
                pass
        assert wrong == {}

        innocent = await enter(other, base)
        await ask(innocent, {**sending(), "session_id": other.session})
        assert await messages(bystander, before[-1] + 1) == [before[-1] + 1]
        for connection in (villain, innocent, bystander):
            await connection.close()

    asyncio.run(story())
    _nothing_broke(cluster)


def _filled(frame: Any, here: Place, there: Place) -> str | bytes:
    if isinstance(frame, bytes):
        return frame
    text = frame if isinstance(frame, str) else orjson.dumps(frame).decode()
    return text.replace("THERE", there.session).replace("HERE", here.session)


async def _answer(connection: ClientConnection) -> dict[str, Any]:
    """The next frame that answers something (others' news may come in between)."""
    while (frame := await read(connection))["type"] in {"session", "presence", "head", "ready"}:
        pass
    return frame


@pytest.mark.timeout(60)
def test_a_frame_of_ten_megabytes_ends_its_own_socket_only(cluster: Cluster, seats: Seats) -> None:
    ((customer, agent),) = seats(1)
    base = cluster.webs[0].base

    async def story() -> None:
        bystander = await enter(agent, base)
        before = await follow(bystander, agent)
        villain = await enter(customer, base)
        with pytest.raises(ConnectionClosed):
            await _overfeed(villain)
        await villain.wait_closed()
        assert villain.close_code == 4413
        back = await enter(customer, base)
        await ask(back, {**sending(), "session_id": customer.session})
        assert await messages(bystander, before[-1] + 1)
        for connection in (back, bystander):
            await connection.close()

    asyncio.run(story())
    _nothing_broke(cluster)


async def _overfeed(connection: ClientConnection) -> None:
    await connection.send("x" * 10_000_000)
    while True:
        await read(connection)


# --- Who is it? -----------------------------------------------------------------------------------


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def forged(token: str, jwks: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Tokens that look like `token`, with a name for each trick."""
    head, body, signature = token.split(".")
    header, claims = jwt.get_unverified_header(token), _claims(token)
    public = jwt.PyJWK(jwks["keys"][0]).key
    assert isinstance(public, rsa.RSAPublicKey)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    yield "empty", "x"
    yield "two parts", f"{head}.{body}"
    yield "long", "A" * 5_000
    yield "alg none", f"{_part({**header, 'alg': 'none'})}.{body}."
    yield "alg None", f"{_part({**header, 'alg': 'None'})}.{body}.{signature}"
    forms = {"SPKI": PublicFormat.SubjectPublicKeyInfo, "PKCS1": PublicFormat.PKCS1}
    for name, form in forms.items():
        secret = public.public_bytes(Encoding.PEM, form)
        signed = f"{_part({**header, 'alg': 'HS256'})}.{body}"
        digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        seal = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        yield f"HS256 with the public key as {name}", f"{signed}.{seal}"
    yield "wrong kid", f"{_part({**header, 'kid': 'other'})}.{body}.{signature}"
    yield "kid is a path", f"{_part({**header, 'kid': '../../etc/passwd'})}.{body}.{signature}"
    yield "kid is a list", f"{_part({**header, 'kid': ['a']})}.{body}.{signature}"
    yield "no kid", f"{_part({'alg': 'RS256', 'typ': header['typ']})}.{body}.{signature}"
    yield "other body", f"{head}.{_part({**claims, 'sub': '1', 'role': 'admin'})}.{signature}"
    other = jwt.encode(claims, stranger, algorithm="RS256", headers=header)
    yield "a stranger's key", other
    own = {**header, "jwk": orjson.loads(jwt.algorithms.RSAAlgorithm.to_jwk(stranger.public_key()))}
    yield "its own key in the header", jwt.encode(claims, stranger, algorithm="RS256", headers=own)
    yield "no signature", f"{head}.{body}."
    yield "cut signature", f"{head}.{body}.{signature[:-4]}"
    yield "header is a list", f"{_part([1])}.{body}.{signature}"
    yield "nested header", f"{base64.urlsafe_b64encode(b'[' * 1500).decode()}.{body}.{signature}"


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.timeout(90)
def test_forged_tokens_open_neither_door(cluster: Cluster, seats: Seats) -> None:
    ((customer, _),) = seats(1)
    web = cluster.webs[0]
    jwks = orjson.loads(_call(web.base, "GET", "/.well-known/jwks.json")[1])
    tokens = dict(forged(customer.token, jwks))
    path = f"/api/v1/chat/sessions/{customer.session}"
    assert _call(web.base, "GET", path, token=customer.token)[0] == 200
    rest = {name: _call(web.base, "GET", path, token=token) for name, token in tokens.items()}
    assert {name: code for name, (code, _) in rest.items() if code != 401} == {}
    assert {orjson.loads(body)["code"] for _, body in rest.values()} == {"AUTH_TOKEN_INVALID"}

    async def story() -> dict[str, object]:
        codes = {name: await _close_code(customer, web.base, token=tokens[name]) for name in tokens}
        assert await _close_code(customer, web.base) == 4401
        assert await _close_code(customer, web.base, ticket="made-up") == 4401
        return {name: code for name, code in codes.items() if code != 4401}

    assert asyncio.run(story()) == {}
    _nothing_broke(cluster)


@pytest.mark.timeout(60)
def test_an_endless_address_is_refused_at_once(cluster: Cluster, seats: Seats) -> None:
    ((customer, _),) = seats(1)
    base = cluster.webs[0].base
    refused = asyncio.run(_close_code(customer, base, token="A" * 10_000))
    assert "status_code=400" in str(refused) or "status_code=414" in str(refused)


async def _close_code(place: Place, base: str, **query: str) -> object:
    """How the server ends a socket that comes in like this; its answer's status when it refuses."""
    address = f"{base.replace('http', 'ws', 1)}/api/v1/ws"
    if query:
        address += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    try:
        connection = await connect(address, proxy=None, origin=None, open_timeout=15)
        await asyncio.wait_for(connection.wait_closed(), 15)
    except (InvalidStatus, TimeoutError) as error:
        return repr(error)
    return connection.close_code


@pytest.mark.timeout(60)
def test_a_ticket_opens_once_and_not_for_long(cluster: Cluster, seats: Seats) -> None:
    ((customer, _),) = seats(1)
    first, second = cluster.webs

    def ticket() -> str:
        path = "/api/v1/ws/ticket"
        code, body = _call(first.base, "POST", path, token=customer.token, body=b"{}")
        assert code == 200, body
        value: str = orjson.loads(body)["ticket"]
        return value

    async def story() -> None:
        good = ticket()
        address = f"{first.base.replace('http', 'ws', 1)}/api/v1/ws?ticket={good}"
        opened = await connect(address, proxy=None, origin=None)
        assert (await read(opened))["type"] == "ready"
        assert await _close_code(customer, first.base, ticket=good) == 4401
        assert await _close_code(customer, second.base, ticket=good) == 4401

        old = ticket()
        with psycopg.connect(cluster.postgresql.url) as database:
            database.execute("update accounts_ticket set expires_at = now() - interval '1 s'")
        assert await _close_code(customer, first.base, ticket=old) == 4401

        raced = ticket()
        outcomes = await asyncio.gather(*(_enters(first.base, raced) for _ in range(8)))
        assert sum(outcomes) == 1
        await opened.close()

    asyncio.run(story())
    _nothing_broke(cluster)


async def _enters(base: str, ticket: str) -> bool:
    address = f"{base.replace('http', 'ws', 1)}/api/v1/ws?ticket={ticket}"
    async with connect(address, proxy=None, origin=None) as connection:
        return (await read(connection))["type"] == "ready"


# --- The same over REST ---------------------------------------------------------------------------

BODIES: dict[str, tuple[bytes, int]] = {
    "broken JSON": (b'{"content":', 400),
    "empty": (b"", 400),
    "not an object": (b"[1]", 400),
    "null": (b"null", 400),
    "NaN": (b'{"content":NaN}', 400),
    "nested lists": (b"[" * 200_000, 400),
    "nested objects": (b'{"content":' * 90_000, 400),
    "nested and closed": (b'{"content":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "not UTF-8": (b'{"content":"\xff\xfe"}', 400),
    "NUL": (b'{"content":"a\\u0000b"}', 400),
    "lone surrogate": (b'{"content":"\\ud800"}', 400),
    "no content": (b"{}", 400),
    "content is null": (b'{"content":null}', 400),
    "content is a list": (b'{"content":["x"]}', 400),
    "content is an object": (b'{"content":{"$ne":1}}', 400),
    "content is long": (b'{"content":"' + b"x" * 16_001 + b'"}', 400),
    "kind is made up": (b'{"content":"x","kind":"event"}', 400),
    "kind is a list": (b'{"content":"x","kind":["text"]}', 400),
    "a note by a customer": (b'{"content":"x","kind":"note"}', 403),
    "id is an object": (b'{"content":"x","client_msg_id":{}}', 400),
    "NUL in the id": (b'{"content":"x","client_msg_id":"a\\u0000b"}', 400),
    "long id": (b'{"content":"x","client_msg_id":"' + b"x" * 65 + b'"}', 400),
    "attachments are text": (b'{"content":"x","attachment_ids":"x"}', 400),
    "attachments are not ids": (b'{"content":"x","attachment_ids":["x"]}', 400),
    "reply to nothing": (b'{"content":"x","reply_to":"' + NOWHERE.encode() + b'"}', 400),
    "huge number": (b'{"content":"x","reply_to":' + b"9" * 5_000 + b"}", 400),
}
PATHS: dict[str, int] = {
    f"/api/v1/chat/sessions/{NOWHERE}": 404,
    "/api/v1/chat/sessions/THERE": 404,
    "/api/v1/chat/sessions/THERE/messages": 404,
    "/api/v1/chat/sessions/THERE/changes": 404,
    "/api/v1/chat/sessions/THERE/transcript?format=txt": 404,
    "/api/v1/chat/sessions/1%27%20or%201=1": 404,
    "/api/v1/chat/sessions/%00": 404,
    "/api/v1/chat/sessions/HERE/messages?after_seq=-1": 400,
    "/api/v1/chat/sessions/HERE/messages?after_seq=99999999999999999999": 400,
    "/api/v1/chat/sessions/HERE/messages?after_seq=x": 400,
    "/api/v1/chat/sessions/HERE/messages?limit=100000": 400,
    "/api/v1/chat/sessions/HERE/changes?after_version=1e9": 400,
    "/api/v1/chat/sessions?cursor=rubbish": 400,
    "/api/v1/chat/sessions?status=%00": 400,
    "/api/v1/chat/sessions?q=%00": 400,
    "/api/v1/chat/sessions?assignee=x": 400,
}


@pytest.mark.timeout(120)
def test_bad_requests_get_a_documented_error(cluster: Cluster, seats: Seats) -> None:
    (customer, _), (other, _) = seats(2)
    base = cluster.webs[0].base
    path = f"/api/v1/chat/sessions/{customer.session}/messages"
    wrong: dict[str, object] = {}
    for name, (body, code) in BODIES.items():
        _judge(name, _call(base, "POST", path, token=customer.token, body=body), code, wrong)
    for name, code in PATHS.items():
        place = name.replace("THERE", other.session).replace("HERE", customer.session)
        _judge(name, _call(base, "GET", place, token=customer.token), code, wrong)
    big = _call(base, "POST", path, token=customer.token, body=b'{"content":"' + b"x" * 10_000_000)
    assert big[0] in (400, 413), big
    assert wrong == {}
    good = _call(base, "POST", path, token=customer.token, body=b'{"content":"hello"}')
    assert good[0] == 201
    _nothing_broke(cluster)


def _judge(name: str, answer: tuple[int, bytes], wanted: int, wrong: dict[str, object]) -> None:
    code, body = answer
    problem = orjson.loads(body) if body[:1] == b"{" else {}
    if code != wanted or not {"code", "status", "title", "request_id"} <= problem.keys():
        wrong[name] = (code, body[:300])


def _call(
    base: str, method: str, path: str, *, token: str = "", body: bytes | None = None
) -> tuple[int, bytes]:
    """Status and body of one request; 0 when the server hung up while being fed."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(base + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def _nothing_broke(cluster: Cluster) -> None:
    """No traceback in any log of the web processes, and both still serve."""
    time.sleep(0.1)
    for web in cluster.webs:
        assert web.answers()
        assert "Traceback" not in web.log.read_text(errors="replace")
