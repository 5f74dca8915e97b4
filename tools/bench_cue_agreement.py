#!/usr/bin/env python3
"""The band's cue against the host's verdicts, over a simulated population.

    python tools/bench_cue_agreement.py [--people N] [--seed S] [--generator angles|signals]

Each person does some reference squats, and then a set (loaded, unless told otherwise). Both get the
samples of the set one by one and the same reference:

    band    `kneecore.cueing` in single precision, as on the ESP32; policy "every"; the reference is
            that of the bytes which it is sent
    host    `Coach` during reps (the same criterion, double precision), and the verdicts of the
            analyzer, which knows the whole rep and, in the end, the whole set

angles are the people of `squat_population.py`, on the level of knee angles; signals those of
tests/support/people, from IMU signals through the whole pipeline (soft tissue 4 deg).

Three questions, each with its disagreements by their reason:

    criterion   Does the host cue in the same bends of the knee, at the same sample, the same way?
                A bend may turn out to be no rep: who sits down and stays is cued as one who squats.
    excursion   Is a rep cued just when its whole excursion, over the finished rep, is beyond the
                limits? The host smooths without delay, the band as it goes.
                    only just   beyond the limit for within 0.03 s of the 0.1 s that count, or by
                                less than 0.3 deg
                    early       over before the knee was bent for 0.6 s: until then the band can't
                                tell a squat from a step, and says nothing
                    slip        the heading jumped: the band is silent until the set is over
                    unexplained
    verdict     Is it the verdict that the rep has in the end, of its own part? That leaves out what
                all reps of the set share (soft tissue under load, a strap put on anew, or the
                person): nobody knows it while the set runs.
                    shared      without that the verdict is the band's
                    doubtful    the host leaves it open: deeper than the reference, a gap
                    as above

And to the truth: of reps that truly moved inward by 5 deg or more, how many are cued, of the others
how many are not. Exit status 1 where anything is unexplained.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from rich.progress import track

from kneecore import cueing, watch, wire
from kneecore.excursion import HOLD_S, ReferenceCurve, threshold_deg
from kneetrack.analysis.trace import measure
from kneetrack.cue import Coach, Kind, Plan, Policy, Way, When
from kneetrack.cue.on_band import reference_records
from kneetrack.detection import Analyzer, verdicts
from kneetrack.detection.cut import PAD_S, Geometry, cut_out
from kneetrack.detection.judgement import compare
from kneetrack.detection.measures import measure as measure_rep
from kneetrack.detection.reference import Reference
from kneetrack.samples import Doubt, KneeSample, Rep, Side, Verdict, Window
from simulated_people import Person, from_people
from squat_population import PERIOD_S, record
from squat_population import Person as Squatter

SEED = 70_000  # held out
EVENT_DEG = 5.0
SOFT_TISSUE_DEG = 4.0
_ONLY_JUST_S, _ONLY_JUST_DEG = 0.03, 0.3
_UNIT = (1.0, 0.0, 0.0, 0.0)
_BESIDE = 2  # samples
_AFTER_S = 1.0  # of samples behind a rep, for the smoothing
_WAYS = {
    Verdict.MOVED_INWARD: cueing.INWARD,
    Verdict.MOVED_INWARD_LARGE: cueing.INWARD,
    Verdict.MOVED_OUTWARD: cueing.OUTWARD,
}
_HOST = {Way.INWARD: cueing.INWARD, Way.OUTWARD: cueing.OUTWARD}

Samples = Sequence[KneeSample]
Cued = list[tuple[int, int]]
"""Sample number and way (`kneecore.cueing`) of each cue."""


@dataclass
class Tally:
    people: int = 0
    reps: int = 0
    cues: int = 0
    same_sample: int = 0
    beside: int = 0
    same_bend: int = 0
    only_band: int = 0
    only_host: int = 0
    no_rep: int = 0
    excursion: Counter[str] = field(default_factory=Counter[str])
    verdict: Counter[str] = field(default_factory=Counter[str])
    truth: Counter[tuple[bool, bool]] = field(default_factory=Counter[tuple[bool, bool]])

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)


@contextmanager
def single_precision() -> Iterator[None]:
    """Within this the band's clock is float32 too; numpy keeps it so for all that follows."""
    before = cueing._PERIOD_S
    cueing._PERIOD_S = np.float32(before)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        cueing._PERIOD_S = before


