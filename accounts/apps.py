"""Start-up of the accounts app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People, roles, teams and tokens."""

    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the OpenAPI generator find our authentication schemes, and sign-ins be heard of."""
        from accounts import browser_session, schema  # noqa: F401
