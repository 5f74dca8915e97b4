"""The account of a recording, against a band that keeps what wire.py says a band keeps.

The band here is a model of the protocol only: it measures, forgets, restarts and answers. What it
says gets lost, doubled and mixed up as the radio and a busy host do.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kneecore import wire
from kneetrack import backfill
from kneetrack.backfill import Ledger
from kneetrack.samples import TransferDone
from kneetrack.spans import Span

PACKET = wire.KNEE_SAMPLES_PER_PACKET
STEP_S = PACKET * wire.KNEE_PERIOD_US / 1e6
FIRST = 70_000  # a band that has been on for a while: sequences have wrapped


class Band:
    """Measures from FIRST on and keeps all but `forgotten`, in blocks of up to 20 numbers."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.end = FIRST
        self.forgotten: set[int] = set()
        self.acknowledged = FIRST
        self.on_disk_when_freed: list[int] = []

    def measure(self) -> Span:
        first = self.end
        self.end += PACKET
        return Span(first, self.end)

    def answer(self, asked: Span) -> list[Span]:
        """The blocks that hold these numbers; a hole ends a block, as a jump in numbers does."""
        held = [n for n in range(asked.first, min(asked.end, self.end)) if n not in self.forgotten]
        blocks: list[Span] = []
        for number in held:
            if blocks and blocks[-1].end == number and blocks[-1].size < 20:
                blocks[-1] = Span(blocks[-1].first, number + 1)
            else:
                blocks.append(Span(number, number + 1))
        return blocks


class Session:
    """A ledger and a band, and the radio between them."""

    def __init__(self, seed: int, loss: float) -> None:
        self.dice = random.Random(seed)
        self.band = Band(self.dice)
        self.ledger = Ledger(7, 3, FIRST)
        self.loss = loss
        self.log: set[int] = set()
        self.counted = 0
        self.now_s = 0.0
        self.live_on = True

    def lost(self) -> bool:
        return self.dice.random() < self.loss

    def step(self, connected: bool = True) -> None:
        self.now_s += STEP_S
        if self.live_on:
            span = self.band.measure()
            if connected and not self.lost():
                sequence = span.first & 0xFFFF
                first = self.ledger.near(sequence)
                self.counted += self.ledger.live(first, first + span.size)
                self.log |= set(range(*span))
        if connected:
            self.fetch()
            if self.dice.random() < 0.1:
                self.sync()

    def sync(self) -> None:
        self.ledger.synced()
        number = self.ledger.acknowledgement()
        if number is not None:
            gone = {n for gone in self.ledger.gone for n in range(*gone.span)}
            new = set(range(self.band.acknowledged, number))
            assert new <= self.log | gone, "only what is on the disk"
            self.band.acknowledged = number

    def fetch(self) -> None:
        asked = self.ledger.next_fetch(self.now_s, settled=self.live_on)
        if asked is None:
            return
        assert 0 < asked.size <= backfill.FETCH_SAMPLES
        assert asked.first not in self.log, "never asks for what it has"
        if self.lost():
            return  # the write itself
        blocks = self.band.answer(asked)
        sent = len(blocks)
        came = [block for block in blocks if not self.lost()]
        came += [block for block in came if self.dice.random() < 0.1]
        self.dice.shuffle(came)
        for block in came:
            self.counted += self.ledger.block(*block, self.now_s)
            self.log |= set(range(*block))
        if not self.lost():
            done = TransferDone(3, *asked, wire.RESULT_SUCCESS, sent)
            self.ledger.done(done, self.now_s)

    def finish(self) -> None:
        """The stream is over; what is missing is fetched."""
        self.live_on = False
        self.ledger.known(self.band.end)
        for _ in range(1500):
            if not self.ledger.missing_count or self.ledger.resting:
                return
            self.now_s += 0.5
            self.step()
        raise AssertionError("it never ends")


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    loss=st.sampled_from([0.0, 0.02, 0.2, 0.5]),
    outages=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 200)), max_size=3),
)
@example(seed=10000, loss=0.5, outages=[(52, 173)])  # a block that came twice hid one that did not
def test_whatever_the_radio_loses_all_that_exists_is_in_the_log_once(seed, loss, outages):
    session = Session(seed, loss)
    for calm, out in outages:
        for _ in range(calm):
            session.step()
        for _ in range(out):
            session.step(connected=False)
        session.ledger.reconnected()
        session.ledger.known(session.band.end)
    for _ in range(50):
        session.step()
    for _ in range(20):  # where half of everything is lost it may rest in between
        session.finish()
        session.ledger.reconnected()
    assert session.log == set(range(FIRST, session.band.end))
    assert session.counted == len(session.log), "each number is new once"
    assert not session.ledger.gone
    session.sync()
    assert session.band.acknowledged == session.band.end


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    forgotten=st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 90)), max_size=4),
)
def test_what_the_band_has_not_is_given_up_and_nothing_else_is(seed, forgotten):
    session = Session(seed, 0.0)
    session.band.forgotten = {
        FIRST + n for first, count in forgotten for n in range(first, first + count)
    }
    for _ in range(200):
        session.step(connected=False)
    session.ledger.known(session.band.end)
    session.finish()
    held = set(range(FIRST, session.band.end)) - session.band.forgotten
    gone = [n for gone in session.ledger.gone for n in range(*gone.span)]
    assert session.log == held
    assert sorted(gone) == sorted(session.band.forgotten & set(range(FIRST, session.band.end)))
    assert {one.reason for one in session.ledger.gone} <= {backfill.NOT_KEPT}


