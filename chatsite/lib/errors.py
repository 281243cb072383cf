"""The domain errors of the whole product, one class for each code of the public contract.

Actions raise them; each edge (REST, socket, task) translates them once.  Anything else that is
raised is a bug and is answered with ``INTERNAL_ERROR`` and no detail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request: its name, a machine code and a sentence."""

    field: str
    code: str
    detail: str


class DomainError(Exception):
    """An expected refusal that the caller is told about.

    ``detail`` is safe to show to the caller.  ``retry_after`` is in seconds.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        retry_after: float | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after
        super().__init__(self.detail)


class InternalError(DomainError):
    """Something broke on our side; internals are never told."""


class ValidationFailed(DomainError):
    code = "VALIDATION_FAILED"
    status = 400
    title = "The request is not valid"

    @classmethod
    def of(cls, field: str, detail: str, code: str = "invalid") -> "ValidationFailed":
        """Return the error for a single wrong ``field``."""
        return cls(f"{field}: {detail}", errors=[FieldError(field, code, detail)])


class AuthInvalidCredentials(DomainError):
    code = "AUTH_INVALID_CREDENTIALS"
    status = 401
    title = "The user name or the password is wrong"


class AuthAccountLocked(DomainError):
    code = "AUTH_ACCOUNT_LOCKED"
    status = 429
    title = "Too many failed sign-ins"


class AuthTokenExpired(DomainError):
    code = "AUTH_TOKEN_EXPIRED"
    status = 401
    title = "The token has expired"


class AuthTokenInvalid(DomainError):
    code = "AUTH_TOKEN_INVALID"
    status = 401
    title = "A valid token is required"


class AuthTokenRevoked(DomainError):
    code = "AUTH_TOKEN_REVOKED"
    status = 401
    title = "The token was revoked"


class AuthRegisterDisabled(DomainError):
    code = "AUTH_REGISTER_DISABLED"
    status = 403
    title = "Signing up is switched off"


class PermissionDenied(DomainError):
    code = "PERMISSION_DENIED"
    status = 403
    title = "You may not do this"


class NotFound(DomainError):
    code = "NOT_FOUND"
    status = 404
    title = "Not found"


class SessionNotFound(NotFound):
    code = "SESSION_NOT_FOUND"
    title = "No such session"


class ConversationNotFound(NotFound):
    code = "CONVERSATION_NOT_FOUND"
    title = "No such conversation"


class ModelNotFound(NotFound):
    code = "MODEL_NOT_FOUND"
    title = "No such model"


class Conflict(DomainError):
    code = "CONFLICT"
    status = 409
    title = "This conflicts with what is stored"


class SessionClosed(Conflict):
    code = "SESSION_CLOSED"
    title = "The session is closed"


class SessionAlreadyAssigned(Conflict):
    code = "SESSION_ALREADY_ASSIGNED"
    title = "Someone else has already taken this session"


class UploadTooLarge(DomainError):
    code = "UPLOAD_TOO_LARGE"
    status = 413
    title = "The file is too large"


class UploadTypeRejected(DomainError):
    code = "UPLOAD_TYPE_REJECTED"
    status = 415
    title = "Files of this type are not accepted"


class RateLimited(DomainError):
    code = "RATE_LIMITED"
    status = 429
    title = "Too many requests"


class ProviderError(DomainError):
    code = "PROVIDER_ERROR"
    status = 502
    title = "The model's provider failed"


class ProviderUnavailable(DomainError):
    code = "PROVIDER_UNAVAILABLE"
    status = 503
    title = "The model's provider is not available now"


class ProviderTimeout(DomainError):
    code = "PROVIDER_TIMEOUT"
    status = 504
    title = "The model's provider took too long"


class ServiceUnavailable(DomainError):
    code = "SERVICE_UNAVAILABLE"
    status = 503
    title = "The service is not available now"
