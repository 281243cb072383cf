"""What the account endpoints take and give; bounds on every field."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Role, Theme

Text = serializers.CharField
Base = serializers.Serializer[Any]


def _password() -> Text:
    return Text(max_length=1024, trim_whitespace=False, style={"input_type": "password"})


def _transport() -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=[
            ("cookie", "The refresh token travels in the HttpOnly cookie `rt`."),
            ("body", "The refresh token travels in bodies, for clients without cookies."),
        ],
        default="cookie",
    )


class RegistrationSerializer(Base):
    """Somebody signs up."""

    email = serializers.EmailField(max_length=254)
    username = Text(max_length=150, required=False, help_text="Made from the e-mail when absent.")
    password = _password()
    display_name = Text(max_length=120, required=False, allow_blank=True)
    token_transport = _transport()


class LoginSerializer(Base):
    """Somebody logs in."""

    username = Text(max_length=254, help_text="Username or e-mail, in any case.")
    password = _password()
    token_transport = _transport()


class RefreshSerializer(Base):
    """The refresh token of a client without cookies."""

    refresh_token = Text(max_length=200, required=False, help_text="Else the cookie `rt` is read.")


class PasswordChangeSerializer(Base):
    """A new password, with proof of the old one."""

    current_password = _password()
    new_password = _password()


class TeamNameSerializer(Base):
    """A team by name."""

    id = serializers.IntegerField()
    name = Text()


class ProfileSerializer(Base):
    """What people may change about themselves. What is absent stays as it is."""

    display_name = Text(max_length=120, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_null=True)
    avatar = Text(
        max_length=500,
        required=False,
        allow_blank=True,
        help_text="An https:// address or a path of this site.",
    )
    locale = Text(max_length=35, required=False, help_text="A language tag such as `zh-hans`.")
    timezone = Text(max_length=64, required=False, help_text="A name such as `Europe/Paris`.")
    theme = serializers.ChoiceField(choices=Theme.choices, required=False)


class AccountSerializer(Base):
    """Somebody as they see themselves."""

    id = serializers.IntegerField()
    username = Text()
    email = serializers.EmailField(allow_null=True)
    name = Text(help_text="What others see.")
    role = serializers.ChoiceField(choices=Role.choices)
    is_visitor = serializers.BooleanField(help_text="Anonymous; the e-mail is not proved.")
    display_name = Text()
    avatar = Text()
    locale = Text()
    timezone = Text()
    theme = serializers.ChoiceField(choices=Theme.choices)
    teams = TeamNameSerializer(many=True)
    created_at = serializers.DateTimeField()


class LoggedInSerializer(Base):
    """The tokens of a device that just logged in or refreshed."""

    access_token = Text(help_text="RS256; verify it with `/.well-known/jwks.json`.")
    token_type = serializers.ChoiceField(choices=["Bearer"])
    expires_in = serializers.IntegerField(help_text="Seconds.")
    user = AccountSerializer()
    refresh_token = Text(required=False, help_text="Only with the transport `body`.")
    refresh_expires_in = serializers.IntegerField(required=False, help_text="Seconds.")


class DeviceSerializer(Base):
    """One device on which the caller is logged in."""

    id = serializers.UUIDField()
    user_agent = Text()
    ip = serializers.IPAddressField(allow_null=True)
    issued_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="It ends by then at the latest.")
    current = serializers.BooleanField(help_text="The device that is asking.")


class DevicePageSerializer(Base):
    """Devices, the newest first."""

    results = DeviceSerializer(many=True)
    next = Text(allow_null=True, help_text="Give it as `cursor` to read on.")


class DeviceQuerySerializer(Base):
    """Which part of the list."""

    cursor = serializers.UUIDField(required=False)
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)


class JwkSerializer(Base):
    """One public key."""

    kty = Text()
    n = Text()
    e = Text()
    kid = Text()
    use = Text()
    alg = Text()


class JwksSerializer(Base):
    """A JSON Web Key Set."""

    keys = JwkSerializer(many=True)
