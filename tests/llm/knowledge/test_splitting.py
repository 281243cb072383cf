"""Markdown is cut along its own structure."""

from __future__ import annotations

from llm.knowledge.splitting import LARGEST_TOKENS, split
from llm.prompts import estimated_tokens


def test_text_under_each_heading_is_a_passage_with_its_path() -> None:
    pieces = split("Hello.\n\n# Returns\nSend it.\n\n## Costs\nNone.\n\n# Refunds\nSoon.")
    assert [(piece.heading, piece.text) for piece in pieces] == [
        ("", "Hello."),
        ("Returns", "Send it."),
        ("Returns › Costs", "None."),
        ("Refunds", "Soon."),
    ]


def test_a_hash_in_code_is_no_heading() -> None:
    (piece,) = split("Run:\n\n```sh\n# not a heading\nls\n```")
    assert "# not a heading" in piece.text


def test_no_passage_is_too_large_and_nothing_is_lost() -> None:
    sentences = [f"Sentence number {n} says something about boots." for n in range(200)]
    pieces = split(" ".join(sentences))
    assert all(estimated_tokens(piece.text) <= LARGEST_TOKENS for piece in pieces)
    assert " ".join(piece.text for piece in pieces) == " ".join(sentences)


def test_chinese_is_cut_after_sentences() -> None:
    pieces = split("退款会在三个工作日内到账。" * 60)
    assert len(pieces) > 1
    assert all(piece.text.endswith("。") for piece in pieces)


def test_each_part_of_a_long_table_has_its_head() -> None:
    rows = "\n".join(f"| Size {n} | fits somebody who is {n} tall |" for n in range(80))
    pieces = split(f"| Size | Fits |\n| --- | --- |\n{rows}")
    assert len(pieces) > 1
    assert all(piece.text.startswith("| Size | Fits |") for piece in pieces)


def test_text_that_people_cannot_see_is_left_out() -> None:
    (piece,) = split("Visible\U000e0041\U000e0042 text.\u200b")
    assert piece.text == "Visible text."


def test_a_long_run_without_spaces_is_cut_too() -> None:
    assert all(estimated_tokens(piece.text) <= LARGEST_TOKENS for piece in split("x" * 20_000))
