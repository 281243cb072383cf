"""Who answers: the rules that need no model."""

from __future__ import annotations

import datetime as dt

import pytest

from llm.policy import AnswerNow, Decision, HandOver, Silence, Wait, decide, wants_person

WISHES = """
I want to talk to a human
can I speak to a real person please
let me speak with someone
connect me to an agent
Please transfer me to a representative
human
HUMAN!!!
agent please
I need a human
Get me a person now
give me a real person
I'd like to chat with a live agent
is there anyone I can talk to?
is there a human available?
could someone call me
can a human help me with this?
put me through to your manager
I want to talk to a humna
tlak to a preson
speek to agnet plz
i wan to talk too a reel person
can i talk 2 someone
transfer me to a represenative
Your answer is useless. Let me talk to somebody else.
Are you a bot? I want to speak to a person
I want to talk to a person, not a bot
I was told 5 days ago that it shipped, please hand me over to customer service
real person please
operator
escalate this to a supervisor
转人工
轉人工客服
我要人工
人工客服
人工服务
找客服
请帮我转接人工
我想和真人说话
能不能跟客服人员聊一下
真人
叫你们经理
你是机器人吗？转人工！
转人功
zhuan rengong
我需要真人客服
麻烦找一下人工
""".strip().splitlines()

OTHERS = """
Where is my order?
Are you a human?
are you a real person or a bot?
Is this a real person?
am I talking to a human?
I don't want to talk to a human
no need to transfer me to an agent
Do you have a jacket for a person of 190 cm?
I want someone to tell me the size of the Ridge jacket
Can I wear this while walking with people?
How do I wash the agent orange coloured parka?
My travel agent ordered for me
Which size for a tall person?
The person on the photo wears a hat
I bought this for another person
What do human rights have to do with your cotton?
I need a jacket
I am not a robot
I have an agent in your store helping me
I'd like to return a gift that my manager gave me
你是真人吗
你是机器人还是真人
不用转人工，我就问一下尺码
不需要人工客服
人工费是多少
这是人工羊毛吗
衣服是人工缝制的吗
怎么退货
客服电话是多少
""".strip().splitlines()


@pytest.mark.parametrize("text", WISHES)
def test_a_wish_for_a_person_is_heard(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_talk_is_not_a_wish(text: str) -> None:
    assert not wants_person(text)


def test_hidden_characters_do_not_hide_the_wish() -> None:
    assert wants_person("hu\u200bm\u00adan please")


NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SOON = NOW + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("floor", "due", "texts", "model", "expected"),
    [
        (True, NOW, ["Hi"], True, AnswerNow()),
        (True, SOON, ["Hi"], True, Wait(SOON)),
        (True, SOON, ["human please"], True, HandOver("customer_asked")),
        (True, NOW, ["human please", "and quickly"], True, HandOver("customer_asked")),
        (True, NOW, ["human please"], False, HandOver("customer_asked")),
        (True, NOW, ["Hi"], False, HandOver("assistant_unavailable")),
        (False, NOW, ["human please"], True, Silence()),
        (True, None, ["human please"], True, Silence()),
    ],
)
def test_decisions(
    floor: bool, due: dt.datetime | None, texts: list[str], model: bool, expected: Decision
) -> None:
    found = decide(has_floor=floor, due_at=due, now=NOW, unanswered=texts, has_model=model)
    assert found == expected
