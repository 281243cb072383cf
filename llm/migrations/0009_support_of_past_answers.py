"""Say of past answers what their sources and the list of unanswered questions tell."""

from typing import Any

from django.db import migrations
from django.db.models import TextField
from django.db.models.functions import Cast

# As both databases write a stored object; inside a quotation its quotes would be escaped.
NAMED = '"cited": true'


def look_back(apps: Any, _schema: Any) -> None:
    """Fill in what the newer column says."""
    answers = apps.get_model("llm", "Answer").objects
    asked = apps.get_model("knowledge", "Asking").objects.values("answer_id")
    answers.filter(support="", sources=[], pk__in=asked).update(support="nothing")
    given = answers.filter(support="").exclude(sources=[])
    given = given.annotate(written=Cast("sources", TextField()))
    given.filter(written__contains=NAMED).update(support="cited")
    answers.filter(support="").exclude(sources=[]).update(support="uncited")


class Migration(migrations.Migration):
    dependencies = [
        ("llm", "0008_support_of_answers"),
        ("knowledge", "0001_articles_memory_and_questions"),
    ]

    operations = [migrations.RunPython(look_back, migrations.RunPython.noop, elidable=True)]
