"""Landings, holds on one leg and held lunges, in knee samples made here and in simulated ones."""

from __future__ import annotations

import copy
import math
import random
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kneecore import wire
from kneetrack.analysis.trace import measure, session_of
from kneetrack.detection import Analyzer, LegResult
from kneetrack.detection.cut import PERIOD_S
from kneetrack.detection.measure_table import MEASURES
from kneetrack.detection.movements import MOVEMENTS
from kneetrack.detection.tilt import between_deg, up
from kneetrack.samples import Channel, Doubt, Gap, KneeSample, Quaternion, Rep, RepEnded, Side
from kneetrack.traces import read_trace
from sim import export, scenarios

SHORT = "functional=3&table=3&stand=3.5"
UPRIGHT = (1.0, 0.0, 0.0, 0.0)


def tilted(lean_deg: float, side_deg: float = 0.0) -> Quaternion:
    """Leaning about one level axis, then about the other."""
    a, b = math.radians(lean_deg) / 2.0, math.radians(side_deg) / 2.0
    return (
        math.cos(a) * math.cos(b),
        math.cos(a) * math.sin(b),
        math.sin(a) * math.cos(b),
        -math.sin(a) * math.sin(b),
    )


def samples(
    duration_s: float,
    flexion: Callable[[float], float] = lambda _: 0.0,
    lean: Callable[[float], tuple[float, float]] = lambda _: (0.0, 0.0),
    flags: int = 0,
) -> Iterator[KneeSample]:
    for number in range(round(duration_s / PERIOD_S)):
        t = number * PERIOD_S
        q = tilted(*lean(t))
        yield KneeSample(number, t, flexion(t), 0.0, 0.0, 1.0, q, q, flags)


def reps(exercise: str, given: Iterator[KneeSample]) -> tuple[Rep, ...]:
    analyzer = Analyzer(Side.RIGHT, exercise)
    analyzer.feed_all(given)
    analyzer.flush()
    return analyzer.result().reps


# --- landings ------------------------------------------------------------------------------------


def landing(
    at_s: float, contact_deg: float = 20.0, rate: float = 550.0
) -> Callable[[float], float]:
    """Bending evenly in the air, from contact on within 40 ms at `rate`, to rest 0.25 s later."""

    def flexion(t: float) -> float:
        u = t - at_s
        if u <= 0.0:
            return max(0.0, contact_deg + 60.0 * u)
        rise, falls = 0.04, 0.25
        bent = contact_deg + 60.0 * min(u, rise)
        bent += 0.5 * (rate - 60.0) / rise * min(u, rise) ** 2
        v = min(max(0.0, u - rise), falls)
        bent += rate * (v - 0.5 * v * v / falls)
        return bent - 120.0 * max(0.0, u - rise - falls - 0.05)

    return flexion


@pytest.mark.parametrize("at_s", [2.0, 2.003, 2.0071])
def test_a_landing_is_found_with_its_contact_between_samples(at_s: float) -> None:
    (found,) = reps("drop_jump", samples(4.0, landing(at_s)))
    assert found.start_s == pytest.approx(at_s, abs=0.012)
    assert found.end_s == pytest.approx(at_s + 0.29, abs=0.06)
    assert found.measures["contact_flexion_deg"] == pytest.approx(20.0, abs=1.0)
    assert found.verdict is None


def test_who_lands_and_stays_down_has_landed() -> None:
    curve = landing(2.0)
    stays = lambda t: curve(min(t, 2.29))  # noqa: E731
    (found,) = reps("drop_jump", samples(4.0, stays))
    assert found.peak_flexion_deg == pytest.approx(curve(2.29), abs=1.5)


def test_squats_and_steps_are_no_landings() -> None:
    squat = lambda t: 45.0 * (1.0 - math.cos(2.0 * math.pi * t / 1.0))  # noqa: E731  283 deg/s
    swing = lambda t: 60.0 * math.exp(-(((t % 1.1) - 0.7) ** 2) / 0.017)  # noqa: E731  walking
    assert not reps("drop_jump", samples(6.0, squat))
    assert not reps("drop_jump", samples(6.0, swing))


def test_a_heel_strike_gives_too_little() -> None:
    strike = lambda t: min(16.0, max(0.0, 300.0 * (t - 2.0)))  # noqa: E731
    assert not reps("drop_jump", samples(4.0, strike))


def test_a_gap_within_the_edge_makes_no_landing_up() -> None:
    analyzer = Analyzer(Side.RIGHT, "drop_jump", in_order=True)
    for sample in samples(4.0, landing(2.0)):
        if not 1.98 < sample.time_s < 2.3:
            analyzer.feed(sample)
    analyzer.flush()
    assert not analyzer.result().reps


# --- holds ---------------------------------------------------------------------------------------


