"""What a model did for one question is an answer; a turn will be a question to several models."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("llm", "0002_names")]

    operations = [
        migrations.RemoveConstraint("turn", "llm_one_open_turn_per_session"),
        migrations.RenameModel("Turn", "Answer"),
        migrations.RenameIndex("answer", "llm_answer_open_lease", "llm_turn_open_lease"),
        migrations.RenameIndex("answer", "llm_answer_of_session", "llm_turn_of_session"),
        migrations.RenameIndex("answer", "llm_answer_of_model", "llm_turn_of_model"),
        migrations.AlterField(
            "answer",
            "session",
            models.ForeignKey(
                on_delete=models.deletion.CASCADE,
                related_name="answers",
                to="sessions_app.chatsession",
                verbose_name="conversation",
            ),
        ),
        migrations.AlterField(
            "answer",
            "model",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.deletion.SET_NULL,
                related_name="answers",
                to="llm.modelconfig",
                verbose_name="model",
            ),
        ),
    ]
