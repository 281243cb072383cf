"""Endpoints below /api/v1/."""

from django.urls import path

from accounts import api

urlpatterns = [
    path("auth/register", api.RegisterView.as_view(), name="auth-register"),
    path("auth/login", api.LoginView.as_view(), name="auth-login"),
    path("auth/refresh", api.RefreshView.as_view(), name="auth-refresh"),
    path("auth/logout", api.LogoutView.as_view(), name="auth-logout"),
    path("auth/me", api.MeView.as_view(), name="auth-me"),
    path("auth/change-password", api.ChangePasswordView.as_view(), name="auth-change-password"),
    path("auth/devices", api.DevicesView.as_view(), name="auth-devices"),
    path("auth/devices/<str:device_id>", api.DeviceView.as_view(), name="auth-device"),
    path("user/profile", api.ProfileView.as_view(), name="user-profile"),
]