def swaying(deg: float, seed: int = 1) -> Callable[[float], tuple[float, float]]:
    at = random.Random(seed)
    sines = [
        (deg / math.sqrt(2.0), 2.0 * math.pi * at.uniform(0.3, 1.5), at.uniform(0, 6)) for _ in "ab"
    ]

    def lean(t: float) -> tuple[float, float]:
        return tuple(a * math.sin(w * t + p) for a, w, p in sines)  # pyright: ignore[reportReturnType]

    return lean


def test_a_hold_begins_and_ends_with_the_other_foot() -> None:
    sway = swaying(1.2)

    def lean(t: float) -> tuple[float, float]:
        if not 5.0 < t < 30.0:
            return (0.0, 0.0)
        part = min(1.0, t - 5.0, 2.0 * (30.0 - t))
        a, b = sway(t)
        return (part * a, part * (4.0 + b))

    (found,) = reps("balance", samples(36.0, lean=lean))
    assert 5.5 < found.start_s < 8.0
    assert 28.0 < found.end_s < 30.5
    assert found.measures["hold_s"] == pytest.approx(24.0, abs=2.0)


def test_two_quiet_legs_are_no_hold_and_neither_is_a_short_one() -> None:
    assert not reps("balance", samples(30.0, lean=swaying(0.15)))
    sway = swaying(1.2)
    assert not reps("balance", samples(30.0, lean=lambda t: sway(t) if 5 < t < 13 else (0.0, 0.0)))


def test_a_step_parts_two_holds() -> None:
    sway = swaying(1.2)

    def lean(t: float) -> tuple[float, float]:
        a, b = sway(t)
        return (a + (40.0 * math.sin(math.pi * (t - 20.0) / 0.6) if 20.0 < t < 20.6 else 0.0), b)

    first, second = reps("balance", samples(40.0, lean=lean))
    assert first.end_s < 20.0 < second.start_s


def test_a_long_hold_is_one_of_the_longest_time_and_no_more() -> None:
    (found,) = reps("balance", samples(75.0, lean=swaying(1.2)))
    assert found.measures["hold_s"] == pytest.approx(30.0, abs=0.1)


# --- lunges --------------------------------------------------------------------------------------


def lunging(deg: float) -> Callable[[float], tuple[float, float]]:
    """Standing for 4 s, ahead within 2 s, held for 2 s, back within 2 s."""

    def lean(t: float) -> tuple[float, float]:
        part = min(1.0, max(0.0, 0.5 * (t - 4.0)), max(0.0, 0.5 * (10.0 - t)))
        return (deg * part * part * (3.0 - 2.0 * part), 0.0)

    return lean


@pytest.mark.parametrize("deg", [25.0, 38.0, 50.0])
def test_a_held_lunge_is_told_from_standing_without_any_calibration(deg: float) -> None:
    (found,) = reps("lunge_test", samples(14.0, lean=lunging(deg), flags=wire.FLAG_UNALIGNED))
    assert found.measures["shank_inclination_deg"] == pytest.approx(deg, abs=0.2)


def test_a_lunge_that_is_not_held_does_not_count() -> None:
    def lean(t: float) -> tuple[float, float]:
        return (40.0 * math.exp(-(((t - 6.0) / 0.4) ** 2)), 0.0)

    assert not reps("lunge_test", samples(12.0, lean=lean))


def test_a_lunge_held_too_long_is_told_once() -> None:
    lean = lambda t: (0.0, 0.0) if t < 4.0 else (min(35.0, 20.0 * (t - 4.0)), 0.0)  # noqa: E731
    assert len(reps("lunge_test", samples(60.0, lean=lean))) == 1


def test_a_heading_that_jumps_says_nothing_against_a_lunge() -> None:
    given = [
        s._replace(flags=wire.FLAG_SLIP if 3.0 < s.time_s < 3.5 else 0)
        for s in samples(14.0, lean=lunging(35.0))
    ]
    (found,) = reps("lunge_test", iter(given))
    assert found.doubt == ()


# --- all of them ---------------------------------------------------------------------------------

CASES = {
    "drop_jump": lambda: list(samples(4.0, landing(2.0))),
    "balance": lambda: list(samples(26.0, lean=swaying(1.2))),
    "lunge_test": lambda: list(samples(14.0, lean=lunging(35.0))),
}


@pytest.mark.parametrize("exercise", CASES)
def test_what_comes_late_is_found_as_if_it_had_come_in_time(exercise: str) -> None:
    given = CASES[exercise]()
    late = [s for s in given if 60 <= s.number % 200 < 80]
    now = [s for s in given if not 60 <= s.number % 200 < 80]
    analyzer = Analyzer(Side.RIGHT, exercise)
    for before, sample in zip([None, *now], now, strict=False):
        if before is not None and sample.number > before.number + 1:
            missing = sample.number - before.number - 1
            analyzer.feed(Gap(Channel.MEASUREMENT, before.time_s, sample.time_s, missing, "lost"))
        analyzer.feed(sample)
    analyzer.feed_all(late)
    analyzer.flush()
    assert analyzer.result().reps == reps(exercise, iter(given))


