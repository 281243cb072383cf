"""The REST edge of accounts: parse, call one action, answer."""

from accounts.api.jwks import jwks
from accounts.api.own import ChangePasswordView, DevicesView, DeviceView, MeView, ProfileView
from accounts.api.sign_in import LoginView, LogoutView, RefreshView, RegisterView

__all__ = [
    "ChangePasswordView",
    "DeviceView",
    "DevicesView",
    "LoginView",
    "LogoutView",
    "MeView",
    "ProfileView",
    "RefreshView",
    "RegisterView",
    "jwks",
]
