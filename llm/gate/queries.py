"""What answers customers now, and what a replay has shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llm.gate.models import CaseResult, Publication, Release, Replay
from llm.models import ModelConfig


@dataclass(frozen=True, slots=True)
class Assistant:
    """A model with the prompt and the parameters it is asked with; ``release`` if it is one."""

    model: ModelConfig
    system_prompt: str
    params: Mapping[str, Any] = field(default_factory=dict)
    release: Release | None = None

    @classmethod
    def of(cls, release: Release) -> Assistant:
        """A release as it would answer customers."""
        params = {**release.model.default_params, **release.params}
        return cls(release.model, release.system_prompt.strip(), params, release)


def current() -> Publication | None:
    """Return the publication that is live, if anything was ever published."""
    return Publication.objects.filter(is_current=True).select_related("release__model").first()


def assistants() -> list[Assistant]:
    """Return who may answer customers, in the order in which a reply tries them.

    First the published release, then every other enabled model in its words. Where nothing is
    published, or the release's model was switched off, models answer in their own words, the
    default one first.
    """
    models = ModelConfig.objects.filter(enabled=True).order_by("-is_default", "pk")
    live = current()
    return ranked(models, live.release if live else None)


def ranked(models: Iterable[ModelConfig], live: Release | None) -> list[Assistant]:
    """As :func:`assistants`, of all enabled models, the default one first, and the release."""
    if live is None or not live.model.enabled:
        return [Assistant(one, one.system_prompt.strip(), one.default_params) for one in models]
    first = Assistant.of(live)
    return [
        first,
        *(
            Assistant(one, first.system_prompt, one.default_params)
            for one in models
            if one.pk != first.model.pk
        ),
    ]


def in_use() -> Assistant | None:
    """Return what answers customers now; None when there is no enabled model at all."""
    return next(iter(assistants()), None)


@dataclass(frozen=True, slots=True)
class Compared:
    """One case, as both sides of a replay answered it."""

    candidate: CaseResult
    in_use: CaseResult | None

    @property
    def change(self) -> str:
        """``fixed``, ``broken``, ``failing``, or nothing worth a word."""
        before = self.in_use.passed if self.in_use else None
        if self.candidate.passed is None:
            return ""
        if self.candidate.passed:
            return "fixed" if before is False else ""
        return "failing" if before is False else "broken"


@dataclass(frozen=True, slots=True)
class Totals:
    """What one side of a replay came to; money in the currency of the prices."""

    cases: int
    passed: int
    latency_ms: int | None
    ttft_ms: int | None
    tokens: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A replay as people read it."""

    replay: Replay
    compared: Sequence[Compared]
    candidate: Totals
    in_use: Totals
    open: int


def report(replay: Replay) -> Report:
    """Return what a replay has shown so far."""
    results = list(replay.results.select_related("case", "answer"))
    by_side = {
        side: {one.case_id: one for one in results if one.side == side} for side in CaseResult.Side
    }
    candidates = by_side[CaseResult.Side.CANDIDATE]
    others = by_side[CaseResult.Side.IN_USE]
    compared = [Compared(one, others.get(case)) for case, one in candidates.items()]
    order = {"broken": 0, "failing": 1, "fixed": 2, "": 3}
    compared.sort(key=lambda one: order[one.change])
    return Report(
        replay=replay,
        compared=compared,
        candidate=_totals(list(candidates.values())),
        in_use=_totals(list(others.values())),
        open=sum(one.passed is None for one in results),
    )


def _totals(results: Sequence[CaseResult]) -> Totals:
    answers = [one.answer for one in results if one.answer is not None]
    costs = [answer.cost for answer in answers if answer.cost is not None]
    return Totals(
        cases=len(results),
        passed=sum(one.passed is True for one in results),
        latency_ms=_mean([answer.latency_ms for answer in answers]),
        ttft_ms=_mean([answer.ttft_ms for answer in answers]),
        tokens=sum(answer.total_tokens or 0 for answer in answers),
        cost=float(sum(costs)) if costs else None,
    )


def _mean(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known)) if known else None
