"""`manage.py tallies`: whether hours that were counted once are still what their answers say."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.models import Tally
from llm.stats import hours

AT_ONCE = 24 * 7


class Command(BaseCommand):
    """Exit status 0 when every kept hour agrees with its answers, 1 otherwise."""

    help = "Count the kept hours of the statistics anew and name those that differ."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to mend."""
        parser.add_argument(
            "--mend", action="store_true", help="Keep what was counted anew, for those that differ."
        )

    def handle(self, *_arguments: Any, mend: bool, **_options: Any) -> None:
        """Compare, some days at a time."""
        kept = list(Tally.objects.order_by("hour").values_list("hour", flat=True))
        wrong = []
        for at in range(0, len(kept), AT_ONCE):
            wrong += hours.differing(kept[at : at + AT_ONCE])
        for hour in wrong:
            self.stdout.write(f"{hour:%Y-%m-%d %H:00} differs")
        if wrong and not mend:
            raise CommandError(f"{len(wrong)} of {len(kept)} hours differ; --mend them.")
        Tally.objects.filter(hour__in=wrong).delete()
        hours.count_and_keep(wrong)
        self.stdout.write(f"{len(kept)} hours, {len(wrong)} mended.")