def band_cues(samples: Samples, reference: Reference) -> Cued:
    """As the band gives them."""
    down, up = map(wire.REFERENCE.unpack_from, reference_records(reference, 1))
    points = down.points
    curve = ReferenceCurve(list(down.valgus_deg[:points]), list(up.valgus_deg[:points]))
    single = np.float32
    with single_precision():
        band = cueing.Cueing(curve, single(down.sem_deg), wire.CUE_EVERY)
        told = [(s[0], band.update(s[0], single(s[2]), single(s[3]), s[8])) for s in samples]
    return [(number, what) for number, what in told if what]


def compared(samples: Samples, reference: Reference, truths: dict[float, float]) -> Tally:
    """One person. `truths`: excursion (deg) of each true rep of the set, by its deepest instant."""
    tally = Tally(people=1)
    analyzer, coach = (
        Analyzer(Side.RIGHT, reference=reference),
        Coach(Plan(Policy.EVERY, When.DURING)),
    )
    _, heard = coach.feed_all(analyzer, samples)
    analyzer.flush()
    number_at = {sample.time_s: sample.number for sample in samples}
    host = [(number_at[c.time_s], _HOST[c.way]) for c in heard if c.kind is Kind.DURING]
    band = band_cues(samples, reference)
    tally.cues = len(band)
    result = analyzer.result()
    bends = [(one.start_s, one.end_s) for one in (*result.reps, *result.rejected)]
    time_at = {sample.number: sample.time_s for sample in samples}
    _meet(band, host, [{n for n, t in time_at.items() if a < t <= b} for a, b in bends], tally)
    left = {time_at[number]: what for number, what in band}
    for rep in result.reps:
        at_s = next((t for t in left if rep.start_s < t <= rep.end_s), None)
        cued = cueing.NOTHING if at_s is None else left.pop(at_s)
        judge(rep, cued, samples, reference, tally)
        for bottom_s, excursion_deg in truths.items():
            if rep.start_s < bottom_s < rep.end_s:
                tally.truth[excursion_deg >= EVENT_DEG, cued == cueing.INWARD] += 1
    tally.no_rep += len(left)
    return tally


def _meet(band: Cued, host: Cued, bends: list[set[int]], tally: Tally) -> None:
    """Cues of both that are one."""
    apart = list(host)
    for number, what in band:
        within = next((bend for bend in bends if number in bend), set[int]())
        other = next((h for h in apart if h[0] in within and h[1] == what), None)
        if other is None:
            tally.only_band += 1
            continue
        apart.remove(other)
        tally.same_sample += other[0] == number
        tally.beside += 0 < abs(other[0] - number) <= _BESIDE
        tally.same_bend += abs(other[0] - number) > _BESIDE
    tally.only_host += len(apart)


def judge(rep: Rep, cued: int, samples: Samples, reference: Reference, tally: Tally) -> None:
    """A finished rep, by its whole excursion and by its verdict."""
    tally.reps += 1
    rows = [s for s in samples if rep.start_s - PAD_S <= s.time_s <= rep.end_s + _AFTER_S]
    cut = cut_out(rows, rep.start_s, rep.end_s, 0.0, Geometry(Side.RIGHT, None, None, None))
    assert cut is not None and rep.verdict is not None
    whole = measure_rep(cut)
    total = compare(whole, reference, None).verdict
    agrees = _WAYS.get(total, cueing.NOTHING) == cued
    reason = "agree"
    if not agrees and Doubt.SLIP in rep.doubt:
        reason = "slip"
    elif not agrees:
        inside = whole.flexion_deg <= reference.deepest_deg
        apart = whole.valgus_deg - reference.valgus_at(whole.flexion_deg, whole.share_of_descent)
        apart[~inside | (whole.flexion_deg < 20.0)] = 0.0
        reason = _why(np.abs(apart), whole.flexion_deg, threshold_deg(reference.sem_deg))
    tally.excursion[reason] += 1
    if rep.verdict is Verdict.DOUBTFUL:
        tally.verdict["doubtful"] += 1
    elif _WAYS.get(rep.verdict, cueing.NOTHING) == cued:
        tally.verdict["agree"] += 1
    else:
        tally.verdict["shared" if agrees else reason] += 1


