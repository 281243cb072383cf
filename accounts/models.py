"""People, teams, and the stored half of every credential.

Nothing that opens a door is stored as it is handed out: refresh tokens, tickets and integrator keys
are kept as SHA-256 of at least 256 random bits, passwords as Argon2id.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.names import tidy_name


class Role(models.TextChoices):
    """What somebody may do; see contract section 2."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    ADMIN = "admin", _("Admin")


class Theme(models.TextChoices):
    """Colours of the console."""

    SYSTEM = "system", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class UserManager(BaseUserManager["User"]):
    """Makes people with tidy names."""

    def create_user(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **fields: Any,
    ) -> User:
        """Store a person; without a password nobody can log in as them."""
        user = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **fields: Any,
    ) -> User:
        """Store an admin: what `manage.py createsuperuser` calls."""
        fields["role"] = Role.ADMIN
        return self.create_user(username, email, password, **fields)

    def by_login(self, name: str) -> User | None:
        """The person who logs in with `name` (username or e-mail, any case), or None.

        Usernames hold no "@", so a name can mean one person only. Widget visitors never log in.
        """
        name = tidy_name(name)
        field = "email" if "@" in name else "username"
        people = self.filter(Exact(Lower(field), Lower(Value(name))), is_visitor=False)
        return people.first()


class User(AbstractBaseUser, PermissionsMixin):
    """Anybody who writes: customer, anonymous visitor, agent or admin."""

    username = models.CharField(
        _("username"),
        max_length=150,
        unique=True,
        validators=[
            RegexValidator(
                r"^[\w.+-]+\Z", _("Use letters, digits and . + - _ only."), code="username"
            )
        ],
        help_text=_("Letters, digits and . + - _ only."),
    )
    email = models.EmailField(_("e-mail"), null=True, blank=True)
    display_name = models.CharField(_("display name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.CUSTOMER)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Inactive people are refused everywhere, at once.")
    )
    is_visitor = models.BooleanField(
        _("widget visitor"),
        default=False,
        help_text=_("Anonymous; the e-mail is what the visitor typed and proves nothing."),
    )
    avatar = models.CharField(
        _("picture"),
        max_length=500,
        blank=True,
        validators=[
            RegexValidator(
                r"^(https://[^\s\"'<>\\]+|/(?![/\\])[^\s\"'<>\\]*)\Z",
                _("Give an https:// address or a path of this site."),
                code="avatar",
            )
        ],
    )
    locale = models.CharField(
        _("language"),
        max_length=35,
        default="en",
        validators=[
            RegexValidator(
                r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*\Z",
                _("Give a language tag such as en or zh-hans."),
                code="locale",
            )
        ],
    )
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    created_at = models.DateTimeField(_("created"), default=now, editable=False)

    # The device by which a request of the admin pages knows this person; not stored.
    device_id: UUID | None = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(role__in=["customer", "agent", "admin"]), name="accounts_user_role"
            ),
            models.CheckConstraint(
                condition=Q(theme__in=["system", "light", "dark"]), name="accounts_user_theme"
            ),
            models.UniqueConstraint(
                Lower("username"),
                name="accounts_user_username",
                violation_error_message=_("This username is taken."),
            ),
            models.CheckConstraint(
                condition=~Q(username="") & ~Q(username__contains="@"),
                name="accounts_user_username_is_no_email",
            ),
            # What a visitor types proves nothing: it must neither claim nor block an address.
            models.UniqueConstraint(
                Lower("email"),
                condition=Q(is_visitor=False),
                name="accounts_user_email",
                violation_error_message=_("This e-mail is taken."),
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=True) | ~Q(email=""), name="accounts_user_email_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(role="admin", is_superuser=True)
                | (~Q(role="admin") & Q(is_superuser=False)),
                name="accounts_user_superuser_is_admin",
            ),
            models.CheckConstraint(
                condition=Q(is_visitor=False) | Q(role="customer"),
                name="accounts_user_visitor_is_customer",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What others see."""
        return self.display_name or (str(_("Visitor")) if self.is_visitor else self.username)

    @property
    def is_staff(self) -> bool:
        """May open the admin pages."""
        return self.role == Role.ADMIN

    def get_full_name(self) -> str:
        """The name, as Django's own pages ask for it."""
        return self.name

    def get_short_name(self) -> str:
        """The name, as Django's own pages ask for it."""
        return self.name

    def clean(self) -> None:
        """Bring both names into the one form that is compared."""
        self.username = tidy_name(self.username)
        self.email = tidy_name(self.email or "") or None
        self.is_superuser = self.role == Role.ADMIN

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store with tidy names; Django's permissions follow the role."""
        self.clean()
        fields = kwargs.get("update_fields")
        if fields is not None and "role" in fields:
            kwargs["update_fields"] = {*fields, "is_superuser"}
        super().save(*args, **kwargs)

    def check_password(self, raw_password: str | None) -> bool:
        """Compare in constant work; a hash of an older kind is replaced when it matches."""
        if self.password.startswith(("$2a$", "$2b$", "$2y$")):
            # As other systems export it; Django wants the algorithm's name in front.
            self.password = f"bcrypt${self.password}"
        return super().check_password(raw_password)


class Team(models.Model):
    """Agents who share an inbox."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    members: models.ManyToManyField[User, models.Model] = models.ManyToManyField(
        User, related_name="teams", blank=True, verbose_name=_("members")
    )
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Takes what no rule sends elsewhere.")
    )
    created_at = models.DateTimeField(_("created"), default=now, editable=False)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="accounts_team_one_default",
                violation_error_message=_("Another team is the default."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class RefreshFamily(models.Model):
    """One device that is logged in: all refresh tokens that grew from one login."""

    class Ended(models.TextChoices):
        """Why a family is over."""

        LOGOUT = "logout", _("Logged out")
        ENDED = "ended", _("Ended by the owner")
        PASSWORD = "password", _("Password changed")
        REUSE = "reuse", _("A spent token came back")
        DISABLED = "disabled", _("Account disabled")
        REPLACED = "replaced", _("Logged in again")

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="devices")
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    created_at = models.DateTimeField(_("logged in"), default=now)
    last_used_at = models.DateTimeField(_("last used"), default=now)
    expires_at = models.DateTimeField(_("ends at the latest"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_why = models.CharField(_("reason"), max_length=16, choices=Ended.choices, blank=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ("-last_used_at", "-id")
        indexes = (
            models.Index(
                fields=["user"], condition=Q(ended_at__isnull=True), name="accounts_family_live"
            ),
            models.Index(fields=["expires_at"], name="accounts_family_expires"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_why="")
                | (Q(ended_at__isnull=False) & ~Q(ended_why="")),
                name="accounts_family_ended_has_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} · {self.user_agent[:40]}"


class RefreshToken(models.Model):
    """One link of a family's chain. Spent ones stay until the family is swept, to notice reuse."""

    family = models.ForeignKey(RefreshFamily, models.CASCADE, related_name="tokens")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True, blank=True)
    # A copy that arrives by then was sent in parallel: refused, but no sign of theft.
    grace_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            # Two children of one parent cannot exist, whatever the code above does.
            models.UniqueConstraint(
                fields=["family"],
                condition=Q(spent_at__isnull=True),
                name="accounts_refresh_one_live_token",
            ),
        )

    def __str__(self) -> str:
        return f"{self.family_id} · {self.pk}"


