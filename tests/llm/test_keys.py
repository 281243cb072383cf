"""Keys of models: at rest, rotated, and never told."""

from __future__ import annotations

import io
import logging
import subprocess
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client

from chatsite.lib import crypto, rotation
from deploy.programs import tool
from llm.models import ModelConfig
from support.models import Widget
from tests import cast
from tests.kernel import Rest
from tests.llm.desk import Desk
from tests.upstream import Upstream, refuse

KEY = "sk-0123456789abcd"
OLD, NEW = Fernet.generate_key(), Fernet.generate_key()


@pytest.fixture
def models(db: None, settings: Any) -> list[ModelConfig]:
    """Five models with keys under the old field key; one is disabled. The new key has come."""
    settings.FIELD_ENCRYPTION_KEYS = {"old": OLD}
    made = []
    for number in range(5):
        model = ModelConfig(
            name=f"M{number}", base_url="https://8.8.8.8/v1", model="m", enabled=number != 2
        )
        model.set_api_key(f"{KEY}-{number}")
        model.save()
        made.append(model)
    settings.FIELD_ENCRYPTION_KEYS = {"new": NEW, "old": OLD}
    return made


def run() -> str:
    """What the command says."""
    out = io.StringIO()
    call_command("rotate_field_keys", stdout=out)
    return out.getvalue()


def test_every_encrypted_column_is_known() -> None:
    assert set(rotation.columns()) >= {
        (ModelConfig, "api_key_encrypted"),
        (Widget, "secret_encrypted"),
    }


def test_rotation_changes_the_ciphertext_and_nothing_else(
    models: list[ModelConfig], settings: Any
) -> None:
    before = [dict(row) for row in ModelConfig.objects.order_by("pk").values()]
    assert "5 re-encrypted" in run()
    after = [dict(row) for row in ModelConfig.objects.order_by("pk").values()]
    for old, new in zip(before, after, strict=True):
        assert old.pop("api_key_encrypted") != new.pop("api_key_encrypted")
        assert old == new
    settings.FIELD_ENCRYPTION_KEYS = {"new": NEW}  # the old key is gone for good
    rows = ModelConfig.objects.order_by("pk")
    assert [row.read_api_key() for row in rows] == [f"{KEY}-{n}" for n in range(5)]
    assert [row.enabled for row in rows] == [True, True, False, True, True]


def test_an_interrupted_rotation_goes_on(models: list[ModelConfig]) -> None:
    half_way = rotation.rotate()
    assert [next(half_way).result for _ in range(3)] == ["rotated"] * 3
    del half_way
    rows = ModelConfig.objects.order_by("pk")
    assert [row.read_api_key() for row in rows] == [f"{KEY}-{n}" for n in range(5)]
    assert "2 re-encrypted, 3 were under the newest key" in run()
    assert "0 re-encrypted, 5 were" in run()


def test_a_key_entered_meanwhile_is_not_overwritten(models: list[ModelConfig]) -> None:
    stale = ModelConfig.objects.get(pk=models[0].pk).api_key_encrypted
    models[0].set_api_key("sk-entered-meanwhile")
    models[0].save()
    result = rotation._rotate_one(ModelConfig, "api_key_encrypted", models[0].pk, stale)
    assert result == "current"
    assert ModelConfig.objects.get(pk=models[0].pk).read_api_key() == "sk-entered-meanwhile"


def test_what_no_key_fits_is_named_and_the_others_are_done(models: list[ModelConfig]) -> None:
    ModelConfig.objects.filter(pk=models[1].pk).update(api_key_encrypted="lost:gAAAAA")
    with pytest.raises(CommandError, match=rf"llm.ModelConfig {models[1].pk}$"):
        run()
    rows = ModelConfig.objects.exclude(pk=models[1].pk)
    assert not any(crypto.needs_rotation(row.api_key_encrypted) for row in rows)
    states = [row.api_key_state() for row in ModelConfig.objects.order_by("pk")]
    assert states == ["stored", "enter_again", "stored", "stored", "stored"]


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_the_database_holds_no_key(settings: Any) -> None:
    answer = Rest(cast.ada()).post(
        "/models",
        {"name": "Dumped", "base_url": "https://8.8.8.8/v1", "model": "m", "api_key": KEY},
    )
    assert answer.status_code == 201
    # Not the address of the run: the tests' database has a name of its own.
    at = settings.DATABASES["default"]
    where = ["-h", at["HOST"], "-p", str(at["PORT"]), "-U", at["USER"], at["NAME"]]
    dump = subprocess.run(
        [tool("pg_dump"), *where],
        check=True,
        capture_output=True,
        env={"PGPASSWORD": at["PASSWORD"]},
    ).stdout
    assert b"Dumped" in dump
    assert KEY.encode() not in dump


def test_a_key_is_told_nobody(
    desk: Desk,
    upstream_server: Upstream,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One run over everything that handles it, with the endpoint talking about it."""
    caplog.set_level(logging.DEBUG)
    desk.model.set_api_key(KEY)
    desk.model.save()
    upstream_server.default = refuse(401, f"Incorrect API key provided: {KEY}")
    ada = Rest(cast.ada())
    path = f"/models/{desk.model.pk}"
    seen = [
        ada.get("/models"),
        ada.get(path),
        ada.call("PATCH", path, {"api_key": KEY}),
        ada.call("PATCH", path, {"api_key": KEY, "prices": {"prompt": -1}}),
        ada.call("PATCH", path, {"api_key": f"{KEY}\n"}),
        ada.post("/models", {"name": "X", "api_key": KEY, "base_url": f"https://{KEY}@h/"}),
        ada.post(f"{path}/test"),
        ada.post("/models/discover", {"model_id": desk.model.pk, "api_key": KEY}),
    ]
    admin = Client()
    admin.force_login(cast.ada())
    seen += [
        admin.get("/admin/llm/modelconfig/"),
        admin.get(f"/admin/llm/modelconfig/{desk.model.pk}/change/"),
        admin.post(f"/admin/llm/modelconfig/{desk.model.pk}/change/", {"api_key": KEY}),
    ]
    session = desk.chat("Hello?")
    desk.settle(session)
    assert KEY in upstream_server.headers[-1]["authorization"]
    seen.append(ada.get(f"/chat/sessions/{session.pk}/messages"))
    for response in seen:
        assert KEY not in response.content.decode()
    written = caplog.text + "".join(capfd.readouterr())
    assert "answer ended" in written
    assert KEY not in written
