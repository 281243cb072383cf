"""Calls to addresses that somebody typed in: only to the public internet, and over TLS.

A name is looked at twice: when it is stored, to tell the one who types it, and at every connect,
on the very address the socket is opened to. Only the second is a defence: what a name means can
change between the two. Whoever calls must not follow redirects and must not use a proxy.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from chatsite.lib import loops

if TYPE_CHECKING:
    import aiohttp

LOOKUP_S = 3.0
LONGEST_URL = 500

_V6_PUBLIC: Final = ipaddress.ip_network("2000::/3")
# What stands in it and is not the internet: Teredo and its neighbours, examples, and 6to4, which
# is a tunnel to any IPv4 address.
_V6_NOT_PUBLIC: Final = [
    ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_V4_NOT_PUBLIC: Final = [
    ipaddress.ip_network(net)
    for net in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",  # a cloud's own services, to every machine in it
    )
]


class BadURL(ValueError):
    """Not an address we call; the text says why, and quotes nothing of it."""


class NotPublic(OSError):
    """The connection would not leave our own network."""

    def __init__(self) -> None:
        # Without the address, so that nobody learns from us what an internal name points to.
        super().__init__("not a public address")


@lru_cache(maxsize=512)
def parse(url: str) -> SplitResult:
    """Return the parts of an http or https address; raise :class:`BadURL` for anything else."""
    if len(url) > LONGEST_URL:
        raise BadURL(_("at most %d characters") % LONGEST_URL)
    # urlsplit drops tabs and line breaks, and clients differ about backslashes.
    if any(ord(char) <= 32 or char in "\\\x7f" for char in url):
        raise BadURL(_("may not hold spaces, control characters or backslashes"))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna" if ":" not in (host or "") else "ascii")
    except (ValueError, UnicodeError):
        raise BadURL(_("not a valid address")) from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise BadURL(_("expected https://… (or http://…) with a host"))
    if "@" in parts.netloc:
        raise BadURL(_("may not hold a user name or password"))
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: who it is that one talks to."""
    parts = parse(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or default


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet, in whatever form it is written."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        return ip in _V6_PUBLIC and not any(ip in net for net in _V6_NOT_PUBLIC)
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in _V4_NOT_PUBLIC)


def check_public(url: str) -> None:
    """Refuse an address that is not https, or whose name now leads anywhere but to the internet.

    Raises :class:`BadURL`. A name that nobody knows passes: it may exist later, and each connect
    is checked. Blocks for up to three seconds; not for the event loop.
    """
    parts = parse(url)
    if parts.scheme != "https":
        raise BadURL(_("expected https://…"))
    assert parts.hostname is not None
    host = parts.hostname.rstrip(".")
    found = _numeric(host)
    if not found:
        looking = _addresses(host, parts.port or 443)
        found = asyncio.run_coroutine_threadsafe(looking, loops.background()).result(LOOKUP_S + 2)
    if not all(is_public(address) for address in found):
        raise BadURL(_("not a public address"))


def _numeric(host: str) -> list[str]:
    """Return what an address in numbers says, which is for no name server and no deadline."""
    try:
        found = socket.getaddrinfo(host.partition("%")[0], None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


async def _addresses(host: str, port: int) -> list[str]:
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
    except (OSError, UnicodeError, TimeoutError):
        return []
    return [str(address[0]) for *_, address in found]


def client(*, public_only: bool, **options: Any) -> aiohttp.ClientSession:
    """Return an HTTP client; with ``public_only``, connecting elsewhere fails.

    The failure is aiohttp's ``ClientConnectorError``; :func:`was_refused` tells it from others.
    Environment proxies are never used: they would see our keys, and connect where we may not.
    """
    import aiohttp

    connector = aiohttp.TCPConnector(
        limit=0,
        ttl_dns_cache=30,
        keepalive_timeout=20,
        socket_factory=_public_socket if public_only else None,
    )
    return aiohttp.ClientSession(connector=connector, trust_env=False, **options)


def was_refused(error: BaseException) -> bool:
    """Say whether a failed connect failed because the address is not public."""
    return isinstance(getattr(error, "os_error", error), NotPublic)


def _public_socket(info: Any) -> socket.socket:
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise NotPublic
    return socket.socket(family=family, type=kind, proto=protocol)
