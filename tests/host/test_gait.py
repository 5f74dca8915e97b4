"""Strides of simulated people, whose every contact with the ground is known, and of real ones."""

from __future__ import annotations

import copy
import io
import math
import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kneecore.reps import ENDED
from kneetrack.analysis.offline import measure_offline
from kneetrack.analysis.trace import MeasuredTrace, alignment_of, measure, session_of
from kneetrack.cli.strides_live import EVERY, StrideLines, progress, stride_line
from kneetrack.cli.strides_table import sentences, stride_summary
from kneetrack.detection import Analyzer, LegResult
from kneetrack.detection.cut import PERIOD_S, Geometry
from kneetrack.detection.gait import RUNNING, WALKING, Gait, StrideFinder
from kneetrack.detection.measure_table import MEASURES
from kneetrack.insight.strides import are_strides, summarise_strides
from kneetrack.insight.values import value_of, values_of
from kneetrack.samples import Channel, Doubt, Gap, KneeSample, Phase, Rep, Side, TransferDone
from kneetrack.traces import Trace, read_trace
from sim import export, scenarios

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SHORT = "functional=3&table=3&stand=3.5&seed=7"
WALK = f"walking?strides=14&sets=2&turns=6&cadence=105&{SHORT}"
RUN = f"running?strides=12&sets=1&turns=0&side=left&{SHORT}"
CONTACT_S = 0.075
"""Of a contact: that the paper gives for the looser of the two instants (biomechanics C4)."""


@cache
def made(address: str) -> tuple[Trace, MeasuredTrace, list[dict[str, Any]]]:
    """A simulated session as a trace, measured, and the truth of its strides."""
    scenario = scenarios.make_from_address(address)
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "gait"
        export.export(scenario, str(stem), lambda part: None)
        trace = read_trace(stem.with_suffix(".csv"))
    return trace, measure(trace), scenario.info["truth"]["strides"]


@cache
def leg_of(address: str) -> LegResult:
    return session_of(made(address)[1]).legs[0].result


def contacts(reps: Sequence[Rep]) -> list[float]:
    return sorted({round(at, 4) for rep in reps for at in (rep.start_s, rep.end_s)})


def found_by(
    samples: Sequence[KneeSample], gait: Gait, geometry: Geometry | None = None
) -> list[float]:
    finder = StrideFinder(gait, geometry)
    found: set[float] = set()
    for sample in samples:
        if finder.take(sample) == ENDED:
            found |= {round(finder.start_s, 4), round(finder.end_s, 4)}
    return sorted(found)


@pytest.mark.parametrize("address", [WALK, RUN])
def test_every_contact_is_found_and_none_besides(address: str) -> None:
    given = [row["contact_s"] for row in made(address)[2]]
    found = contacts(leg_of(address).reps)
    assert len(found) == len(given)
    assert max(abs(f - g) for f, g in zip(found, given, strict=True)) < CONTACT_S


@pytest.mark.parametrize("address", [WALK, RUN])
def test_the_foot_leaves_the_ground_when_it_does(address: str) -> None:
    reps = leg_of(address).reps
    for row in made(address)[2]:
        if row["foot_off_s"] is None:
            continue
        rep = min(reps, key=lambda one: abs(one.start_s - row["contact_s"]))
        stance_s = rep.measures["stance_s"]
        assert stance_s is not None
        assert rep.start_s + stance_s == pytest.approx(row["foot_off_s"], abs=CONTACT_S)


def test_turns_and_the_first_of_a_bout_are_told_and_nothing_else_is() -> None:
    reps = leg_of(WALK).reps
    rows = {row["contact_s"]: row for row in made(WALK)[2] if row["end_s"] is not None}
    assert len(reps) == len(rows)
    starts = 0
    for rep, row in zip(reps, rows.values(), strict=True):
        if Doubt.START in rep.doubt:
            starts += 1
            assert abs(row["contact_s"] - rep.start_s) < CONTACT_S
        else:
            assert bool(rep.doubt) is not row["steady"], (rep, row)
        assert rep.verdict is None
    assert starts == 2
    assert sum(Doubt.TURN in rep.doubt for rep in reps) == 2 * 3


