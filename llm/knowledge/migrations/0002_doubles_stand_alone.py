"""Of several articles of one web page, the first stays that page's; the others stand alone."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def stand_alone(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    """Call later imports of a page written here; they keep their text and the address."""
    articles = apps.get_model("knowledge", "Article").objects
    seen = set()
    rows = articles.filter(source_kind="url").order_by("pk")
    for pk, *page in rows.values_list("pk", "source_url", "team_id"):
        if tuple(page) in seen:
            articles.filter(pk=pk).update(source_kind="written")
        seen.add(tuple(page))


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_articles_memory_and_questions")]

    operations = [migrations.RunPython(stand_alone, migrations.RunPython.noop)]
