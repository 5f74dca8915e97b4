#!/usr/bin/env python3
"""Wrong by design: which calibrations are refused, and whether the good ones are accepted.

    python tools/bench_gates.py [--people N] [--seed S] [--generator people|simulator] [--json]

Good sessions of both generators, and the same broken on purpose, one mishap at a time
(tools/mishaps.py; the squats that are done wrong are recordings of their own). Refused is what
`kneetrack calibrate` would refuse: a gate failed, or no axis could be told at all. Not every mishap
does harm, so each line also says how well the session is measured then: RMSE of flexion and valgus
over the set, and of the reps' own excursion. Harmful: worse than the same person's good session by
more than HARM_DEG, or no calibration at all. What counts is the share of harmful and accepted.

The default seed is held out: nobody chose a gate by it. Design with another.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np
from rich.console import Console
from rich.progress import track

import mishaps
from kneetrack.analysis.calibrate import from_trace
from kneetrack.analysis.trace import measure, session_of
from kneetrack.calibration.store import CalibrationFile
from kneetrack.errors import CalibrationError
from simulated_people import Person, Plan, Recorded, from_people, from_simulator

SEED = 90_000  # held out
SOFT_TISSUE_DEG, LOAD_GAIN = 4.0, 1.3
SLIGHT_HABIT_DEG = 5.0
REPS = 6
HARM_DEG = (5.0, 2.0, 0.5)  # flexion, valgus, own excursion
GENERATORS = ("people", "simulator")

# How the person's own mistakes are asked of each generator.
SQUATS_DONE_WRONG: dict[str, tuple[Plan, str]] = {
    "squats too shallow": (Plan(reps=REPS, functional_depth=35.0), "functional_depth=35"),
    "too few squats": (Plan(reps=REPS, functional=2), "functional=2"),
    "squats too fast": (Plan(reps=REPS, functional_speed=2.5), "tempo=2"),
    "knees caving in by 10 deg": (Plan(reps=REPS, functional_valgus=10.0), "type=depth&valgus=10"),
}
MISHAPS = (*mishaps.TO_THE_TRACE, *SQUATS_DONE_WRONG)
GOOD = "good"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One calibration and what it led to; errors are RMSE in deg, None where nothing came out."""

    generator: str
    mishap: str
    number: int
    failed: tuple[str, ...]
    warnings: tuple[str, ...]
    error: str | None
    flexion_deg: float | None
    valgus_deg: float | None
    own_deg: float | None

    @property
    def refused(self) -> bool:
        return bool(self.failed) or self.error is not None

    @property
    def errors(self) -> tuple[float | None, float | None, float | None]:
        return self.flexion_deg, self.valgus_deg, self.own_deg


@lru_cache(maxsize=1)
def recorded(generator: str, number: int, seed: int, plan: Plan, options: str) -> Recorded:
    """Person `number`'s session; how much they always cave in at depth is slight."""
    if generator == "people":
        person = Person.drawn(seed + number)
        slight = min(SLIGHT_HABIT_DEG, person.valgus_at_depth)
        return from_people(
            replace(person, valgus_at_depth=slight), SOFT_TISSUE_DEG, LOAD_GAIN, plan
        )
    fixed = f"reps={REPS}&sta={SOFT_TISSUE_DEG}&load_gain={LOAD_GAIN}&sway=1"
    side = ("right", "left")[number % 2]
    who = f"seed={seed + number}&side={side}"
    return from_simulator(f"squats?{who}&{fixed}{'&' if options else ''}{options}")


def outcome(task: tuple[str, str, int, int]) -> Outcome:
    """Record, break, calibrate, measure, compare."""
    generator, mishap, number, seed = task
    plan, options = SQUATS_DONE_WRONG.get(mishap, (Plan(reps=REPS), ""))
    one = recorded(generator, number, seed, plan, options)
    if mishap in mishaps.TO_THE_TRACE:
        random = np.random.default_rng([seed, number, MISHAPS.index(mishap)])
        one = mishaps.TO_THE_TRACE[mishap](one, random)
    try:
        made = from_trace(one.trace)
    except CalibrationError as error:
        return Outcome(generator, mishap, number, (), (), str(error), None, None, None)
    failed = tuple(gate.name for gate in made.gates if not gate.passed)
    errors = measured_errors(one, made)
    return Outcome(generator, mishap, number, failed, made.warnings, None, *errors)


