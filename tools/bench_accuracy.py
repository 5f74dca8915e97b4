"""Knee angles against optical ones, next to other methods; the filters on BROAD; single precision.

    python tools/bench_accuracy.py [--data ../shared/data] [--seeds N] [--only BLOCK] [--json]

Blocks, all of them unless --only names some:

Every method, ours too, is calibrated on the recording itself: these have no table, no stand that is
still and no calibration squats, so axes come from the very set that is scored, and our zeros and
heading drift from all of it. What is compared is filters, zeros, headings and axes after the fact;
no band could have said these angles live.

reps      squats and sit-to-stands of squats_from_markers: ours online (host floats, and the
          firmware's fixed point and pipeline under MicroPython), ours offline, the crosstalk
          refinement on, and the peers (tools/peers.py) with the hinge constraint for the heading
          and without it; errors in three ways, excursion errors of the reps, and who is best
jumps     the drop jumps, the same without reps
broad     inclination errors of all filters on BROAD, scored as tools/bench_orientation.py scores
float32   filter, pipeline and joint in single precision against double: the largest difference

How the knees are measured and scored stands in tools/knee_accuracy.py. Figures are medians over
recordings and seeds. No constant was fitted to these recordings, but they are not held out either:
the way in which a zero of the gyroscope is learnt from movement (kneetrack.analysis.zero) was
chosen after a look at them. It is one person, and the references are marker clusters on the skin.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

import bench_orientation
import single_angles
from knee_accuracy import JUMPS, OURS, REPS, Score, read, scores, with_chip
from kneetrack.analysis.axis_fit import ANGLES, median_of
from kneetrack.analysis.trace import measure
from kneetrack.analysis.validation_json import PER_REP
from peers import Orient, installed

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
KINDS = ("raw", "minus_mean", "same_axes")
TARGETS = {"minus_mean": (2.4, 2.0, 4.5), "same_axes": (1.0, 1.0, 1.0)}
BLOCKS = ("reps", "jumps", "broad", "float32")
PUBLISHED = "+ PCA + hinge, own zeros"
"""How a peer would be put together from published parts; the other variants borrow from us."""
WIDTH = 44
_HEADS = {
    "raw": "RMSE as both tell them",
    "minus_mean": "RMSE, each angle's mean taken off",
    "same_axes": "RMSE after the best constant turn of both frames",
}

Table = dict[str, dict[str, list[Score]]]
"""method -> recording -> one score a seed."""


def tracked(items: Sequence[Any], label: str) -> Iterable[Any]:
    """`items`, with a progress bar on stderr where somebody looks at it."""
    console = Console(stderr=True)
    return track(items, label, console=console, transient=True, disable=not console.is_terminal)


def knees(data: Path, names: Sequence[str], seeds: int, filters: dict[str, Orient]) -> Table:
    """Every method on every recording."""
    found: Table = {}
    folder = data / "squats_from_markers"
    runs = [(name, seed) for name in names for seed in range(seeds)]
    recordings = {name: read(folder, name) for name in names}
    for name, seed in tracked(runs, "recordings"):
        for method, one in scores(recordings[name], seed, filters).items():
            found.setdefault(method, {}).setdefault(name, []).append(one)
    return found


def broad(data: Path, filters: dict[str, Orient]) -> dict[str, dict[str, float]]:
    """method -> trial -> inclination RMSE (deg), and "mean" over the trials."""
    methods: dict[str, Callable[..., Any]] = {
        "KneeTrack, firmware arithmetic": bench_orientation.with_firmware,
        "offlineVQF (KneeTrack offline)": _offline_vqf,
        **filters,
    }
    found: dict[str, dict[str, float]] = {}
    for trial in tracked(list(bench_orientation.trials(data)), "BROAD"):
        for name, method in methods.items():
            found.setdefault(name, {})[trial.name] = trial.rmse_deg(method)
    for row in found.values():
        row["mean"] = float(np.mean(list(row.values())))
    return found


def _offline_vqf(gyr: Any, acc: Any, fs: float) -> Any:
    import vqf

    return vqf.offlineVQF(gyr, acc, None, 1.0 / fs)["quat6D"]


def float32(data: Path) -> dict[str, list[float]]:
    """recording -> largest difference (deg) of each angle, single against double precision."""
    found: dict[str, list[float]] = {}
    for name in tracked(REPS + JUMPS, "float32"):
        trace = with_chip(read(data / "squats_from_markers", name).trace, 0)
        calibration = measure(trace).calibration
        assert calibration is not None
        double, single = (
            single_angles.angles(trace, calibration.calibration, single=one)
            for one in (False, True)
        )
        found[name] = np.nanmax(np.abs(double - single), axis=0).tolist()
    return found


# --- medians -------------------------------------------------------------------------------------


def all_of(recordings: dict[str, list[Score]]) -> list[Score]:
    return [one for each in recordings.values() for one in each]


def three(of: Sequence[Score], kind: str) -> list[float]:
    """Medians of flexion, valgus and rotation."""
    return [np.nan if x is None else x for x in median_of([one.errors for one in of], kind)]


def of_reps(of: Sequence[Score], name: str) -> float:
    known = [x for one in of if (x := one.rep_rmse[name]) is not None]
    return float(np.median(known)) if known else np.nan


def figures(table: Table, *, reps: bool) -> dict[str, dict[str, float]]:
    """figure -> method -> median over recordings and seeds."""
    found: dict[str, dict[str, float]] = {}
    for kind in KINDS[1:]:
        for k, angle in enumerate(ANGLES):
            found[f"{angle}, {kind}"] = {
                method: three(all_of(rows), kind)[k] for method, rows in table.items()
            }
    for name in PER_REP if reps else ():
        found[f"{name} of reps"] = {
            method: of_reps(all_of(rows), name) for method, rows in table.items()
        }
    return found


def ranking(table: Table, *, reps: bool) -> list[str]:
    """For each figure how KneeTrack stands, against the peers as published and as they could be."""
    told: list[str] = []
    for figure, values in figures(table, reps=reps).items():
        groups = {
            "published": [method for method in values if method.endswith(PUBLISHED)],
            "any": [method for method in values if not method.startswith("KneeTrack")],
        }
        bests = {
            name: min(methods, key=lambda method: values[method])
            for name, methods in groups.items()
            if methods
        }
        if not bests:
            continue
        for method in OURS:
            beaten_by = [name for name, best in bests.items() if values[best] < values[method]]
            word = "best" if not beaten_by else f"NOT BEST ({' and '.join(beaten_by)})"
            told.append(f"{figure}: {method} {values[method]:.2f} {word}")
        peers = ", ".join(f"{name}: {best} {values[best]:.2f}" for name, best in bests.items())
        told.append(f"    best peers, {peers}")
    return told


# --- printing ------------------------------------------------------------------------------------


def show_knees(table: Table, names: Sequence[str], *, reps: bool) -> None:
    for kind in KINDS:
        print(f"\n{_HEADS[kind]}: deg, flexion / valgus / rotation (median over seeds)")
        print(f"{'':{WIDTH}}" + "".join(f"{name:>20}" for name in (*names, "median of all")))
        for method, rows in table.items():
            cells = [three(rows[name], kind) for name in names] + [three(all_of(rows), kind)]
            print(
                f"{method:{WIDTH}}" + "".join("{:>8.2f} {:5.2f} {:5.2f}".format(*c) for c in cells)
            )
        if kind in TARGETS:
            blank = " " * 20 * len(names)
            print(f"{'target':{WIDTH}}{blank}" + "{:>8.2f} {:5.2f} {:5.2f}".format(*TARGETS[kind]))
    if reps:
        print("\nRMSE over reps: deg, peak flexion / valgus excursion from the start / excursion")
        print("against the other reps at equal flexion")
        print(f"{'':{WIDTH}}" + "".join(f"{name:>20}" for name in (*names, "median of all")))
        for method, rows in table.items():
            groups = [rows[name] for name in names] + [all_of(rows)]
            cells = [[of_reps(group, name) for name in PER_REP] for group in groups]
            print(
                f"{method:{WIDTH}}" + "".join("{:>8.2f} {:5.2f} {:5.2f}".format(*c) for c in cells)
            )
    print("\nWho is best (medians)")
    for line in ranking(table, reps=reps):
        print(f"  {line}")


def show_broad(table: dict[str, dict[str, float]]) -> None:
    print("\nBROAD: inclination RMSE, deg; in brackets x vqf")
    mean = table["vqf"]["mean"] if "vqf" in table else np.nan
    for method, row in table.items():
        cells = "".join(f"{x:8.3f}" for name, x in row.items() if name != "mean")
        print(f"{method:{WIDTH}}{cells}   mean {row['mean']:.3f} ({row['mean'] / mean:.3f})")


def show_float32(table: dict[str, list[float]]) -> None:
    print("\nSingle against double precision: largest difference, deg, flexion / valgus / rotation")
    for name, row in table.items():
        print(f"{name:{WIDTH}}" + "".join(f"{x:9.5f}" for x in row))
    largest = np.max(list(table.values()), axis=0)
    print(f"{'largest':{WIDTH}}" + "".join(f"{x:9.5f}" for x in largest))


def knees_json(table: Table, *, reps: bool) -> dict[str, Any]:
    def told(of: Sequence[Score]) -> dict[str, Any]:
        row: dict[str, Any] = {kind: _numbers(three(of, kind)) for kind in KINDS}
        if reps:
            row |= {f"{name}_rmse": _numbers([of_reps(of, name)])[0] for name in PER_REP}
        return row

    return {
        "methods": {
            method: {name: told(of) for name, of in rows.items()} | {"median": told(all_of(rows))}
            for method, rows in table.items()
        },
        "ranking": ranking(table, reps=reps),
    }


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [None if np.isnan(x) else round(float(x), 4) for x in values]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recordings")
    parser.add_argument("--seeds", type=int, default=3, help="chip errors drawn per recording")
    parser.add_argument("--only", action="append", choices=BLOCKS, help="may be repeated")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments = parser.parse_args()
    data: Path = arguments.data
    if not data.is_dir():
        print(f"skipped: the recordings are not at {data}")
        return 0
    wanted = arguments.only or BLOCKS
    filters, missing = installed()
    document: dict[str, Any] = {"left_out": missing, "seeds": arguments.seeds}
    if not arguments.json:
        for sentence in missing:
            print(f"left out: {sentence}")
    for block, names in (("reps", REPS), ("jumps", JUMPS)):
        if block in wanted:
            table = knees(data, names, arguments.seeds, filters)
            document[block] = knees_json(table, reps=block == "reps")
            if not arguments.json:
                print(f"\n=== {block} ===")
                show_knees(table, names, reps=block == "reps")
    if "broad" in wanted:
        document["broad"] = broad(data, filters)
        if not arguments.json:
            show_broad(document["broad"])
    if "float32" in wanted:
        document["float32"] = float32(data)
        if not arguments.json:
            show_float32(document["float32"])
    if arguments.json:
        print(json.dumps(document, indent=2, allow_nan=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
