"""Suggestions: when each rule speaks, when it keeps silent, and that none pushes or frightens."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from knee_recordings import run, session
from kneetrack.analysis.session import advice_after
from kneetrack.insight.advice import RULES, Outing, advise, outing
from kneetrack.insight.session import summarise
from kneetrack.insight.slopes import Slope

GOOD = Outing(judged=8, share=0.95, large_share=0.0, rise=None, load_kg=60.0)
POOR = replace(GOOD, share=0.6)
RISE = Slope(0.9, 0.4, 1.2, 8, 7)
FORBIDDEN = re.compile(r"\b(fault|risk|safe|unsafe|injur\w*|weak|bad|must|should|collapse)\b", re.I)


def rules(*outings: Outing) -> list[str]:
    return [one.rule for one in advise(outings)]


def test_fewer_than_four_of_five_in_range_suggests_a_lighter_load_with_its_facts() -> None:
    (found,) = advise([POOR])
    assert found.rule == "lighter_load"
    assert found.sentence == "Try a lighter load than 60 kg."
    assert found.facts == ("60 % of the judged reps were in range.",)
    assert "row" in found.source and "[assumption]" in found.source
    assert rules(replace(GOOD, share=0.80)) == [] and rules(replace(GOOD, share=0.79))


def test_a_rise_over_a_set_suggests_a_lighter_load_too() -> None:
    (found,) = advise([replace(GOOD, rise=RISE)])
    assert found.rule == "lighter_load" and "6°" in found.facts[0]


def test_no_lighter_load_without_any_and_a_careful_word_where_none_was_entered() -> None:
    assert rules(replace(POOR, load_kg=0.0)) == []
    (found,) = advise([replace(POOR, load_kg=None)])
    assert found.sentence == "If there was a load, try a lighter one."


def test_a_heavier_load_takes_two_sessions_at_it() -> None:
    assert rules(GOOD) == []
    assert rules(GOOD, GOOD) == ["heavier_load"]
    assert rules(POOR, GOOD) == [] and rules(GOOD, replace(GOOD, share=0.89)) == []
    assert rules(replace(GOOD, load_kg=40.0), GOOD) == []  # once at this load
    assert rules(replace(GOOD, load_kg=80.0), GOOD) == ["heavier_load"]
    assert rules(replace(GOOD, load_kg=None), GOOD) == []
    assert rules(GOOD, replace(GOOD, rise=RISE)) == ["lighter_load"]
    assert rules(replace(GOOD, pain=True), GOOD) == []


def test_somebody_to_ask_is_named_after_three_sessions_of_large_excursions() -> None:
    large = replace(GOOD, large_share=0.6, share=0.85)
    assert rules(large, large) == []
    assert rules(large, large, large) == ["ask"]
    assert rules(large, replace(large, large_share=0.5), large) == []
    assert rules(GOOD, large, large) == []


def test_with_noted_pain_there_is_no_word_of_load() -> None:
    hurt = replace(POOR, pain=True)
    assert rules(POOR, hurt) == ["ask"]
    assert rules(replace(GOOD, pain=True), replace(GOOD, pain=True)) == ["ask"]


def test_little_is_no_ground_for_a_suggestion() -> None:
    few = {"judged": 4}
    assert rules(replace(POOR, **few)) == []
    assert rules(replace(GOOD, **few), replace(GOOD, **few)) == []
    assert rules() == [] and rules(Outing(0, None, None, None)) == []


@pytest.mark.parametrize("load", [None, 60.0])
def test_what_is_said_is_in_the_words_that_may_be_used(load: float | None) -> None:
    large = replace(POOR, large_share=0.9, rise=RISE, load_kg=load)
    said = [*advise([large] * 3), *advise([GOOD, GOOD]), *advise([replace(GOOD, pain=True)])]
    assert {one.rule for one in said} == {rule.name for rule in RULES}
    for one in said:
        assert not FORBIDDEN.search(one.text), one.text
        assert one.facts and one.source


def test_the_leg_that_is_less_in_range_counts() -> None:
    _, fine = run(session([0.0] * 8))
    _, worse = run(session([0.0, 8.0, 0.0, 9.0, 0.0, 12.0, 0.0, 0.0]))
    both = outing([summarise(fine), summarise(worse)], load_kg=50.0, pain=False)
    assert both.share == pytest.approx(5 / 8) and both.large_share == pytest.approx(1 / 8)
    (found,) = advice_after([fine, worse], {"load_kg": 50.0})
    assert found.rule == "lighter_load"
    assert advice_after([fine], {"load_kg": 50.0}) == ()
    (asked,) = advice_after([worse], {"load_kg": 50.0, "tags": {"pain": "yes"}})
    assert asked.rule == "ask"
    assert advice_after([worse], {"load_kg": "heavy", "tags": "none"})[0].rule == "lighter_load"