def test_a_number_in_the_block_in_the_making_is_asked_for_again_before_it_is_given_up():
    ledger = Ledger(1, 1, 0)
    ledger.known(100)
    times_s = []
    now_s = 1.0
    while not ledger.gone and now_s < 20.0:
        asked = ledger.next_fetch(now_s)
        if asked is not None:
            times_s.append(now_s)
            ledger.done(TransferDone(1, *asked, wire.RESULT_SUCCESS, 0), now_s)
        now_s += 0.1
    assert len(times_s) == backfill.DOUBTS
    assert times_s[-1] - times_s[0] >= (backfill.DOUBTS - 1) * backfill.AGAIN_S - 0.2
    assert [gone.span for gone in ledger.gone] == [Span(0, 100)]


def test_a_recording_that_the_band_has_discarded_is_gone_at_once():
    ledger = Ledger(1, 1, 0)
    ledger.live(0, 8)
    ledger.known(100)
    asked = ledger.next_fetch(1.0, settled=False)
    assert asked is not None
    ledger.done(TransferDone(1, *asked, wire.RESULT_NOT_FOUND, 0), 1.0)
    assert [(gone.span, gone.reason) for gone in ledger.gone] == [
        (Span(8, 100), backfill.DISCARDED)
    ]


def test_what_the_band_can_not_read_is_not_waited_for_nor_acknowledged():
    ledger = Ledger(1, 1, 0)
    ledger.live(0, 80)
    ledger.live(96, 200)
    for now_s in (1.0, 1.5, 3.0, 3.5):
        asked = ledger.next_fetch(now_s)
        if asked is not None:
            assert asked == Span(80, 96)
            ledger.done(TransferDone(1, *asked, wire.RESULT_FAILED, 0), now_s)
    assert [one.reason for one in ledger.gone] == [backfill.UNREAD]
    assert not ledger.missing_count
    ledger.synced()
    assert ledger.acknowledgement() == 80, "the band keeps it: it may be able to later"
    ledger.live(200, 300)
    ledger.synced()
    assert ledger.acknowledgement() is None


def test_what_lies_before_the_oldest_that_the_band_keeps_is_gone_but_not_what_is_in_the_log():
    ledger = Ledger(1, 1, 0)
    ledger.live(0, 8)
    ledger.known(100)
    ledger.kept_from(40)
    assert [(gone.span, gone.reason) for gone in ledger.gone] == [(Span(8, 40), backfill.NO_ROOM)]
    assert ledger.missing() == [Span(40, 100)]


