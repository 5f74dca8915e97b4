#!/usr/bin/env python3
"""Landings, holds and held lunges: how many are found, and how well they are measured.

    python tools/bench_selftest.py [--people N] [--seed S] [--no-simulated] [--json]

Simulated: N people a movement (firmware/sim/selftests.py), whose truth is known; the default seed
is held out, nobody chose a limit by it. A landing counts as found where its contact is within 0.1
s, a hold or lunge where it overlaps the given one by half. What is not to be found is there as
well: the step off the box and up again, an attempt at a hold that ends after some seconds, and two
other movements with the finders of these.

Real: the drop jumps of ../shared/data/squats_from_markers, one person, four recordings, one whole
landing in each (the second is cut off by the recording's end). Nobody wore a pressure sole, so the
contact is compared with the shank's acceleration of the markers: where the spike begins to rise
(1.5 g), and where it is half way up. Smoothing of the markers draws that rise out by some 30 ms to
both sides. The reference's thigh axis is tilted (../shared/design.md, 4), which adds to its valgus
in proportion to sin(flexion); so valgus is compared with such a part of the difference taken out,
too. Squats and sit-to-stands of the same person, and walking with real IMUs, have no landing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median, pstdev
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from kneetrack.analysis.trace import measure, session_of
from kneetrack.detection import Analyzer
from kneetrack.samples import KneeSample, Rep
from kneetrack.traces import read_trace
from sim import export, scenarios

SEED = 70_000  # held out
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
NEAR_S = 0.1
ONSET_M_S2 = 1.5 * 9.80665
SHORT = "functional=4&stand=3.5"
MOVEMENTS = {
    "drop_jump": "drop_jumps?reps=4",
    "drop_jump, ±16 g exceeded": "drop_jumps?reps=4&impact=25",
    "balance": "balance?reps=4",
    "lunge_test": "lunge_test?reps=4",
}
OTHERS = ("squats?reps=6", "walk?walk=20")


@dataclass
class Tally:
    """Counts and errors of one movement."""

    given: int = 0
    found: int = 0
    matched: int = 0
    flagged: int = 0
    errors: dict[str, list[float]] = field(default_factory=dict)

    def miss(self, name: str, value: float | None) -> None:
        if value is not None:
            self.errors.setdefault(name, []).append(value)

    def to_json(self) -> dict[str, Any]:
        return {
            "given": self.given,
            "found": self.found,
            "matched": self.matched,
            "saturation_flagged": self.flagged,
            "errors": {name: summary(values) for name, values in self.errors.items()},
        }


def summary(values: Sequence[float]) -> dict[str, float]:
    return {
        "bias": round(fmean(values), 3),
        "sd": round(pstdev(values), 3),
        "rmse": round(float(np.sqrt(np.mean(np.square(values)))), 3),
        "n": len(values),
    }


def simulated(address: str) -> tuple[list[dict[str, Any]], tuple[Rep, ...], list[KneeSample]]:
    """The truth, what was found, and the samples."""
    scenario = scenarios.make_from_address(address)
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "case"
        export.export(scenario, str(stem), lambda part: None)
        measured = measure(read_trace(stem.with_suffix(".csv")))
    (leg,) = session_of(measured).legs
    return scenario.info["truth"]["bouts"], leg.result.reps, list(measured.samples)


def take_landings(tally: Tally, given: list[dict[str, Any]], found: Sequence[Rep]) -> None:
    for one in given:
        rep = next((r for r in found if abs(r.start_s - one["start_s"]) <= NEAR_S), None)
        if rep is None:
            continue
        tally.matched += 1
        values = rep.measures
        tally.miss("contact, ms", 1e3 * (rep.start_s - one["start_s"]))
        contact = values["contact_flexion_deg"]
        if contact is not None:
            tally.miss("flexion at contact, °", contact - one["contact_flexion_deg"])
        tally.miss("deepest flexion, °", rep.peak_flexion_deg - one["peak_flexion_deg"])
        if rep.valgus_excursion_deg is not None:
            tally.miss("valgus from contact, °", rep.valgus_excursion_deg - one["excursion_deg"])


def take_spans(
    tally: Tally, given: list[dict[str, Any]], found: Sequence[Rep], names: Sequence[str]
) -> None:
    for one in given:
        start_s, end_s = one["start_s"], one["end_s"]
        rep = next(
            (
                r
                for r in found
                if min(r.end_s, end_s) - max(r.start_s, start_s) > 0.5 * (end_s - start_s)
            ),
            None,
        )
        if rep is None:
            continue
        tally.matched += 1
        for name in names:
            value = rep.measures.get(name)
            tally.miss(name, None if value is None else value - one[name])


def on_simulation(people: int, seed: int, console: Console) -> dict[str, Tally]:
    tallies = {name: Tally() for name in MOVEMENTS}
    work = [(name, seed + i) for name in MOVEMENTS for i in range(people)]
    shown = console.is_terminal
    for name, one in track(work, "Simulating", console=console, transient=True, disable=not shown):
        side = "left" if one % 2 else "right"
        bouts, reps, _ = simulated(f"{MOVEMENTS[name]}&{SHORT}&seed={one}&side={side}")
        tally = tallies[name]
        # A hold of under 10 s is to be passed over.
        given = [b for b in bouts if b["kind"] != "hold" or b["end_s"] - b["start_s"] >= 12.0]
        tally.given += len(given)
        tally.found += len(reps)
        tally.flagged += sum("saturation" in rep.doubt for rep in reps)
        if name.startswith("drop_jump"):
            take_landings(tally, given, reps)
        elif name == "balance":
            take_spans(tally, given, reps, ("shank_sway_deg", "valgus_sway_deg"))
        else:
            take_spans(tally, given, reps, ("shank_inclination_deg",))
    return tallies


def false_alarms(samples: Sequence[KneeSample], side: Any) -> dict[str, int]:
    """What the finders of all three see in another movement."""
    counts: dict[str, int] = {}
    for exercise in ("drop_jump", "balance", "lunge_test"):
        analyzer = Analyzer(side, exercise)
        analyzer.feed_all(samples)
        analyzer.flush()
        counts[exercise] = len(analyzer.result().reps)
    return counts


def on_others(seed: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for address in OTHERS:
        scenario = scenarios.make_from_address(f"{address}&{SHORT}&seed={seed}")
        _, _, samples = simulated(f"{address}&{SHORT}&seed={seed}")
        worn_s = next(w["start_s"] for w in scenario.info["windows"] if w["kind"] == "set")
        rows.append(row_of(f"simulated {address.split('?')[0]}", samples, worn_s, 1))
    return rows


def row_of(name: str, samples: Sequence[KneeSample], from_s: float, side: Any) -> dict[str, Any]:
    worn = [sample for sample in samples if sample.time_s >= from_s]
    minutes = (worn[-1].time_s - worn[0].time_s) / 60.0 if worn else 0.0
    return {"what": name, "minutes": round(minutes, 2), **false_alarms(worn, side)}


# --- real ----------------------------------------------------------------------------------------


def spike(time_s: Any, shank_acc: Any, near_s: float) -> tuple[float, float]:
    """When the shank's acceleration leaves 1.5 g on the way to its spike, and is half way up."""
    size = np.linalg.norm(shank_acc, axis=1)
    window = np.flatnonzero(np.abs(time_s - near_s) < 0.15)
    top = int(window[size[window].argmax()])
    levels = (ONSET_M_S2, 0.5 * size[top])
    found: list[float] = []
    for level in levels:
        at = top
        while at > 0 and size[at - 1] > level:
            at -= 1
        part = (level - size[at - 1]) / (size[at] - size[at - 1])
        found.append(float(time_s[at - 1] + part * (time_s[at] - time_s[at - 1])))
    return found[0], found[1]


