"""Keys of an installation: from the environment, or made once and kept in the data folder."""

import base64
import contextlib
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chatsite.lib.env import BadSetting


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return the text kept at ``path``, making it (mode 0600) when it is not there yet.

    Two processes that start together end with the same text: the first to link it wins.
    """
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(make())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


def keyring(given: list[str], path: Path, *, required: bool) -> dict[str, str]:
    """Return ``{key id: Fernet key}``, the encrypting key first.

    ``given`` holds ``id:key`` or bare keys (whose id is derived from the key).
    """
    if not given:
        if required:
            raise BadSetting("FIELD_ENCRYPTION_KEYS", "production needs at least one key")
        given = [kept(path, lambda: Fernet.generate_key().decode())]
    ring: dict[str, str] = {}
    for item in given:
        key_id, _, key = item.rpartition(":")
        try:
            Fernet(key)
        except ValueError as error:
            raise BadSetting("FIELD_ENCRYPTION_KEYS", "not a url-safe base64 key") from error
        ring[key_id or _fingerprint(key)] = key
    return ring


def _fingerprint(key: str) -> str:
    return hashlib.sha256(base64.urlsafe_b64decode(key)).hexdigest()[:8]


def private_key(inline: str, file: str, path: Path, *, required: bool) -> str:
    """Return the PEM of the RSA key that signs access tokens (2048 bits or more)."""
    if inline:
        pem = inline.replace("\\n", "\n")
    elif file:
        try:
            pem = Path(file).read_text()
        except OSError as error:
            raise BadSetting("JWT_PRIVATE_KEY_FILE", "cannot be read") from error
    elif required:
        raise BadSetting("JWT_PRIVATE_KEY", "production needs this or JWT_PRIVATE_KEY_FILE")
    else:
        pem = kept(path, _new_rsa_pem)
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except ValueError as error:
        raise BadSetting("JWT_PRIVATE_KEY", "not an unencrypted PEM key") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        raise BadSetting("JWT_PRIVATE_KEY", "expected an RSA key of at least 2048 bits")
    return pem


def public_keys(name: str, given: str) -> list[str]:
    """Return the PEM blocks in ``given``, each checked to be an RSA public key; see ``name``."""
    found = re.findall(
        r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", given.replace("\\n", "\n"), re.S
    )
    try:
        loaded = [serialization.load_pem_public_key(pem.encode()) for pem in found]
    except ValueError as error:
        raise BadSetting(name, "not PEM public keys") from error
    if (given and not found) or not all(isinstance(key, rsa.RSAPublicKey) for key in loaded):
        raise BadSetting(name, "expected PEM blocks of RSA public keys")
    return found


def _new_rsa_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
