"""The demo: people, a widget, and a few days of conversations, made by the real actions."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction

from accounts.actions import edit_person
from accounts.models import Team, User
from accounts.viewer import Viewer
from chatsite.lib import clock, crypto
from sessions_app import actions
from sessions_app.actions import replies
from sessions_app.models import ChatSession, Message, Participant, Presence, SenderKind
from support import demo, proofs
from support.actions.stories import STORIES, Step, Story
from support.actions.visitors import Claim, start_visit
from support.actions.widgets import create_widget
from support.models import Widget

log = logging.getLogger(__name__)

GREETING = {
    "en": "Hello! Ask about sizes, delivery, returns or repairs. A person is one message away.",
    "zh-hans": "您好！尺码、配送、退换货、维修都可以问我，随时可以转接人工客服。",
}
SUGGESTIONS = {
    "en": [
        "Do the Fell Boots come in a wide fit?",
        "How long does delivery take?",
        "My zip is broken. What now?",
    ],
    "zh-hans": ["Fell Boot 有宽版吗？", "配送需要多久？", "拉链坏了怎么办？"],
}


def seed_demo() -> bool:
    """Put the demo in, all of it or nothing. Returns False when it is there already."""
    with transaction.atomic():
        people = {one.username: _person(one) for one in demo.CAST}
        teams = {
            "support": _team("support", "Support", is_default=True),
            "sales": _team("sales", "Sales"),
        }
        for one in demo.CAST:
            for slug in one.teams:
                teams[slug].members.add(people[one.username])
        if Widget.objects.filter(key=demo.WIDGET_KEY).exists():
            return False
        widget, _ = create_widget(
            key=demo.WIDGET_KEY,
            name=demo.SHOP,
            team=teams["support"],
            color="#2b6048",
            greeting=GREETING,
            suggestions=SUGGESTIONS,
        )
        for story in STORIES:
            _Play(story, widget, people, teams).run()
    log.info("demo seeded")
    return True


def _person(one: demo.Login) -> User:
    known = User.objects.by_login(one.username)
    if known is not None:
        return known
    user = User(username=one.username, email=one.email, display_name=one.name, role=one.role)
    user.set_password(one.password)
    edit_person(user=user)
    return user


def _team(slug: str, name: str, *, is_default: bool = False) -> Team:
    nobody_else = not Team.objects.filter(is_default=True).exists()
    team, _ = Team.objects.get_or_create(
        slug=slug, defaults={"name": name, "is_default": is_default and nobody_else}
    )
    return team


class _Play:
    """Plays one story. Actions write the present; afterwards its rows are moved to their day."""

    def __init__(
        self, story: Story, widget: Widget, people: dict[str, User], teams: dict[str, Team]
    ) -> None:
        self.story = story
        self.widget = widget
        self.teams = teams
        self.viewers = {name: Viewer.of(user) for name, user in people.items()}
        self.ids = {name: user.pk for name, user in people.items()}
        self.moment = clock.now() - timedelta(hours=story.hours_ago)
        self.viewers["customer"] = self._customer()
        self.session_id = self._open()
        self.seen = 0
        self.closed_at: datetime | None = None

    def run(self) -> None:
        began = self.moment
        at_the_desk = {step.who for step in self.story.steps if step.does == "claim"}
        for name in at_the_desk:
            actions.set_presence(viewer=self.viewers[name], status="online")
        for step in self.story.steps:
            self.moment += timedelta(minutes=step.after)
            self._act(step)
            self._date()
        # Gone without a word, as by a closed lid: saying "offline" would outlast the next login.
        Presence.objects.filter(user_id__in=[self.ids[name] for name in at_the_desk]).delete()
        self._settle(began)

    def _customer(self) -> Viewer:
        claim = None
        if self.story.external_id:
            secret = crypto.decrypt(self.widget.secret_encrypted)
            claim = Claim(
                external_id=self.story.external_id,
                proof=proofs.sign_identity(secret=secret, external_id=self.story.external_id),
                name=self.story.name,
                email=self.story.email,
            )
        visit = start_visit(widget=self.widget, claim=claim, locale="en")
        return Viewer.of(visit.user, widget_id=self.widget.pk)

    def _open(self) -> uuid.UUID:
        return actions.open_session(
            viewer=self.viewers["customer"],
            title=self.story.title,
            team_id=self.widget.team_id,
            source=f"widget:{self.widget.key}",
        ).pk

    def _act(self, step: Step) -> None:
        if step.who == "assistant":
            self._assistant(step)
            return
        viewer, session = self.viewers[step.who], self.session_id
        if step.does in ("say", "note"):
            actions.post_message(
                viewer=viewer,
                session_id=session,
                content=step.text,
                kind="note" if step.does == "note" else "text",
            )
        elif step.does == "handoff":
            actions.request_human(viewer=viewer, session_id=session)
        elif step.does == "claim":
            actions.claim(viewer=viewer, session_id=session)
        elif step.does == "close":
            actions.close(viewer=viewer, session_id=session, reason=step.text)
            self.closed_at = self.moment
        elif step.does == "tag":
            actions.set_tags(viewer=viewer, session_id=session, tags=list(step.tags))
        elif step.does == "rate":
            actions.rate(viewer=viewer, session_id=session, score=step.score, comment=step.text)
        else:
            self._read(viewer)  # afterwards it may be another team's
            self._transfer(viewer, step)
            return
        self._read(viewer)

    def _transfer(self, viewer: Viewer, step: Step) -> None:
        _, agent, team = step.does.split(":")
        actions.transfer(
            viewer=viewer,
            session_id=self.session_id,
            agent_id=self.ids[agent],
            team_id=self.teams[team].pk,
            note=step.text,
        )

    def _read(self, viewer: Viewer) -> None:
        """Whoever acts has read what was there."""
        last = ChatSession.objects.values_list("last_seq", flat=True).get(pk=self.session_id)
        actions.mark_read(viewer=viewer, session_id=self.session_id, seq=last)

    def _assistant(self, step: Step) -> None:
        if step.does == "handoff":
            actions.request_human(session_id=self.session_id, reason="assistant")
            return
        turn = uuid.uuid4()
        floor = replies.begin_reply(session_id=self.session_id, turn_id=turn, attempt=1)
        if floor is None:
            raise RuntimeError(f"the assistant may not speak here: {self.story.title}")
        replies.commit_reply(
            replies.Spoken(
                session_id=self.session_id,
                turn_id=turn,
                attempt=1,
                epoch=floor.epoch,
                watermark=floor.watermark,
                content=step.text,
            )
        )

    def _date(self) -> None:
        """Give what the step wrote the time at which it happened."""
        fresh = Message.objects.filter(session=self.session_id, seq__gt=self.seen)
        fresh.update(created_at=self.moment)
        newest = fresh.order_by("-seq").values_list("seq", flat=True).first()
        self.seen = newest or self.seen
        Participant.objects.filter(session=self.session_id, joined_at__gt=self.moment).update(
            joined_at=self.moment
        )

    def _settle(self, began: datetime) -> None:
        session = ChatSession.objects.get(pk=self.session_id)
        ChatSession.objects.filter(pk=self.session_id).update(
            created_at=began,
            updated_at=self.moment,
            closed_at=self.closed_at,
            waiting_since=self._waiting_since() if session.waiting_since else None,
        )

    def _waiting_since(self) -> datetime | None:
        """The customer's first message after the last answer."""
        spoken = Message.objects.filter(session=self.session_id, kind="text")
        answers = spoken.exclude(sender_kind=SenderKind.CUSTOMER).order_by("-seq")
        answered = answers.values_list("seq", flat=True).first() or 0
        waiting = spoken.filter(seq__gt=answered).order_by("seq")
        return waiting.values_list("created_at", flat=True).first()
