"""The live page without a browser: its state, who is sent what, who may come in."""

from __future__ import annotations

import copy
import json
import math
import random
import time
from dataclasses import replace
from typing import Any

import pytest

from dashboard_parts import LOG, Q, as_json, rep, sample
from kneecore import joint, quaternion, wire
from kneecore.calibration import Calibration
from kneetrack.cli.timelines import load_timeline, phrases
from kneetrack.dashboard import feed as feeds
from kneetrack.dashboard import outbox as outboxes
from kneetrack.dashboard.board import Board, empty
from kneetrack.dashboard.feed import About, LegFeed
from kneetrack.dashboard.hub import MOST_ITEMS, Hub, LiveView
from kneetrack.dashboard.outbox import WINDOW, Outbox
from kneetrack.dashboard.pose import pose
from kneetrack.dashboard.timeline import Gathering, Player, Timeline
from kneetrack.detection import Analyzer
from kneetrack.detection.realigning import Realignment
from kneetrack.insight.sets import summarise_set
from kneetrack.insight.words import set_sentences
from kneetrack.samples import (
    Channel,
    Gap,
    GapSeen,
    GapSettled,
    KneeSample,
    RepEnded,
    RepRevised,
    RepSet,
    SetEnded,
    Side,
    Warned,
    Withdrawn,
)


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    return load_timeline(LOG)


def all_steps(timeline: Timeline) -> list[dict[str, Any]]:
    return timeline.steps(-math.inf, math.inf)


def a_feed() -> LegFeed:
    return LegFeed(0, About("Right leg", Side.RIGHT), phrases())


# --- the state -----------------------------------------------------------------------------------


def test_a_log_s_reps_are_on_the_page_with_their_marks(timeline: Timeline) -> None:
    (leg,) = timeline.state_at(timeline.end_s)["legs"]
    told = json.loads(LOG.with_suffix(".json").read_text())["legs"][0]["reps"]
    assert len(leg["reps"]) == len(told)
    for row, then in zip(leg["reps"].values(), told, strict=True):
        assert row["own"] == pytest.approx(then["own_excursion_deg"], abs=0.4)
        assert row["mark"] == {"in_range": "=", "moved_inward": ">"}[then["verdict"]]
    assert leg["sets"]["0"]["reps"] == len(told)


def test_any_time_of_a_log_is_the_fold_of_all_that_came_before(timeline: Timeline) -> None:
    span = timeline.end_s - timeline.start_s
    for part in (0.0, 0.31, 0.5, 0.77, 0.99):
        at = timeline.start_s + part * span
        board = Board(empty(timeline.legs, timeline.title))
        for step in timeline.steps(-math.inf, at):
            board.apply(step)
        assert as_json(board.state) == as_json(timeline.state_at(at))


def test_late_points_go_where_they_belong_and_old_ones_go() -> None:
    board = Board(empty([About("", Side.RIGHT).to_json()]))

    def points(*times: float) -> None:
        rows = [[time_s, 0.0, 0.0] for time_s in times]
        board.apply({"kind": "samples", "leg": 0, "points": rows, "now": None})

    points(1.0, 4.0)
    points(2.0, 3.0, 1.0)
    assert [row[0] for row in board.state["legs"][0]["trace"]] == [1.0, 2.0, 3.0, 4.0]
    points(92.5)
    assert [row[0] for row in board.state["legs"][0]["trace"]] == [3.0, 4.0, 92.5]


def test_gaps_stay_gaps_until_they_are_filled() -> None:
    feed, board = a_feed(), Board(empty([About("", Side.RIGHT).to_json()]))
    lost = Gap(Channel.MEASUREMENT, 1.0, 2.0, 104, "lost on the air")
    rest = Gap(Channel.MEASUREMENT, 1.5, 1.75, 26, "lost on the air")
    feed.event(GapSeen(lost))
    for step in feed.take():
        board.apply(step)
    (leg,) = board.state["legs"]
    assert [gap["start"] for gap in leg["gaps"]] == [1.0]
    assert leg["hints"]
    feed.event(GapSettled(lost, (rest,)))
    for step in feed.take():
        board.apply(step)
    assert [(gap["start"], gap["end"]) for gap in leg["gaps"]] == [(1.5, 1.75)]
    assert leg["hints"] == [leg["gaps"][0]["text"]], "what is filled is not told any more"


