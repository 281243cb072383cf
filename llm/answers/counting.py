"""What monitoring is told of an answer that ended, once that is committed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from llm.metrics import MODEL_ANSWERS, MODEL_COST, MODEL_TOKENS
from llm.models import Answer


class Counted(Protocol):
    """An answer's row, or what an attempt came to."""

    @property
    def prompt_tokens(self) -> int | None: ...

    @property
    def completion_tokens(self) -> int | None: ...

    @property
    def cost(self) -> Decimal | None: ...


def count_ended(answer_id: UUID) -> None:
    """Count an answer by its row."""
    answer = (
        Answer.objects.filter(pk=answer_id, model__isnull=False)
        .select_related("model")
        .defer("text", "sources")
        .first()
    )
    if answer is not None and answer.model is not None:
        count(answer.model.name, answer.status, answer, answer.prices)


def count(model: str, status: str, counted: Counted, prices: Mapping[str, Any]) -> None:
    """Count an answer under its model: there are as many labels as models were set up."""
    MODEL_ANSWERS.labels(model, status).inc()
    MODEL_TOKENS.labels(model, "prompt").inc(counted.prompt_tokens or 0)
    MODEL_TOKENS.labels(model, "completion").inc(counted.completion_tokens or 0)
    if counted.cost:
        MODEL_COST.labels(model, prices.get("currency") or "XXX").inc(float(counted.cost))
