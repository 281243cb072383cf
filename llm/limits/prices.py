"""What tokens cost: prices are per million tokens, costs in the currency of the prices."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

PER = Decimal(1_000_000)
PLACES = Decimal("0.00000001")


def cost_of(
    prices: Mapping[str, Any], prompt_tokens: int | None, completion_tokens: int | None
) -> Decimal | None:
    """Return the cost, or None where no price or no count is known. A count of 0 costs nothing."""
    prompt, completion = _price(prices, "prompt"), _price(prices, "completion")
    if prompt is None and completion is None:
        return None
    if prompt_tokens is None and completion_tokens is None:
        return None
    whole = (prompt or 0) * (prompt_tokens or 0) + (completion or 0) * (completion_tokens or 0)
    return (whole / PER).quantize(PLACES)


def _price(prices: Mapping[str, Any], name: str) -> Decimal | None:
    value = prices.get(name)
    if value is None or isinstance(value, bool):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price >= 0 else None
