"""Inclination error on BROAD of vqf, of kneecore in two precisions, and of the firmware's own form.

    python tools/bench_orientation.py [--data ../shared/data]

BROAD (Laidig, Caruso, Cereatti, Seel: "BROAD, A Benchmark for Robust Inertial Orientation
Estimation", Data 6(7):72, 2021) has an optical reference. All methods run with vqf's default
parameters, the bias update at rest included, at the file's own rate. The firmware gets its counts
(70 mdps, 0.488 mg) and runs under MicroPython.

Scored is the angle between the verticals that a method and the reference see in the sensor's frame,
as RMSE over the samples marked as movement, after the constant rotation between the optical marker
body and the IMU that fits best (Wahba's problem over the same samples, for each method alike).
The target is 1.01 times vqf's.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vqf import VQF

import firmware_filter
from float32 import single_precision, to_single
from kneecore import fusion

ROOT = Path(__file__).parents[1]
TARGET = 1.01
Array = NDArray[np.float64]


def with_vqf(gyr: Array, acc: Array, fs: float) -> Array:
    return VQF(1.0 / fs).updateBatch(gyr, acc)["quat6D"]


def with_kneecore(gyr: Array, acc: Array, fs: float) -> Array:
    return follow(
        fusion.Filter(fusion.Params(rest_bias=True), 1.0 / fs), gyr.tolist(), acc.tolist()
    )


def with_float32(gyr: Array, acc: Array, fs: float) -> Array:
    with single_precision():
        filter_ = to_single(fusion.Filter(fusion.Params(rest_bias=True), 1.0 / fs))
        return follow(filter_, gyr.astype(np.float32), acc.astype(np.float32))


def with_firmware(gyr: Array, acc: Array, fs: float) -> Array:
    counts = firmware_filter.to_counts(gyr, acc)
    rows = np.hstack([counts, counts])
    return firmware_filter.run(rows, 1.0 / fs, rest_bias=True).thigh


METHODS: tuple[tuple[str, Callable[[Array, Array, float], Array]], ...] = (
    ("vqf", with_vqf),
    ("float64", with_kneecore),
    ("float32", with_float32),
    ("firmware", with_firmware),
)


def follow(filter_: fusion.Filter, gyr, acc) -> Array:
    """The orientation after each sample."""
    out = np.empty((len(gyr), 4))
    for i, (rate, force) in enumerate(zip(gyr, acc, strict=True)):
        filter_.update(rate, force)
        out[i] = filter_.orientation()
    return out


def up_in_sensor(q: Array) -> Array:
    """(n, 3): the earth's z axis seen from the sensor."""
    w, x, y, z = q.T
    up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
    return up / np.linalg.norm(up, axis=1, keepdims=True)


def inclination_rmse_deg(q: Array, reference: Array, scored: NDArray[np.bool_]) -> float:
    """See the head of this file; samples where the reference is NaN are left out."""
    scored = scored & np.isfinite(reference).all(axis=1)
    a = up_in_sensor(q[scored])
    b = up_in_sensor(reference[scored])
    u, _, vt = np.linalg.svd(a.T @ b)
    fit = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    b = b @ fit.T
    angle = 2.0 * np.arcsin(np.clip(0.5 * np.linalg.norm(a - b, axis=1), 0.0, 1.0))
    return float(np.degrees(np.sqrt(np.mean(angle**2))))


@dataclass(frozen=True, slots=True)
class Trial:
    """One recording: gyr and acc (n, 3), the optical orientation (n, 4), what is scored (n,)."""

    name: str
    fs: float
    gyr: Array
    acc: Array
    reference: Array
    scored: NDArray[np.bool_]

    def rmse_deg(self, method: Callable[[Array, Array, float], Array]) -> float:
        """A method's inclination error on this trial."""
        return inclination_rmse_deg(
            method(self.gyr, self.acc, self.fs), self.reference, self.scored
        )


def trials(data: Path) -> Iterator[Trial]:
    """The recordings in the folder `broad` of `data`, in order of name."""
    for path in sorted((data / "broad").glob("*.npz")):
        trial = np.load(path)
        yield Trial(
            path.stem,
            float(trial["fs"]),
            np.ascontiguousarray(trial["gyr"], dtype=np.float64),
            np.ascontiguousarray(trial["acc"], dtype=np.float64),
            trial["quat"].astype(np.float64),
            trial["movement"].astype(bool),
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Inclination RMSE on BROAD against vqf.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    data = parser.parse_args().data
    print("inclination RMSE in deg; in brackets x vqf")
    print(f"{'':44}" + "".join(f"{name:>17}" for name, _ in METHODS))
    table: list[list[float]] = []
    for trial in trials(data):
        table.append([trial.rmse_deg(method) for _, method in METHODS])
        print_row(trial.name, table[-1])
    if not table:
        print(
            f"no BROAD recordings (*.npz) in {data / 'broad'}: give the folder above it with "
            "--data",
            file=sys.stderr,
        )
        return 1
    mean = np.mean(table, axis=0).tolist()
    print_row("mean", mean)
    worst = max(mean[1:]) / mean[0]
    print(f"largest mean ratio {worst:.4f} (target {TARGET})")
    return 0 if worst <= TARGET else 1


def print_row(name: str, row: list[float]) -> None:
    cells = "".join(f"{rmse:9.3f} ({rmse / row[0]:5.3f})" for rmse in row)
    print(f"{name:44}{cells}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
