"""JSON for clients, from whatever the database holds."""

import math
from typing import Any

import orjson


def dumps(value: Any, *, option: int = 0) -> bytes:
    """Return ``value`` as JSON; what orjson does not know becomes text.

    A ``jsonb`` keeps an integer of any length, which orjson refuses and most clients would round:
    it is sent as the nearest floating-point number, rather than make a whole list fail.
    """
    try:
        return orjson.dumps(value, default=str, option=option)
    except orjson.JSONEncodeError:
        return orjson.dumps(_shortened(value), default=str, option=option)


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        try:
            return float(value)
        except OverflowError:
            return math.inf  # null on the wire
    return value
