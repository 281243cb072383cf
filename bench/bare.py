"""The bare relay: uvicorn, aiohttp, and bytes passed on. No Django, no rows, no second process.

It reads no token, keeps nothing and knows nobody, so what the product adds to a stream is paid on
top of this. Run by ``bench.run``; `BENCH_UPSTREAM` is the address it asks.
"""

import os
from typing import Any

import aiohttp

from bench.baseline import Receive, Send

HEAD = [(b"content-type", b"text/event-stream; charset=utf-8")]


class Relay:
    """One pool of connections to the endpoint; as many answers at once as are asked for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: aiohttp.ClientSession | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
            return
        if self._pool is None:
            self._pool = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
            )
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message.get("more_body"):
                break
        async with self._pool.post(
            self._url, data=body, headers={"Content-Type": "application/json"}
        ) as response:
            await send({"type": "http.response.start", "status": response.status, "headers": HEAD})
            async for data in response.content.iter_any():
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body"})


app = Relay(os.environ.get("BENCH_UPSTREAM", ""))