def valgus_agreement(samples: Sequence[KneeSample], reference: Any) -> dict[str, float]:
    """RMSE of valgus over a landing: less its mean, and less what goes with sin(flexion)."""
    time_s = np.array([sample.time_s for sample in samples])
    off = np.interp(reference[:, 0], time_s, [s.valgus_deg for s in samples]) - reference[:, 2]
    depth = np.sin(np.radians(reference[:, 1]))
    terms = np.stack([np.ones_like(depth), depth], axis=1)
    left = off - terms @ np.linalg.lstsq(terms, off, rcond=None)[0]
    return {
        "valgus_rmse_deg": round(float(off.std()), 1),
        "valgus_rmse_axis_off_deg": round(float(left.std()), 1),
    }


def on_real_landings() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted((DATA / "squats_from_markers").glob("DJ*_?.csv")):
        measured = measure(read_trace(path))
        (leg,) = session_of(measured).legs
        reference = np.loadtxt(path.with_suffix(".ref.csv"), delimiter=",", skiprows=1)
        raw = np.loadtxt(path, delimiter=",", skiprows=1)
        for rep in leg.result.reps:
            begins_s, half_s = spike(raw[:, 0], raw[:, 7:10], rep.start_s)
            inside = (reference[:, 0] >= rep.start_s) & (reference[:, 0] <= rep.end_s)
            flexion, valgus = reference[inside, 1], reference[inside, 2]
            stance = reference[:20, 1:3].mean(axis=0)  # the band's angles are zero there
            rows.append(
                {
                    "recording": path.stem,
                    "of": len(leg.result.reps),
                    "contact_s": round(rep.start_s, 3),
                    "to_spike_begins_ms": round(1e3 * (rep.start_s - begins_s)),
                    "to_spike_half_ms": round(1e3 * (rep.start_s - half_s)),
                    "deepest_deg": round(rep.peak_flexion_deg, 1),
                    "deepest_ref_deg": round(float(flexion.max() - stance[0]), 1),
                    "valgus_deg": round(rep.peak_valgus_deg or 0.0, 1),
                    "valgus_ref_deg": round(float(valgus.max() - stance[1]), 1),
                    **valgus_agreement(measured.samples, reference[inside]),
                    "doubt": [str(doubt) for doubt in rep.doubt],
                }
            )
    return rows


