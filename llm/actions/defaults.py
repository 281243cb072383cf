"""The model that is there from the start, and what is remembered of endpoints."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import IntegrityError, transaction

from llm.models import ModelConfig

DEMO_NAME = "Demo assistant"
DEMO_MODEL = "fern-and-field-demo"


def ensure_default_model(*, demo_url: str = "") -> ModelConfig | None:
    """Make sure there is a model to ask, and return the default one.

    With ``LLM_API_URL`` set, the first start makes a row from it; afterwards that row belongs to
    the administrators. Otherwise ``demo_url``, the base address of the demo endpoint, is used.
    """
    try:
        with transaction.atomic():
            if demo_url and not settings.LLM_API_URL:
                _keep_demo(demo_url)
            default = ModelConfig.objects.filter(is_default=True).first()
            if settings.LLM_API_URL and (default is None or default.is_demo):
                default = _make_from_settings()
            return default
    except IntegrityError:  # another process starts at the same moment, and was first
        return ModelConfig.objects.filter(is_default=True).first()


def _make_from_settings() -> ModelConfig:
    ModelConfig.objects.filter(is_default=True).update(is_default=False)
    ModelConfig.objects.filter(is_demo=True).update(enabled=False)
    name = settings.LLM_MODEL or "default"
    model = ModelConfig.objects.filter(name=name[:80]).first() or ModelConfig(name=name[:80])
    model.base_url = settings.LLM_API_URL
    model.model = name
    model.enabled = model.is_default = True
    model.notes = model.notes or "Made from LLM_API_URL, LLM_API_KEY and LLM_MODEL."
    model.set_api_key(settings.LLM_API_KEY)
    model.save()
    return model


def _keep_demo(url: str) -> None:
    demo = ModelConfig.objects.filter(is_demo=True).first()
    if demo is None:
        taken = ModelConfig.objects.filter(is_default=True).exists()
        demo = ModelConfig(
            name=DEMO_NAME,
            provider_name="demo",
            model=DEMO_MODEL,
            is_demo=True,
            is_default=not taken,
            notes="Answers from the demo shop's help articles. No model, no cost, no network.",
        )
    demo.base_url = url
    demo.save()


def remember_refused(*, model_id: int, refused: Collection[str]) -> None:
    """Note which request fields an endpoint refuses, so that the next call leaves them out."""
    with transaction.atomic():
        model = ModelConfig.objects.select_for_update().filter(pk=model_id).first()
        if model is not None:
            known = set(model.capabilities.get("refused", ())) | set(refused)
            model.capabilities = {**model.capabilities, "refused": sorted(known)}
            model.save(update_fields=["capabilities", "updated_at"])
