"""What is believed about the sender of a request."""

import ipaddress

import pytest
from django.test import RequestFactory

from accounts.client import Client, client_ip


def ip(remote: str, forwarded: str = "") -> str:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers))


def test_a_forwarded_address_counts_only_from_a_trusted_proxy(settings):
    settings.TRUSTED_PROXIES = []
    assert ip("203.0.113.7", "198.51.100.1") == "203.0.113.7"
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    assert ip("203.0.113.7", "198.51.100.1") == "203.0.113.7"
    assert ip("10.0.0.1", "198.51.100.1") == "198.51.100.1"


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.3", "10.0.0.3"),
        ("198.51.100.1, nonsense", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_of_a_chain_the_last_stranger_counts(settings, forwarded, seen):
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    assert ip("10.0.0.1", forwarded) == seen


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", "unknown"),
    ],
)
def test_a_limit_counts_networks(address, network):
    assert Client(ip=address).network == network
