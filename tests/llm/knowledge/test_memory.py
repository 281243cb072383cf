"""Memory: the same proven customer's, never anybody else's, and gone when it is to be gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from accounts.actions import make_visitor
from accounts.models import User
from accounts.viewer import Viewer
from deploy import services
from llm.knowledge import actions, memory, nearness, vectors
from llm.knowledge.actions import memory as memories
from llm.knowledge.models import Memory
from sessions_app import actions as kernel_actions
from sessions_app.models import ChatSession, Message
from tests import cast, kernel
from tests.llm.desk import Desk
from tests.llm.knowledge.conftest import catch_up

NOBODY = UUID(int=0)


@pytest.fixture(autouse=True)
def _from_the_beginning() -> Iterator[None]:
    memories._seen_until = None
    yield
    memories._seen_until = None


@pytest.fixture
def team(db: None) -> Any:
    """A team that takes chats."""
    return kernel.team("support", cast.ben(), is_default=True)


def say(user: User, *texts: str) -> ChatSession:
    """A chat in which somebody says something."""
    viewer = Viewer.of(user)
    session = kernel_actions.open_session(viewer=viewer)
    for text in texts:
        kernel_actions.post_message(viewer=viewer, session_id=session.pk, content=text)
    return session


def recalled(user: User, question: str) -> list[str]:
    """What comes back for a customer's question, by meaning."""
    near = memory.near(nearness.ask(question), user.pk)
    return memory.recall(customer_id=user.pk, question=question, near=near, besides=NOBODY)


def test_what_an_account_says_is_remembered_once(team: Any) -> None:
    say(cast.vic(), "My boots are size 44.", "thanks", "ok")
    assert (memories.collect(), memories.collect()) == (1, 0)
    assert Memory.objects.get().text == "My boots are size 44."


def test_nobody_anonymous_is_remembered(team: Any) -> None:
    visitor = make_visitor(name="Vic", email="vic@example.com")
    say(visitor, "My boots are size 44.")
    assert memories.collect() == 0
    assert memory.customer_with_memories(visitor.pk) is None


def test_a_visitor_a_site_vouched_for_is_remembered(team: Any) -> None:
    from chatsite.lib import crypto
    from support import proofs
    from support.actions.visitors import Claim, start_visit
    from support.actions.widgets import create_widget

    widget, _ = create_widget(name="Shop", team=team)
    secret = crypto.decrypt(widget.secret_encrypted)
    proof = proofs.sign_identity(secret=secret, external_id="42")
    visit = start_visit(widget=widget, claim=Claim(external_id="42", proof=proof))
    say(visit.user, "My boots are size 44.")
    assert memories.collect() == 1


def test_staff_and_notes_are_not_remembered(team: Any) -> None:
    session = say(cast.vic(), "hello")
    agent = Viewer.of(cast.ben())
    kernel_actions.claim(viewer=agent, session_id=session.pk)
    kernel_actions.post_message(
        viewer=agent, session_id=session.pk, content="Customer is size 44.", kind="note"
    )
    assert memories.collect() == 0


def test_the_same_question_brings_everyone_their_own_fact(
    chroma: services.Chroma, team: Any
) -> None:
    say(cast.vic(), "Please note that my shoe size is 44.")
    say(cast.mia(), "Please note that my shoe size is 37.")
    memories.collect()
    catch_up()
    (vics,), (mias,) = (
        recalled(user, "What is my shoe size?") for user in (cast.vic(), cast.mia())
    )
    assert "44" in vics
    assert "37" in mias


QUERIES = int(os.environ.get("MEMORY_QUERIES", "3000"))