@pytest.mark.parametrize("exercise", CASES)
def test_a_copied_finder_goes_on_by_itself(exercise: str) -> None:
    how: Any = MOVEMENTS[exercise].how
    finder = how.finder(Side.RIGHT)
    given = CASES[exercise]()
    half = len(given) // 2
    for sample in given[:half]:
        finder.take(sample)
    other = copy.deepcopy(finder)
    assert [finder.take(s) for s in given[half:]] == [other.take(s) for s in given[half:]]
    assert (finder.start_s, finder.key_s, finder.end_s) == (other.start_s, other.key_s, other.end_s)


@pytest.mark.parametrize("exercise", CASES)
def test_orientations_that_are_none_are_passed_over(exercise: str) -> None:
    broken = (0.0, 0.0, 0.0, 0.0)
    given = [
        s._replace(q_earth_thigh=broken, q_earth_shank=(math.nan,) * 4) if s.number % 7 else s
        for s in CASES[exercise]()
    ]
    reps(exercise, iter(given))  # no exception


def test_tilts_know_no_heading() -> None:
    turn = (math.cos(0.6), 0.0, 0.0, math.sin(0.6))
    w, x, y, z = tilted(30.0, 5.0)
    a, _, _, b = turn
    turned = (a * w - b * z, a * x - b * y, a * y + b * x, a * z + b * w)
    one, other, upright = up(tilted(30.0, 5.0)), up(turned), up(UPRIGHT)
    assert one is not None and other is not None and upright is not None
    assert between_deg(one, other) == pytest.approx(0.0, abs=1e-6)
    assert between_deg(upright, up(tilted(30.0)) or upright) == pytest.approx(30.0)


# --- simulated people, whom no limit was chosen with ---------------------------------------------


@cache
def simulated(address: str) -> tuple[list[dict[str, Any]], LegResult]:
    scenario = scenarios.make_from_address(address)
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "case"
        export.export(scenario, str(stem), lambda part: None)
        measured = measure(read_trace(stem.with_suffix(".csv")))
    (leg,) = session_of(measured).legs
    return scenario.info["truth"]["bouts"], leg.result


@pytest.mark.parametrize("side", ["right", "left"])
def test_simulated_drop_jumps(side: str) -> None:
    given, result = simulated(f"drop_jumps?reps=2&seed=811&side={side}&{SHORT}")
    assert len(result.reps) == len(given) == 4
    for one, rep in zip(given, result.reps, strict=True):
        assert rep.start_s == pytest.approx(one["start_s"], abs=0.04)
        assert rep.peak_flexion_deg == pytest.approx(one["peak_flexion_deg"], abs=9.0)
        assert rep.valgus_excursion_deg == pytest.approx(one["excursion_deg"], abs=5.0)
        assert rep.medial_displacement_cm is not None
        assert set(rep.measures) <= set(MEASURES)
    assert len(result.sets) == 1


def test_a_blow_beyond_the_range_is_flagged() -> None:
    _, result = simulated(f"drop_jumps?reps=2&seed=812&impact=30&{SHORT}")
    assert any(Doubt.SATURATION in rep.doubt for rep in result.reps)


def test_simulated_balance() -> None:
    given, result = simulated(f"balance?reps=3&seed=813&side=left&{SHORT}")
    whole = [one for one in given if one["end_s"] - one["start_s"] > 10.0]
    assert len(result.reps) == len(whole) == 2
    for one, rep in zip(whole, result.reps, strict=True):
        assert rep.measures["shank_sway_deg"] == pytest.approx(one["shank_sway_deg"], rel=0.25)
        assert rep.measures["valgus_sway_deg"] == pytest.approx(one["valgus_sway_deg"], rel=0.35)
        assert set(rep.measures) <= set(MEASURES)


def test_simulated_lunges() -> None:
    given, result = simulated(f"lunge_test?seed=814&{SHORT}")
    assert len(result.reps) == len(given) == 3
    for one, rep in zip(given, result.reps, strict=True):
        assert rep.measures["shank_inclination_deg"] == pytest.approx(
            one["shank_inclination_deg"], abs=2.0
        )


def test_events_tell_each_once() -> None:
    analyzer = Analyzer(Side.RIGHT, "lunge_test")
    told = analyzer.feed_all(samples(14.0, lean=lunging(35.0))) + analyzer.flush()
    assert sum(isinstance(event, RepEnded) for event in told) == 1
