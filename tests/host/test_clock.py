"""The band's clock on the host's: drift, jitter, queues, and two legs on one clock."""

from __future__ import annotations

import random

import pytest

from kneetrack.clock import DRIFT_MAX, ClockFit

PERIOD_S = 8 * 9616e-6
FLOOR_S = 0.018
EVENT_S = 0.015


def packets(
    seed: int,
    *,
    ppm: float,
    starts_s: float,
    duration_s: float,
    warming_ppm: float = 0.0,
    stalled: tuple[tuple[float, float], ...] = (),
):
    """(measured, received, true host time) of a leg's packets.

    Each waits for the next connection event, sometimes for the host (exponential, 30 ms), and in a
    stall until it is over. `warming_ppm` is added to the drift along the way.
    """
    chance = random.Random(seed)
    phase_s = chance.random() * EVENT_S
    for n in range(round(duration_s / PERIOD_S)):
        measured_s = 100.0 + n * PERIOD_S
        since_s = measured_s - 100.0
        drift = ppm + 0.5 * warming_ppm * since_s / duration_s
        true_s = starts_s + since_s * (1 + drift * 1e-6)
        ready_s = true_s + FLOOR_S
        events = (ready_s - phase_s) // EVENT_S + 1
        received_s = phase_s + events * EVENT_S
        if chance.random() < 0.3:
            received_s += chance.expovariate(1 / 0.03)
        for begin_s, end_s in stalled:
            if begin_s <= received_s < end_s:
                received_s = end_s
        yield measured_s, received_s, true_s


@pytest.mark.parametrize("ppm", [-50.0, -7.0, 0.0, 50.0])
def test_a_drift_is_found_under_jitter_and_stalls(ppm: float) -> None:
    fit = ClockFit()
    stalls = ((1200.0, 1212.0), (1400.0, 1401.0))
    last = (0.0, 0.0)
    for measured_s, received_s, true_s in packets(
        1, ppm=ppm, starts_s=1000.0, duration_s=900.0, stalled=stalls
    ):
        fit.take(measured_s, received_s)
        last = measured_s, true_s
    line = fit.line
    assert line is not None
    assert line.drift_ppm == pytest.approx(ppm, abs=2.0)
    assert line.host_s(last[0]) - last[1] == pytest.approx(FLOOR_S, abs=0.002)
    assert line.residual_s < 0.006
    assert line.span_s == pytest.approx(600.0, abs=1.5)


def test_two_legs_stay_within_five_milliseconds_over_an_hour() -> None:
    """+-50 ppm, one of them warming by 10 ppm, stalls that hit the two at different times."""
    legs = (
        packets(
            2, ppm=50, starts_s=1000.0, duration_s=3600, warming_ppm=-10, stalled=((2000, 2060),)
        ),
        packets(3, ppm=-50, starts_s=1000.7, duration_s=3600, stalled=((3000, 3020),)),
    )
    fits = ClockFit(), ClockFit()
    worst_s = 0.0
    for number, rows in enumerate(zip(*legs, strict=True)):
        told: list[float] = []
        for fit, (measured_s, received_s, true_s) in zip(fits, rows, strict=True):
            fit.take(measured_s, received_s)
            line = fit.line if number % 130 == 0 and number else None
            if line is not None:
                told.append(line.host_s(measured_s) - true_s)
        if told:
            worst_s = max(worst_s, abs(told[0] - told[1]))
    assert worst_s < 0.005


def test_a_short_look_does_not_make_up_a_drift() -> None:
    fit = ClockFit()
    for measured_s, received_s, _ in packets(4, ppm=20, starts_s=0.0, duration_s=5.0):
        fit.take(measured_s, received_s)
    line = fit.line
    assert line is not None
    assert abs(line.drift) <= DRIFT_MAX


def test_what_comes_late_tells_nothing() -> None:
    fit = ClockFit()
    rows = list(packets(5, ppm=0, starts_s=0.0, duration_s=60.0))
    for measured_s, received_s, _ in rows:
        fit.take(measured_s, received_s)
    before = fit.line
    fit.take(rows[10][0], rows[-1][1] + 1.0)
    assert fit.line == before


def test_nothing_is_told_before_the_first_packet() -> None:
    assert ClockFit().line is None
