"""The RSA keys of this installation: one signs, all of them verify.

Rotation: set the new private key, move the old public key to JWT_PREVIOUS_PUBLIC_KEYS, and take it
out again once the longest access token has expired. A key's id is its RFC 7638 thumbprint, so it
needs no bookkeeping and cannot collide.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from django.conf import settings


@dataclass(frozen=True, slots=True)
class Keyring:
    """The signing key with its id, and every key that is accepted, by id."""

    kid: str
    private: RSAPrivateKey
    public: dict[str, RSAPublicKey]

    def jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set for others: public halves, the signing key first."""
        keys = [
            {**_public_numbers(key), "kid": kid, "use": "sig", "alg": "RS256"}
            for kid, key in self.public.items()
        ]
        return {"keys": keys}


def keyring() -> Keyring:
    """The keys named by the settings as they are now."""
    return _load(settings.JWT_PRIVATE_KEY, tuple(settings.JWT_PREVIOUS_PUBLIC_KEYS))


@lru_cache(maxsize=8)
def _load(private_pem: str, previous_pems: tuple[str, ...]) -> Keyring:
    private = serialization.load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("JWT_PRIVATE_KEY must be an RSA key")
    public = [private.public_key()]
    for pem in previous_pems:
        key = serialization.load_pem_public_key(pem.encode())
        if not isinstance(key, RSAPublicKey):
            raise TypeError("JWT_PREVIOUS_PUBLIC_KEYS must be RSA keys")
        public.append(key)
    ring = {thumbprint(key): key for key in public}
    return Keyring(kid=thumbprint(public[0]), private=private, public=ring)


def thumbprint(key: RSAPublicKey) -> str:
    """RFC 7638: SHA-256 over the required members in lexical order, base64url."""
    canonical = json.dumps(_public_numbers(key), separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _public_numbers(key: RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"e": _base64url(_bytes(numbers.e)), "kty": "RSA", "n": _base64url(_bytes(numbers.n))}


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
