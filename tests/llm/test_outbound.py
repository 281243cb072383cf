"""Where a model may stand: hostile addresses at save and at connect."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from chatsite.lib import outbound
from llm.providers import CompletionRequest, Deadlines, Endpoint, ProviderFailure, Providers
from tests.upstream import Reply, Upstream

REQUEST = CompletionRequest(messages=[{"role": "user", "content": "Hi"}])
QUICK = Deadlines(connect=1, first_content=1, gap=1, whole=2)

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
    *("100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192"),
    *("198.18.0.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
    *("255.255.255.255", "192.88.99.1", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
    *("2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "fe80::1", "fe80::1%lo", "fec0::1"),
    *("fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "2001:db8::1", "3fff::1", "100::1"),
    "5f00::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address: str) -> None:
    assert outbound.is_public(address)


@pytest.mark.parametrize("address", [*PRIVATE, "localhost", "", "8.8.8.8.8"])
def test_everything_else_is_not(address: str) -> None:
    assert not outbound.is_public(address)


HOSTILE = [
    "https://127.0.0.1/v1",
    "https://127.1/v1",
    "https://2130706433/v1",
    "https://0x7f000001/v1",
    "https://0x7f.0.0.1/v1",
    "https://0177.0.0.1/v1",
    "https://017700000001/v1",
    "https://0/v1",
    "https://localhost/v1",
    "https://localhost./v1",
    "https://LOCALHOST:8443/v1",
    "https://[::1]/v1",
    "https://[::]/v1",
    "https://[::ffff:7f00:1]/v1",
    "https://[64:ff9b::7f00:1]/v1",
    "https://[2002:7f00:1::]/v1",
    "https://[fe80::1%25lo]/v1",
    "https://169.254.169.254/latest/meta-data",
    "https://\uff11\uff12\uff17.0.0.1/v1",
    "https://127\u30020\u30020\u30021/v1",
    "http://8.8.8.8/v1",
]
MALFORMED = [
    "https://models.example@127.0.0.1/v1",
    "https://user:password@models.example/v1",
    "https://@models.example/v1",
    "https://models.example\\@127.0.0.1/v1",
    "https://models.example/ v1",
    "https://models.example/\r\nHost: internal",
    "https:///v1",
    "https://:443/v1",
    "https://models.example:0/v1",
    "https://models.example:99999/v1",
    "https://[::1/v1",
    "https://models..example/v1",
    "file:///etc/passwd",
    "gopher://models.example/",
    "//models.example/v1",
    "models.example/v1",
    "",
    "https://models.example/" + "a" * 600,
]


@pytest.mark.parametrize("url", [*HOSTILE, *MALFORMED])
def test_a_hostile_address_is_refused_when_it_is_stored(url: str) -> None:
    with pytest.raises(outbound.BadURL) as caught:
        outbound.check_public(url)
    assert "127" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://8.8.8.8:8443/v1", "https://models.invalid/v1"])
def test_a_public_address_and_an_unknown_name_are_stored(url: str) -> None:
    outbound.check_public(url)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert outbound.origin("https://Models.Example/v1") == outbound.origin(
        "https://models.example.:443"
    )
    assert outbound.origin("http://h/v1") != outbound.origin("https://h/v1")
    assert outbound.origin("https://h:1/v1") != outbound.origin("https://h:2/v1")


@pytest.fixture
async def providers() -> AsyncIterator[Providers]:
    providers = Providers()
    yield providers
    await providers.close()


async def refusal(providers: Providers, url: str, **more: Any) -> str:
    """The reason why an endpoint could not be asked."""
    endpoint = Endpoint(url, "m", "sk-secret-key", **more)
    with pytest.raises(ProviderFailure) as caught:
        await providers.stream(endpoint, REQUEST, lambda _: None, QUICK)
    return caught.value.reason


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_is_not_connected_to(
    providers: Providers, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connected(*_: Any) -> None:
        pytest.fail("a socket was opened")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connected, raising=False)
    assert await refusal(providers, url) in ("address", "connect", "protocol")


class Rebinding(aiohttp.abc.AbstractResolver):
    """A name server that tells everybody something else each time."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name means this machine, from now on."""
    made = aiohttp.TCPConnector.__init__

    def make(self: aiohttp.TCPConnector, **options: Any) -> None:
        made(self, **{**options, "resolver": Rebinding("127.0.0.1"), "ttl_dns_cache": 0})

    monkeypatch.setattr(aiohttp.TCPConnector, "__init__", make)


@pytest.mark.usefixtures("rebound")
async def test_a_name_that_turns_inward_after_it_was_stored_is_not_connected_to(
    providers: Providers, upstream: Upstream
) -> None:
    port = upstream.base_url.rsplit(":", 1)[1]
    assert await refusal(providers, f"https://models.example:{port}") == "address"
    assert upstream.connections == 0
    # The name does lead there: who may, is connected.
    endpoint = Endpoint(f"http://models.example:{port}", "m", may_be_private=True)
    await providers.stream(endpoint, REQUEST, lambda _: None, QUICK)
    assert upstream.connections == 1


async def test_a_connection_that_was_allowed_is_not_lent_to_others(
    providers: Providers, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = Endpoint(upstream.base_url, "m", may_be_private=True)
    await providers.stream(allowed, REQUEST, lambda _: None, QUICK)
    # Were TLS no condition, the pool would be all that keeps the two apart.
    monkeypatch.setattr("llm.providers.openai_compatible.client._allowed", lambda url, _: url)
    assert await refusal(providers, upstream.base_url) == "address"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(
    providers: Providers, upstream: Upstream, status: int
) -> None:
    target = upstream.base_url + "/elsewhere"
    upstream.script(Reply([b"{}"], status=status, headers={"Location": target}))
    assert await refusal(providers, upstream.base_url, may_be_private=True) == "redirect"
    upstream.script(Reply([b"{}"], status=status, headers={"Location": target}))
    with pytest.raises(ProviderFailure):
        await providers.names(Endpoint(upstream.base_url, "m", may_be_private=True), QUICK)
    assert len(upstream.requests) == 2


async def test_proxies_of_the_environment_see_nothing(
    providers: Providers, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, upstream.base_url)
    assert await refusal(providers, "https://127.0.0.1:9/v1") == "address"
    assert upstream.connections == 0
