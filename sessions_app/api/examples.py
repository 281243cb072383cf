"""Bodies to try the deeds with, for the schema."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_BODIES: dict[str, Any] = {
    "assign": {"agent_id": 2},
    "close": {"reason": "solved"},
    "contact": {"email": "mara.lind@example.com"},
    "edit": {"content": "It leaves us on Thursday."},
    "handoff": {"reason": "customer"},
    "rate": {"score": 5, "comment": "Quick and friendly."},
    "read": {"seq": 4},
    "tags": {"tags": ["delivery", "refund"]},
    "transfer": {"team_id": 2, "note": "Wants to know about bulk prices."},
}


def body_of(deed: str) -> list[OpenApiExample]:
    """Return the example of a deed's body; none for a deed without one."""
    if deed not in _BODIES:
        return []
    return [OpenApiExample("Example", value=_BODIES[deed], request_only=True)]
