"""Everything that looks like an access token and is none answers 401 with its code, never 5xx."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts import tokens
from accounts.actions import issue_ticket
from accounts.keyring import keyring
from accounts.models import User
from accounts.viewer import Viewer
from chatsite.lib.errors import DomainError
from tests.accounts.helpers import AUTH, bearer, log_in, problem
from tests.cast import vic

pytestmark = pytest.mark.django_db

INVALID, EXPIRED, REVOKED = "AUTH_TOKEN_INVALID", "AUTH_TOKEN_EXPIRED", "AUTH_TOKEN_REVOKED"
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Forgery = Callable[[User], str]


def claims(user: User, **changes: Any) -> dict[str, Any]:
    """The claims of a good token, with changes; `...` takes a claim away."""
    moment = int(time.time())
    good: dict[str, Any] = {
        "sub": str(user.pk),
        "email": user.email,
        "role": user.role,
        "scope": "chat",
        "iss": "cland-chat",
        "aud": "cland-chat",
        "iat": moment,
        "exp": moment + 900,
        "jti": uuid4().hex,
        "typ": "access",
    }
    return {name: value for name, value in (good | changes).items() if value is not ...}


def ours(headers: dict[str, Any] | None = None, **changes: Any) -> Forgery:
    """Signed with our own key, so that only the changes are wrong."""

    def forge(user: User) -> str:
        head = {"kid": keyring().kid, "typ": "at+jwt"} | (headers or {})
        return jwt.encode(
            claims(user, **changes),
            keyring().private,
            algorithm="RS256",
            headers={name: value for name, value in head.items() if value is not ...},
        )

    return forge


def part(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(alg: str, signature: str = "") -> Forgery:
    def forge(user: User) -> str:
        head = {"alg": alg, "kid": keyring().kid, "typ": "at+jwt"}
        return f"{part(head)}.{part(claims(user))}.{signature}"

    return forge


def hmac_with(secret: Callable[[], bytes], alg: str = "HS256", **head: Any) -> Forgery:
    """The public key, which everybody has, taken for a shared secret."""

    def forge(user: User) -> str:
        header = {"alg": alg, "typ": "at+jwt", "kid": keyring().kid, **head}
        text = f"{part(header)}.{part(claims(user))}"
        digest = hashlib.sha512 if alg == "HS512" else hashlib.sha256
        return f"{text}.{part(hmac.new(secret(), text.encode(), digest).digest())}"

    return forge


def public_key(
    encoding: serialization.Encoding = serialization.Encoding.PEM,
    form: serialization.PublicFormat = serialization.PublicFormat.SubjectPublicKeyInfo,
) -> bytes:
    return keyring().private.public_key().public_bytes(encoding, form)


def stranger(**head: Any) -> Forgery:
    """Signed with somebody else's key."""

    def forge(user: User) -> str:
        header = {"kid": keyring().kid, "typ": "at+jwt"} | head
        return jwt.encode(claims(user), STRANGER, algorithm="RS256", headers=header)

    return forge


def strangers_jwk() -> dict[str, Any]:
    return jwt.algorithms.RSAAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)


def elliptic(user: User) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    header = {"kid": keyring().kid, "typ": "at+jwt"}
    return jwt.encode(claims(user), key, algorithm="ES256", headers=header)


def other_rsa(alg: str) -> Forgery:
    def forge(user: User) -> str:
        header = {"kid": keyring().kid, "typ": "at+jwt"}
        return jwt.encode(claims(user), keyring().private, algorithm=alg, headers=header)

    return forge


def bent(bend: Callable[[str], str]) -> Forgery:
    return lambda user: bend(tokens.issue_access(user))


def flip(index: int) -> Callable[[str], str]:
    return lambda token: token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]


def swap_claims(token: str) -> str:
    head, body, signature = token.split(".")
    payload = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{part(payload | {'role': 'admin', 'sub': '1'})}.{signature}"


def raw_payload(payload: bytes) -> Forgery:
    """Our signature over a payload that is no object of claims."""

    def forge(user: User) -> str:
        return jwt.PyJWS().encode(
            payload,
            keyring().private,
            algorithm="RS256",
            headers={"kid": keyring().kid, "typ": "at+jwt"},
        )

    return forge


