"""The first page and the menu of the admin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Avg, Count, Max, Min, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from chatsite.lib import clock
from sessions_app.models import ChatSession, Message, SenderKind, SessionStatus
from sessions_app.queries import online_ids

WEEK = timedelta(days=7)
# Model label and symbol, by heading. What an app does not register is left out.
MENU: tuple[tuple[Promise, tuple[tuple[str, str], ...]], ...] = (
    (
        gettext_lazy("Conversations"),
        (
            ("sessions_app.ChatSession", "forum"),
            ("sessions_app.Message", "chat_bubble"),
            ("sessions_app.Participant", "group"),
            ("sessions_app.Tag", "sell"),
            ("sessions_app.Attachment", "attach_file"),
        ),
    ),
    (
        gettext_lazy("Widgets"),
        (
            ("support.Widget", "widgets"),
            ("support.VisitorIdentity", "verified_user"),
            ("support.VisitorCredential", "devices"),
        ),
    ),
    (
        gettext_lazy("Assistant"),
        (
            ("llm.ModelConfig", "smart_toy"),
            ("gate.Release", "rocket_launch"),
            ("gate.Case", "fact_check"),
            ("gate.Replay", "replay"),
            ("llm.Answer", "quickreply"),
            ("llm.Spending", "payments"),
            ("llm.Breaker", "electric_bolt"),
        ),
    ),
    (
        gettext_lazy("Knowledge"),
        (
            ("knowledge.Article", "article"),
            ("knowledge.Question", "contact_support"),
            ("knowledge.Memory", "psychology"),
            ("knowledge.IndexJob", "pending_actions"),
        ),
    ),
    (
        gettext_lazy("People"),
        (
            ("accounts.User", "person"),
            ("accounts.Team", "groups"),
            ("accounts.RefreshFamily", "devices_other"),
            ("accounts.ApiKey", "key"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of the first page, and where it comes from."""

    number: str
    label: str
    link: str
    hint: str = ""
    alert: bool = False


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The numbers of the first page: four queries, however much there is."""
    return {**context, "title": _("Overview"), "facts_now": _now(), "facts_week": _week()}


def _sessions(query: str = "") -> str:
    return reverse("admin:sessions_app_chatsession_changelist") + query


def _now() -> list[Fact]:
    status = SessionStatus
    counts = ChatSession.objects.served().aggregate(
        waiting=Count("pk", filter=Q(status=status.QUEUED)),
        longest=Min("waiting_since", filter=Q(status=status.QUEUED)),
        assigned=Count("pk", filter=Q(status=status.ASSIGNED)),
        bot=Count("pk", filter=Q(status=status.BOT)),
        newest=Max("updated_at", filter=Q(status=status.BOT)),
    )
    staff = User.objects.filter(is_active=True).exclude(role=Role.CUSTOMER)
    ids = set(staff.values_list("pk", flat=True))
    online = len(online_ids(ids))
    longest = counts["longest"]
    return [
        Fact(
            str(counts["waiting"]),
            _("waiting for a person"),
            _sessions("?status__exact=queued"),
            _("longest: %s") % timesince(longest) if longest else "",
            alert=bool(counts["waiting"]),
        ),
        Fact(str(counts["assigned"]), _("with a person"), _sessions("?status__exact=assigned")),
        Fact(str(counts["bot"]), _("with the assistant"), _sessions("?status__exact=bot")),
        Fact(
            f"{online}/{len(ids)}",
            _("staff online"),
            reverse("admin:accounts_user_changelist"),
            alert=bool(counts["waiting"]) and not online,
        ),
    ]


def _week() -> list[Fact]:
    since = clock.now() - WEEK
    support = ChatSession.objects.served()
    chats = support.aggregate(
        opened=Count("pk", filter=Q(created_at__gte=since)),
        closed=Count("pk", filter=Q(closed_at__gte=since)),
        alone=Count("pk", filter=Q(closed_at__gte=since, assignee=None)),
        rated=Count("rating_score", filter=Q(closed_at__gte=since)),
        rating=Avg("rating_score", filter=Q(closed_at__gte=since)),
    )
    said = Message.objects.filter(created_at__gte=since).aggregate(
        customers=Count("pk", filter=Q(sender_kind=SenderKind.CUSTOMER)),
        assistant=Count("pk", filter=Q(sender_kind=SenderKind.ASSISTANT)),
        agents=Count("pk", filter=Q(sender_kind=SenderKind.AGENT) & ~Q(kind="note")),
    )
    rating = f"{chats['rating']:.1f}" if chats["rated"] else "–"
    return [
        Fact(str(chats["opened"]), _("chats opened"), _sessions()),
        Fact(
            str(chats["closed"]),
            _("chats closed"),
            _sessions("?status__exact=closed"),
            _("%d without a person") % chats["alone"],
        ),
        Fact(
            str(said["customers"]),
            _("messages by customers"),
            reverse("admin:sessions_app_message_changelist"),
            _("answers: %(people)d by people, %(assistant)d by the assistant")
            % {"people": said["agents"], "assistant": said["assistant"]},
        ),
        Fact(
            rating,
            _("average rating of 5"),
            _sessions("?rating_score__isnull=False"),
            _("%d ratings") % chats["rated"],
        ),
    ]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu: everything that is registered, under headings that follow the work."""
    registered = {model._meta.label: model for model in admin.site._registry}
    groups = []
    for title, entries in MENU:
        items = [_item(registered[label], icon) for label, icon in entries if label in registered]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    home = {"title": _("Overview"), "icon": "home", "link": reverse("admin:index")}
    console = {"title": _("Agent console"), "icon": "headset_mic", "link": reverse("console")}
    playground = {"title": _("Playground"), "icon": "view_column", "link": "/playground/"}
    knowledge = {"title": _("Knowledge"), "icon": "menu_book", "link": "/console/knowledge/"}
    statistics = {"title": _("Statistics"), "icon": "monitoring", "link": "/console/stats/"}
    return [{"items": [home, console, playground, knowledge, statistics]}, *groups]


def _item(model: Any, icon: str) -> dict[str, Any]:
    meta = model._meta
    link = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return {"title": str(meta.verbose_name_plural).capitalize(), "icon": icon, "link": link}


def environment(request: HttpRequest) -> list[str] | None:
    """A label beside the name where known passwords work."""
    return None if settings.PRODUCTION else [_("Demo"), "warning"]
