"""The one error type of providers, and which fault becomes which failure.

===================  =====================  =====  ==============================================
reason               code                   again  seen as
===================  =====================  =====  ==============================================
connect              PROVIDER_UNAVAILABLE   yes    refused, no such host, TLS, connect deadline
reset                PROVIDER_UNAVAILABLE   yes    connection lost before a status line
rate_limited         PROVIDER_UNAVAILABLE   yes    429 (with Retry-After), in-band 429
overloaded           PROVIDER_UNAVAILABLE   yes    502, 503, 504, 529 and the same in-band
upstream             PROVIDER_ERROR         yes    408, any other 5xx, in-band error without code
first_content        PROVIDER_TIMEOUT       yes    no text within the first-content deadline
stalled              PROVIDER_TIMEOUT       no     text began, then nothing within the gap
deadline             PROVIDER_TIMEOUT       no     the whole-answer deadline passed
truncated            PROVIDER_ERROR         yes    the stream ended without an end mark
empty                PROVIDER_ERROR         yes    a complete answer without any text
protocol             PROVIDER_ERROR         yes    a line that is not JSON, an unknown shape
too_large            PROVIDER_ERROR         no     more bytes than we are willing to read
auth                 PROVIDER_ERROR         no     401, 403
model                PROVIDER_ERROR         no     404
context_length       PROVIDER_ERROR         no     the prompt does not fit (the caller may shorten)
content_filter       PROVIDER_ERROR         no     the provider refused the content
refused              PROVIDER_ERROR         no     any other 4xx
redirect             PROVIDER_ERROR         no     3xx: never followed
address              PROVIDER_ERROR         no     a URL we will not call
===================  =====================  =====  ==============================================

"again" says whether one more try makes sense; the caller tries again only while nothing of the
answer has been shown.
"""

from __future__ import annotations

from typing import Final, Literal

Code = Literal["PROVIDER_TIMEOUT", "PROVIDER_ERROR", "PROVIDER_UNAVAILABLE"]

_CODES: Final[dict[str, tuple[Code, bool]]] = {
    "connect": ("PROVIDER_UNAVAILABLE", True),
    "reset": ("PROVIDER_UNAVAILABLE", True),
    "rate_limited": ("PROVIDER_UNAVAILABLE", True),
    "overloaded": ("PROVIDER_UNAVAILABLE", True),
    "upstream": ("PROVIDER_ERROR", True),
    "first_content": ("PROVIDER_TIMEOUT", True),
    "stalled": ("PROVIDER_TIMEOUT", False),
    "deadline": ("PROVIDER_TIMEOUT", False),
    "truncated": ("PROVIDER_ERROR", True),
    "empty": ("PROVIDER_ERROR", True),
    "protocol": ("PROVIDER_ERROR", True),
    "too_large": ("PROVIDER_ERROR", False),
    "auth": ("PROVIDER_ERROR", False),
    "model": ("PROVIDER_ERROR", False),
    "context_length": ("PROVIDER_ERROR", False),
    "content_filter": ("PROVIDER_ERROR", False),
    "refused": ("PROVIDER_ERROR", False),
    "redirect": ("PROVIDER_ERROR", False),
    "address": ("PROVIDER_ERROR", False),
}

#: Asking again soon is pointless: the endpoint is not there, or nobody there answers us.
AWAY: Final = frozenset(
    {"connect", "reset", "overloaded", "rate_limited", "auth", "model", "redirect", "address"}
)


class ProviderFailure(Exception):
    """An endpoint did not give a whole answer.

    Carries no text of the provider: its error bodies may hold keys, prompts or other people's data.
    ``retry_after`` is in seconds, as the endpoint asked for it.  ``falls_back`` says whether
    another model may do better.
    """

    def __init__(
        self, reason: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        self.reason = reason
        self.code, self.retryable = _CODES[reason]
        self.falls_back = reason not in ("content_filter", "too_large")
        self.status = status
        self.retry_after = retry_after
        super().__init__(reason if status is None else f"{reason} ({status})")


def reason_of_status(status: int, kind: str = "", message: str = "") -> str:
    """Return the reason for an HTTP status, or the same number met inside a stream.

    ``kind`` is the error's own code or type, ``message`` its text; both are only looked at.
    """
    told = f"{kind} {message}".lower()
    if "context_length" in told or "context length" in told or "context window" in told:
        return "context_length"
    if "content_filter" in told or "content_policy" in told or "content management" in told:
        return "content_filter"
    if status == 429 or "rate_limit" in told or "too many requests" in told:
        return "rate_limited"
    if status in (502, 503, 504, 529) or "overloaded" in told:
        return "overloaded"
    if status == 408 or status >= 500:
        return "upstream"
    if status in (401, 403):
        return "auth"
    if status == 404:
        return "model"
    if 300 <= status < 400:
        return "redirect"
    return "refused" if 400 <= status < 500 else "upstream"
