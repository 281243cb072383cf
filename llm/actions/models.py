"""Models as administrators set them up: made, changed, taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib import outbound
from chatsite.lib.errors import Conflict, DomainError, FieldError, ValidationFailed
from llm import rules
from llm.access import admins_only, model_to_change
from llm.models import ModelConfig

CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "provider_name": rules.provider,
    "base_url": rules.base_url,
    "api_key": rules.api_key,
    "default_params": rules.default_params,
    "prices": rules.prices,
    "daily_budget": rules.daily_budget,
}
#: Checked by their types alone.
PLAIN: Final = frozenset(
    "name model enabled is_default system_prompt notes draft_weight max_parallel".split()
)


def create_model(*, viewer: Viewer, **fields: Any) -> ModelConfig:
    """Add a model. Raises :class:`ValidationFailed`, or :class:`Conflict` for a used name."""
    admins_only(viewer)
    model = ModelConfig()
    _apply(model, checked(fields))
    return _stored(model)


def update_model(*, viewer: Viewer, model_id: object, **changes: Any) -> ModelConfig:
    """Change what is given of a model.

    The key stays unless ``api_key`` is given (empty forgets it), or scheme, host or port change:
    then the stored key is dropped, because it belongs to somebody else.
    """
    clean = checked(changes, model_to_change(viewer, model_id))
    with transaction.atomic():
        # Names were looked up before: nobody waits for them under a lock.
        model = ModelConfig.objects.select_for_update().get(pk=int(str(model_id)))
        _apply(model, clean)
        return _stored(model)


def delete_model(*, viewer: Viewer, model_id: object) -> None:
    """Take a model away. Its answers stay, with the name it had."""
    model_to_change(viewer, model_id).delete()


def checked(changes: dict[str, Any], model: ModelConfig | None = None) -> dict[str, Any]:
    """Return the changes as they are stored; raise one error that names all wrong fields.

    An address that stays as it is is not looked up again. ``model`` is the one to be changed.
    """
    assert set(changes) <= PLAIN | set(CHECKS)
    wrong: list[FieldError] = []
    clean: dict[str, Any] = {}
    for name, value in changes.items():
        if model is not None and name in ("base_url", "provider_name"):
            if value == getattr(model, name):
                continue
            if model.is_demo:
                wrong.append(FieldError(name, "fixed", _("the demo assistant's own")))
                continue
        try:
            clean[name] = CHECKS[name](value) if name in CHECKS else value
        except DomainError as error:
            wrong += error.errors
    if wrong:
        raise _invalid(wrong)
    return clean


def _invalid(wrong: Iterable[FieldError]) -> ValidationFailed:
    wrong = list(wrong)
    return ValidationFailed(f"{wrong[0].field}: {wrong[0].detail}", errors=wrong)


def _apply(model: ModelConfig, clean: dict[str, Any]) -> None:
    moved = "base_url" in clean and bool(model.base_url) and _moves(model, clean["base_url"])
    if moved or clean.get("model", model.model) != model.model:
        model.capabilities = {}  # they were another one's
    if "api_key" in clean:
        model.set_api_key(clean["api_key"])
    elif moved:
        model.set_api_key("")
    for name, value in clean.items():
        if name != "api_key":
            setattr(model, name, value)


def _moves(model: ModelConfig, url: str) -> bool:
    try:
        return outbound.origin(model.base_url) != outbound.origin(url)
    except outbound.BadURL:  # written before addresses were checked
        return True


def _stored(model: ModelConfig) -> ModelConfig:
    try:
        with transaction.atomic():
            if model.is_default:
                ModelConfig.objects.filter(is_default=True).exclude(pk=model.pk).update(
                    is_default=False
                )
            model.save()
    except IntegrityError as error:
        if ModelConfig.objects.filter(name=model.name).exclude(pk=model.pk).exists():
            taken = FieldError("name", "unique", _("It is taken."))
            raise Conflict(_("This name is taken."), errors=[taken]) from error
        raise Conflict(_("Another model became the default at the same moment.")) from error
    return model
