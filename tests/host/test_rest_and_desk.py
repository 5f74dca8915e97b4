"""The rest after a set, and what is typed while a recording runs, without any screen."""

from __future__ import annotations

import io
from collections.abc import Mapping

from rich.console import Console

from kneetrack.cli.desk import Desk
from kneetrack.cli.rest import Rest
from kneetrack.cli.view import open_view
from kneetrack.errors import LogError
from kneetrack.samples import (
    KneeSample,
    Rep,
    RepEnded,
    RepSet,
    SetEnded,
    Side,
    Verdict,
    Withdrawn,
)
from kneetrack.sessionlog.said import laid_over

STILL = (1.0, 0.0, 0.0, 0.0)


def rep(index: int, of_set: int, start_s: float) -> RepEnded:
    return RepEnded(
        Rep(
            index, of_set, False, start_s, start_s + 2.0, 90.0,
            *[None] * 12, Verdict.DOUBTFUL,
        )
    )  # fmt: skip


def over(index: int, start_s: float, end_s: float) -> SetEnded:
    return SetEnded(RepSet(index, start_s, end_s, None, None, None))


def at(time_s: float) -> KneeSample:
    return KneeSample(round(104 * time_s), time_s, 0.0, 0.0, 0.0, 2.0, STILL, STILL, 0)


# --- the rest ------------------------------------------------------------------------------------


def test_a_rest_counts_from_the_last_rep_and_ends_with_the_next() -> None:
    rest = Rest()
    assert rest.line == "" and rest.rested_s is None
    rest.event(rep(0, 0, 10.0))
    rest.event(over(0, 10.0, 12.0))
    rest.time(19.5)
    assert rest.rested_s == 7.5
    assert rest.line == "rest 0:07 since set 1"
    rest.time(85.0)
    assert rest.line == "rest 1:13 since set 1"
    rest.event(rep(1, 1, 90.0))
    assert rest.line == ""


def test_a_rest_with_a_target_counts_down_and_tells_once_that_it_is_over() -> None:
    rest = Rest(60.0)
    rest.event(over(0, 10.0, 12.0))
    rest.time(20.0)
    assert rest.line == "rest 0:52 to go (0:08 since set 1)"
    assert not rest.is_over()
    rest.time(72.5)
    assert rest.is_over() and not rest.is_over()
    assert rest.line == "rest is over: 1:00 since set 1"
    assert rest.over_text == "The rest of 1:00 is over: set 2 is next."


def test_a_set_that_is_told_when_the_next_one_has_begun_is_no_rest() -> None:
    rest = Rest()
    rest.event(rep(0, 0, 10.0))
    rest.event(rep(1, 1, 60.0))
    rest.event(over(0, 10.0, 12.0))
    rest.time(65.0)
    assert rest.line == ""


def test_a_set_that_is_withdrawn_is_rested_from_no_more() -> None:
    rest = Rest(30.0)
    rest.event(rep(0, 0, 10.0))
    rest.event(over(0, 10.0, 12.0))
    rest.time(50.0)
    rest.event(Withdrawn(1, 0))
    assert rest.line == "" and not rest.is_over()


def lines_of(rest_s: float | None, legs: int = 1) -> str:
    out = io.StringIO()
    view = open_view(Console(file=out, width=200), hint="", rest_s=rest_s)
    parts = [view.leg(name) for name in ("Right leg", "Left leg")[:legs]]
    with view:
        for leg in parts:
            leg.event(rep(0, 0, 10.0))
            leg.event(rep(1, 0, 13.0))
            leg.event(over(0, 10.0, 15.0))
            leg.event(over(0, 10.0, 15.0))  # a late gap has it told again
            for second in range(15, 120, 5):
                leg.item(at(float(second)))
    return out.getvalue()


def test_plain_lines_tell_a_set_and_its_rest_once_each() -> None:
    told = lines_of(60.0)
    assert told.count("Set 1 is over: 2 reps. Rest until 1:00.") == 1
    assert told.count("The rest of 1:00 is over: set 2 is next.") == 1
    assert len(told.splitlines()) == 5  # the title, two reps, these
    assert "rest" not in lines_of(None).lower()
    assert lines_of(60.0, legs=2).count("is over: set 2 is next") == 1


# --- what is typed -------------------------------------------------------------------------------


class Log:
    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []

    def write(self, event: Mapping[str, object]) -> None:
        self.events.append(dict(event))


def typed(desk: Desk, text: str) -> list[bool]:
    return [desk.take(letter) for letter in text]


