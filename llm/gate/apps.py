"""What the assistant is allowed to become: cases, replays and releases."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GateConfig(AppConfig):
    """The gate before a change of the assistant reaches customers."""

    name = "llm.gate"
    label = "gate"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Assistant")