def test_no_query_ever_finds_what_another_customer_said(chroma: services.Chroma, team: Any) -> None:
    users = [cast.vic(), cast.mia(), cast.eve()]
    for user in users:
        say(
            user,
            *(f"The secret number {n} of {user.username} is {user.pk}{n:03}." for n in range(20)),
        )
    memories.collect()
    catch_up()
    owners = dict(Memory.objects.values_list("pk", "customer_id"))
    words = ["secret", "number", "of", "vic", "mia", "eve", "$or", '{"customer": 1}', "$ne", "' OR"]
    vector = {word: nearness.ask(f"{word} secret number") for word in words}
    wrong = queries = 0
    while queries < QUERIES:
        user, word = users[queries % len(users)], words[queries // len(users) % len(words)]
        hits = vectors.index.memories_near(vector[word].vector, user.pk, 12)
        queries += 1
        wrong += sum(owners[pk] != user.pk for pk, _ in hits)
        assert hits
    assert wrong == 0


def test_a_hit_of_somebody_else_is_dropped_even_if_the_index_returns_it(team: Any) -> None:
    say(cast.mia(), "Please note that my shoe size is 37.")
    memories.collect()
    planted = [(Memory.objects.get().pk, 1.0)]
    lines = memory.recall(
        customer_id=cast.vic().pk, question="shoe size?", near=planted, besides=NOBODY
    )
    assert lines == []


@pytest.mark.parametrize("customer_id", ['{"$ne": 0}', {"$ne": 0}, [1, 2], "1 OR 1=1"])
def test_a_customer_that_looks_like_a_filter_is_no_customer(
    chroma: services.Chroma, customer_id: Any
) -> None:
    with pytest.raises((TypeError, ValueError)):
        vectors.index.memories_near([0.1] * 384, customer_id, 5)


def test_a_cleared_chat_is_forgotten(chroma: services.Chroma, team: Any) -> None:
    session = say(cast.vic(), "Please note that my shoe size is 44.")
    memories.collect()
    catch_up()
    assert recalled(cast.vic(), "What is my shoe size?")
    assert actions.forget_session(session_id=session.pk) == 1
    assert recalled(cast.vic(), "What is my shoe size?") == []
    catch_up()
    assert vectors.index.count(vectors.MEMORY) == 0


def test_an_erased_customer_is_forgotten(chroma: services.Chroma, team: Any) -> None:
    say(cast.vic(), "Please note that my shoe size is 44.")
    say(cast.mia(), "Please note that my shoe size is 37.")
    memories.collect()
    catch_up()
    assert actions.forget_customer(customer_id=cast.vic().pk) == 1
    catch_up()
    assert vectors.index.count(vectors.MEMORY) == 1
    assert recalled(cast.mia(), "What is my shoe size?")


def test_a_message_taken_back_is_not_recalled_and_soon_gone(
    chroma: services.Chroma, team: Any
) -> None:
    say(cast.vic(), "Please note that my shoe size is 44.")
    memories.collect()
    catch_up()
    said = Message.objects.get(content__contains="44")
    kernel_actions.delete_message(
        viewer=Viewer.of(cast.vic()), session_id=said.session_id, message_id=said.pk
    )
    assert recalled(cast.vic(), "What is my shoe size?") == []
    assert memories.prune() == 1
    catch_up()
    assert vectors.index.count(vectors.MEMORY) == 0


def test_rows_deleted_by_a_cascade_leave_the_index_too(chroma: services.Chroma, team: Any) -> None:
    from llm.knowledge.worker import _tidy

    session = say(cast.vic(), "Please note that my shoe size is 44.")
    memories.collect()
    catch_up()
    ChatSession.objects.filter(pk=session.pk).delete()
    _tidy()
    catch_up()
    assert vectors.index.count(vectors.MEMORY) == 0


def test_memory_comes_into_the_prompt_as_the_customers_words(
    desk: Desk, chroma: services.Chroma, settings: Any
) -> None:
    settings.KNOWLEDGE_BUDGET_S = 5.0
    desk.settle(desk.chat("Please note that my shoe size is 44."))
    memories.collect()
    catch_up()
    desk.settle(desk.chat("Which shoe size do I wear?"))
    sent = desk.upstream.requests[-1]["messages"]
    assert "size is 44" in sent[-1]["content"]
    assert "size is 44" not in sent[0]["content"]
    assert sent[-1]["content"].endswith("Which shoe size do I wear?")


def test_without_an_index_shared_words_bring_memories_back(desk: Desk) -> None:
    desk.settle(desk.chat("Please note that my shoe size is 44."))
    memories.collect()
    desk.settle(desk.chat("Which shoe size do I wear?"))
    assert "size is 44" in str(desk.upstream.requests[-1])


def test_switched_off_nothing_is_kept_or_recalled(desk: Desk, settings: Any) -> None:
    desk.settle(desk.chat("Please note that my shoe size is 44."))
    memories.collect()
    settings.MEMORY_ENABLED = False
    desk.settle(desk.chat("Which shoe size do I wear?"))
    assert "size is 44" not in str(desk.upstream.requests[-1])
    assert memories.collect() == 0


def test_clearing_the_own_chat_forgets_what_was_said_there(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions_app import signals

    def at_once(run: Any, *what: Any) -> None:
        run(*what)

    monkeypatch.setattr(signals._announcer, "submit", at_once)
    kernel.team("support", cast.ben(), is_default=True)
    session = say(cast.vic(), "Please note that my shoe size is 44.")
    memories.collect()
    assert Memory.objects.exists()
    signals.announce(signals.session_cleared, session_id=session.pk, customer_id=cast.vic().pk)
    assert not Memory.objects.exists()
