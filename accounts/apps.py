"""Start-up of the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, roles, teams and tokens."""

    name = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the OpenAPI generator find our authentication schemes."""
        from accounts import schema  # noqa: F401
