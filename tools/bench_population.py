#!/usr/bin/env python3
"""Excursion per rep of simulated people, from IMU signals to verdict, beside simpler ways.

    python tools/bench_population.py [--people N] [--seed S] [--generator people|simulator] [--json]

Two generators that share nothing: tests/support/people and firmware/sim. N people (the design cell:
soft tissue 4 deg, load gain 1.3) or N/3 (each other cell) record a table, a stand, five slow squats
and a set of ten; the whole pipeline runs on the signals (`kneetrack analyze`). Side by side:

    raw     the rep's largest absolute valgus, against the bones' own (both from their stand)
    naive   public parts with care (tools/careful_user.py), told where the reps are
    total   ours, matched to the reference, the set's shift still in it
    own     ours, less the set's shift: what the rep is judged on

against each rep's true excursion from the calibration squats. A rep is an event from 5 deg on; ours
finds it by the verdict (a rep that is doubtful, or not found, is none), the others by 5 deg. `own3`
is the RMSE over reps that truly moved by 3 deg or more: of a rep that didn't, the largest distance
is noise of either sign. Coverage is the share of reps, and of samples bent over 20 deg, whose truth
lies within 1.96 times the uncertainty that goes with them.

The default seed is held out: nothing was chosen by it. Design with another.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track

import careful_user
from kneetrack.analysis.trace import measure, session_of
from kneetrack.samples import Rep, Verdict
from simulated_people import Person, Recorded, from_people, from_simulator

SEED = 50_000  # held out
SOFT_TISSUE_DEG = (2.0, 4.0, 8.0)
LOAD_GAINS = (1.0, 1.3, 1.6)
DESIGN_CELL = (4.0, 1.3)
GENERATORS = ("people", "simulator")
EVENT_DEG = 5.0
MOVED_DEG = 3.0
BENT_DEG = 20.0
INWARD = (Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE)

Task = tuple[str, int, int, float, float]


@dataclass(frozen=True, slots=True)
class RepFigures:
    """One true rep of a set, deg; nan where it was not found or has no figure."""

    truth: float
    true_peak: float
    raw: float
    naive: float
    total: float
    own: float
    own_sigma: float
    inward: bool
    doubtful: bool
    found: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """One session. `covered` of `samples` bent samples have the true valgus within their bounds."""

    generator: str
    soft_tissue_deg: float
    load_gain: float
    reps: tuple[RepFigures, ...]
    found: int
    covered: int
    samples: int


def recorded(task: Task) -> Recorded:
    """One person's session; the simulator's people differ in depth, tempo, side and valgus."""
    generator, number, seed, soft_tissue, gain = task
    if generator == "people":
        return from_people(Person.drawn(seed + number), soft_tissue, gain)
    random = np.random.default_rng([seed, number])
    options = {
        "seed": seed + number,
        "side": ("right", "left")[random.integers(2)],
        "reps": 10,
        "rerack": 1,
        "sway": 1,
        "depth": round(random.uniform(80.0, 115.0), 1),
        "tempo": round(random.uniform(0.8, 1.3), 2),
        "valgus": round(random.uniform(6.0, 13.0), 1),
        "sta": soft_tissue,
        "load_gain": gain,
    }
    return from_simulator("squats?" + "&".join(f"{key}={value}" for key, value in options.items()))


def figures(task: Task) -> Figures:
    """Record, analyse, compare."""
    one = recorded(task)
    measured = measure(one.trace)
    found = [rep for rep in session_of(measured).legs[0].result.reps if not rep.is_reference]
    naive = careful_user.excursions(one)
    reps: list[RepFigures] = []
    for given, by_hand in zip(one.reps, naive, strict=True):
        rep = next((r for r in found if r.start_s < given.bottom_s < r.end_s), None)
        reps.append(_rep(given.excursion_deg, given.peak_valgus_deg, by_hand, rep))
    times = np.array([sample.time_s for sample in measured.samples])
    valgus = np.array([sample.valgus_deg for sample in measured.samples])
    sigma = np.array([sample.valgus_sigma_deg for sample in measured.samples])
    truth = one.angles_at(times)
    stand = next(window for window in one.trace.windows if window.kind == "stand")
    standing = (times >= stand.start_s) & (times <= stand.end_s)
    bent = (times > one.reps[0].start_s) & (times < one.reps[-1].end_s) & (truth[:, 0] > BENT_DEG)
    off = valgus - truth[:, 1]
    off -= off[standing].mean()
    covered = np.abs(off[bent]) <= 1.96 * sigma[bent]
    generator, _, _, soft_tissue, gain = task
    return Figures(
        generator, soft_tissue, gain, tuple(reps), len(found), int(covered.sum()), len(covered)
    )


def _rep(truth: float, true_peak: float, naive: float, rep: Rep | None) -> RepFigures:
    def known(value: float | None) -> float:
        return float("nan") if value is None else value

    if rep is None:
        nan = float("nan")
        return RepFigures(truth, true_peak, nan, naive, nan, nan, nan, False, False, False)
    return RepFigures(
        truth,
        true_peak,
        known(rep.peak_valgus_deg),
        naive,
        known(rep.valgus_excursion_deg),
        known(rep.own_excursion_deg),
        known(rep.own_excursion_sigma_deg),
        rep.verdict in INWARD,
        rep.verdict is Verdict.DOUBTFUL,
        True,
    )


def summed_up(sessions: list[Figures]) -> dict[str, float]:
    """The figures of one cell, or of several together; nan where there is nothing to tell from."""
    reps = [rep for one in sessions for rep in one.reps]
    column = {
        name: np.array([getattr(rep, name) for rep in reps], dtype=np.float64)
        for name in RepFigures.__dataclass_fields__
    }
    truth, own = column["truth"], column["own"]
    event = truth >= EVENT_DEG
    moved = np.abs(truth) >= MOVED_DEG
    z = np.abs(own - truth) / column["own_sigma"]
    found, matched = sum(one.found for one in sessions), float(column["found"].sum())
    samples = sum(one.samples for one in sessions)
    out = {
        "people": float(len(sessions)),
        "raw_rmse": _rmse(column["raw"] - column["true_peak"]),
        "naive_rmse": _rmse(column["naive"] - truth),
        "total_rmse": _rmse(column["total"] - truth),
        "own_rmse": _rmse(own - truth),
        "own3_rmse": _rmse((own - truth)[moved]),
        "doubtful": float(column["doubtful"].mean()),
        "count_exact": float(np.mean([one.found == len(one.reps) for one in sessions])),
        "precision": matched / max(1, found),
        "recall": matched / len(reps),
        "rep_coverage": float((z[~np.isnan(z)] <= 1.96).mean()),
        "sample_coverage": sum(one.covered for one in sessions) / max(1, samples),
    }
    for name, called in (
        ("raw", column["raw"] >= EVENT_DEG),
        ("naive", column["naive"] >= EVENT_DEG),
        ("own", column["inward"] > 0.0),
    ):
        out[f"{name}_sensitivity"] = _share(called[event])
        out[f"{name}_specificity"] = _share(~called[~event])
    return out


def _rmse(errors: np.ndarray) -> float:
    known = errors[~np.isnan(errors)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")


def _share(called: np.ndarray) -> float:
    return float(called.mean()) if len(called) else float("nan")


def cells(people: int) -> list[tuple[float, float, int]]:
    """(soft tissue, load gain, people) of each cell."""
    return [
        (tissue, gain, people if (tissue, gain) == DESIGN_CELL else max(1, people // 3))
        for tissue in SOFT_TISSUE_DEG
        for gain in LOAD_GAINS
    ]


HEADER = (
    "  sta gain  n |  raw RMSE sens spec | naive RMSE sens spec | total  own own3  sens spec "
    "| doubtful | count  prec.  recall | covered: reps samples"
)


def line(title: str, f: dict[str, float]) -> str:
    return (
        f"{title:>10} {f['people']:3.0f} | {f['raw_rmse']:9.2f} {f['raw_sensitivity']:.2f} "
        f"{f['raw_specificity']:.2f} | {f['naive_rmse']:10.2f} {f['naive_sensitivity']:.2f} "
        f"{f['naive_specificity']:.2f} | {f['total_rmse']:5.2f} {f['own_rmse']:.2f} "
        f"{f['own3_rmse']:.2f} {f['own_sensitivity']:5.3f} {f['own_specificity']:.3f} | "
        f"{f['doubtful']:8.1%} | {f['count_exact']:5.2f} {f['precision']:6.3f} {f['recall']:7.3f} "
        f"| {f['rep_coverage']:13.1%} {f['sample_coverage']:7.1%}"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=24, help="in the design cell; 1/3 elsewhere")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--generator", choices=GENERATORS, help="only this one")
    parser.add_argument(
        "--cell", type=float, nargs=2, metavar=("STA", "GAIN"), help="only this one"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    chosen = cells(options.people)
    if options.cell:
        chosen = [(*options.cell, options.people)]
    tasks = [
        (generator, number, options.seed, tissue, gain)
        for generator in ([options.generator] if options.generator else GENERATORS)
        for tissue, gain, people in chosen
        for number in range(people)
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        done = pool.map(figures, tasks, chunksize=2)
        console = Console(stderr=True)
        sessions = list(track(done, "Measuring people", len(tasks), console=console))
    results: list[dict[str, object]] = []
    for generator in dict.fromkeys(task[0] for task in tasks):
        of = [one for one in sessions if one.generator == generator]
        if not options.json:
            print(f"{generator}\n{HEADER}")
        for tissue, gain, _ in chosen:
            here = [one for one in of if (one.soft_tissue_deg, one.load_gain) == (tissue, gain)]
            summed = summed_up(here)
            results.append({"generator": generator, "sta": tissue, "gain": gain, **summed})
            if not options.json:
                print(line(f"{tissue:g}  {gain:g}", summed))
        if not options.json and len(chosen) > 1:
            print(line("all", summed_up(of)))
    if options.json:
        print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
