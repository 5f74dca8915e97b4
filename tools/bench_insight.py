#!/usr/bin/env python3
"""How often the statistics of a set and of two legs are right: slopes, and left against right.

    python tools/bench_insight.py [--people N] [--seed S]

Slopes (insight.slopes), on values drawn around a line: how often the 95 % interval holds the true
slope, how often a steady set is told to change, and the slope a rep, in units of the rep-to-rep
scatter, that is told apart in four of five sets.

Left and right (insight.sides), on people of tests/support/people (a generator apart from
firmware/sim): both legs of a person, each with its own mounting, chips, soft tissue, calibration
and set of eight squats, measured as `kneetrack analyze` does. The difference found is held against
the true one of the bones; it should be within the least difference that is told apart (MDC) in 95
of 100.

The default seed is held out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from kneetrack.analysis.trace import measure, session_of
from kneetrack.detection import LegResult
from kneetrack.insight.sides import compare_sides
from kneetrack.insight.slopes import slope
from kneetrack.insight.values import DEPTH, TOTAL, values_of
from kneetrack.samples import Side
from people import Person, Plan, Session, session

SEED = 90_000  # held out
SETS = 1000
Draw = Callable[[np.random.Generator, int], np.ndarray]
SCATTERS: dict[str, Draw] = {
    "normal": lambda random, count: random.normal(size=count),
    "heavy-tailed (t, 3)": lambda random, count: random.standard_t(3, size=count),
}


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg as found, and the mean of the truth over the reps that were found."""

    found: LegResult
    excursion_deg: float
    depth_deg: float


def slopes() -> None:
    print(f"slopes, {SETS} sets each   reps  interval holds  steady told to change  told in 4 of 5")
    for name, draw in SCATTERS.items():
        for count in (5, 8, 12, 20):
            random = np.random.default_rng(1)
            places = list(range(count))
            drawn = [draw(random, count) for _ in range(SETS)]
            steady = [slope(places, values.tolist()) for values in drawn]
            held = np.mean([one is not None and one.low <= 0.0 <= one.high for one in steady])
            told = np.mean([one is not None and one.told_apart for one in steady])
            least = next(
                rise
                for rise in np.arange(0.1, 5.0, 0.1)
                if np.mean(
                    [
                        (one := slope(places, (values + rise * np.arange(count)).tolist()))
                        is not None
                        and one.told_apart
                        for values in drawn[:100]
                    ]
                )
                >= 0.8
            )
            print(f"  {name:24s}{count:5d}{held:15.1%}{told:22.1%}{least:17.2f}")


def leg_of(made: Session) -> Leg | None:
    """What is found of one leg; None where there is no reference or too little was found."""
    leg = session_of(measure(made.trace)).legs[0].result
    reps = [
        (rep, truth)
        for truth in made.truth.reps
        if truth.kind == "set"
        for rep in leg.reps
        if rep.start_s < truth.bottom_s < rep.end_s
    ]
    if leg.reference is None or len(reps) < 3:
        return None
    told = [truth for rep, truth in reps if values_of([rep], TOTAL)]
    at = np.searchsorted(made.trace.time_s, [truth.bottom_s for _, truth in reps])
    return Leg(
        found=leg,
        excursion_deg=float(np.mean([truth.excursion_deg for truth in told])),
        depth_deg=float(np.mean(made.truth.angles_deg[at, 0])),
    )


def legs_of(seed: int) -> tuple[Leg, Leg] | None:
    """Both legs of one person: the body's proportions are shared, all else is each leg's own."""
    person = Person.drawn(seed)
    sides: list[Leg] = []
    for number, side in enumerate((Side.RIGHT, Side.LEFT)):
        own = replace(Person.drawn(seed + 5000 * number), side=side, shank_m=person.shank_m)
        leg = leg_of(session(own, plan=Plan(reps=8)))
        if leg is None:
            return None
        sides.append(leg)
    return sides[0], sides[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    slopes()
    people = [legs_of(options.seed + n) for n in range(options.people)]
    pairs = [pair for pair in people if pair is not None]
    print(f"left and right, {len(pairs)} of {options.people} people with a reference on both legs")
    print("                      error RMS   MDC median   within MDC   told apart rightly (deg)")
    for name, true in (
        (TOTAL, lambda leg: leg.excursion_deg),
        (DEPTH, lambda leg: leg.depth_deg),
    ):
        rows = []
        for right, left in pairs:
            references = (right.found.reference, left.found.reference)
            found = compare_sides(right.found.reps, left.found.reps, name, references=references)
            if found is not None:
                rows.append((found, true(right) - true(left)))
        errors = [found.difference - truth for found, truth in rows]
        within = np.mean([abs(e) <= f.mdc for e, (f, _) in zip(errors, rows, strict=True)])
        mdc = np.median([found.mdc for found, _ in rows])
        told = [(f.difference > 0.0) == (truth > 0.0) for f, truth in rows if f.told_apart]
        print(
            f"  {name:20s}{np.sqrt(np.mean(np.square(errors))):11.2f}{mdc:13.2f}{within:13.0%}"
            f"{sum(told):12d} of {len(told)}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