def on_real_others() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    paths = [
        *sorted((DATA / "squats_from_markers").glob("s*_?.csv")),
        *sorted((DATA / "squats_from_markers").glob("STS*_?.csv")),
        *sorted((DATA / "walk_xsens").glob("*.csv")),
    ]
    for path in paths:
        if path.name.endswith(".ref.csv"):
            continue
        trace = read_trace(path)
        samples = measure(trace).samples
        if samples:
            rows.append(row_of(f"real {path.stem}", samples, samples[0].time_s, trace.side))
    return rows


# --- told ----------------------------------------------------------------------------------------


def tell(console: Console, result: dict[str, Any]) -> None:
    if result["simulated"]:
        table = Table(title="Simulated, held-out people", title_justify="left")
        for word in (
            "movement",
            "given",
            "found",
            "recall",
            "precision",
            "error",
            "bias",
            "sd",
            "RMSE",
        ):
            table.add_column(word, justify="left" if word in ("movement", "error") else "right")
        for name, one in result["simulated"].items():
            recall = f"{one['matched'] / max(1, one['given']):.3f}"
            precision = f"{one['matched'] / max(1, one['found']):.3f}"
            first = [name, str(one["given"]), str(one["found"]), recall, precision]
            for error, figures in one["errors"].items():
                row = [f"{figures[key]:.2f}" for key in ("bias", "sd", "rmse")]
                table.add_row(*first, error, *row)
                first = [""] * 5
            if one["saturation_flagged"]:
                table.add_row(*[""] * 5, f"flagged as saturated: {one['saturation_flagged']}")
        console.print(table)
    if result["real"]:
        table = Table(title="Real drop jumps, one person (optical reference)", title_justify="left")
        for word in result["real"][0]:
            table.add_column(word.replace("_", " "), justify="right", overflow="fold")
        for row in result["real"]:
            table.add_row(*(", ".join(v) if isinstance(v, list) else str(v) for v in row.values()))
        console.print(table)
        for key in ("to_spike_begins_ms", "to_spike_half_ms"):
            values = [row[key] for row in result["real"]]
            console.print(f"{key}: median {median(values)}, {min(values)} to {max(values)}")
    else:
        console.print(f"{DATA} is not here: no real recordings.")
    table = Table(title="Nothing of it is there: what is found all the same", title_justify="left")
    for word in ("what", "minutes", "drop_jump", "balance", "lunge_test"):
        table.add_column(word, justify="left" if word == "what" else "right")
    for row in result["others"]:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=4, help="a movement (default: 4)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--no-simulated", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    console = Console(stderr=True)
    tallies = {} if chosen.no_simulated else on_simulation(chosen.people, chosen.seed, console)
    result = {
        "simulated": {name: tally.to_json() for name, tally in tallies.items()},
        "real": on_real_landings() if DATA.is_dir() else [],
        "others": ([] if chosen.no_simulated else on_others(chosen.seed))
        + (on_real_others() if DATA.is_dir() else []),
    }
    if chosen.json:
        print(json.dumps(result, indent=1))
    else:
        tell(Console(), result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
