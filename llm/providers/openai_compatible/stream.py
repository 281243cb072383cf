"""Reads the answer stream of a chat completion from raw bytes.

Hot path: this runs for each network read of each running answer, so it makes one dict per event
(by orjson) and hands over the text of all of them at once.
"""

from __future__ import annotations

from typing import Any

import orjson

from llm.providers.base import Handoff, OnText, Usage
from llm.providers.errors import ProviderFailure, reason_of_status

HANDOFF_TOOL = "request_human"
LONGEST_LINE = 1_000_000
LONGEST_ARGUMENTS = 4_000


class CompletionStream:
    """Takes bytes, gives text to ``on_text``, and knows at the end whether the answer is whole."""

    __slots__ = (
        "_arguments",
        "_buffer",
        "_on_text",
        "_said",
        "_tool",
        "ended",
        "finish_reason",
        "has_content",
        "streamed",
        "usage",
    )

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._buffer = b""
        self._said: list[str] = []
        self._tool = ""
        self._arguments = ""
        self.ended = False
        self.finish_reason = ""
        self.has_content = False
        self.streamed = True
        self.usage: Usage | None = None

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; say whether any of the answer (text or tool call) was in them."""
        if self._buffer:
            data = self._buffer + data
        *lines, self._buffer = data.split(b"\n")
        if len(self._buffer) > LONGEST_LINE:
            raise ProviderFailure("too_large")
        moved = False
        try:
            for line in lines:
                if line.startswith(b"data:"):
                    moved = self._take(line[5:].strip()) or moved
                elif line.startswith(b"{"):
                    # Some servers send a bare JSON error in the middle of an event stream.
                    moved = self._take(line.strip()) or moved
        finally:
            # What came before something broken is still shown.
            if said := "".join(self._said):
                self._said.clear()
                self._on_text(said)
        return moved

    def close(self) -> None:
        """Say that no more bytes come; raises when the answer is not whole."""
        if self._buffer.startswith((b"data:", b"{")):
            self.feed(b"\n")
        if not self.ended and not self.finish_reason:
            raise ProviderFailure("truncated" if self.has_content else "empty")
        if self.finish_reason == "content_filter":
            raise ProviderFailure("content_filter")
        if not self.has_content:
            raise ProviderFailure("empty")

    def handoff(self) -> Handoff | None:
        """The model's request for a person, if it made one."""
        if self._tool != HANDOFF_TOOL:
            return None
        try:
            reason = orjson.loads(self._arguments).get("reason", "")
        except (orjson.JSONDecodeError, AttributeError):
            reason = ""
        return Handoff(reason=reason[:200] if isinstance(reason, str) else "")

    def _take(self, payload: bytes) -> bool:
        if payload == b"[DONE]":
            self.ended = True
            return False
        if not payload:
            return False
        try:
            event = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise ProviderFailure("protocol") from None
        if not isinstance(event, dict):
            raise ProviderFailure("protocol")
        if event.get("error"):
            raise failure_of_body(event, 200)
        if event.get("usage"):
            self._take_usage(event["usage"])
        choices = event.get("choices")
        # Usage-only chunks come with choices empty, null, or missing.
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return False
        return self._take_choice(choices[0])

    def _take_choice(self, choice: dict[str, Any]) -> bool:
        if reason := choice.get("finish_reason"):
            self.finish_reason = str(reason)[:40]
        # An endpoint that does not stream answers with "message" instead of "delta".
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return False
        moved = False
        text = delta.get("content") or delta.get("refusal")
        if isinstance(text, str) and text:
            self.has_content = moved = True
            self._said.append(text)
        if calls := delta.get("tool_calls"):
            moved = self._take_calls(calls) or moved
        return moved

    def _take_calls(self, calls: Any) -> bool:
        moved = False
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(function, dict):
                continue
            if name := function.get("name"):
                self._tool = str(name)
            arguments = function.get("arguments")
            if isinstance(arguments, str) and len(self._arguments) < LONGEST_ARGUMENTS:
                self._arguments += arguments
            if self._tool == HANDOFF_TOOL:
                self.has_content = moved = True
        return moved

    def _take_usage(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            return
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if isinstance(prompt, int) and isinstance(completion, int):
            total = usage.get("total_tokens")
            self.usage = Usage(
                prompt, completion, total if isinstance(total, int) else prompt + completion
            )


def failure_of_body(body: object, status: int, retry_after: float | None = None) -> ProviderFailure:
    """Classify an error body, met with an HTTP status or inside a stream (status 200)."""
    kind, message = error_words(body)
    if status == 200:
        error = body.get("error") if isinstance(body, dict) else None
        code = error.get("code") if isinstance(error, dict) else None
        number = int(code) if isinstance(code, int | str) and str(code).isdecimal() else 500
        status = number if 400 <= number < 600 else 500
    return ProviderFailure(
        reason_of_status(status, kind, message), status=status, retry_after=retry_after
    )


def error_words(body: object) -> tuple[str, str]:
    """Return the error's own code or type, and its message, from any of the usual shapes."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, str):
        return "", error
    if not isinstance(error, dict):
        return "", ""
    kind = f"{error.get('code') or ''} {error.get('type') or ''} {error.get('param') or ''}"
    return kind, str(error.get("message") or error.get("detail") or "")
