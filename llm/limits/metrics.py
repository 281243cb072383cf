"""The state of circuit breakers and budgets for Prometheus, read from rows at each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chatsite.lib import clock
from llm.models import Breaker, Spending

STATES = ("closed", "half-open", "open", "resting")


class LimitsCollector(Collector):
    """Asks the database, so that every process tells the same."""

    def describe(self) -> Iterator[Metric]:
        """Names only: registering may not touch the database."""
        yield from (_breakers(), _spending())

    def collect(self) -> Iterator[Metric]:
        """Return what holds now; without a database, nothing."""
        breakers, spending = _breakers(), _spending()
        now = clock.now()
        try:
            for breaker in Breaker.objects.all():
                breakers.add_metric([breaker.endpoint], STATES.index(breaker.state(now)))
            for row in Spending.objects.filter(day=now.date()).select_related("model"):
                for kind in ("spent", "reserved"):
                    spending.add_metric([row.model.name, kind], float(getattr(row, kind)))
        except DatabaseError:
            return
        yield from (breakers, spending)


def _breakers() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "cland_endpoint_state",
        "Circuit breaker of a model at an endpoint: 0 closed, 1 half-open, 2 open, 3 asked to rest",
        labels=["endpoint"],
    )


def _spending() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "cland_model_spending_today",
        "Money of a model with a budget, in the currency of its prices",
        labels=["model", "kind"],
    )


def register() -> None:
    """Show the limits at /metrics."""
    REGISTRY.register(LimitsCollector())
