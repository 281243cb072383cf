"""What customers whose identity is proven said in earlier chats."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Memory(models.Model):
    """One message that may come back into a prompt for the same customer, and no other."""

    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memories",
        verbose_name=_("customer"),
        db_index=False,  # knowledge_memory_recent begins with it
    )
    session = models.ForeignKey(
        "sessions_app.ChatSession",
        on_delete=models.CASCADE,
        related_name="memories",
        verbose_name=_("conversation"),
    )
    message = models.OneToOneField(
        "sessions_app.Message",
        on_delete=models.CASCADE,
        related_name="memory",
        verbose_name=_("message"),
    )
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("said at"))

    class Meta:
        verbose_name = _("memory")
        verbose_name_plural = _("memories")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="knowledge_memory_recent"),
        ]

    def __str__(self) -> str:
        return f"memory {self.pk}"
