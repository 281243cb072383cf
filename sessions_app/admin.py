"""Admin pages for conversations: to look things up, not to change them.

History is what was said. Nothing here adds, edits or deletes; what staff may do with a chat is done
in the console, through the same actions as everywhere.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from sessions_app.models import Attachment, ChatSession, Message, Participant, Tag

SHOWN_MESSAGES = 200
SNIPPET = 90


class LookOnly:
    """Nothing is added, changed or deleted on this page."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows come from the product."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History is not deleted."""
        return False


class ParticipantInline(LookOnly, TabularInline):  # type: ignore[misc]
    """Who is, or was, in a conversation."""

    model = Participant
    fields = ("user", "role", "read_seq", "joined_at", "left_at")
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        """With the people, in one query."""
        found: QuerySet[Participant] = super().get_queryset(request)
        return found.select_related("user").order_by("joined_at", "pk")


@admin.register(ChatSession)
class ChatSessionAdmin(LookOnly, ModelAdmin):  # type: ignore[misc]
    """Conversations, with their transcript."""

    list_display = (
        "heading",
        "state",
        "team",
        "assignee",
        "number_of_messages",
        "waiting_since",
        "rating",
        "updated_at",
    )
    list_filter = ("status", "kind", "team", "rating_score", "tags", "created_at")
    list_select_related = ("team", "assignee", "customer")
    search_fields = ("id__exact", "title", "customer__display_name", "customer__email")
    search_help_text = _("Id, title, or the customer's name or e-mail.")
    ordering = ("-recency", "-updated_at", "-id")
    list_per_page = 50
    show_full_result_count = False
    inlines = (ParticipantInline,)
    fieldsets = (
        (None, {"fields": ("title", "status", "customer", "assignee", "team", "labels", "links")}),
        (_("What was said"), {"fields": ("transcript",)}),
        (
            _("Details"),
            {
                "classes": ("collapse",),
                "fields": (
                    "id",
                    "kind",
                    "source",
                    "metadata",
                    "floor",
                    "epoch",
                    "last_seq",
                    "version",
                    "rating",
                    "rating_comment",
                    "created_at",
                    "updated_at",
                    "waiting_since",
                    "closed_at",
                    "archived_at",
                ),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """All of them."""
        return [field for _title, options in self.fieldsets for field in options["fields"]]

    @display(description=_("Conversation"), ordering="title")
    def heading(self, session: ChatSession) -> str:
        """The title, else who it is with; no name of a relation, which the admin would prefer."""
        return session.title or (session.customer.name if session.customer else str(session))

    @display(
        description=_("Status"),
        ordering="status",
        label={"bot": "info", "queued": "warning", "assigned": "success", "closed": ""},
    )
    def state(self, session: ChatSession) -> tuple[str, str]:
        """The status in words."""
        words = {
            "bot": _("with the assistant"),
            "queued": _("waiting"),
            "assigned": _("with a person"),
            "closed": _("closed"),
        }
        return session.status, str(words[session.status])

    @display(description=_("Messages"), ordering="last_seq")
    def number_of_messages(self, session: ChatSession) -> int:
        """How many there are, notes and events among them."""
        return session.last_seq

    @display(description=_("Rating"), ordering="rating_score")
    def rating(self, session: ChatSession) -> str:
        """Stars, as the customer gave them."""
        return "★" * session.rating_score if session.rating_score else "–"

    @display(description=_("Tags"))
    def labels(self, session: ChatSession) -> str:
        """Tag names."""
        return ", ".join(tag.name for tag in session.tags.all()) or "–"

    @display(description=_("Open in"))
    def links(self, session: ChatSession) -> SafeString:
        """The console, where one can act, and the list of this session's messages."""
        look = "text-primary-600 dark:text-primary-400"
        messages = reverse("admin:sessions_app_message_changelist")
        return format_html(
            '<a class="{}" href="{}">{}</a> · <a class="{}" href="{}">{}</a>',
            look,
            f"{reverse('console')}#/{'closed' if session.is_closed else 'open'}/{session.pk}",
            _("Console"),
            look,
            f"{messages}?session__id__exact={session.pk}",
            _("Messages"),
        )

    @display(description=_("Transcript"))
    def transcript(self, session: ChatSession) -> SafeString:
        """The newest messages, in order."""
        newest = session.messages.order_by("-seq")[:SHOWN_MESSAGES]
        context = {"lines": list(newest)[::-1], "left_out": session.last_seq - SHOWN_MESSAGES}
        return render_to_string("admin/sessions_app/transcript.html", context)


@admin.register(Message)
class MessageAdmin(LookOnly, ModelAdmin):  # type: ignore[misc]
    """Every message, findable by its words."""

    list_display = ("snippet", "sender_name", "sender_kind", "kind", "session", "seq", "created_at")
    list_display_links = ("snippet",)
    list_filter = ("kind", "sender_kind", "created_at")
    list_select_related = ("session",)
    search_fields = ("content", "sender_name")
    search_help_text = _("Words of the message, or its sender's name.")
    ordering = ("-created_at", "-id")
    list_per_page = 50
    show_full_result_count = False
    # Counting millions of rows for a page number nobody reads would be the slowest part.
    paginator = InfinitePaginator
    fields = (
        "session",
        "seq",
        "kind",
        "sender_kind",
        "sender",
        "sender_name",
        "content",
        "metadata",
        "created_at",
        "edited_at",
        "deleted_at",
    )
    readonly_fields = fields

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """The session page links to its messages."""
        return lookup == "session__id__exact" or bool(
            super().lookup_allowed(lookup, value, request)
        )

    @display(description=_("Message"))
    def snippet(self, message: Message) -> str:
        """The beginning of what was said."""
        if message.deleted_at is not None:
            return str(_("(deleted)"))
        text = " ".join(message.content.split())
        return text if len(text) <= SNIPPET else f"{text[:SNIPPET]}…"


@admin.register(Participant)
class ParticipantAdmin(LookOnly, ModelAdmin):  # type: ignore[misc]
    """Who takes part where."""

    list_display = ("user", "role", "session", "read_seq", "joined_at", "left_at")
    list_filter = ("role",)
    list_select_related = ("user", "session")
    search_fields = ("user__display_name", "user__email", "session__title")
    ordering = ("-joined_at", "-id")
    list_per_page = 50
    show_full_result_count = False


@admin.register(Tag)
class TagAdmin(LookOnly, ModelAdmin):  # type: ignore[misc]
    """Labels, and how often they are used."""

    list_display = ("name", "uses")
    search_fields = ("name",)
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        """With the number of conversations."""
        found: QuerySet[Tag] = super().get_queryset(request)
        return found.annotate(uses=Count("sessions"))

    @display(description=_("Conversations"), ordering="uses")
    def uses(self, tag: Any) -> int:
        """How many conversations carry it."""
        return int(tag.uses)


@admin.register(Attachment)
class AttachmentAdmin(LookOnly, ModelAdmin):  # type: ignore[misc]
    """Uploaded files."""

    list_display = ("name", "kind", "mime", "weight", "uploader", "created_at")
    list_filter = ("kind", "created_at")
    list_select_related = ("uploader",)
    search_fields = ("name", "uploader__display_name")
    ordering = ("-created_at", "-id")
    list_per_page = 50
    show_full_result_count = False

    @display(description=_("Size"), ordering="size")
    def weight(self, attachment: Attachment) -> str:
        """In units that people read."""
        return filesizeformat(attachment.size)