def measured_errors(
    one: Recorded, made: CalibrationFile
) -> tuple[float | None, float | None, float | None]:
    """RMSE of flexion and valgus, each less its mean while standing, and of own excursion; deg.

    Own excursion less the median of its error: what a set shares is its shift, told apart.
    """
    measured = measure(one.trace, made)
    times = np.array([sample.time_s for sample in measured.samples])
    found = np.array([sample[2:4] for sample in measured.samples])
    truth = one.angles_at(times)
    off = found - truth[:, :2]
    bent, standing = np.zeros(len(times), dtype=bool), np.zeros(len(times), dtype=bool)
    inside = (times > one.reps[0].start_s) & (times < one.reps[-1].end_s)
    bent[inside] = truth[inside, 0] > 20.0
    standing[inside] = truth[inside, 0] < 10.0
    valgus = off[bent, 1] - off[standing, 1].mean()
    flexion = off[bent, 0] - off[standing, 0].mean()
    found_reps = session_of(measured).legs[0].result.reps
    own: list[float] = []
    for given in one.reps:
        rep = next((r for r in found_reps if r.start_s < given.bottom_s < r.end_s), None)
        if rep is not None and rep.own_excursion_deg is not None:
            own.append(rep.own_excursion_deg - given.excursion_deg)
    return rmse(flexion), rmse(valgus), rmse(own - np.median(own)) if own else None


def rmse(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


@dataclass(frozen=True, slots=True)
class Line:
    """One mishap over all people of a generator."""

    generator: str
    mishap: str
    people: int
    refused: float
    harmful: float
    harmful_accepted: float
    gates: dict[str, float]
    warned_only: float  # accepted, but with a warning
    flexion_deg: float | None
    valgus_deg: float | None
    own_deg: float | None


def harmful(bad: Outcome, good: Outcome) -> bool:
    """Whether the mishap spoilt what was measured."""
    pairs = zip(bad.errors, good.errors, HARM_DEG, strict=True)
    return any(b is None or g is None or b - g > limit for b, g, limit in pairs)


def summed_up(outcomes: list[Outcome]) -> list[Line]:
    """Lines in the order of generators and mishaps, the good ones first."""
    lines: list[Line] = []
    for generator in GENERATORS:
        of = [o for o in outcomes if o.generator == generator]
        good = {o.number: o for o in of if o.mishap == GOOD}
        for mishap in (GOOD, *MISHAPS):
            these = [o for o in of if o.mishap == mishap]
            if not these:
                continue
            n = len(these)
            spoilt = [harmful(o, good[o.number]) for o in these]
            fired = Counter(gate for o in these for gate in o.failed)
            lines.append(
                Line(
                    generator,
                    mishap,
                    n,
                    sum(o.refused for o in these) / n,
                    sum(spoilt) / n,
                    sum(bad and not o.refused for bad, o in zip(spoilt, these, strict=True)) / n,
                    {gate: count / n for gate, count in fired.most_common()},
                    sum(bool(o.warnings) and not o.refused for o in these) / n,
                    median([o.flexion_deg for o in these]),
                    median([o.valgus_deg for o in these]),
                    median([o.own_deg for o in these]),
                )
            )
    return lines


def median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def table(lines: list[Line]) -> str:
    """As text, one line a mishap; the gates that fired with the share of people they fired for."""
    rows = [
        f"{'':31} refused | harmful  and accepted | warned | median RMSE, deg         | gates",
        f"{'':31}         |                       | only   | flexion  valgus      own |",
    ]
    for line in lines:
        if line.mishap == GOOD:
            rows.append(f"{line.generator}: {line.people} people")
        errors = " ".join(
            "       -" if value is None else f"{value:8.1f}"
            for value in (line.flexion_deg, line.valgus_deg, line.own_deg)
        )
        gates = ", ".join(f"{gate} {share:.0%}" for gate, share in line.gates.items())
        rows.append(
            f"{line.mishap:31} {line.refused:7.0%} | {line.harmful:7.0%} "
            f"{line.harmful_accepted:13.0%} | {line.warned_only:6.0%} |{errors} | {gates}"
        )
    return "\n".join(rows)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=12, help="of each generator")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--generator", choices=GENERATORS, help="only this one")
    parser.add_argument("--mishap", choices=MISHAPS, action="append", help="only these")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    chosen = (GOOD, *(options.mishap or MISHAPS))
    tasks = [
        (generator, mishap, number, options.seed)
        for generator in ([options.generator] if options.generator else GENERATORS)
        for number in range(options.people)
        for mishap in chosen
    ]
    console = Console(stderr=True)
    with ProcessPoolExecutor(options.jobs) as pool:
        done = pool.map(outcome, tasks, chunksize=len(chosen))
        outcomes = list(track(done, "Breaking calibrations", len(tasks), console=console))
    lines = summed_up(outcomes)
    print(json.dumps([asdict(line) for line in lines]) if options.json else table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