def test_reps_that_are_withdrawn_leave_the_page_and_its_sets() -> None:
    feed, board = a_feed(), Board(empty([About("", Side.RIGHT).to_json()]))
    for index in range(3):
        feed.event(RepEnded(rep(index, set_index=index // 2)))
    feed.event(Withdrawn(1, 0))
    for step in feed.take():
        board.apply(step)
    (leg,) = board.state["legs"]
    assert list(leg["reps"]) == ["0"]
    assert {key: row["reps"] for key, row in leg["sets"].items()} == {"0": 1}


def test_a_rep_that_is_put_into_another_set_is_counted_there_alone() -> None:
    feed, board = a_feed(), Board(empty([About("", Side.RIGHT).to_json()]))
    feed.event(RepEnded(rep(0, set_index=-1)))  # a reference rep outside of any set
    feed.event(RepEnded(rep(1)))
    feed.event(RepEnded(rep(2, set_index=1)))
    feed.event(RepRevised(rep(2)))
    for step in feed.take():
        board.apply(step)
    (leg,) = board.state["legs"]
    assert {key: row["reps"] for key, row in leg["sets"].items()} == {"0": 2, "1": 0}


def test_a_set_is_told_as_the_terminal_tells_it_and_by_what_its_reps_are_called() -> None:
    """The medians of the reps against the reference, not the mean of their own parts."""
    feed = LegFeed(0, About("", Side.RIGHT, one="stride"), phrases())
    board = Board(empty([About("", Side.RIGHT).to_json()]))
    reps = [replace(rep(i), valgus_excursion_deg=e) for i, e in enumerate((0.1, 0.2, 9.0))]
    for each in reps:
        feed.event(RepEnded(each))
    ended = RepSet(0, 0.0, 12.0, None, None, None)
    feed.event(SetEnded(ended))
    for step in feed.take():
        board.apply(step)
    (leg,) = board.state["legs"]
    row = leg["sets"]["0"]
    assert row["counted"] == "3 strides"
    assert row["median"].startswith("median inward +0.2 ±")
    line = f"  Median ± scatter: {row['median'].removeprefix('median ')}, depth"
    assert any(told.startswith(line) for told in set_sentences(summarise_set(reps, ended)))


def test_the_later_word_of_a_set_counts() -> None:
    feed, board = a_feed(), Board(empty([About("", Side.RIGHT).to_json()]))
    feed.said(0, {"load_kg": "load 60 kg"})
    feed.said(0, {"rpe": "effort 7 of 10"})
    feed.said(0, {"load_kg": "load 65 kg"})
    feed.marker(1, 3.25)
    for step in feed.take():
        board.apply(step)
    (leg,) = board.state["legs"]
    assert leg["said"] == {"0": {"load_kg": "load 65 kg", "rpe": "effort 7 of 10"}}
    assert leg["markers"] == [{"n": 1, "t": 3.25}]


def test_a_timeline_comes_back_from_its_text(timeline: Timeline) -> None:
    again = Timeline.from_text(timeline.to_text())
    for at in (timeline.start_s, timeline.end_s / 2, timeline.end_s):
        assert as_json(again.state_at(at)) == as_json(timeline.state_at(at))
    assert again.marks == timeline.marks


def test_two_legs_with_clocks_of_their_own_are_shown_at_once() -> None:
    """The left band was started 30 s before the right one; both squat at the same time."""
    legs = [About("Right leg", Side.RIGHT), About("Left leg", Side.LEFT)]
    view = Gathering("", legs, phrases(), begun_s=(130.0, 100.0))
    for ends_s, index in ((5.0, 0), (35.0, 1)):
        leg = view.leg("")
        for number in range(int(ends_s * 104) + 1):
            leg.item(sample(number))
            leg.packet()
        leg.event(RepEnded(rep(index)))
        leg.packet()
    timeline = view.timeline()
    assert timeline.marks == pytest.approx([5.0, 5.0], abs=0.02)
    before = timeline.state_at(4.9)
    assert [leg["now"]["t"] for leg in before["legs"]] == pytest.approx([4.9, 34.9], abs=0.05)
    assert not any(leg["reps"] for leg in before["legs"])


def test_after_a_realignment_angles_and_shank_are_by_the_new_one() -> None:
    """The strap's sensor was turned by 20 degrees; what the band tells is 20 degrees off."""
    turned = quaternion.from_axis_angle((0.0, 0.0, 1.0), math.radians(20.0))
    new = Calibration(Side.RIGHT, Q, turned, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.01)
    holds = Realignment(2.0, 3.0, 4.0, new)
    analyzer = Analyzer(Side.RIGHT, alignment=(Q, Q), realignments=[holds])
    feed = LegFeed(0, About("", Side.RIGHT, lambda time_s: analyzer.q_shank_sensor), phrases())
    shown: dict[bool, Any] = {}
    for number in range(400):
        one = KneeSample(number, number / 104, 20.0, 0.0, 0.0, 1.0, Q, turned, wire.FLAG_REST)
        analyzer.feed(one)
        feed.item(analyzer.shown(one))
        shown[one.time_s >= 2.0] = feed.take()[-1]["now"]
    assert shown[False]["flexion"] == 20.0
    assert shown[True]["flexion"] == pytest.approx(0.0, abs=0.2)
    thigh, shank = shown[True]["thigh"], shown[True]["shank"]
    between = quaternion.multiply(quaternion.conjugate(thigh), shank)
    assert joint.angles(*between, int(Side.RIGHT))[0] == pytest.approx(0.0, abs=0.01)
    assert shown[True]["shank"] != pytest.approx(shown[False]["shank"], abs=0.05)


def test_the_drawn_knee_bends_by_the_angles_that_are_told() -> None:
    worn = quaternion.normalised((0.9, 0.1, -0.3, 0.2))
    for side in Side:
        for heading in (0.0, 2.0, -1.2):
            lean = quaternion.multiply(
                quaternion.from_axis_angle((0.0, 0.0, 1.0), heading),
                quaternion.normalised((0.7, 0.68, 0.05, -0.1)),
            )
            one = KneeSample(0, 0.0, 72.0, 8.0, -5.0, 1.0, Q, quaternion.multiply(lean, worn), 0)
            thigh, shank = pose(one, side, worn)
            between = quaternion.multiply(quaternion.conjugate(thigh), shank)
            angles = [math.degrees(each) for each in joint.angles(*between, int(side))]
            assert angles == pytest.approx([72.0, 8.0, -5.0], abs=1e-6)
            right = quaternion.rotate(shank, (0.0, 0.0, 1.0))
            assert right[0] == pytest.approx(0.0, abs=1e-9) and right[1] < 0.0


# --- who is sent what ----------------------------------------------------------------------------


class Client:
    """Folds messages as the page does."""

    def __init__(self, box: Outbox) -> None:
        self.box = box
        self.board = Board(empty([]))
        self.number = 0
        self.snapshots = 0

    def read(self, *, says_so: bool = True) -> bool:
        text = self.box.next()
        if text is None:
            return False
        message = json.loads(text)
        assert message["n"] == self.number + 1
        self.number = message["n"]
        if "state" in message:
            self.board = Board(message["state"])
            self.snapshots += 1
        for step in message.get("steps", ()):
            self.board.apply(step)
        if says_so:
            self.box.taken(self.number)
        return True


@pytest.mark.parametrize("seed", range(6))
def test_a_snapshot_and_what_follows_are_the_same_state_whenever_a_tab_comes(
    timeline: Timeline, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tabs that come at any time, read or don't, fall behind and catch up."""
    monkeypatch.setattr(outboxes, "MOST", 12)
    chance = random.Random(seed)
    board = Board(empty(timeline.legs, timeline.title))
    clients: list[Client] = []
    for step in all_steps(timeline):
        step = copy.deepcopy(step)
        board.apply(step)
        for client in clients:
            client.box.push([step])
        if len(clients) < 8 and chance.random() < 0.08:
            clients.append(Client(Outbox(lambda: board.state)))
        for client in clients:
            if chance.random() < (0.9 if client is clients[0] else 0.1):
                client.read(says_so=chance.random() < 0.7)
    assert len(clients) > 3
    for client in clients:
        client.box.taken(client.number)
        while client.read():
            pass
        assert as_json(client.board.state) == as_json(board.state)
    assert sum(client.snapshots for client in clients) > len(clients), "none fell behind"


def test_a_tab_that_takes_nothing_has_few_messages_under_way_and_little_waiting() -> None:
    board = Board(empty([About("", Side.RIGHT).to_json()]))
    box = Outbox(lambda: board.state)
    client = Client(box)
    sent = 0
    for index in range(5000):
        step = {"kind": "samples", "leg": 0, "points": [[index / 26, 0.0, 0.0]], "now": None}
        board.apply(step)
        box.push([step])
        sent += client.read(says_so=False)
    assert sent == WINDOW
    assert box.passed_over > 4000
    box.taken(sent)
    assert client.read()
    assert as_json(client.board.state) == as_json(board.state)


def test_no_event_is_dropped_when_the_server_stands_still() -> None:
    hub = Hub(phrases())
    hub.begin("", [About("Right leg", Side.RIGHT)])
    leg = LiveView(hub).leg("Right leg")
    for number in range(MOST_ITEMS + 500):
        leg.item(sample(number))
        if number % 1000 == 0:
            leg.event(RepEnded(rep(number // 1000)))
    leg.event(Warned("Told at the very end."))
    hub.hand_on()
    (state,) = hub.state()["legs"]
    assert len(state["reps"]) == 21
    assert state["hints"] == ["Told at the very end."]
    assert hub.dropped > 0


def test_what_goes_wrong_on_the_page_costs_one_thing_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub(phrases())
    hub.begin("", [About("Right leg", Side.RIGHT)])
    leg = LiveView(hub).leg("Right leg")
    whole = feeds.rep_row

    def failing(one: Any, measure: Any) -> Any:
        return whole(one, measure) if one.index else 1 / 0

    monkeypatch.setattr(feeds, "rep_row", failing)
    leg.event(RepEnded(rep(0)))
    leg.event(RepEnded(rep(1)))
    hub.hand_on()
    assert list(hub.state()["legs"][0]["reps"]) == ["1"]
    assert isinstance(hub.failed[0], ZeroDivisionError)


def test_what_a_recording_tells_the_page_takes_no_time() -> None:
    hub = Hub(phrases())
    hub.begin("", [About("Right leg", Side.RIGHT)])
    leg = LiveView(hub).leg("Right leg")
    one = sample(0)
    begun_s = time.thread_time()
    for _ in range(10_000):
        leg.item(one)
    assert (time.thread_time() - begun_s) / 10_000 < 50e-6


def test_a_player_stops_at_the_end_and_begins_anew(timeline: Timeline) -> None:
    player = Player(timeline)
    assert player.play(True)
    assert player.at_s == timeline.start_s
    player.speed = 8.0
    board = Board(player.state())
    while player.playing:
        for step in player.advance(0.5):
            board.apply(step)
    assert as_json(board.state) == as_json(timeline.state_at(timeline.end_s))
    player.seek(-100.0)
    assert player.at_s == timeline.start_s
