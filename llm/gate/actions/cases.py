"""Changes to cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib.errors import Conflict, FieldError, ValidationFailed
from llm.gate.access import case_for, require_admin
from llm.gate.models import Case, Replay
from llm.text import visible
from sessions_app.access import staff_session_for
from sessions_app.models import SenderKind
from sessions_app.queries import transcript

MOST_SAID = 60
MOST_PHRASES = 20
LONGEST_PHRASE = 300
LONGEST_TEXT = 16_000
LONGEST_NAME = 120
SPEAKERS = ("customer", "assistant", "agent")


def save_case(*, viewer: Viewer, case: Case, cites: Sequence[Any] | None = None) -> Case:
    """Store a case as it was filled in.

    Raises ValidationFailed naming the field, and Conflict for a name that another case has.
    """
    require_admin(viewer)
    return _stored(viewer, case, cites)


def change_case(
    *, viewer: Viewer, case_id: object, cites: Sequence[Any] | None = None, **fields: Any
) -> Case:
    """Change these fields of a case; what somebody else changes of it meanwhile stays.

    Raises NotFound, ValidationFailed naming the field, and Conflict for a name another case has.
    """
    known = case_for(viewer, case_id)
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).get(pk=known.pk)
        for name, value in fields.items():
            setattr(case, name, value)
        return _stored(viewer, case, cites)


def _stored(viewer: Viewer, case: Case, cites: Sequence[Any] | None = None) -> Case:
    case.name = visible(case.name).strip()
    if not 0 < len(case.name) <= LONGEST_NAME:
        raise ValidationFailed.of("name", _("1 to %d characters") % LONGEST_NAME)
    case.talk = checked_talk(case.talk)
    case.must_say = checked_phrases("must_say", case.must_say)
    case.must_not_say = checked_phrases("must_not_say", case.must_not_say)
    if case._state.adding:
        case.created_by_id = viewer.user_id
    try:
        with transaction.atomic():
            case.save()
            if cites is not None:
                case.cites.set(cites)
    except IntegrityError as error:
        if not Case.objects.filter(name=case.name).exclude(pk=case.pk).exists():
            raise
        taken = FieldError("name", "unique", _("It is taken."))
        raise Conflict(_("This name is taken."), errors=[taken]) from error
    return case


def delete_case(*, viewer: Viewer, case: Case) -> None:
    """Take a case away with what it showed; raises Conflict while a replay puts it to models."""
    require_admin(viewer)
    with transaction.atomic():
        running = Replay.objects.filter(status=Replay.Status.RUNNING, results__case=case)
        if running.exists():
            raise Conflict(_("A replay is asking it right now"))
        case.delete()


def keep_case(
    *,
    viewer: Viewer,
    session_id: object,
    name: str = "",
    upto_seq: int | None = None,
    **wanted: Any,
) -> Case:
    """Freeze a conversation up to a customer's message as a case; ``wanted`` are its expectations.

    Agents may do this for the chats that they see. Theirs stays switched off until an admin has
    looked at it: a case that is on decides what may be published. Raises SessionNotFound,
    PermissionDenied for customers, ValidationFailed when no customer has written by then, and
    Conflict for a name that is taken.
    """
    begun = case_of(viewer, session_id, upto_seq=upto_seq)
    for field, value in wanted.items():
        setattr(begun, field, value)
    begun.name = name or begun.name
    begun.enabled = viewer.is_admin
    return _stored(viewer, begun)


def case_of(viewer: Viewer, session_id: object, *, upto_seq: int | None = None) -> Case:
    """Return a conversation as a case that is not stored yet, under a name that is free.

    Raises SessionNotFound, and PermissionDenied for customers.
    """
    session = staff_session_for(viewer, session_id)
    talk = talk_of(viewer, session.pk, upto_seq=upto_seq)
    asked = " ".join(visible(talk[-1]["text"]).split()) if talk else ""
    return Case(name=_free_name(asked), talk=talk, session_id=session.pk)


def _free_name(wanted: str) -> str:
    base = wanted[: LONGEST_NAME - 10] or _("Conversation")
    taken = set(Case.objects.filter(name__startswith=base).values_list("name", flat=True))
    numbered = (f"{base} ({number})" for number in count(2))
    return next(name for name in chain([base], numbered) if name not in taken)


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


def checked_phrases(field: str, phrases: object) -> list[str]:
    """Return phrases without empty ones; raises ValidationFailed for too many or too long."""
    if not isinstance(phrases, list) or len(phrases) > MOST_PHRASES:
        raise ValidationFailed.of(field, _("a list of at most %d phrases") % MOST_PHRASES)
    if any(not isinstance(one, str) or len(one) > LONGEST_PHRASE for one in phrases):
        raise ValidationFailed.of(field, _("phrases of at most %d characters") % LONGEST_PHRASE)
    return [one.strip() for one in phrases if one.strip(" |")]
