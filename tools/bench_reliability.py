#!/usr/bin/env python3
"""What strapping the band on anew does: to raw valgus, to matched excursions, to the reference.

    python tools/bench_reliability.py [--people N] [--days N] [--seed S]

People of tests/support/people (a generator apart from firmware/sim) come on several days. The body
and its habits stay; mounting, chips, every single rep, stance and sway are new, and so is a part of
the soft tissue's motion: the sensor sits a little elsewhere on the thigh (PLACED, an assumption).
Each day is a table, a stand, five slow squats and a set, measured as `kneetrack analyze` does.

    raw       a rep's largest absolute valgus, minus the bones' own
    total     a rep's matched excursion, minus the true one
    own       likewise, less what the set shares
    SEM       the standard deviation over days within people, of single reps and of set means
    MDC95     1.96 sqrt(2) SEM (biomechanics C3)

Then how far the days' reference curves lie apart at equal flexion (detection.reliability), what
that gives for SEM and MDC95, and how good excursions are against another day's reference.

The default seed is held out.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from kneetrack.analysis.trace import MeasuredTrace, calibrate, measure, reference_of
from kneetrack.detection import Analyzer, Reference
from kneetrack.detection.reliability import as_found, between_sessions, compare, usual
from people import Person, Plan, Session, session
from people.tissue import Tissue

SEED = 70_000  # held out
PLACED = 0.3
CAVE_DEG = 8.0
PLAN = Plan(reps=6)
MDC = 1.96 * math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class Day:
    """Errors (reps,) of one day's set, deg, and the day's reference."""

    raw: list[float]
    total: list[float]
    own: list[float]
    reference: Reference
    found: Reference  # before its axis was refined
    other: list[float]  # total, against the first day's reference


def worn(person: Person, day: int, spread_deg: float, plan: Plan) -> Session:
    """The same person on another day."""
    random = np.random.default_rng([person.seed, day, 31])
    seed = person.seed + 1000 * (day + 1)
    skins: list[Tissue] = []
    for number in range(2):
        usual = Tissue.drawn(person.seed, spread_deg, number)
        other = Tissue.drawn(seed, spread_deg, number)
        size = math.sqrt(1.0 - PLACED**2) * usual.size_deg + PLACED * other.size_deg
        skins.append(replace(usual, size_deg=size, seed=int(random.integers(1 << 31))))
    return session(
        replace(person, seed=seed),
        soft_tissue_deg=spread_deg,
        plan=plan,
        skins=(skins[0], skins[1]),
    )


def excursions(
    one: Session, measured: MeasuredTrace, reference: Reference
) -> list[tuple[float, float, float]]:
    """(raw, total, own) error of every rep of the set that was found."""
    windows = tuple(window for window in one.trace.windows if window.kind == "set")
    analyzer = Analyzer(one.trace.side, "squat", windows, reference)
    analyzer.feed_all(measured.samples)
    analyzer.flush()
    made: list[tuple[float, float, float]] = []
    for truth in one.truth.reps:
        found = [r for r in analyzer.result().reps if r.start_s < truth.bottom_s < r.end_s]
        if truth.kind != "set" or not found:
            continue
        rep = found[0]
        total, own = rep.valgus_excursion_deg, rep.own_excursion_deg
        if total is not None and own is not None and rep.peak_valgus_deg is not None:
            made.append(
                (
                    rep.peak_valgus_deg - truth.peak_valgus_deg,
                    total - truth.excursion_deg,
                    own - truth.excursion_deg,
                )
            )
    return made


def days_of(person: Person, count: int, spread_deg: float) -> list[Day]:
    days: list[Day] = []
    for number in range(count):
        one = worn(person, number, spread_deg, PLAN)
        made = calibrate(one.trace)
        reference = reference_of(made)
        if reference is None:
            continue
        measured = measure(one.trace)
        raw, total, own = zip(*excursions(one, measured, reference), strict=True)
        first = days[0].reference if days else reference
        other = [errors[1] for errors in excursions(one, measured, first)] if days else []
        found = as_found(reference, made.crosstalk_deg, int(made.side))
        days.append(Day(list(raw), list(total), list(own), reference, found, other))
    return days


def sem(of_people: list[list[list[float]]]) -> tuple[float, float]:
    """(of set means, of single reps) within people over days, pooled."""
    means, reps, spare, spare_reps = 0.0, 0.0, 0, 0
    for days in of_people:
        centre = np.mean([np.mean(day) for day in days])
        means += sum((float(np.mean(day)) - centre) ** 2 for day in days)
        spare += len(days) - 1
        reps += sum((error - centre) ** 2 for day in days for error in day)
        spare_reps += sum(map(len, days)) - 1
    return math.sqrt(means / spare), math.sqrt(reps / spare_reps)


def told_caves(people: list[list[Day]], options: argparse.Namespace) -> tuple[int, int, int, int]:
    """How often caving calibration squats, and usual ones, are told apart from what is kept."""
    caved = clean = all_caved = all_clean = 0
    plan = Plan(reps=0, functional_valgus=CAVE_DEG)
    for number, days in enumerate(people):
        person = Person.drawn(options.seed + number)
        made = calibrate(worn(person, options.days, options.soft_tissue, plan).trace)
        reference = reference_of(made)
        kept = [day.found for day in days]
        if reference is not None:
            all_caved += 1
            caved += told_apart(as_found(reference, made.crosstalk_deg, int(made.side)), kept)
        all_clean += 1
        clean += told_apart(kept[-1], kept[:-1])
    return caved, all_caved, clean, all_clean


def told_apart(new: Reference, kept: list[Reference]) -> bool:
    difference = compare(new, usual(kept))
    limit_deg = between_sessions(kept).told_apart_deg(len(kept))
    return difference is not None and abs(difference.largest_deg) >= limit_deg


def rms(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--soft-tissue", type=float, default=4.0)
    options = parser.parse_args()
    people = [
        days_of(Person.drawn(options.seed + n), options.days, options.soft_tissue)
        for n in range(options.people)
    ]
    print(f"{options.people} people on {options.days} days, soft tissue {options.soft_tissue} deg")
    print("                  SEM of a set   of a rep    MDC95 of a set   of a rep   (deg)")
    for name in ("raw", "total", "own"):
        of_set, of_rep = sem([[getattr(day, name) for day in days] for days in people])
        print(f"  {name:14s}{of_set:12.2f}{of_rep:12.2f}{MDC * of_set:15.2f}{MDC * of_rep:12.2f}")
    today = [error for days in people for day in days[1:] for error in day.total]
    earlier = [error for days in people for day in days[1:] for error in day.other]
    print(f"total, RMSE against the day's own reference {rms(today):.2f}, the first day's ", end="")
    print(f"{rms(earlier):.2f}")
    apart = [
        compare(b.found, a.found)
        for days in people
        for i, a in enumerate(days)
        for b in days[i + 1 :]
    ]
    largest = [one.largest_deg for one in apart if one is not None]
    print(
        f"references of two days: largest difference {rms(largest):.2f} (95 %: "
        f"{np.percentile(np.abs(largest), 95):.2f}), RMS {rms([o.rms_deg for o in apart if o]):.2f}"
    )
    learned = [between_sessions([day.found for day in days]) for days in people]
    sems = sorted(one.sem_deg for one in learned)
    print(
        f"each person's own SEM between sessions, prior included: {sems[0]:.2f} to {sems[-1]:.2f}"
    )
    told = told_caves(people, options)
    print(
        f"calibration squats with the knee coming in by {CAVE_DEG:.0f} deg, after "
        f"{options.days} sessions: told {told[0]} of {told[1]}; "
        f"usual squats: {told[2]} of {told[3]}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
