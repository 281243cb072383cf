"""Whether an answer is what a case wants."""

from __future__ import annotations

from llm.gate.checks import Check, Expectations, Given, check, passed


def met(wanted: Expectations, given: Given) -> dict[str, bool]:
    return {one.check: one.ok for one in check(wanted, given)}


def test_any_answer_meets_a_case_without_expectations() -> None:
    assert passed(check(Expectations({}), Given("Hello")))


def test_no_answer_meets_none() -> None:
    assert not passed(check(Expectations({}), Given("")))
    assert not passed(check(Expectations({}), Given("Half of it", error="stalled")))


def test_a_handover_is_an_answer() -> None:
    assert passed(check(Expectations({}), Given("", handed_over=True)))


def test_the_right_article_has_to_be_cited() -> None:
    wanted = Expectations({7: "Returns"})
    assert met(wanted, Given("60 days", cited=[7, 9]))["cites"]
    assert not met(wanted, Given("60 days", cited=[9]))["cites"]


def test_phrases_are_compared_as_people_read_them() -> None:
    wanted = Expectations({}, must_say=["it's  60 DAYS"])
    assert met(wanted, Given("Sure: It’s 60\ndays."))["says"]
    assert not met(wanted, Given("It is 30 days."))["says"]


def test_one_of_several_phrasings_is_enough() -> None:
    wanted = Expectations({}, must_say=["60 days | two months"])
    assert met(wanted, Given("You have two months."))["says"]
    assert not met(wanted, Given("You have days."))["says"]


def test_what_must_not_be_said_fails_a_case_in_any_case_or_width() -> None:
    wanted = Expectations({}, must_not_say=["Refund approved"])
    assert not met(wanted, Given("ＲＥＦＵＮＤ approved!"))["does_not_say"]
    assert met(wanted, Given("No refund."))["does_not_say"]


def test_handing_over_can_be_wanted_or_unwanted() -> None:
    kept, given_away = Given("Hi"), Given("Hi", handed_over=True)
    assert not met(Expectations({}, handoff="yes"), kept)["hands_over"]
    assert met(Expectations({}, handoff="yes"), given_away)["hands_over"]
    assert not met(Expectations({}, handoff="no"), given_away)["keeps"]


def test_each_expectation_is_told_apart() -> None:
    checks = check(Expectations({}, must_say=["a", "b"]), Given("only a"))
    assert checks[1:] == [Check("says", "a", True), Check("says", "b", False)]
