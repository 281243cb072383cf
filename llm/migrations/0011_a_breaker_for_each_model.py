"""Forget breakers of whole endpoints: there is one for each model now, and whoever fails says so."""

from typing import Any

from django.db import migrations


def forget(apps: Any, _schema: Any) -> None:
    """Delete what no call would ever find again."""
    apps.get_model("llm", "Breaker").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("llm", "0010_tallies")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop, elidable=True)]
