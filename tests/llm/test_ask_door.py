"""Questions that are answered beside Django, against those that Django answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from django.db import connection, transaction

from accounts import tokens
from accounts.models import User
from accounts.viewer import Viewer
from chatsite.lib.loopdb import LoopConnections
from llm.models import Answer, ModelConfig, Turn
from llm.turns import asking_statements, at_once, open_conversation
from sessions_app.models import ChatSession, Message
from tests import cast
from tests.sse import PATIENCE_S

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = "01a1fdb8-9738-7f83-97a6-bbd2073f6cdd"
DJANGO = {"Cookie": "a=b"}
"""What a request has that is not plain."""
DOORS = pytest.mark.parametrize("more", [{}, DJANGO], ids=["plain", "django"])


class Asking:
    """Asks as somebody, over real connections."""

    def __init__(self, address: str, model: ModelConfig) -> None:
        self.model, self.ben = model, cast.ben()
        self.client = httpx.Client(base_url=f"http://{address}/api/v1", timeout=PATIENCE_S)

    def open(self, user: User | None = None, slots: int = 1, title: str = "") -> UUID:
        """A conversation with the model, in which nothing was asked yet."""
        viewer = Viewer.of(user or self.ben)
        made = open_conversation(viewer=viewer, model_ids=[self.model.pk] * slots, title=title)
        return made.conversation.pk

    def post(
        self,
        where: object,
        body: Any,
        user: User | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Ask; a body of bytes goes as it is."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        token = tokens.issue_access(user or self.ben)
        known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self.client.post(
            f"/conversations/{where}/messages", content=raw, headers={**known, **(headers or {})}
        )


@pytest.fixture
def asking(stage: Any, settings: Any) -> Iterator[Asking]:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL is spoken to from the event loop")
    settings.LLM_USER_SLOTS = 1000
    made = Asking(stage.address, stage.bench.model)
    yield made
    made.client.close()


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> Any:
        raise AssertionError("locks were taken")

    monkeypatch.setattr(at_once, "ask", refuse)


def told(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body["request_id"] == response.headers["x-request-id"]
    return response.status_code, body["code"]


def rows(conversation_id: UUID) -> list[list[dict[str, Any]]]:
    """Everything a question leaves behind, without what is new with each."""
    kinds: list[tuple[Any, str, str]] = [
        (ChatSession, "pk", "pk"),
        (Message, "session", "seq"),
        (Turn, "session", "pk"),
        (Answer, "turn__session", "slot"),
    ]
    left = []
    for kind, name, order in kinds:
        found = kind.objects.filter(**{name: conversation_id}).order_by(order).values()
        left.append([{key: _plain(value) for key, value in row.items()} for row in found])
    return left


def _plain(value: Any) -> Any:
    return type(value).__name__ if isinstance(value, UUID) or hasattr(value, "tzinfo") else value


QUESTION = {"content": "Why?", "client_msg_id": "q-1", "params": {"top_p": 0.5}, "blind": True}


@pytest.mark.usefixtures("no_locks")
def test_both_doors_leave_the_same_and_say_the_same(asking: Asking) -> None:
    one, other = asking.open(slots=2), asking.open(slots=2)
    plain = asking.post(one, QUESTION)
    django = asking.post(other, QUESTION, headers=DJANGO)
    assert (plain.status_code, django.status_code) == (202, 202), plain.text
    left, right = rows(one), rows(other)
    for row in (left[1][0], right[1][0]):
        row.pop("fingerprint")
    assert left == right
    assert len(left[3]) == 2
    assert shape(plain.json()) == shape(django.json())
    new = {"x-request-id", "date", "content-length"}
    first, second = (
        {name: value for name, value in response.headers.items() if name not in new}
        for response in (plain, django)
    )
    assert first == second
    assert plain.headers["x-request-id"] != django.headers["x-request-id"]


def shape(body: dict[str, Any]) -> Any:
    new = {"id", "session_id", "created_at"}
    message = {key: value for key, value in body["message"].items() if key not in new}
    assert UUID(body["turn_id"]) != UUID(body["message"]["id"])
    return {**body, "turn_id": "", "message": message}


def close(where: UUID) -> None:
    ChatSession.objects.filter(pk=where).update(status="closed")


def run_on(where: UUID) -> None:
    turn = Turn.objects.create(
        kind="draft", session_id=where, asked_by=cast.ben(), input={"instruction": "x"}
    )
    assert turn.finished_at is None


def nothing(_: UUID) -> None:
    """All is as it should be."""


def disable(_: UUID) -> None:
    ModelConfig.objects.update(enabled=False)


REFUSED: dict[str, tuple[Any, Callable[[UUID], None], tuple[int, str]]] = {
    "no text": ({"content": " "}, nothing, (400, "VALIDATION_FAILED")),
    "no content": ({}, nothing, (400, "VALIDATION_FAILED")),
    "no object": ([1], nothing, (400, "VALIDATION_FAILED")),
    "no json": (b'{"content":', nothing, (400, "VALIDATION_FAILED")),
    "no unicode": (b'{"content":"\xff"}', nothing, (400, "VALIDATION_FAILED")),
    "nul": ({"content": "a\0b"}, nothing, (400, "VALIDATION_FAILED")),
    "deep": (
        b'{"content":"x","model_ids":' + b"[" * 900 + b"]" * 900 + b"}",
        nothing,
        (400, "VALIDATION_FAILED"),
    ),
    "long": ({"content": "x" * 20_000}, nothing, (400, "VALIDATION_FAILED")),
    "bad id": (
        {"content": "x", "client_msg_id": "a b"}, nothing, (400, "VALIDATION_FAILED")
    ),
    "many models": (
        {"content": "x", "model_ids": [1] * 7}, nothing, (400, "VALIDATION_FAILED")
    ),
    "no such model": (
        {"content": "x", "model_ids": [999_999]}, nothing, (404, "MODEL_NOT_FOUND")
    ),
    "disabled": ({"content": "x"}, disable, (404, "MODEL_NOT_FOUND")),
    "closed": ({"content": "x"}, close, (409, "SESSION_CLOSED")),
    "running": ({"content": "x"}, run_on, (409, "CONFLICT")),
}  # fmt: skip


@DOORS
@pytest.mark.parametrize("name", REFUSED)
def test_refusals(asking: Asking, name: str, more: dict[str, str]) -> None:
    body, happen, expected = REFUSED[name]
    where = asking.open()
    assert asking.post(where, {"content": "Good"}, headers=more).status_code == 202
    Turn.objects.update(finished_at=Turn.objects.get().created_at)
    happen(where)
    assert told(asking.post(where, body, headers=more)) == expected
    assert Message.objects.count() == 1


@DOORS
def test_who_may_not_ask(asking: Asking, more: dict[str, str]) -> None:
    where = asking.open()
    good = {"content": "Why?"}
    assert told(asking.post(where, good, cast.bea(), headers=more)) == (
        404,
        "CONVERSATION_NOT_FOUND",
    )
    assert told(asking.post(where, good, cast.vic(), headers=more)) == (
        404,
        "CONVERSATION_NOT_FOUND",
    )
    assert told(asking.post(NOWHERE, good, headers=more)) == (404, "CONVERSATION_NOT_FOUND")
    forged = {"Authorization": "Bearer forged", **more}
    assert told(asking.post(where, good, headers=forged)) == (401, "AUTH_TOKEN_INVALID")
    assert told(asking.post(where, good, headers={"Authorization": "", **more}))[0] == 401
    ben = cast.ben()
    User.objects.filter(pk=ben.pk).update(is_active=False)
    assert told(asking.post(where, good, ben, headers=more)) == (401, "AUTH_TOKEN_REVOKED")
    assert not Message.objects.exists()


@pytest.mark.usefixtures("no_locks")
def test_an_admin_asks_where_they_take_part(asking: Asking) -> None:
    ada = cast.ada()
    assert asking.post(asking.open(ada), {"content": "Why?"}, ada).status_code == 202


@DOORS
def test_an_admin_asks_where_they_do_not(asking: Asking, more: dict[str, str]) -> None:
    assert (
        asking.post(asking.open(), {"content": "Why?"}, cast.ada(), headers=more).status_code == 202
    )


@DOORS
def test_limits_count_both_doors(asking: Asking, settings: Any, more: dict[str, str]) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "turn_user": (2, 600)}
    for door in ({}, DJANGO):
        assert asking.post(asking.open(), {"content": "Why?"}, headers=door).status_code == 202
    refused = asking.post(asking.open(), {"content": "Why?"}, headers=more)
    assert told(refused) == (429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) > 0


@DOORS
def test_too_many_open_answers(asking: Asking, settings: Any, more: dict[str, str]) -> None:
    settings.LLM_USER_SLOTS = 3
    assert asking.post(asking.open(slots=2), {"content": "Why?"}, headers=more).status_code == 202
    refused = asking.post(asking.open(slots=2), {"content": "Why?"}, headers=more)
    assert told(refused) == (429, "RATE_LIMITED")


@DOORS
def test_the_first_question_names_the_conversation(asking: Asking, more: dict[str, str]) -> None:
    named, unnamed = asking.open(title="Asked"), asking.open()
    for where in (named, unnamed):
        asking.post(where, {"content": "Why  is it so?"}, headers=more)
    found = [ChatSession.objects.get(pk=where) for where in (named, unnamed)]
    assert [one.title for one in found] == ["Asked", "Why is it so?"]
    assert [one.version for one in found] == [2, 3]


def test_repeated_it_is_one_question(asking: Asking) -> None:
    where = asking.open()
    first = asking.post(where, QUESTION)
    for more in ({}, DJANGO):
        again = asking.post(where, QUESTION, headers=more)
        assert again.json()["turn_id"] == first.json()["turn_id"]
    changed = asking.post(where, {**QUESTION, "content": "How?"})
    assert told(changed) == (409, "CONFLICT")
    assert Turn.objects.count() == 1


def at_once_from(threads: int, work: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    together = threading.Barrier(threads)

    def go(number: int) -> httpx.Response:
        together.wait(PATIENCE_S)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(go, range(threads)))


def test_of_two_questions_at_once_one_is_asked(asking: Asking) -> None:
    for _ in range(5):
        where = asking.open()
        found = at_once_from(2, lambda _, where=where: asking.post(where, {"content": "Why?"}))  # type: ignore[misc]
        assert sorted(one.status_code for one in found) == [202, 409]
        assert Turn.objects.filter(session=where).count() == 1


@DOORS
def test_a_crowd_is_not_refused(asking: Asking, more: dict[str, str]) -> None:
    """Far more at once than there are connections to the database."""
    crowd = [asking.open() for _ in range(40)]
    found = at_once_from(40, lambda n: asking.post(crowd[n], {"content": "Why?"}, headers=more))
    assert {one.status_code for one in found} == {202}
    assert Turn.objects.count() == 40
    assert ChatSession.objects.filter(pk__in=crowd, last_seq=1, version=3).count() == 40


def test_too_many_at_once_are_told_to_come_back(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_once, "MOST_WAITING", 0)
    refused = asking.post(asking.open(), {"content": "Why?"})
    assert told(refused) == (503, "SERVICE_UNAVAILABLE")
    assert int(refused.headers["retry-after"]) > 0


def test_who_holds_the_session_is_waited_for_by_one_and_held_up_by_nobody(asking: Asking) -> None:
    held, free = asking.open(), asking.open()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ChatSession.objects.select_for_update().get(pk=held)
            waiting = pool.submit(asking.post, held, {"content": "Why?"})
            assert asking.post(free, {"content": "Why?"}).status_code == 202
            assert not waiting.done()
        assert waiting.result(PATIENCE_S).status_code == 202
    assert Turn.objects.count() == 2


def test_what_may_be_stored_is_not_stored_again(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit happened, and its answer was lost."""
    run = LoopConnections.run

    async def lose(self: LoopConnections, statement: str, *parameters: object) -> Any:
        found = await run(self, statement, *parameters)
        if statement == asking_statements.ask():
            raise TimeoutError
        return found

    where = asking.open()
    with monkeypatch.context() as patch:
        patch.setattr(LoopConnections, "run", lose)
        lost = asking.post(where, QUESTION)
    assert told(lost) == (503, "SERVICE_UNAVAILABLE")
    again = asking.post(where, QUESTION)
    assert again.status_code == 202
    assert Turn.objects.get().pk == UUID(again.json()["turn_id"])


@pytest.mark.usefixtures("by_locks")
def test_without_the_loops_connections_django_answers(asking: Asking) -> None:
    assert asking.post(asking.open(), {"content": "Why?"}).status_code == 202
