"""Model endpoints, and the turns in which they answer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("sessions_app", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelConfig",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                ("provider_name", models.CharField(default="openai-compatible", max_length=80)),
                ("base_url", models.CharField(max_length=500)),
                ("model", models.CharField(max_length=200)),
                ("api_key_encrypted", models.TextField(blank=True, default="", editable=False)),
                (
                    "api_key_hint",
                    models.CharField(blank=True, default="", editable=False, max_length=8),
                ),
                (
                    "default_params",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="temperature, top_p, max_tokens, timeout_ms",
                    ),
                ),
                (
                    "capabilities",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='What the endpoint was seen to refuse, such as {"refused": ["tools"]}.',
                    ),
                ),
                ("system_prompt", models.TextField(blank=True, default="")),
                ("enabled", models.BooleanField(default=True)),
                ("is_default", models.BooleanField(default=False)),
                ("is_demo", models.BooleanField(default=False)),
                ("notes", models.TextField(blank=True, default="")),
                (
                    "prices",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="per million tokens: prompt, completion, currency",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("is_default",),
                        name="llm_one_default_model",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("model_label", models.CharField(blank=True, default="", max_length=300)),
                (
                    "watermark",
                    models.PositiveIntegerField(
                        default=0, help_text="The newest message this answer knows of."
                    ),
                ),
                ("epoch", models.PositiveIntegerField(default=0)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("stopped", "Stopped"),
                            ("superseded", "Superseded"),
                            ("handoff", "Handoff"),
                        ],
                        default="queued",
                        max_length=12,
                    ),
                ),
                (
                    "attempt",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Fencing number: writes of an older attempt are refused.",
                    ),
                ),
                (
                    "supersedes",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many unfinished answers this one replaces."
                    ),
                ),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("worker", models.CharField(blank=True, default="", max_length=80)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                ("text", models.TextField(blank=True, default="")),
                ("error_code", models.CharField(blank=True, default="", max_length=40)),
                ("error_reason", models.CharField(blank=True, default="", max_length=60)),
                ("finish_reason", models.CharField(blank=True, default="", max_length=40)),
                ("prompt_tokens", models.PositiveIntegerField(blank=True, null=True)),
                ("completion_tokens", models.PositiveIntegerField(blank=True, null=True)),
                ("total_tokens", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "usage_source",
                    models.CharField(
                        choices=[
                            ("provider", "Provider"),
                            ("estimated", "Estimated"),
                            ("none", "None"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                ("ttft_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("latency_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="turns",
                        to="sessions_app.chatsession",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="turns",
                        to="llm.modelconfig",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["queued", "running"])),
                        fields=["lease_until"],
                        name="llm_turn_open_lease",
                    ),
                    models.Index(fields=["session", "-created_at"], name="llm_turn_of_session"),
                    models.Index(fields=["model", "created_at"], name="llm_turn_of_model"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["queued", "running"])),
                        fields=("session",),
                        name="llm_one_open_turn_per_session",
                    )
                ],
            },
        ),
    ]
