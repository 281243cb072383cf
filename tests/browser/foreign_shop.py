"""The demo shop on a web server of somebody else: another origin, and as strict as a page can be.

It passes on the shop's own page and files, so that pictures show a real page. Its policy allows one
script and one frame from our server, nothing inline, and no markup made of strings.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

POLICY = (
    "default-src 'none'; script-src 'self' {product}; style-src 'self'; img-src 'self' data:; "
    "frame-src {product}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@contextmanager
def serving(product: str) -> Iterator[int]:
    """Serve the shop of the product at this address on the port that is returned."""

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = httpx.get(product + self.path, headers={"Accept-Language": "en"}, timeout=30)
            body = answer.content.replace(
                b'src="/widget.js"', f'src="{product}/widget.js"'.encode()
            )
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Security-Policy", POLICY.format(product=product))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
