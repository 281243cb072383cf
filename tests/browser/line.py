"""A line between a browser and the product that can be cut in the middle of an answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit


class Line(ThreadingTCPServer):
    """Passes bytes on to `site`, until it is cut; `url` is the address of its own end."""

    daemon_threads = True

    def __init__(self, site: str) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.far_end = ("127.0.0.1", int(urlsplit(site).port or 80))
        self.url = f"http://localhost:{self.server_address[1]}"
        self.is_cut = False
        self.open: set[socket.socket] = set()

    def cut(self) -> None:
        """End every connection where it is, and take no new ones."""
        self.is_cut = True
        for end in list(self.open):
            _end(end)

    def mend(self) -> None:
        """Take connections again."""
        self.is_cut = False


class _Call(BaseRequestHandler):
    server: Line

    def handle(self) -> None:
        if self.server.is_cut:
            return
        with socket.create_connection(self.server.far_end) as far:
            ends = {self.request, far}
            self.server.open |= ends
            back = threading.Thread(target=_pass_on, args=(far, self.request), daemon=True)
            back.start()
            _pass_on(self.request, far)
            back.join()
            self.server.open -= ends


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _end(target)
    _end(source)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def line_to(site: str) -> Iterator[Line]:
    """A line to the product at this address."""
    with Line(site) as line:
        threading.Thread(target=line.serve_forever, daemon=True).start()
        yield line
        line.cut()
        line.shutdown()