def test_what_is_not_steady_has_no_say_in_medians() -> None:
    reps = leg_of(WALK).reps
    places = [place for place, _ in values_of(reps, "stride_s")]
    assert places == [place for place, rep in enumerate(reps) if not rep.doubt]


def test_a_runner_flies_and_a_walker_does_not() -> None:
    flights = [rep.measures["flight_s"] for rep in leg_of(RUN).reps]
    assert all(value is not None and 0.04 < value < 0.25 for value in flights)
    for rep in leg_of(WALK).reps:
        share = rep.measures["stance_percent"]
        assert share is not None and share > 50.0
        assert "flight_s" not in rep.measures


def test_all_that_is_measured_has_a_row_in_the_table_and_a_sound_size() -> None:
    for address in (WALK, RUN):
        for rep in leg_of(address).reps:
            assert set(rep.measures) <= set(MEASURES)
            assert all(value is None or math.isfinite(value) for value in rep.measures.values())
            assert rep.peak_flexion_deg == rep.measures["swing_flexion_deg"]
            assert rep.valgus_excursion_deg is not None and rep.valgus_excursion_deg >= 0.0
            cadence = rep.measures["cadence_per_min"]
            assert cadence == pytest.approx(120.0 / (rep.end_s - rep.start_s))


@pytest.mark.parametrize(("address", "gait"), [(WALK, WALKING), (RUN, RUNNING)])
def test_without_an_alignment_the_stream_tells_the_sagittal_plane(address: str, gait: Gait) -> None:
    _, measured, _ = made(address)
    alignment = alignment_of(measured.calibration)
    assert alignment is not None
    side = measured.trace.side
    known = found_by(measured.samples, gait, Geometry(side, None, *alignment))
    alone = found_by(measured.samples, gait)
    assert len(alone) == len(known) > 10
    assert max(abs(a - k) for a, k in zip(alone, known, strict=True)) < 0.02


def test_squats_and_standing_hold_no_stride() -> None:
    trace, measured, _ = made(WALK)
    until_s = min(window.start_s for window in trace.windows if window.kind == "set")
    before = [sample for sample in measured.samples if sample.time_s < until_s]
    assert found_by(before, WALKING) == []
    finder = StrideFinder(WALKING)
    for sample in before:
        finder.take(sample)
    assert finder.phase is Phase.STANDING


def test_stance_and_swing_take_turns() -> None:
    _, measured, rows = made(WALK)
    finder = StrideFinder(WALKING)
    seen: list[tuple[float, Phase]] = []
    for sample in measured.samples:
        finder.take(sample)
        seen.append((sample.time_s, finder.phase))
    for row, following in pairwise(rows[1:11]):
        middle_s = 0.5 * (row["contact_s"] + row["foot_off_s"])
        swing_s = 0.5 * (row["foot_off_s"] + following["contact_s"]) + 0.03
        assert min(seen, key=lambda one: abs(one[0] - middle_s))[1] is Phase.STANCE
        assert min(seen, key=lambda one: abs(one[0] - swing_s))[1] is Phase.SWING


def test_a_copy_of_the_finder_goes_on_by_itself() -> None:
    samples = made(WALK)[1].samples
    whole = found_by(samples, WALKING)
    finder, found = StrideFinder(WALKING), set[float]()
    for number, sample in enumerate(samples):
        if number % 500 == 0:
            stale, finder = finder, copy.deepcopy(finder)
            for other in samples[number : number + 300 : 2]:
                stale.take(other)
        if finder.take(sample) == ENDED:
            found |= {round(finder.start_s, 4), round(finder.end_s, 4)}
    assert sorted(found) == whole


