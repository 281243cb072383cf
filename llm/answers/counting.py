"""What monitoring is told of an answer that ended, once that is committed."""

from __future__ import annotations

from uuid import UUID

from llm.metrics import MODEL_ANSWERS, MODEL_COST, MODEL_TOKENS
from llm.models import Answer


def count_ended(answer_id: UUID) -> None:
    """Count an answer under its model: there are as many labels as models were set up."""
    answer = (
        Answer.objects.filter(pk=answer_id, model__isnull=False)
        .select_related("model")
        .defer("text", "sources")
        .first()
    )
    if answer is None or answer.model is None:
        return
    name = answer.model.name
    MODEL_ANSWERS.labels(name, answer.status).inc()
    MODEL_TOKENS.labels(name, "prompt").inc(answer.prompt_tokens or 0)
    MODEL_TOKENS.labels(name, "completion").inc(answer.completion_tokens or 0)
    if answer.cost:
        MODEL_COST.labels(name, answer.prices.get("currency") or "XXX").inc(float(answer.cost))
