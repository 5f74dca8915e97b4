"""A recorded movement, measured by the firmware and analysed on the host, is the same twice.

The trace goes two ways. By `record --link trace:` it is played into the simulated registers, goes
through firmware, Bluetooth and log, and the log is analysed: the band's fixed-point angles. By
`analyze` it goes through kneecore on the host, in floats. Both must tell the same.
"""

import csv
import functools
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from kneetrack.analysis import analyse, knee_samples_of, to_json
from kneetrack.cli.app import run
from kneetrack.sessionlog import read_log
from kneetrack.traces.reader import FloatArray

DATA = Path(__file__).parents[3] / "shared" / "data"
SQUATS = "squats?reps=6&functional=3&table=3"
WALK_S = 20.0

TIME_S = 0.03
FLEXION_DEG = 0.5
VALGUS_DEG = 0.4
ROTATION_DEG = 1.0
EXCURSIONS = ("valgus_excursion_deg", "own_excursion_deg", "rotation_excursion_deg")
SMALL_DEG = 1.0
STRIDE_TOLERANCES = {
    "start_s": 0.1,
    "end_s": 0.1,
    "peak_flexion_deg": 2.0,
    "valgus_excursion_deg": 1.5,
    "peak_valgus_deg": 1.5,
    "rotation_excursion_deg": 3.0,
}
"""A contact is where a rate turns: flat, so that noise moves it by some samples, and the angles of
that instant with it."""
TOLERANCES = {
    "start_s": TIME_S,
    "end_s": TIME_S,
    "peak_flexion_deg": FLEXION_DEG,
    "valgus_excursion_deg": VALGUS_DEG,
    "own_excursion_deg": VALGUS_DEG,
    "peak_valgus_deg": VALGUS_DEG,
    "rotation_excursion_deg": ROTATION_DEG,
}


class Pair(NamedTuple):
    """A trace, and the log of a simulated band that measured it."""

    trace: Path
    log: Path


def simulated(folder: Path, side: str) -> Path:
    trace = folder / "trace.csv"
    assert run(["demo", "--scenario", f"{SQUATS}&side={side}", "--save-trace", str(trace)]) == 0
    return trace


def squats_of_a_person(folder: Path) -> Path:
    return copied(folder, "squats_from_markers/squats1_L", None)


def walk_of_a_person(folder: Path) -> Path:
    return copied(folder, "walk_xsens/Sub01_CSBaseline_L", WALK_S)


def copied(folder: Path, name: str, until_s: float | None) -> Path:
    source = (DATA / name).with_suffix(".csv")
    if not source.is_file():
        pytest.skip("../shared/data is not here")
    trace = folder / source.name
    with source.open(newline="") as file, trace.open("w", newline="") as cut:
        rows = csv.reader(file)
        writer = csv.writer(cut)
        writer.writerow(next(rows))
        writer.writerows(row for row in rows if until_s is None or float(row[0]) <= until_s)
    shutil.copyfile(source.with_suffix(".json"), trace.with_suffix(".json"))
    return trace


SOURCES = {
    "simulated, right": lambda folder: simulated(folder, "right"),
    "simulated, left": lambda folder: simulated(folder, "left"),
    "a person's squats": squats_of_a_person,
    "a person's walk": walk_of_a_person,
}


@pytest.fixture(scope="module", params=SOURCES, ids=list(SOURCES))
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    trace = SOURCES[request.param](folder)
    log = folder / "log.mcap"
    assert run(["record", "--link", f"trace:{trace}?speed=max", "--out", str(log)]) == 0
    return Pair(trace, log)


def worn_from_s(pair: Pair) -> float:
    """When the stand begins. While the IMUs are carried to the leg there is no knee to agree on."""
    windows = json.loads(pair.trace.with_suffix(".json").read_text())["windows"]
    return next(window["start_s"] for window in windows if window["kind"] == "stand")