def desk_of(log: Log, *sides: Side) -> Desk:
    desk = Desk("q ends the recording.")
    for side in sides or (Side.RIGHT,):
        leg = desk.leg(side, log.write)
        leg.event(rep(0, 0, 10.0))
        leg.event(over(0, 10.0, 12.0))
    return desk


def test_load_effort_and_note_are_kept_with_leg_and_set() -> None:
    log = Log()
    desk = desk_of(log)
    assert "l load, e effort, n note of set 1" in desk.hint()
    typed(desk, "l135lb\re7.5\rnquick, quiet\r")
    assert log.events == [
        {"event": "said", "side": "right", "set": 0, "load_kg": 61.235},
        {"event": "said", "side": "right", "set": 0, "rpe": 7.5},
        {"event": "said", "side": "right", "set": 0, "note": "quick, quiet"},
    ]
    assert desk.hint().startswith("✓ set 1: note kept")


def test_what_is_typed_is_of_the_latest_set_that_has_a_rep() -> None:
    log = Log()
    desk = Desk("q")
    leg = desk.leg(Side.LEFT, log.write)
    leg.event(rep(0, 0, 10.0))
    leg.event(rep(1, 1, 60.0))
    typed(desk, "l60\r")
    assert log.events[-1]["set"] == 1


def test_both_legs_did_the_set() -> None:
    log = Log()
    typed(desk_of(log, Side.RIGHT, Side.LEFT), "l60\r")
    assert [event["side"] for event in log.events] == ["right", "left"]


def test_q_ends_the_recording_but_for_a_q_in_a_word() -> None:
    log = Log()
    desk = desk_of(log)
    assert typed(desk, "q") == [False]
    assert all(typed(desk, "nquick\r"))
    assert log.events[-1]["note"] == "quick"
    assert typed(desk, "q") == [False]


def test_what_makes_no_sense_is_said_and_can_be_put_right() -> None:
    log = Log()
    desk = desk_of(log)
    typed(desk, "e17\r")
    assert "from 0 (none) to 10" in desk.hint() and not log.events
    typed(desk, "\x7f\x7f9\r")
    assert log.events[-1]["rpe"] == 9.0
    typed(desk, "e11\r7\r")
    assert log.events[-1]["rpe"] == 7.0, "what was refused is typed over"


def test_escape_or_an_empty_line_leaves_it() -> None:
    log = Log()
    desk = desk_of(log)
    for leaving in ("\x1b", "\r", "\x15"):
        typed(desk, "l" + leaving)
        assert desk.hint().startswith("l load")
    assert not log.events


def test_a_log_that_takes_nothing_more_does_not_end_the_typing() -> None:
    def refuse(_: Mapping[str, object]) -> None:
        raise LogError("The disk is full.")

    desk = Desk("q")
    desk.leg(Side.RIGHT, refuse).event(rep(0, 0, 10.0))
    typed(desk, "l60\r")
    assert desk.hint().startswith("The disk is full.")


def test_a_further_key_acts_only_while_it_is_shown() -> None:
    desk = desk_of(Log())
    word, acts = "", []
    desk.on("a", lambda: word, lambda: acts.append(1))
    assert typed(desk, "a") == [False] and not acts
    word = "align anew"
    assert "a align anew" in desk.hint()
    assert typed(desk, "A") == [True] and acts


# --- as it is read -------------------------------------------------------------------------------


def said(index: int, side: str = "right", **what: object) -> dict[str, object]:
    return {"event": "said", "side": side, "set": index, **what}


def test_the_latest_word_of_a_set_counts_and_the_session_takes_the_last_sets() -> None:
    session = laid_over(
        {"load_kg": None, "rpe": 6.0},
        [said(0, load_kg=60.0), said(1, load_kg=70.0, rpe=8.0), said(0, load_kg=62.5)],
    )
    assert session["sets"] == [
        {"set": 0, "side": "right", "load_kg": 62.5},
        {"set": 1, "side": "right", "load_kg": 70.0, "rpe": 8.0},
    ]
    assert session["load_kg"] == 70.0
    assert session["rpe"] == 6.0  # that of the whole session was given


def test_notes_of_sets_stand_behind_the_sessions() -> None:
    events = [said(0, note="easy"), said(0, "left", note="easy"), said(1, note="slow")]
    assert laid_over({"note": "before lunch"}, events)["note"] == "before lunch; easy; slow"


def test_a_session_of_which_nothing_was_said_and_damaged_events_stay_as_they_are() -> None:
    events: list[Mapping[str, object]] = [
        {"event": "said"},
        {"event": "said", "side": "right", "set": "two", "load_kg": 1},
        {"event": "warning", "text": "set"},
    ]
    assert laid_over({"load_kg": 60.0}, events) == {"load_kg": 60.0}
