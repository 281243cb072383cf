"""What a model's fields may hold. Each check returns the value as it is stored, or raises
:class:`ValidationFailed` with the field's name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.translation import gettext as _

from chatsite.lib import outbound
from chatsite.lib.errors import ValidationFailed
from llm.endpoints import may_be_private
from llm.providers import registry

#: Parameter, least, most, and whether it is a whole number.
PARAMS: Final[dict[str, tuple[float, float, bool]]] = {
    "temperature": (0, 2, False),
    "top_p": (0, 1, False),
    "max_tokens": (1, 1_000_000, True),
    "timeout_ms": (100, 600_000, True),
}
MOST_PRICE: Final = 1_000_000
MOST_BUDGET: Final = Decimal(10_000_000)
LONGEST_KEY: Final = 4_000

# ISO 4217, currencies in use.
CURRENCIES: Final = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG""".split()
)


def provider(value: str) -> str:
    """A name that some provider goes by, in lower case with hyphens."""
    known = registry.known(value)
    if known is None:
        names = ", ".join(registry.REGISTRY)
        raise ValidationFailed.of("provider_name", _("one of %s") % names, "invalid_choice")
    return known


def base_url(value: str) -> str:
    """An address we are willing to call. May look up its name, for up to three seconds."""
    url = value.strip()
    try:
        if may_be_private(url):
            outbound.parse(url)
        else:
            outbound.check_public(url)
    except outbound.BadURL as error:
        raise ValidationFailed.of("base_url", _why(url, str(error))) from None
    return url


def _why(url: str, reason: str) -> str:
    try:
        outbound.parse(url)
    except outbound.BadURL:
        return reason
    return _("%s, or LLM_ALLOW_PRIVATE_NETWORKS switched on by whoever runs this server") % reason


def api_key(value: str | None) -> str:
    """A key that fits into a header; empty for none."""
    key = (value or "").strip()
    if len(key) > LONGEST_KEY or not all("!" <= char <= "~" for char in key):
        detail = _("at most %d printable ASCII characters") % LONGEST_KEY
        raise ValidationFailed.of("api_key", detail)
    return key


def default_params(value: Mapping[str, Any]) -> dict[str, float]:
    """Parameters of a request within their ranges; null leaves one out."""
    known = {name: given for name, given in value.items() if given is not None}
    return {name: _param(name, given) for name, given in known.items()}


def _param(name: str, value: object) -> float:
    field = f"default_params.{name}"
    if name not in PARAMS:
        raise ValidationFailed.of(field, _("one of %s") % ", ".join(PARAMS), "invalid_choice")
    least, most, whole = PARAMS[name]
    number = _number(field, value)
    if whole and number != int(number):
        raise ValidationFailed.of(field, _("expected a whole number"))
    if not least <= number <= most:
        raise ValidationFailed.of(field, _range(least, most), "out_of_range")
    return int(number) if whole else number


def prices(value: Mapping[str, Any]) -> dict[str, Any]:
    """Prices per million tokens, with their currency; empty when nothing is known."""
    given = {name: item for name, item in value.items() if item is not None}
    if unknown := set(given) - {"prompt", "completion", "currency"}:
        field = f"prices.{sorted(unknown)[0]}"[:80]
        detail = _("one of %s") % "prompt, completion, currency"
        raise ValidationFailed.of(field, detail, "invalid_choice")
    found: dict[str, Any] = {}
    for name in ("prompt", "completion"):
        if name in given:
            number = _number(f"prices.{name}", given[name])
            if not 0 <= number <= MOST_PRICE:
                detail = _range(0, MOST_PRICE)
                raise ValidationFailed.of(f"prices.{name}", detail, "out_of_range")
            found[name] = number
    if not found and "currency" not in given:
        return {}
    currency = given.get("currency", "USD")
    if not isinstance(currency, str) or currency.upper() not in CURRENCIES:
        raise ValidationFailed.of("prices.currency", _("a currency of ISO 4217, such as USD"))
    return {**found, "currency": currency.upper()}


def daily_budget(value: object) -> Decimal | None:
    """An amount a day, to four places; None is no limit."""
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValidationFailed.of("daily_budget", _("expected a number")) from None
    if not amount.is_finite() or not 0 <= amount <= MOST_BUDGET:
        raise ValidationFailed.of("daily_budget", _range(0, MOST_BUDGET), "out_of_range")
    return round(amount, 4)


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValidationFailed.of(field, _("expected a number"))
    return value


def _range(least: object, most: object) -> str:
    return _("from %(least)s to %(most)s") % {"least": least, "most": most}