@functools.cache
def angles(source: Path, *, realign: bool = False) -> FloatArray:
    """(n, 4): time_s and the three angles, from the source's time zero on."""
    return np.array(
        [
            (sample.time_s, sample.flexion_deg, sample.valgus_deg, sample.rotation_deg)
            for sample in knee_samples_of(source, realign=realign)
            if sample.time_s >= 0.0
        ]
    )


def at(times: FloatArray, table: FloatArray, column: int) -> FloatArray:
    """An angle of `table` at other times; +180 and -180 are neighbours."""
    return np.interp(times, table[:, 0], np.unwrap(table[:, column], period=360.0))


def largest_difference(one: FloatArray, other: FloatArray, from_s: float) -> list[float]:
    shared = one[(one[:, 0] >= from_s) & (one[:, 0] <= other[-1, 0])]
    apart = [
        (shared[:, column] - at(shared[:, 0], other, column) + 180.0) % 360.0 - 180.0
        for column in (1, 2, 3)
    ]
    return [float(np.abs(angle).max()) for angle in apart]


@functools.cache
def leg(source: Path, *, realign: bool = False) -> dict[str, Any]:
    (only,) = to_json(analyse(source, realign=realign))["legs"]
    return only


def test_everything_that_was_played_is_in_the_log(pair: Pair) -> None:
    log, trace = angles(pair.log), angles(pair.trace)
    assert np.diff(log[:, 0]).max() < 0.0097
    assert log[0, 0] < 0.01
    assert log[-1, 0] >= trace[-1, 0]
    assert read_log(pair.log).torn is None


@pytest.mark.parametrize("realign", [False, True], ids=["the band's angles", "realigned"])
def test_the_angles_agree_all_the_time(pair: Pair, realign: bool) -> None:
    log = angles(pair.log, realign=realign)
    apart = largest_difference(log, angles(pair.trace), worn_from_s(pair))
    assert apart[0] <= FLEXION_DEG
    assert apart[1] <= VALGUS_DEG
    assert apart[2] <= ROTATION_DEG


@pytest.mark.parametrize("realign", [False, True], ids=["the band's angles", "realigned"])
def test_the_reps_agree(pair: Pair, realign: bool) -> None:
    log, trace = leg(pair.log, realign=realign), leg(pair.trace)
    is_walk = trace["exercise"] == "walk"
    assert len(log["reps"]) == len(trace["reps"])
    for measured, wanted in zip(log["reps"], trace["reps"], strict=True):
        for key in ("index", "set", "is_reference", "doubt"):
            assert measured[key] == wanted[key]
        for key, tolerance in TOLERANCES.items():
            if is_walk and key in STRIDE_TOLERANCES:
                tolerance = STRIDE_TOLERANCES[key]
            if wanted[key] is None:
                assert measured[key] is None, key
            elif key in EXCURSIONS and abs(wanted[key]) < SMALL_DEG:
                # Told by its largest value; whether that is just inward or just outward is chance.
                assert abs(measured[key]) == pytest.approx(abs(wanted[key]), abs=tolerance), key
            else:
                assert measured[key] == pytest.approx(wanted[key], abs=tolerance), key


def test_sets_reference_and_calibration_agree(pair: Pair) -> None:
    log, trace = leg(pair.log), leg(pair.trace)
    assert (log["side"], log["exercise"]) == (trace["side"], trace["exercise"])
    assert log["calibration"] == trace["calibration"]
    assert (log["reference"] is None) == (trace["reference"] is None)
    assert len(log["sets"]) == len(trace["sets"])
    for measured, wanted in zip(log["sets"], trace["sets"], strict=True):
        assert measured["start_s"] == pytest.approx(wanted["start_s"], abs=TIME_S)
        assert measured["end_s"] == pytest.approx(wanted["end_s"], abs=TIME_S)
        if wanted["shift_deg"] is not None:
            assert measured["shift_deg"] == pytest.approx(wanted["shift_deg"], abs=VALGUS_DEG)


def test_there_are_reps_where_somebody_squatted(pair: Pair) -> None:
    """Two empty tables agree, too."""
    count = len(leg(pair.log)["reps"])
    assert count >= 5