def test_whatever_comes_the_finder_goes_on() -> None:
    chance = random.Random(3)
    samples = list(made(WALK)[1].samples)
    finder = StrideFinder(WALKING)
    odd = (math.nan, math.inf, -1e300, 0.0)
    for sample in samples[: len(samples) // 2]:
        if chance.random() < 0.01:
            q = tuple(chance.choice(odd) for _ in range(4))
            sample = sample._replace(q_earth_shank=(q[0], q[1], q[2], q[3]))
        finder.take(sample)
    found = 0
    for sample in samples[len(samples) // 2 :]:
        found += finder.take(sample) == ENDED
    assert found >= 12  # of the second bout


def test_no_stride_spans_what_is_missing_and_what_is_short_is_bridged() -> None:
    trace, measured, _ = made(WALK)
    samples = list(measured.samples)
    middle = next(i for i, one in enumerate(samples) if one.time_s > leg_of(WALK).reps[5].start_s)

    def reps_without(count: int) -> tuple[Rep, ...]:
        analyzer = Analyzer(
            trace.side,
            "walk",
            trace.windows,
            alignment=alignment_of(measured.calibration),
            in_order=True,
        )
        before, after = samples[: middle + 1], samples[middle + 1 + count :]
        analyzer.feed_all(before)
        lost = (before[-1].time_s, after[0].time_s, count, "lost on the air")
        analyzer.feed(Gap(Channel.MEASUREMENT, *lost))
        analyzer.feed_all(after)
        analyzer.flush()
        return analyzer.result().reps

    whole = leg_of(WALK).reps
    short = reps_without(6)
    assert len(short) == len(whole)
    assert [one.index for one in short if Doubt.GAP in one.doubt] == [5]
    long = reps_without(60)
    assert len(whole) - 3 <= len(long) < len(whole)
    hole = (samples[middle].time_s, samples[middle + 61].time_s)
    assert not any(one.start_s < hole[0] and one.end_s > hole[1] for one in long)


def test_a_gap_that_is_filled_late_changes_nothing_in_the_end() -> None:
    trace, measured, _ = made(WALK)
    samples = list(measured.samples)
    alignment = alignment_of(measured.calibration)
    first = next(i for i, one in enumerate(samples) if one.time_s > leg_of(WALK).reps[4].start_s)
    lost = samples[first : first + 150]
    analyzer = Analyzer(trace.side, "walk", trace.windows, alignment=alignment)
    analyzer.feed_all(samples[:first])
    span = (samples[first - 1].time_s, samples[first + 150].time_s, 150, "lost on the air")
    analyzer.feed(Gap(Channel.MEASUREMENT, *span))
    analyzer.feed_all(samples[first + 150 : first + 900])
    analyzer.feed_all(lost)
    analyzer.feed(TransferDone(1, 0, 0, 0, 0, (lost[0].number, lost[-1].number + 1)))
    analyzer.feed_all(samples[first + 900 :])
    analyzer.flush()
    plain = Analyzer(trace.side, "walk", trace.windows, alignment=alignment)
    plain.feed_all(samples)
    plain.flush()
    assert analyzer.result().reps == plain.result().reps


def test_offline_goes_through_the_same_movement() -> None:
    pytest.importorskip("vqf")
    trace, _, _ = made(RUN)
    offline = session_of(measure_offline(trace, smooth=False)).legs[0].result.reps
    online = leg_of(RUN).reps
    assert len(offline) == len(online)
    for one, other in zip(online, offline, strict=True):
        assert one.start_s == pytest.approx(other.start_s, abs=2 * PERIOD_S)
        assert set(one.measures) == set(other.measures)


# --- many of them --------------------------------------------------------------------------------


def stride(index: int, valgus_deg: float, *doubt: Doubt, label: str | None = None) -> Rep:
    one = leg_of(WALK).reps[3]
    measures = {**one.measures, "contact_valgus_deg": valgus_deg}
    start_s = 1.1 * index
    return replace(
        one,
        index=index,
        start_s=start_s,
        end_s=start_s + 1.1,
        doubt=doubt,
        label=label,
        measures=measures,
        peak_valgus_deg=valgus_deg,
    )


def test_an_average_is_told_from_fifty_strides_on() -> None:
    few = summarise_strides([stride(i, 2.0) for i in range(49)])
    assert not few.is_enough
    assert "averages of 50 and more" in " ".join(sentences(few))
    assert "Averages of" not in " ".join(sentences(few))
    many = summarise_strides([stride(i, 2.0) for i in range(50)])
    assert many.is_enough and "Averages of 50 strides: valgus in stance +2.0°" in sentences(many)[0]


def test_strides_that_are_left_out_are_counted_by_their_reason() -> None:
    reps = [stride(i, 2.0) for i in range(20)]
    reps += [stride(20, 9.0, Doubt.TURN), stride(21, 9.0, Doubt.TURN, Doubt.PACE)]
    reps += [stride(22, 9.0, Doubt.SATURATION), stride(23, 9.0, label="left out")]
    whole = summarise_strides(reps)
    assert (whole.found, whole.counted) == (24, 20)
    assert dict(whole.apart) == {Doubt.TURN: 2, Doubt.SATURATION: 1, "left out": 1}
    told = whole.of("contact_valgus_deg")
    assert told is not None and told.mean == 2.0
    assert "4 strides are listed and not counted: turn 2" in sentences(whole)[0]


def test_the_standard_error_grows_where_neighbours_are_alike() -> None:
    chance = random.Random(1)
    loose = [chance.gauss(0.0, 1.0) for _ in range(400)]
    slow = [0.0]
    for value in loose[1:]:
        slow.append(0.8 * slow[-1] + 0.6 * value)

    def sem_of(values: list[float]) -> tuple[float, float]:
        spread = summarise_strides([stride(i, v) for i, v in enumerate(values)]).of(
            "contact_valgus_deg"
        )
        assert spread is not None and spread.sd is not None and spread.sem is not None
        return spread.sem, spread.sd

    sem, sd = sem_of(loose)
    assert sem == pytest.approx(sd / 20.0, rel=0.15)
    # Of a first-order course the error of a mean is sqrt((1 + r) / (1 - r)) times that: 3 at 0.8.
    sem, sd = sem_of(slow)
    assert sem == pytest.approx(3.0 * sd / 20.0, rel=0.25)


def test_axes_that_are_no_legs_are_told() -> None:
    whole = summarise_strides([stride(i, 44.0) for i in range(60)])
    assert whole.is_implausible
    assert "axes are not known" in sentences(whole)[0]
    assert "valgus in stance" not in drawn([stride(i, 44.0) for i in range(60)], 80)


def drawn(reps: Sequence[Rep], width: int, *, every: bool = False) -> str:
    page = Console(file=io.StringIO(), width=width, force_terminal=False)
    page.print(stride_summary(reps, leg_of(WALK).sets, width=width, every=every))
    text = page.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_the_table_has_a_column_for_each_bout_and_a_row_for_each_stride_if_asked() -> None:
    reps = leg_of(WALK).reps
    assert are_strides(reps)
    page = drawn(reps, 80)
    assert max(map(len, page.splitlines())) <= 80
    assert "bout 1" in page and "bout 2" in page and "together" in page
    assert "not counted: turn 6, start 2" in page.replace("\n", " ")
    every = drawn(reps, 100, every=True)
    assert sum(line.split()[:2] == [str(r.index + 1), str(r.set + 1)]
               for r in reps for line in every.splitlines()) == len(reps)  # fmt: skip
    narrow = drawn(reps, 44)
    assert "together" in narrow


def test_a_live_line_comes_every_tenth_stride() -> None:
    lines = StrideLines()
    reps = leg_of(WALK).reps
    said = [lines.line(rep) for rep in reps]
    spoken = [index for index, text in enumerate(said) if text is not None]
    assert spoken == [index for index in range(len(reps)) if (index + 1) % EVERY == 0]
    first = said[EVERY - 1]
    assert first is not None and "10 strides, 6 steady" in first and "start" in first
    assert "not counted: start" in stride_line(reps[0])
    assert max(len(stride_line(rep)) for rep in reps) <= 78
    steady = [rep for rep in reps if not rep.doubt]
    assert progress(reps).startswith(f"{len(steady)} of 50 steady strides, ")


@pytest.mark.skipif(not DATA.exists(), reason="no recordings in ../shared/data")
def test_a_real_walk_is_as_regular_as_walks_are() -> None:
    trace = read_trace(DATA / "walk_xsens" / "Sub03_EMGBaseline_L.csv")
    reps = session_of(measure(trace)).legs[0].result.reps
    whole = summarise_strides(reps)
    told = whole.of("stride_s")
    assert trace.side is Side.LEFT and told is not None and told.sd is not None
    assert whole.found == 51 and whole.counted == 50
    assert told.sd / told.mean < 0.04
    assert all(50.0 < (value_of(rep, "stance_percent") or 0.0) < 75.0 for rep in reps)
