"""Tallies made from now on have their times packed; those that are there are read as they are."""

from typing import Any

from django.db import migrations


def forget(apps: Any, _schema: Any) -> None:
    """Delete all tallies: an older release cannot read new ones, and counts them again."""
    apps.get_model("llm", "Tally").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("llm", "0012_tallies_of_turns"),
    ]

    operations = [migrations.RunPython(migrations.RunPython.noop, forget, elidable=True)]
