"""Colours for code: pieces whose texts together are the code, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.playground.code import LANGUAGES, MOST_CHARS, pieces_of
from tests import cast
from tests.kernel import Rest, code

PATH = "/code/highlight"


def asked(rest: Rest, *blocks: tuple[str, str]) -> Any:
    return rest.post(PATH, {"blocks": [{"language": lang, "code": text} for lang, text in blocks]})


@pytest.mark.django_db
def test_each_block_comes_back_in_pieces_in_its_place():
    answer = asked(Rest(cast.ben()), ("python", "x = 1  # one"), ("nothing", "y"))
    assert answer.status_code == 200
    first, second = answer.json()["results"]
    assert first["tokens"][-1] == ["comment", "# one"]
    assert ["number", "1"] in first["tokens"]
    assert second["tokens"] == [["", "y"]]


@pytest.mark.django_db
def test_it_is_for_staff():
    assert code(asked(Rest(cast.vic()), ("python", "x"))) == (403, "PERMISSION_DENIED")
    assert Rest(None).post(PATH, {}).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"blocks": []},
        {"blocks": [{"language": "python"}]},
        {"blocks": [{"language": "python", "code": "x" * (MOST_CHARS + 1)}]},
        {"blocks": [{"language": "x" * 41, "code": "x"}]},
        {"blocks": [{"language": "", "code": "x"}] * 21},
        {"blocks": "x"},
    ],
)
def test_bad_input_is_named(body):
    assert code(Rest(cast.ben()).post(PATH, body)) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize("language", sorted(set(LANGUAGES)))
def test_every_known_name_has_a_lexer(language):
    source = "\n<a b='c'>\n  # x \"1\" + 2;\n\n"
    assert "".join(text for _, text in pieces_of(language, source)) == source


@given(st.sampled_from(sorted(set(LANGUAGES.values()))), st.text(max_size=200))
def test_whatever_it_is_nothing_is_added_or_lost(language, source):
    assert "".join(text for _, text in pieces_of(language, source)) == source
