"""Brings every encrypted column to the newest key of the keyring, in place.

Each row is one small compare-and-set: an interrupted run has done what it has done, the next one
goes on, and a row that somebody changes meanwhile is theirs (and under the newest key already).
Nothing but the ciphertext changes, not even the time of the last change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.apps import apps
from django.db import models

from chatsite.lib import crypto

SUFFIX = "_encrypted"
Result = Literal["rotated", "current", "unreadable"]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one stored value: where it stands, and the result."""

    model: str
    pk: object
    field: str
    result: Result


def columns() -> list[tuple[type[models.Model], str]]:
    """Return every column that holds ciphertext: their names end with ``_encrypted``."""
    return [
        (model, field.attname)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.attname.endswith(SUFFIX)
    ]


def rotate() -> Iterator[Done]:
    """Re-encrypt what is not under the newest key; yield after each value, committed."""
    for model, name in columns():
        rows = model._base_manager.exclude(**{name: ""}).order_by("pk")
        # All at once: a cursor held open would see nothing new, and block SQLite.
        for pk, stored in list(rows.values_list("pk", name)):
            yield Done(model._meta.label, pk, name, _rotate_one(model, name, pk, stored))


def _rotate_one(model: type[models.Model], name: str, pk: object, stored: str) -> Result:
    if not crypto.needs_rotation(stored):
        return "current"
    try:
        fresh = crypto.encrypt(crypto.decrypt(stored))
    except crypto.UndecryptableError:
        return "unreadable"
    changed = model._base_manager.filter(pk=pk, **{name: stored}).update(**{name: fresh})
    return "rotated" if changed else "current"