class Ticket(models.Model):
    """A pass for one entry by somebody who cannot send headers; who deletes the row has it."""

    hash = models.CharField(max_length=64, primary_key=True, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=60)
    claims = models.JSONField(default=dict)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.purpose} · {self.user_id}"


class LoginAttempts(models.Model):
    """Wrong guesses against one name, from one known device, or from one network."""

    # HMAC of what was typed: people type passwords into the name field.
    key = models.CharField(max_length=64, primary_key=True, editable=False)
    failed = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("login attempts")
        verbose_name_plural = _("login attempts")

    def __str__(self) -> str:
        return self.key[:8]


class ApiKey(models.Model):
    """An integrator's key; acts as its user within its scopes."""

    class Scope(models.TextChoices):
        """What a key may do with its user's rights."""

        READ = "read", pgettext_lazy("right", "Read")
        WRITE = "write", _("Read and change")

    name = models.CharField(_("name"), max_length=120, help_text=_("Who or what uses it."))
    prefix = models.CharField(_("begins with"), max_length=16, unique=True, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(
        User, models.CASCADE, related_name="api_keys", verbose_name=_("acts as")
    )
    scope = models.CharField(_("may"), max_length=8, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField(_("created"), default=now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("integrator key")
        verbose_name_plural = _("integrator keys")
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(scope__in=["read", "write"]), name="accounts_apikey_scope"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
