"""Conversations of the demo shop's past days, as steps that the seed plays through the actions.

The first number of a step is minutes since the step before it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `who` is `customer`, `assistant`, or a username of the cast."""

    after: float
    who: str
    does: str
    text: str = ""
    score: int = 0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A conversation that began `hours_ago`; without a name the customer stayed anonymous."""

    title: str
    hours_ago: float
    steps: tuple[Step, ...]
    name: str = ""
    email: str = ""
    external_id: str = ""


def _says(after: float, who: str, text: str) -> Step:
    return Step(after, who, "say", text)


def _does(after: float, who: str, does: str, text: str = "") -> Step:
    return Step(after, who, does, text)


def _tags(after: float, who: str, *tags: str) -> Step:
    return Step(after, who, "tag", tags=tags)


def _rates(after: float, score: int, text: str = "") -> Step:
    return Step(after, "customer", "rate", text, score)


STORIES: tuple[Story, ...] = (
    Story(
        "Fell Boots, wide feet",
        hours_ago=51,
        name="Mara Lind",
        email="mara.lind@example.com",
        external_id="customer-1042",
        steps=(
            _says(0, "customer", "Hi! Do the Fell Boots run narrow? I usually need a wide fit."),
            _says(
                0.1,
                "assistant",
                "The Fell Boot is true to size. For wide feet take the “W” version, which comes in "
                "every size at the same price. There should be a thumb's width in front of your "
                "toes, with hiking socks on.",
            ),
            _says(1.5, "customer", "Good to know. I am a 39 in most shoes and 40 in trainers."),
            _says(
                0.1,
                "assistant",
                "Then 40 W is the safer choice. Wear them at home for a week: with an unworn sole "
                "the exchange is free, and we set the other size aside as soon as you ask.",
            ),
            _says(2, "customer", "Is there someone who has actually worn them? For long days?"),
            _does(0.3, "customer", "handoff"),
            _does(1.2, "bea", "claim"),
            _says(
                0.8,
                "bea",
                "Hello Mara, Bea here. I walked the Pennine Way in mine in June: two weeks, one "
                "blister, and that was my socks' fault. Give them a week around the house first.",
            ),
            _says(2.2, "customer", "That is exactly what I wanted to hear. Ordering the 40 W!"),
            _says(0.6, "bea", "Lovely. Lace them loose over the instep for the first days."),
            _tags(0.2, "bea", "sizing", "boots"),
            _does(0.5, "bea", "close", "solved"),
            _rates(3, 5, "Bea has really walked in them. That settled it."),
        ),
    ),
    Story(
        "Parcel says delivered, nothing here",
        hours_ago=30,
        name="Jonas Feld",
        email="jonas.feld@example.com",
        external_id="customer-0877",
        steps=(
            _says(
                0,
                "customer",
                "Tracking says my order 20417 was delivered on Thursday. It was not. I was home "
                "all day.",
            ),
            _says(
                0.1,
                "assistant",
                "I am sorry about that. I cannot see carrier records myself, so I am passing this "
                "to a colleague who can.",
            ),
            _does(0.1, "assistant", "handoff"),
            _does(9, "ben", "claim"),
            _says(
                0.7,
                "ben",
                "Hello Jonas, this is Ben. Sorry for the wait. I have the carrier on the other "
                "line: could the parcel be with a neighbour at number 14?",
            ),
            _says(4, "customer", "I asked. No."),
            _does(
                2,
                "ben",
                "note",
                "Carrier's photo shows a green door. His is white. Third mix-up on this round "
                "this month, told the depot.",
            ),
            _says(
                1,
                "ben",
                "The carrier's photo shows another door, so this is on us. A replacement goes out "
                "today by express, free of charge, and you need not send anything back.",
            ),
            _says(3, "customer", "OK. Thanks. Twenty minutes in a chat was not my plan, though."),
            _tags(0.5, "ben", "delivery", "carrier"),
            _does(1, "ben", "close", "replacement sent"),
            _rates(12, 3, "Solved, but it took a while until somebody was there."),
        ),
    ),
    Story(
        "Moth holes in a Heather Crew",
        hours_ago=26,
        name="Yusuf Demir",
        email="yusuf.demir@example.com",
        external_id="customer-0311",
        steps=(
            _says(0, "customer", "Moths got into my Heather Crew from 2019. Worth saving?"),
            _says(
                0.1,
                "assistant",
                "Very likely. Our workshop darns moth holes for €10 to €35 depending on the work, "
                "usually within ten working days, whatever the age of the piece. Please wash it "
                "first.",
            ),
            _says(1, "customer", "And how do I get it to you?"),
            _says(
                0.1,
                "assistant",
                "Start the repair on our repairs page and print the label, or bring it to a store: "
                "Bristol, Ghent, Hamburg or Lyon.",
            ),
            _says(0.8, "customer", "Perfect, washing it tonight."),
            _does(1, "customer", "close"),
            _rates(0.3, 4),
        ),
    ),
    Story(
        "Beanies for a rescue team",
        hours_ago=7,
        name="Claire Dubois",
        email="claire@example.org",
        external_id="customer-1203",
        steps=(
            _says(
                0,
                "customer",
                "Bonjour! We are a volunteer mountain rescue team, 34 people. Can we get Bothy "
                "Beanies in one colour, with our badge?",
            ),
            _says(
                0.1,
                "assistant",
                "What a good use for a beanie. Orders of that kind are made up by a person: shall "
                "I hand you over?",
            ),
            _says(0.9, "customer", "Yes please"),
            _does(0.1, "customer", "handoff"),
            _does(2, "ben", "claim"),
            _says(
                0.5, "ben", "Hello Claire! That is one for our sales desk; Bea looks after teams."
            ),
            _does(
                0.6,
                "ben",
                "transfer:bea:sales",
                "34 beanies with a badge. They asked in June as well, see order 18802.",
            ),
            _says(
                3,
                "bea",
                "Hello Claire, good to have you back. In gorse yellow we have 40 on the shelf. "
                "Woven badges take nine working days. I can do €26 apiece, badge included.",
            ),
            _says(
                6, "customer", "That would be wonderful. May I confirm tomorrow after our meeting?"
            ),
            _says(0.9, "bea", "Of course. I put 34 aside for you until Friday."),
            _tags(0.3, "bea", "teams", "quote"),
        ),
    ),
    Story(
        "Return without the box",
        hours_ago=1.6,
        name="Tom Whitaker",
        email="tom.w@example.com",
        external_id="customer-0954",
        steps=(
            _says(0, "customer", "I want to send back a Tarn Shell but recycled the box. Problem?"),
            _says(
                0.1,
                "assistant",
                "Not at all: any box or bag that keeps it dry will do. Returns are free for sixty "
                "days as long as the jacket is unworn.",
            ),
            _says(
                2,
                "customer",
                "Define unworn. I wore it once, to the car, in the rain. Label is still on.",
            ),
            _does(0.4, "customer", "handoff"),
            _does(3, "ben", "claim"),
            _says(
                0.6, "ben", "Hi Tom, Ben here. A walk to the car is a test, not wear. Send it in."
            ),
            _does(0.5, "ben", "note", "Promised: full refund, worn once to the car. Order 20388."),
            _says(1.4, "customer", "You are a good man, Ben. Do I get a label from you?"),
            _says(
                0.5, "ben", "It is in your mail now. The refund takes two days after it arrives."
            ),
            _tags(0.2, "ben", "return"),
            _says(
                14,
                "customer",
                "Label printed. One more thing: can the refund go to a different card?",
            ),
        ),
    ),
    Story(
        "Zip of a Tarn Shell",
        hours_ago=0.35,
        name="Priya Nair",
        email="priya.nair@example.com",
        external_id="customer-1177",
        steps=(
            _says(0, "customer", "The main zip on my Tarn Shell came apart this morning."),
            _says(
                0.1,
                "assistant",
                "I am sorry about that. Zips have a five-year warranty. You can start a claim on "
                "our warranty page with a photo and the order number, or talk to a person here.",
            ),
            _says(
                1.3,
                "customer",
                "A person please. I leave for Norway on Saturday and need to know if it is "
                "possible by then.",
            ),
            _does(0.1, "customer", "handoff"),
            _says(2.5, "customer", "I can also drop it off if your workshop is near Leeds."),
        ),
    ),
    Story(
        "Delivery to a parcel shop",
        hours_ago=0.2,
        steps=(
            _says(0, "customer", "do you deliver to parcel shops? nobody home during the week"),
            _says(
                0.1,
                "assistant",
                "Yes. Choose “parcel shop” at the checkout. Delivery takes three to five working "
                "days, and the parcel waits there for a week.",
            ),
            _says(1.5, "customer", "great, and is it still free over 75?"),
            _says(0.1, "assistant", "Yes, free over €75, wherever in the country it goes."),
        ),
    ),
)
