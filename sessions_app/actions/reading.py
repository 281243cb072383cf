"""Read marks, typing and presence."""

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import ValidationFailed
from sessions_app import publish, queries
from sessions_app.access import Membership, membership
from sessions_app.models import (
    ChatSession,
    Message,
    Participant,
    ParticipantRole,
    Presence,
    PresenceStatus,
    SenderKind,
)


def mark_read(*, viewer: Viewer, session_id: object, seq: object) -> None:
    """Move the viewer's read mark forward to ``seq``; it never moves back.

    The unread count that this viewer's side shares is counted again from the mark.
    """
    mark_member_read(membership(viewer, session_id), seq)


def mark_member_read(member: Membership, seq: object) -> None:
    """Do :func:`mark_read` for a membership that was already resolved."""
    if isinstance(seq, bool) or not isinstance(seq, int) or seq < 0:
        raise ValidationFailed.of("seq", "expected a message number")
    user_id = member.viewer.user_id
    with transaction.atomic():
        session = ChatSession.objects.select_for_update(no_key=True).get(pk=member.session_id)
        seq = min(seq, session.head_for(staff=member.staff)[0])
        place, _ = Participant.objects.get_or_create(
            session=session, user_id=user_id, defaults={"role": ParticipantRole.OBSERVER}
        )
        if seq <= place.read_seq:
            return
        place.read_seq = seq
        place.save(update_fields=["read_seq"])
        unread = (
            Message.objects.filter(session=session, seq__gt=seq)
            .visible_to(staff=member.staff)
            .exclude(sender_kind=SenderKind.SYSTEM)
        )
        if member.staff:
            session.staff_unread = unread.filter(sender_kind=SenderKind.CUSTOMER).count()
            session.save(update_fields=["staff_unread"])
        else:
            session.customer_unread = unread.exclude(sender_id=user_id).count()
            session.save(update_fields=["customer_unread"])
        transaction.on_commit(lambda: publish.session_changed(session), robust=True)
        transaction.on_commit(
            lambda: publish.read_marked(
                member.session_id,
                user_id,
                seq,
                staff_only=place.role == ParticipantRole.OBSERVER,
            ),
            robust=True,
        )


def set_presence(*, viewer: Viewer, status: str) -> None:
    """Say how the viewer is: ``online``, ``away`` or ``offline``."""
    if status not in PresenceStatus.values:
        raise ValidationFailed.of("status", "one of online, away, offline", "invalid_choice")
    Presence.objects.update_or_create(
        user_id=viewer.user_id, defaults={"status": status, "seen_at": clock.now()}
    )
    publish.presence(viewer.user_id, status, staff=viewer.is_staff, said=True)


def arrive(viewers: Collection[Viewer]) -> None:
    """Note that the viewers have living sockets; who said they are away stays away.

    Whom the others know to be there is not announced again.
    """
    now, alive = clock.now(), queries.alive_since()
    ids = sorted(viewer.user_id for viewer in viewers)
    known = Presence.objects.in_bulk(ids)
    Presence.objects.bulk_create(
        [Presence(user_id=user_id, seen_at=now) for user_id in ids],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["seen_at"],
    )
    for viewer in viewers:
        row = known.get(viewer.user_id)
        if row is None or row.seen_at < alive:
            status = row.status if row else PresenceStatus.ONLINE
            publish.presence(viewer.user_id, status, staff=viewer.is_staff, said=False)


def touch_presence(user_ids: set[int]) -> None:
    """Renew the presence of everyone who is connected to this process: one statement."""
    if user_ids:
        Presence.objects.filter(user_id__in=user_ids).update(seen_at=clock.now())


def leave(viewers: Collection[Viewer]) -> None:
    """Note that the viewers' last sockets in a process have gone; another one may renew it."""
    long_ago = clock.now() - timedelta(days=1)
    ids = [viewer.user_id for viewer in viewers]
    Presence.objects.filter(user_id__in=ids).update(seen_at=long_ago)
    for viewer in viewers:
        publish.presence(viewer.user_id, PresenceStatus.OFFLINE, staff=viewer.is_staff, said=False)
