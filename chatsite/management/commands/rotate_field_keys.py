"""``manage.py rotate_field_keys``: re-encrypt stored secrets with the newest field key."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatsite.lib import rotation


class Command(BaseCommand):
    """Re-encrypts, says how many, and names what no key can read."""

    help = (
        "Re-encrypt stored secrets with the first key of FIELD_ENCRYPTION_KEYS. Can be interrupted "
        "and run again. When it says that nothing is left, older keys may be taken away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        counts: Counter[str] = Counter()
        unreadable = []
        for done in rotation.rotate():
            counts[done.result] += 1
            if done.result == "unreadable":
                unreadable.append(f"{done.model} {done.pk}")
        self.stdout.write(
            f"{counts['rotated']} re-encrypted, {counts['current']} were under the newest key."
        )
        if unreadable:
            raise CommandError(
                f"No key fits {len(unreadable)}, to be entered again: {', '.join(unreadable)}"
            )