def _why(apart_deg: np.ndarray, flexion_deg: np.ndarray, limit_deg: float) -> str:
    """Why the band and the finished rep differ."""
    over = apart_deg >= limit_deg
    held_s = verdicts.longest_run(over) * PERIOD_S
    if abs(held_s - HOLD_S) <= _ONLY_JUST_S or abs(apart_deg.max() - limit_deg) < _ONLY_JUST_DEG:
        return "only just"
    bent = np.flatnonzero(flexion_deg > watch.BENT_DEG)
    until = bent[0] + round(watch.BENT_S / PERIOD_S) if len(bent) else len(flexion_deg)
    if verdicts.longest_run(over[until:]) * PERIOD_S < HOLD_S + _ONLY_JUST_S:
        return "early"
    return "unexplained"


def of_angles(seed: int, number: int, load_gain: float) -> Tally:
    person = Squatter(np.random.default_rng([seed, number]), load_gain=load_gain)
    recording = record(person)
    samples = [
        KneeSample(i, i * PERIOD_S, *angles, 2.0, _UNIT, _UNIT, 0)
        for i, angles in enumerate(recording.angles.tolist())
    ]
    truths = {rep.bottom_s: rep.excursion_deg for rep in recording.reps if rep.in_set}
    return of_samples(samples, recording.windows[0], truths)


def of_signals(seed: int, number: int, load_gain: float) -> Tally:
    recorded = from_people(Person.drawn(seed + number), SOFT_TISSUE_DEG, load_gain)
    truths = {rep.bottom_s: rep.excursion_deg for rep in recorded.reps}
    functional = next(w for w in recorded.trace.windows if w.kind == "functional")
    return of_samples(measure(recorded.trace).samples, functional, truths)


def of_samples(samples: Samples, functional: Window, truths: dict[float, float]) -> Tally:
    """The reference from the squats in that window, the rest against it."""
    learning = Analyzer(Side.RIGHT, windows=[functional])
    learning.feed_all(s for s in samples if s.time_s <= functional.end_s)
    learning.flush()
    reference = learning.result().reference
    if reference is None:  # too few squats were found: no calibration, and no cues
        return Tally()
    return compared([s for s in samples if s.time_s > functional.end_s], reference, truths)


GENERATORS = {"angles": of_angles, "signals": of_signals}


def one(task: tuple[str, int, int, float]) -> Tally:
    generator, seed, number, load_gain = task
    return GENERATORS[generator](seed, number, load_gain)


def told(counts: Counter[str], of: int) -> str:
    """The share that agrees, and the rest by its reasons."""
    rest = ", ".join(f"{name} {n}" for name, n in counts.most_common() if name != "agree" and n)
    return f"{counts['agree']} of {of} ({100.0 * counts['agree'] / of:.2f} %)  {rest}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--generator", choices=list(GENERATORS), default="angles")
    parser.add_argument("--load-gain", type=float, default=1.3, help="1: the set has no load")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    tasks = [(options.generator, options.seed, n, options.load_gain) for n in range(options.people)]
    tally = Tally()
    with ProcessPoolExecutor(options.jobs) as pool:
        console = Console(stderr=True)
        for each in track(pool.map(one, tasks), "People", len(tasks), console=console):
            tally.add(each)
    unexplained = tally.only_band + tally.only_host + tally.excursion["unexplained"]
    print(f"{tally.people} people, {tally.reps} reps, {tally.cues} cues of the band")
    print(
        f"criterion  {tally.same_sample} at the host's sample, {tally.beside} within {_BESIDE}, "
        f"{tally.same_bend} later or sooner; the band's alone {tally.only_band}, the host's alone "
        f"{tally.only_host}; {tally.no_rep} in a bend that was no rep"
    )
    print(f"excursion  {told(tally.excursion, tally.reps)}")
    judged = tally.reps - tally.verdict["doubtful"]
    print(f"verdict    {told(tally.verdict, judged)}")
    moved = tally.truth[True, True], tally.truth[True, False]
    calm = tally.truth[False, False], tally.truth[False, True]
    print(
        f"truth      {moved[0]} of {sum(moved)} that moved inward were cued, "
        f"{calm[0]} of {sum(calm)} others were not"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
