"""The playground's page."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from llm.playground.texts import playground_texts

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/playground/", f"/playground/{uuid4()}"])
def test_the_shell_is_the_same_for_everybody_and_every_conversation(address):
    page = Client().get(address)
    assert page.status_code == 200
    assert "no-cache" in page["Cache-Control"]
    assert not re.findall(r"\son\w+=|\sstyle=", page.content.decode())
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.content.decode())


def test_an_address_that_is_no_conversation_is_not_there():
    assert Client().get("/playground/nothing").status_code == 404


def test_it_is_only_read():
    assert Client().post("/playground/").status_code in (403, 405)


def test_the_limit_is_that_of_the_settings(settings):
    settings.LLM_MAX_SLOTS = 4
    assert '"most_models": 4' in Client().get("/playground/").content.decode()


def test_staff_find_it_from_the_console_and_the_console_from_it():
    assert 'href="/playground/"' in Client().get("/console/").content.decode()
    assert 'href="/console/"' in Client().get("/playground/").content.decode()


def test_every_place_to_fill_is_the_same_in_every_language():
    with translation.override("en"):
        english = playground_texts()
    assert all(english.values())
    with translation.override("zh-hans"):
        assert playground_texts().keys() == english.keys()