def test_nothing_is_acknowledged_past_a_hole_nor_before_it_is_on_the_disk():
    ledger = Ledger(1, 1, 0)
    ledger.live(0, 8)
    assert ledger.acknowledgement() is None
    ledger.live(16, 24)
    ledger.synced()
    assert ledger.acknowledgement() == 8
    assert ledger.acknowledgement() is None, "said once"
    ledger.block(4, 18, 0.2)
    assert ledger.acknowledgement() is None, "not on the disk yet"
    ledger.synced()
    assert ledger.acknowledgement() == 24
    assert (ledger.recovered, ledger.duplicates) == (8, 6)


def test_a_fetch_is_sent_one_at_a_time_and_given_up_when_nothing_comes():
    ledger = Ledger(1, 1, 0)
    ledger.known(5000)
    now_s = 1.0
    assert ledger.next_fetch(now_s, settled=False) == Span(0, backfill.FETCH_SAMPLES)
    assert ledger.next_fetch(now_s + 0.9 * backfill.ANSWER_S, settled=False) is None
    asked = 1
    for _ in range(200):
        now_s += 1.0
        asked += ledger.next_fetch(now_s, settled=False) is not None
    assert asked == backfill.BARREN
    assert ledger.resting and not ledger.gone
    ledger.reconnected()
    assert ledger.next_fetch(now_s, settled=False) == Span(0, backfill.FETCH_SAMPLES)


def test_an_answer_whose_end_was_lost_is_over_when_all_of_it_came_or_soon_after():
    ledger = Ledger(1, 1, 0)
    ledger.known(5000)
    asked = ledger.next_fetch(1.0, settled=False)
    ledger.block(0, 900, 1.5)
    assert ledger.next_fetch(1.5 + 0.9 * backfill.FLOWING_S, settled=False) is None
    rest = ledger.next_fetch(1.5 + 1.1 * backfill.FLOWING_S, settled=False)
    assert rest.first == 900
    ledger.block(*rest, 4.0)
    assert ledger.next_fetch(4.0, settled=False).first == rest.end > asked.end


@pytest.mark.parametrize("lead", [0, 5, 30_000, -5, -30_000])
def test_a_sequence_is_placed_next_to_the_newest_number(lead):
    ledger = Ledger(1, 1, 200_000)
    assert ledger.near((200_000 + lead) & 0xFFFF) == 200_000 + lead


def test_small_holes_near_each_other_are_asked_for_at_once_and_far_ones_apart():
    ledger = Ledger(1, 1, 0)
    for first in (0, 16, 400):
        ledger.live(first, first + 8)
    assert ledger.next_fetch(1.0, settled=False) == Span(8, 400)
    ledger.block(24, 300, 1.1)
    ledger.reconnected()
    assert ledger.next_fetch(1.2, settled=False) == Span(8, 16)


def test_behind_a_recording_that_broke_off_is_asked_once():
    ledger = Ledger(1, 1, 0)
    ledger.live(0, 80)
    assert ledger.next_fetch(1.0, settled=False) is None
    ledger.broken_off()
    asked = ledger.next_fetch(1.0, settled=False)
    assert asked == Span(80, 80 + backfill.FETCH_SAMPLES)
    ledger.block(70, 90, 1.1)
    ledger.done(TransferDone(1, *asked, wire.RESULT_SUCCESS, 1), 1.2)
    assert ledger.next_fetch(5.0, settled=False) is None
    assert (ledger.end_number, ledger.missing_count, ledger.recovered) == (90, 0, 10)
    assert not ledger.gone


def test_behind_a_recording_that_broke_off_all_is_asked_for_up_to_the_next_one():
    ledger = Ledger(1, 1, 0)
    ledger.live(0, 80)
    ledger.broken_off()
    ledger.broken_off(90_000)
    assert ledger.next_fetch(1.0, settled=False) == Span(80, 90_000)
