"""What the OpenAPI document says about logging in, and about refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from chatsite.lib import errors

ADA = {
    "id": 1,
    "username": "ada",
    "email": "ada@example.com",
    "name": "Ada",
    "role": "admin",
    "is_visitor": False,
    "display_name": "Ada",
    "avatar": "",
    "locale": "en",
    "timezone": "Europe/London",
    "theme": "system",
    "teams": [{"id": 1, "name": "Customer care"}],
    "created_at": "2026-11-21T09:00:00.123Z",
}
LOGGED_IN = {
    "access_token": "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9…",
    "token_type": "Bearer",
    "expires_in": 900,
    "user": ADA,
}
LOGGED_IN_BODY = {
    **LOGGED_IN,
    "refresh_token": "pX3nB0uG6a6mVYk1m8yqz1mE5rJ0cT7wUQ2dKf9hLhs",
    "refresh_expires_in": 1209600,
}
PROFILE = {
    field: ADA[field]
    for field in ("display_name", "email", "avatar", "locale", "timezone", "theme")
}
JWKS = {
    "keys": [
        {
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4…",
            "e": "AQAB",
            "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            "use": "sig",
            "alg": "RS256",
        }
    ]
}
DEVICE = {
    "id": "019aa5c4-7f3b-7c1e-9d53-2f6f6f3f9f10",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
    "ip": "203.0.113.7",
    "issued_at": "2026-11-21T09:00:00.123Z",
    "last_used_at": "2026-11-21T10:15:00.004Z",
    "expires_at": "2027-02-19T09:00:00.123Z",
    "current": True,
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Access tokens."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """An RS256 access token from `/auth/login`."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access_token` that `POST /auth/login` answers with, and no more.",
        }


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Keys of integrators."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A key made in the admin pages."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key <key>`, with that word; keys are made in the admin pages.",
        }


def example(value: Any, *, name: str = "example", request: bool = False) -> OpenApiExample:
    """An example of a request, or of a response that went well."""
    return OpenApiExample(
        name, value=value, request_only=request, response_only=not request, status_codes=None
    )


def refusals(*kinds: type[errors.DomainError]) -> dict[tuple[int, str], OpenApiResponse]:
    """Documented problem+json answers, grouped by status, with an example for each code."""
    by_status: dict[int, list[type[errors.DomainError]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {
        (status, "application/problem+json"): OpenApiResponse(
            response={"$ref": "#/components/schemas/Problem"},
            description=", ".join(f"`{kind.code}`" for kind in found),
            examples=[_problem(kind) for kind in found],
        )
        for status, found in by_status.items()
    }


def _problem(kind: type[errors.DomainError]) -> OpenApiExample:
    return OpenApiExample(
        kind.code,
        value={
            "type": "about:blank",
            "title": kind.title,
            "status": kind.status,
            "detail": kind.title,
            "code": kind.code,
            "request_id": "019aa5c47f3b7c1e9d532f6f6f3f9f10",
            "errors": [],
        },
    )
