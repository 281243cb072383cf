import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("llm", "0004_questions_to_several_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="Breaker",
            fields=[
                (
                    "endpoint",
                    models.CharField(
                        max_length=500, primary_key=True, serialize=False, verbose_name="endpoint"
                    ),
                ),
                (
                    "failures",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="The last ones: seconds since 1970, and the reason.",
                        verbose_name="failures",
                    ),
                ),
                (
                    "openings",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="How often in a row it was opened.",
                        verbose_name="openings",
                    ),
                ),
                (
                    "open_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="open until"),
                ),
                (
                    "resting_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="As the endpoint itself asked.",
                        null=True,
                        verbose_name="rests until",
                    ),
                ),
                ("probe", models.UUIDField(blank=True, null=True, verbose_name="probe")),
                (
                    "probe_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="probe leased until"),
                ),
            ],
            options={
                "verbose_name": "circuit breaker",
                "verbose_name_plural": "circuit breakers",
                "ordering": ["endpoint"],
            },
        ),
        migrations.AddField(
            model_name="answer",
            name="reserved",
            field=models.DecimalField(
                blank=True,
                decimal_places=8,
                help_text="Part of the day's budget that is kept for it while it is open.",
                max_digits=14,
                null=True,
                verbose_name="reserved",
            ),
        ),
        migrations.CreateModel(
            name="Spending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                (
                    "spent",
                    models.DecimalField(
                        decimal_places=8, default=0, max_digits=16, verbose_name="spent"
                    ),
                ),
                (
                    "reserved",
                    models.DecimalField(
                        decimal_places=8, default=0, max_digits=16, verbose_name="reserved"
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spending",
                        to="llm.modelconfig",
                        verbose_name="model",
                    ),
                ),
            ],
            options={
                "verbose_name": "spending",
                "verbose_name_plural": "spending",
                "ordering": ["-day"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "day"), name="llm_one_spending_per_day"
                    )
                ],
            },
        ),
    ]
