"""What a request says about the machine it came from; read once at the edge."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

KNOWN_DEVICE_COOKIE = "kd"


@dataclass(frozen=True, slots=True)
class Client:
    """Address, name of the program, and the proof that this browser logged in before."""

    ip: str
    user_agent: str = ""
    is_browser: bool = False
    known_device: str = ""

    @property
    def network(self) -> str:
        """What a limit counts: one IPv4 address, or the /64 that one IPv6 customer has."""
        try:
            address = ipaddress.ip_address(self.ip)
        except ValueError:
            return "unknown"
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)


def client_of(request: HttpRequest) -> Client:
    """Describe the sender of `request`."""
    return Client(
        ip=client_ip(request),
        user_agent=_printable(request.headers.get("User-Agent", ""))[:300],
        # Every browser sends at least one of the two with a POST.
        is_browser="Sec-Fetch-Site" in request.headers or "Origin" in request.headers,
        known_device=request.COOKIES.get(KNOWN_DEVICE_COOKIE, "")[:500],
    )


def client_ip(request: HttpRequest) -> str:
    """The sender's address, "" when there is none.

    X-Forwarded-For counts only when one of TRUSTED_PROXIES sent it, and only up to the first
    address from the right that is none of them: what stands further left anybody can write.
    """
    return sender_ip(
        request.META.get("REMOTE_ADDR") or "", request.headers.get("X-Forwarded-For", "")
    )


def sender_ip(address: str, forwarded_for: str) -> str:
    """The sender's address by the peer's address and the X-Forwarded-For header; "" for none."""
    hops = [hop.strip() for hop in forwarded_for.split(",")]
    while _is_trusted(address) and hops and _is_address(hops[-1]):
        address = hops.pop()
    return address if _is_address(address) else ""


def _is_trusted(address: str) -> bool:
    if not _is_address(address):
        return False
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