NOW = int(time.time())
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PKCS1 = serialization.PublicFormat.PKCS1
FORGERIES: dict[str, tuple[Forgery, str]] = {
    "alg none": (unsigned("none"), INVALID),
    "alg None": (unsigned("None"), INVALID),
    "alg nOnE": (unsigned("nOnE"), INVALID),
    "alg empty": (unsigned(""), INVALID),
    "alg none with a signature": (unsigned("none", "AAAA"), INVALID),
    "RS256 without a signature": (unsigned("RS256"), INVALID),
    "HS256 with the public PEM": (hmac_with(public_key), INVALID),
    "HS256 with the public PEM, stripped": (hmac_with(lambda: public_key().strip()), INVALID),
    "HS256 with the public DER": (hmac_with(lambda: public_key(DER)), INVALID),
    "HS256 with the PKCS1 PEM": (hmac_with(lambda: public_key(PEM, PKCS1)), INVALID),
    "HS256 with the JWK": (
        hmac_with(lambda: json.dumps(keyring().jwks()["keys"][0]).encode()),
        INVALID,
    ),
    "HS256 with the key id": (hmac_with(lambda: keyring().kid.encode()), INVALID),
    "HS256 with nothing": (hmac_with(lambda: b""), INVALID),
    "HS512 with the public PEM": (hmac_with(public_key, "HS512"), INVALID),
    "HMAC named RS256": (hmac_with(public_key, "RS256"), INVALID),
    "ES256": (elliptic, INVALID),
    "RS384 with our key": (other_rsa("RS384"), INVALID),
    "PS256 with our key": (other_rsa("PS256"), INVALID),
    "another key, our id": (stranger(), INVALID),
    "another key, embedded": (stranger(jwk=strangers_jwk()), INVALID),
    "another key, at an address": (stranger(jku="http://127.0.0.1:9/jwks.json"), INVALID),
    "another key, x5u": (stranger(x5u="http://127.0.0.1:9/cert.pem", kid="x"), INVALID),
    "another key, x5c": (stranger(x5c=["AAAA"]), INVALID),
    "kid unknown": (ours({"kid": "nobody"}), INVALID),
    "kid missing": (ours({"kid": ...}), INVALID),
    "kid a path": (stranger(kid="../../../../dev/null"), INVALID),
    "kid SQL": (stranger(kid="x' UNION SELECT 'k"), INVALID),
    "kid an address": (stranger(kid="http://127.0.0.1:9/key"), INVALID),
    "critical header we do not know": (ours({"crit": ["exp"], "exp": 1}), INVALID),
    "header typ JWT": (ours({"typ": "JWT"}), INVALID),
    "header typ missing": (ours({"typ": None}), INVALID),
    "typ of a stream": (ours(typ="stream"), INVALID),
    "typ missing": (ours(typ=...), INVALID),
    "aud of others": (ours(aud="others"), INVALID),
    "aud missing": (ours(aud=...), INVALID),
    "aud a list": (ours(aud=["cland-chat", "others"]), INVALID),
    "iss of others": (ours(iss="https://others.example"), INVALID),
    "iss missing": (ours(iss=...), INVALID),
    "expired a second ago": (ours(iat=NOW - 900, exp=NOW - 1), EXPIRED),
    "exp missing": (ours(exp=...), INVALID),
    "exp a word": (ours(exp="tomorrow"), INVALID),
    "exp digits in a string": (ours(exp=str(NOW + 900)), INVALID),
    "exp infinite": (ours(exp=float("inf")), INVALID),
    "exp beyond any integer": (ours(exp=1e300), INVALID),
    "exp negative": (ours(exp=-1), EXPIRED),
    "exp true": (ours(exp=True), EXPIRED),
    "exp null": (ours(exp=None), INVALID),
    "iat in the future": (ours(iat=NOW + 3600, exp=NOW + 7200), INVALID),
    "nbf in the future": (ours(nbf=NOW + 3600), INVALID),
    "iat missing": (ours(iat=...), INVALID),
    "jti missing": (ours(jti=...), INVALID),
    "sub missing": (ours(sub=...), INVALID),
    "sub nobody": (ours(sub="999999999"), INVALID),
    "sub a word": (ours(sub="admin"), INVALID),
    "sub beyond any id": (ours(sub="9" * 40), INVALID),
    "sub full-width digits": (ours(sub="１"), INVALID),
    "sub a number": (ours(sub=1), INVALID),
    "device of nobody": (ours(fam=str(uuid4())), REVOKED),
    "device no id": (ours(fam="x' OR 1=1"), INVALID),
    "signature flipped": (bent(flip(-20)), INVALID),
    "header flipped": (bent(flip(5)), INVALID),
    "claims swapped": (bent(swap_claims), INVALID),
    "padding": (bent(lambda token: token + "="), INVALID),
    "four segments": (bent(lambda token: token + ".AAAA"), INVALID),
    "two segments": (bent(lambda token: token.rsplit(".", 1)[0]), INVALID),
    "white space inside": (bent(lambda token: token[:30] + " " + token[30:]), INVALID),
    "a tab before": (bent(lambda token: "\t" + token), INVALID),
    "letters beyond ASCII": (bent(lambda token: token + "é"), INVALID),
    "only dots": (lambda user: "..", INVALID),
    "empty": (lambda user: "", INVALID),
    "a megabyte": (lambda user: "A" * 1_000_000, INVALID),
    "header of nested lists": (lambda user: f"{part(b'[' * 2000)}.e30.AAAA", INVALID),
    "payload a list": (raw_payload(b"[]"), INVALID),
    "payload no JSON": (raw_payload(b"\xff\x00"), INVALID),
    "payload nested deep": (raw_payload(b"[" * 900 + b"]" * 900), INVALID),
    "a refresh token": (
        lambda user: log_in(user, token_transport="body")[1]["refresh_token"],
        INVALID,
    ),
    "a ticket": (lambda user: issue_ticket(viewer=Viewer.of(user), purpose="ws"), INVALID),
    "a stream token": (
        lambda user: tokens.sign({"sub": str(user.pk)}, typ="stream", ttl=60),
        INVALID,
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused(name):
    forge, code = FORGERIES[name]
    token = forge(vic())
    assert problem(bearer(token).get(f"{AUTH}/me")) == (401, code)
    with pytest.raises(DomainError) as refused:
        tokens.viewer_from_access(token)
    assert refused.value.code == code


def test_a_good_token_of_the_same_make_is_let_in():
    """Without this, everything above could be refused for a reason of its own."""
    assert bearer(ours()(vic())).get(f"{AUTH}/me").status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer a b", "bearer\xa0x", "Basic dmljOng=", "", "x" * 9000]
)
def test_a_header_of_another_kind_is_refused(client, header):
    answer = client.get(f"{AUTH}/me", headers={"Authorization": header})
    assert problem(answer) == (401, INVALID)
    assert "WWW-Authenticate" in answer


def test_the_scheme_is_read_in_any_case(client):
    token = tokens.issue_access(vic())
    for scheme in ("bearer", "BEARER"):
        answer = client.get(f"{AUTH}/me", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 200


def test_a_token_in_the_query_is_not_looked_at(client):
    token = tokens.issue_access(vic())
    assert client.get(f"{AUTH}/me?token={token}&access_token={token}").status_code == 401


def test_a_disabled_persons_token_is_refused_at_once():
    user = vic()
    reader, _ = log_in(user)
    free = bearer(tokens.issue_access(user))
    User.objects.update(is_active=False)
    assert problem(reader.get(f"{AUTH}/me")) == (401, REVOKED)
    assert problem(free.get(f"{AUTH}/me")) == (401, REVOKED)


def test_a_deleted_persons_token_is_refused():
    user = vic()
    reader, _ = log_in(user)
    free = bearer(tokens.issue_access(user))
    user.delete()
    assert reader.get(f"{AUTH}/me").status_code == 401
    assert problem(free.get(f"{AUTH}/me")) == (401, INVALID)


def test_the_role_is_the_one_of_now():
    user = vic()
    token = tokens.issue_access(user)
    User.objects.filter(pk=user.pk).update(role="agent")
    assert tokens.viewer_from_access(token).role == "agent"
