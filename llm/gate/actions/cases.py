"""Changes to cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib.errors import ValidationFailed
from llm.gate.access import require_admin
from llm.gate.models import Case
from llm.text import visible
from sessions_app.access import staff_session_for
from sessions_app.models import SenderKind
from sessions_app.queries import transcript

MOST_SAID = 60
MOST_PHRASES = 20
LONGEST_PHRASE = 300
LONGEST_TEXT = 16_000
SPEAKERS = ("customer", "assistant", "agent")


def save_case(*, viewer: Viewer, case: Case, cites: Sequence[Any] | None = None) -> Case:
    """Store a case as it was filled in; raises ValidationFailed naming the field."""
    require_admin(viewer)
    case.talk = checked_talk(case.talk)
    case.must_say = _phrases("must_say", case.must_say)
    case.must_not_say = _phrases("must_not_say", case.must_not_say)
    if case._state.adding:
        case.created_by_id = viewer.user_id
    with transaction.atomic():
        case.save()
        if cites is not None:
            case.cites.set(cites)
    return case


def keep_case(
    *, viewer: Viewer, session_id: object, name: str, upto_seq: int | None = None
) -> Case:
    """Freeze a conversation up to a customer's message as a case without expectations yet.

    Raises SessionNotFound, or ValidationFailed when no customer has written by then.
    """
    require_admin(viewer)
    session = staff_session_for(viewer, session_id)
    talk = talk_of(viewer, session.pk, upto_seq=upto_seq)
    case = Case(name=name.strip()[:120], talk=talk, session_id=session.pk)
    return save_case(viewer=viewer, case=case)


def talk_of(
    viewer: Viewer, session_id: object, *, upto_seq: int | None = None
) -> list[dict[str, str]]:
    """Return a conversation up to a customer's message as a talk. Raises SessionNotFound."""
    session = staff_session_for(viewer, session_id)
    lines = transcript(
        session_id=session.pk, upto_seq=upto_seq or session.last_seq, limit=MOST_SAID
    )
    while lines and lines[-1].sender_kind != SenderKind.CUSTOMER:
        lines.pop()
    return [{"role": line.sender_kind, "text": line.content} for line in lines]


def checked_talk(talk: object) -> list[dict[str, str]]:
    """Return a talk that ends with a customer's message, cleaned of what people cannot see."""
    if not isinstance(talk, list) or not 1 <= len(talk) <= MOST_SAID:
        raise ValidationFailed.of("talk", _("a list of 1 to %d entries") % MOST_SAID)
    said = [_said(one) for one in talk]
    said = [one for one in said if one["text"]]
    if not said or said[-1]["role"] != "customer":
        raise ValidationFailed.of("talk", _("must end with what the customer says"))
    return said


def _said(one: object) -> dict[str, str]:
    if (
        not isinstance(one, Mapping)
        or one.get("role") not in SPEAKERS
        or not isinstance(one.get("text"), str)
        or len(one["text"]) > LONGEST_TEXT
    ):
        raise ValidationFailed.of("talk", _('entries are {"role": "customer", "text": "…"}'))
    return {"role": str(one["role"]), "text": visible(one["text"]).strip()}


def _phrases(field: str, phrases: object) -> list[str]:
    if not isinstance(phrases, list) or len(phrases) > MOST_PHRASES:
        raise ValidationFailed.of(field, _("a list of at most %d phrases") % MOST_PHRASES)
    if any(not isinstance(one, str) or len(one) > LONGEST_PHRASE for one in phrases):
        raise ValidationFailed.of(field, _("phrases of at most %d characters") % LONGEST_PHRASE)
    return [one.strip() for one in phrases if one.strip(" |")]
