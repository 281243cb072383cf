"""Changes to releases, and what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from chatsite.lib import clock
from chatsite.lib.errors import Conflict, ValidationFailed
from llm.gate.access import release_for, require_admin
from llm.gate.digest import digest_of
from llm.gate.models import Publication, Release, Replay
from llm.knowledge.actions.articles import knowledge_state, publish_article, restore_state
from llm.rules import default_params


def save_release(
    *, viewer: Viewer, release: Release, articles: Sequence[Any] | None = None
) -> Release:
    """Store a release as it was filled in. One that was ever published does not change.

    Raises ValidationFailed naming the field, and Conflict for one that was published.
    """
    require_admin(viewer)
    release.params = checked_params(release.params)
    with transaction.atomic():
        if release._state.adding:
            release.created_by_id = viewer.user_id
        elif _locked(release).publications.exists():
            raise Conflict(_("A published release stays as it is: make a copy and change that"))
        release.save()
        if articles is not None:
            release.articles.set(articles)
    return release


def change_release(
    *, viewer: Viewer, release_id: object, articles: Sequence[Any] | None = None, **fields: Any
) -> Release:
    """Change these fields of a release; what somebody else changes of it meanwhile stays.

    Raises NotFound, and what :func:`save_release` raises.
    """
    known = release_for(viewer, release_id)
    with transaction.atomic():
        release = _locked(known)
        for name, value in fields.items():
            setattr(release, name, value)
        return save_release(viewer=viewer, release=release, articles=articles)


def delete_release(*, viewer: Viewer, release: Release) -> None:
    """Take a candidate and its replays away; raises Conflict once published, or while one runs."""
    require_admin(viewer)
    with transaction.atomic():
        if _locked(release).publications.exists():
            raise Conflict(_("What was published is kept"))
        if release.replays.filter(status=Replay.Status.RUNNING).exists():
            raise Conflict(_("A replay of this release is running"))
        release.delete()


def _locked(release: Release) -> Release:
    return Release.objects.select_for_update(of=("self",)).get(pk=release.pk)


def checked_params(given: object) -> dict[str, float]:
    """Return parameters as they are stored; raises ValidationFailed naming the wrong one."""
    if not isinstance(given, Mapping):
        raise ValidationFailed.of("params", _("an object"))
    try:
        return default_params(given)
    except ValidationFailed as error:
        wrong = [
            replace(one, field=one.field.replace("default_params", "params"))
            for one in error.errors
        ]
        raise ValidationFailed(f"{wrong[0].field}: {wrong[0].detail}", errors=wrong) from None


def copy_release(*, viewer: Viewer, release: Release) -> Release:
    """Make a candidate that starts as ``release`` is."""
    require_admin(viewer)
    return Release.objects.create(
        name=f"{release.name} +"[:120],
        model=release.model,
        system_prompt=release.system_prompt,
        params=release.params,
        created_by_id=viewer.user_id,
    )


def passing_replay(release: Release) -> Replay | None:
    """Return the newest replay that the release, as it is now, has passed with today's cases."""
    return (
        release.replays.filter(status=Replay.Status.DONE, passed=True, digest=digest_of(release))
        .order_by("-finished_at")
        .first()
    )


def publish(*, viewer: Viewer, release: Release, override_reason: str = "") -> Publication:
    """Let customers be answered by ``release``, and publish its articles.

    Needs a passed replay of exactly this, or a reason that is kept with the viewer's name; raises
    Conflict otherwise, and ValidationFailed when the model is switched off.
    """
    require_admin(viewer)
    reason = override_reason.strip()[:500]
    with transaction.atomic():
        release = (
            Release.objects.select_for_update(of=("self",))
            .select_related("model")
            .get(pk=release.pk)
        )
        if not release.model.enabled:
            raise ValidationFailed.of("model", _("is switched off"))
        replay = passing_replay(release)
        if replay is None and not reason:
            raise Conflict(
                _("It has not passed a replay as it is now; give a reason to publish it")
            )
        ended = _end_current()
        for article in release.articles.all():
            publish_article(viewer=viewer, article_id=article.pk)
        return _begin(
            viewer,
            release,
            previous=ended,
            replay=replay,
            # A reason given without need would read as if the gate had been passed by.
            override_reason="" if replay else reason,
        )


def roll_back(*, viewer: Viewer) -> Publication:
    """Go back to the publication before the current one, and to the knowledge of its last day.

    Raises Conflict when there is none. Going back twice goes further back, not forth.
    """
    require_admin(viewer)
    with transaction.atomic():
        live = _end_current()
        target = live.previous if live else None
        if target is None:
            raise Conflict(_("There is nothing to go back to"))
        state = {int(pk): number for pk, number in target.knowledge.items()}
        restore_state(viewer=viewer, state=state)
        return _begin(viewer, target.release, previous=target.previous, is_rollback=True)


def _end_current() -> Publication | None:
    """End what is live; keep with it the knowledge that replies used to the end."""
    live = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("previous__release", "previous__previous")
        .filter(is_current=True)
        .first()
    )
    if live is not None:
        live.is_current = False
        live.ended_at = clock.now()
        live.knowledge = _state()
        live.save(update_fields=["is_current", "ended_at", "knowledge"])
    return live


def _begin(viewer: Viewer, release: Release, **fields: Any) -> Publication:
    return Publication.objects.create(
        release=release, published_by_id=viewer.user_id, knowledge=_state(), **fields
    )


def _state() -> dict[str, int]:
    return {str(pk): number for pk, number in knowledge_state().items()}
