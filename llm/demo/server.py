"""The demo endpoint: an HTTP server that speaks OpenAI's chat completions.

It is a real server in a thread and loop of its own (or a process of its own, by
``manage.py demo_llm``), so the product reaches it the same way as any other endpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import web

from llm.actions import DEMO_MODEL
from llm.demo.replies import Said, reply_to
from llm.demo.search import index

HOST = "127.0.0.1"
THINK_S = (0.25, 0.5)
TOKEN_S = (0.012, 0.035)
MOST_BODY_BYTES = 1_000_000
_PIECE = re.compile(r"[\u3400-\u9fff]{1,2}|\s*[^\s\u3400-\u9fff]+|\s+")

_PACE = web.AppKey("pace", float)


def application(*, pace: float = 1.0) -> web.Application:
    """Return the server; ``pace`` stretches its pauses (0 answers as fast as it can)."""
    app = web.Application(client_max_size=MOST_BODY_BYTES)
    app[_PACE] = pace
    app.router.add_get("/v1/models", _models)
    app.router.add_post("/v1/chat/completions", _complete)
    return app


async def _models(_: web.Request) -> web.Response:
    return _json({"object": "list", "data": [{"id": DEMO_MODEL, "object": "model"}]})


async def _complete(request: web.Request) -> web.StreamResponse:
    try:
        body = await request.json(loads=orjson.loads)
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        return _error(400, "The body is not valid JSON.", "invalid_json")
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        return _error(400, "'messages' must be a list of objects.", "invalid_messages")
    if body.get("model") != DEMO_MODEL:
        return _error(404, "There is no such model.", "model_not_found")
    said = reply_to(messages, can_hand_over=_offers_handoff(body.get("tools")))
    usage = _usage(messages, said)
    if body.get("stream") is not True:
        return _json(_whole(said, usage))
    options = body.get("stream_options")
    wanted = isinstance(options, dict) and options.get("include_usage") is True
    return await _stream(request, said, usage if wanted else None)


def _offers_handoff(tools: Any) -> bool:
    return isinstance(tools, list) and any(
        isinstance(tool, dict)
        and isinstance(tool.get("function"), dict)
        and tool["function"].get("name") == "request_human"
        for tool in tools
    )


async def _stream(
    request: web.Request, said: Said, usage: dict[str, int] | None
) -> web.StreamResponse:
    pace = request.app[_PACE]
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    frame = _Frame()
    with contextlib.suppress(ConnectionError):
        await response.write(frame.delta({"role": "assistant", "content": ""}))
        await asyncio.sleep(pace * _between(THINK_S))
        if said.handoff_reason:
            await response.write(frame.delta({"tool_calls": [{"index": 0, **_call(said)}]}))
        for piece in _PIECE.findall(said.text):
            await response.write(frame.delta({"content": piece}))
            await asyncio.sleep(pace * _between(TOKEN_S))
        await response.write(frame.delta({}, finish=_finish(said)))
        if usage is not None:
            await response.write(frame.usage(usage))
        await response.write(b"data: [DONE]\n\n")
    return response


def _between(span: tuple[float, float]) -> float:
    return random.uniform(*span)  # noqa: S311 - a pause, no secret


class _Frame:
    """Writes the chunks of one answer."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {
            "id": f"chatcmpl-{secrets.token_hex(8)}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": DEMO_MODEL,
        }

    def delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: %s\n\n" % orjson.dumps({**self._head, "choices": [choice]})

    def usage(self, usage: dict[str, int]) -> bytes:
        return b"data: %s\n\n" % orjson.dumps({**self._head, "choices": [], "usage": usage})


def _whole(said: Said, usage: dict[str, int]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if said.handoff_reason:
        message["tool_calls"] = [_call(said)]
    return {
        "id": f"chatcmpl-{secrets.token_hex(8)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": DEMO_MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(said)}],
        "usage": usage,
    }


def _call(said: Said) -> dict[str, Any]:
    arguments = json.dumps({"reason": said.handoff_reason})
    function = {"name": "request_human", "arguments": arguments}
    return {"id": f"call_{secrets.token_hex(6)}", "type": "function", "function": function}


def _finish(said: Said) -> str:
    return "tool_calls" if said.handoff_reason else "stop"


def _usage(messages: list[dict[str, Any]], said: Said) -> dict[str, int]:
    prompt = sum(len(_PIECE.findall(str(m.get("content") or ""))) for m in messages)
    completion = max(1, len(_PIECE.findall(said.text)))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _error(status: int, message: str, code: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return _json({"error": error}, status)


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


async def start(*, port: int = 0, pace: float = 1.0) -> tuple[web.AppRunner, str]:
    """Listen on loopback in the running loop; return the runner and the base address."""
    index("en"), index("zh")
    runner = web.AppRunner(application(pace=pace), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, HOST, port)
    await site.start()
    return runner, f"http://{HOST}:{runner.addresses[0][1]}/v1"


@contextlib.contextmanager
def running(*, port: int = 0, pace: float = 1.0) -> Iterator[str]:
    """Run the server in a thread for the length of the block; gives its base address.

    Raises :class:`OSError` when the port is taken.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="demo-model", daemon=True)
    thread.start()
    try:
        started = asyncio.run_coroutine_threadsafe(start(port=port, pace=pace), loop)
        runner, url = started.result(10)
        try:
            yield url
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
