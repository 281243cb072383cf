"""Colours for the code in answers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import example, refusals
from chatsite.lib import errors
from llm.playground import code
from llm.turns.access import require_staff
from sessions_app.api.base import KernelView, checked

MOST_BLOCKS = 20

ASKED = {"blocks": [{"language": "python", "code": "x = 1  # one"}]}
ANSWERED = {
    "results": [
        {"tokens": [["", "x = "], ["number", "1"], ["", "  "], ["comment", "# one"]]},
    ]
}


class CodeBlockSerializer(serializers.Serializer[Any]):
    """A piece of code and what it is written in."""

    language = serializers.CharField(max_length=40, allow_blank=True)
    code = serializers.CharField(
        max_length=code.MOST_CHARS, allow_blank=True, trim_whitespace=False
    )


class CodeBlocksSerializer(serializers.Serializer[Any]):
    """Several pieces of code."""

    blocks = serializers.ListField(
        child=CodeBlockSerializer(), min_length=1, max_length=MOST_BLOCKS
    )


class CodeTokensSerializer(serializers.Serializer[Any]):
    """One piece of code, cut up: pairs of a kind ("" for none) and a text."""

    tokens = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2)
    )


class HighlightedCodeSerializer(serializers.Serializer[Any]):
    """The pieces of code in the order they were asked for."""

    results = CodeTokensSerializer(many=True)


class CodeHighlightView(KernelView):
    """Staff only, as everything around models."""

    @extend_schema(
        operation_id="code_highlight",
        tags=["playground"],
        summary="Cut code into pieces to colour",
        description=(
            "The texts of the pieces together are the code. Kinds: comment, string, number, "
            "keyword, name, type, meta, added, removed, or empty. An unknown language comes "
            "back as one piece."
        ),
        request=CodeBlocksSerializer,
        responses={200: HighlightedCodeSerializer, **refusals(errors.PermissionDenied)},
        examples=[example(ASKED, request=True), example(ANSWERED)],
    )
    def post(self, request: Request) -> Response:
        """Answer with the pieces of each block."""
        require_staff(self.viewer)
        blocks = checked(CodeBlocksSerializer, request.data)["blocks"]
        return Response(
            {
                "results": [
                    {"tokens": code.pieces_of(one["language"], one["code"])} for one in blocks
                ]
            }
        )
