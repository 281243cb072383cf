"""Signing keys: the public set, rotation, and settings that stop the start."""

import os
import subprocess
import sys

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts import tokens
from accounts.keyring import keyring
from tests.accounts.helpers import AUTH, bearer, problem
from tests.cast import vic


def new_key() -> tuple[str, str]:
    """A private and its public half as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.mark.django_db
def test_others_can_verify_our_tokens_with_the_public_set(client):
    answer = client.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert "max-age" in answer["Cache-Control"]
    claims = jwt.decode(
        tokens.issue_access(vic()),
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience="cland-chat",
        issuer="cland-chat",
    )
    assert claims["role"] == "customer"


@pytest.mark.django_db
def test_a_rotation_keeps_old_tokens_until_the_old_key_is_taken_out(settings, client):
    old_private, old_public = new_key()
    settings.JWT_PRIVATE_KEY = old_private
    old = bearer(tokens.issue_access(vic()))

    settings.JWT_PRIVATE_KEY, _ = new_key()
    settings.JWT_PREVIOUS_PUBLIC_KEYS = [old_public]
    new = bearer(tokens.issue_access(vic()))
    assert old.get(f"{AUTH}/me").status_code == new.get(f"{AUTH}/me").status_code == 200
    keys = client.get("/.well-known/jwks.json").json()["keys"]
    assert keys[0]["kid"] == keyring().kid
    assert len(keys) == 2

    settings.JWT_PREVIOUS_PUBLIC_KEYS = []
    assert problem(old.get(f"{AUTH}/me")) == (401, "AUTH_TOKEN_INVALID")
    assert new.get(f"{AUTH}/me").status_code == 200


def start(tmp_path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import chatsite.settings as s; print(s.JWT_PREVIOUS_PUBLIC_KEYS)"],
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_generated_key_is_kept_for_its_owner_only(tmp_path):
    assert start(tmp_path).returncode == 0
    first = (tmp_path / "jwt.pem").read_text()
    assert (tmp_path / "jwt.pem").stat().st_mode & 0o777 == 0o600
    assert start(tmp_path).returncode == 0
    assert (tmp_path / "jwt.pem").read_text() == first


def test_previous_keys_are_read_with_escaped_line_breaks(tmp_path):
    pems = new_key()[1] + new_key()[1]
    done = start(tmp_path, JWT_PREVIOUS_PUBLIC_KEYS=pems.replace("\n", "\\n"))
    assert done.stdout.count("BEGIN PUBLIC KEY") == 2, done.stderr


def curve() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


@pytest.mark.parametrize("value", ["nonsense", new_key()[0], curve()])
def test_a_bad_previous_key_stops_the_start_with_one_line(tmp_path, value):
    done = start(tmp_path, JWT_PREVIOUS_PUBLIC_KEYS=value)
    assert done.returncode != 0
    assert done.stderr.strip().startswith("Setting JWT_PREVIOUS_PUBLIC_KEYS:")
    assert "\n" not in done.stderr.strip()
