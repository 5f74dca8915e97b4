"""OpenSim, Motion-BIDS and C3D: what laboratories' own programs make of an export."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import opensense
from command_line import is_one_sentence, kneetrack
from exported import RECORDED, STARTS_LATER_S, UTC, exported, leg_of
from kneecore import joint, quaternion, wire
from kneetrack.errors import UsageError
from kneetrack.export import bids
from kneetrack.export import c3d as c3d_format
from kneetrack.export.formats import MODELS, Options, export, formats_of
from kneetrack.export.opensim import model_angles
from kneetrack.export.recording import KNEE_S, Recording, Series, silent
from kneetrack.export.segments import y_up
from kneetrack.samples import Side


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Path]:
    return exported(tmp_path_factory.mktemp("export"), ["sto", "mot", "bids", "c3d"])


# OpenSim.


def test_segments_are_the_identity_in_the_stance_and_the_knee_is_the_angles() -> None:
    """A thigh that leans by 30 degrees on sensors that sit askew, on a heading of its own."""
    side = Side.LEFT
    mounting = quaternion.normalised((0.3, -0.5, 0.7, 0.4))  # sensor to segment
    stand = quaternion.multiply(  # segment to earth: forward is north-east, y is up
        quaternion.from_axis_angle((0, 0, 1), 0.8),
        quaternion.from_axis_angle((1, 0, 0), math.pi / 2),
    )
    lean = quaternion.multiply(stand, quaternion.from_axis_angle((0, 0, 1), math.radians(30)))
    thigh = np.array([quaternion.multiply(each, mounting) for each in (stand, lean, lean)])
    angles = np.array([[0.0, 0.0, 0.0], [50.0, 7.0, -4.0], [np.nan] * 3])
    flags = np.array([wire.FLAG_REST, 0, 0])

    class Given:
        q_thigh_sensor = mounting

    given: Any = Given
    found, shank = y_up(np.arange(3.0), thigh, angles, flags, side, given)
    assert found[0] == pytest.approx([1, 0, 0, 0], abs=1e-12)
    assert shank[0] == pytest.approx([1, 0, 0, 0], abs=1e-12)
    half = math.radians(15)
    assert found[1] == pytest.approx([math.cos(half), 0, 0, math.sin(half)], abs=1e-12)
    knee = quaternion.multiply(quaternion.conjugate(tuple(found[1])), tuple(shank[1]))
    assert np.degrees(joint.angles(*knee, int(side))) == pytest.approx([50, 7, -4], abs=1e-9)
    assert np.isnan(found[2]).all() and np.isnan(shank[2]).all()


@pytest.fixture(scope="module")
def in_opensim(
    made: tuple[Recording, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What OpenSim reads, and what its OpenSense makes of a third of a second of a squat."""
    if importlib.util.find_spec("opensim") is None:
        pytest.skip("OpenSim is not installed: pip install -e .[opensim]")
    recording, out = made
    folder = tmp_path_factory.mktemp("opensim")
    start_s = leg_of(recording, Side.RIGHT).session.result.reps[-1].start_s
    spans = [str(start_s + 0.7), str(start_s + 1.0)]
    files = [str(folder), str(out / "two_angles.mot"), str(out / "two_orientations.sto")]
    done = subprocess.run(
        [sys.executable, opensense.__file__, *files, *spans],
        capture_output=True, text=True, timeout=120, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_opensim_reads_the_angles_and_where_rows_are_missing(
    made: tuple[Recording, Path], in_opensim: dict[str, Any]
) -> None:
    recording, _ = made
    told = in_opensim["angles"]
    times = np.array(told["times"])
    assert in_opensim["motion_rows"] == len(times) > 1000
    assert in_opensim["in_degrees"]
    assert told["about"]["StartedUTC"] == UTC
    for side, letter in ((Side.RIGHT, "r"), (Side.LEFT, "l")):
        leg = leg_of(recording, side)
        signs = {"knee_angle": 1, "knee_adduction": -1, "knee_rotation": 1}
        for at, (name, sign) in enumerate(signs.items()):
            expected = sign * np.interp(times, leg.angles.times, leg.angles.rows[:, at])
            assert np.abs(np.array(told["columns"][f"{name}_{letter}"]) - expected).max() < 1e-3
    lost = sum(gap.count for gap in leg_of(recording, Side.LEFT).session.result.gaps)
    at = int(np.argmax(np.diff(times)))
    assert times[at + 1] - times[at] == pytest.approx((lost + 1) * KNEE_S, abs=2 * KNEE_S)
    assert f"{times[at]:.6f} to {times[at + 1]:.6f} s" in told["about"]["Gaps"]


def test_opensense_makes_of_the_orientations_the_angles_that_were_measured(
    in_opensim: dict[str, Any],
) -> None:
    solved, told = in_opensim["solved"], in_opensim["angles"]
    assert len(solved["times"]) > 20
    for letter in "rl":
        for name in ("knee_angle", "knee_adduction", "knee_rotation"):
            found = np.array(solved["columns"][f"{name}_{letter}"])
            wanted = np.interp(solved["times"], told["times"], told["columns"][f"{name}_{letter}"])
            assert np.abs(found - wanted).max() < 0.1, name
    assert max(solved["columns"]["knee_angle_r"]) > 60


def test_each_model_has_its_sign_of_the_knee_s_flexion(made: tuple[Recording, Path]) -> None:
    leg = leg_of(made[0], Side.RIGHT)
    found = {model: model_angles(leg, leg.angles.times[500:900], model) for model in MODELS}
    assert found["rajagopal"][:, 0].max() > 60
    assert (found["gait2392"] == found["rajagopal"] * [-1, 1, 1]).all()


def test_without_a_calibration_there_are_no_segments(tmp_path: Path) -> None:
    from kneetrack.sessionlog import SessionWriter, read_log

    log, path = read_log(RECORDED), tmp_path / "bare.mcap"
    with SessionWriter(path, {"exercise": "squat"}) as writer:
        for side, packet in log:
            writer.packet(side, packet)
    done = kneetrack("export", path, "--format", "sto", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert is_one_sentence(done.stderr)
    assert "no calibration" in done.stderr


# Motion-BIDS.


def test_the_validator_of_bids_refuses_what_was_broken_and_nothing_else(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    """One run for both: a data set without fault in which one table has a column too few."""
    broken = tmp_path / "bids"
    shutil.copytree(made[1] / "bids", broken)
    channels = next(broken.rglob("*imuLeft_channels.tsv"))
    lines = channels.read_text().splitlines()
    channels.write_text("\n".join(line.partition("\t")[2] for line in lines) + "\n")
    said = _validated(broken)
    assert "motion" in said["summary"]["modalities"]
    errors = [one for one in said["issues"]["issues"] if one["severity"] == "error"]
    assert {Path(one["location"]).name for one in errors} == {channels.name}


def _validated(folder: Path) -> dict[str, Any]:
    program = Path(sys.executable).with_name("bids-validator-deno")
    if not program.exists():
        pytest.skip("the validator is not installed: pip install bids-validator-deno")
    done = subprocess.run([program, "--json", folder], capture_output=True, text=True, timeout=120)
    if not done.stdout.startswith("{"):
        pytest.skip(f"the validator does not run here: {done.stderr.strip()[:200]}")
    return json.loads(done.stdout)


def test_bids_columns_are_those_that_the_channels_name(made: tuple[Recording, Path]) -> None:
    recording, out = made
    motion = next((out / "bids").rglob("motion"))
    for side in Side:
        leg = leg_of(recording, side)
        stem = next(motion.glob(f"*knee{side.word.capitalize()}_motion.tsv"))
        rows = [line.split("\t") for line in stem.read_text().splitlines()]
        channels = stem.with_name(stem.name.replace("_motion", "_channels"))
        names = [line.split("\t")[0] for line in channels.read_text().splitlines()[1:]]
        assert {len(row) for row in rows} == {len(names)}
        assert float(rows[0][names.index("latency")]) == 0.0
        at = names.index("flexion")
        found = [math.nan if row[at] == "n/a" else float(row[at]) for row in rows]
        assert found == pytest.approx(leg.angles.rows[:, 0].tolist(), abs=6e-4, nan_ok=True)
    scans = next((out / "bids").rglob("*_scans.tsv")).read_text().splitlines()[1:]
    begun = {line.split("\t")[0].partition("tracksys-")[2]: line.split("\t")[1] for line in scans}
    assert begun["kneeRight_motion.tsv"][:19] == UTC[:19]
    later = float(begun["kneeLeft_motion.tsv"][17:-1]) - float(begun["kneeRight_motion.tsv"][17:-1])
    assert later == pytest.approx(STARTS_LATER_S, abs=0.002)


def test_a_data_set_takes_one_person_after_the_other_and_keeps_what_the_lab_wrote(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    recording = replace(made[0], legs=())
    top = tmp_path / "bids"
    top.mkdir()

    def add(*labels: str) -> list[str]:
        for label in labels:
            list(bids._top(top, f"sub-{bids._subject(label)}"))
        return (top / "participants.tsv").read_text().splitlines()

    assert add("P 07", "Q-1", "P 07") == ["participant_id", "sub-P07", "sub-Q1"]
    (top / "participants.tsv").write_text("age\tparticipant_id\n31\tsub-P07\n")
    (top / "dataset_description.json").write_text('{"Authors": ["Ada"]}')
    assert add("P07", "Jörg") == ["age\tparticipant_id", "31\tsub-P07", "n/a\tsub-Jorg"]
    assert "Ada" in (top / "dataset_description.json").read_text()
    with pytest.raises(UsageError, match="--subject P07"):
        list(bids.write(recording, tmp_path, Options(subject="李"), silent))


def test_one_leg_after_the_other_stand_in_one_table_of_scans(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    recording = made[0]
    for leg in recording.legs:
        alone = replace(leg, angles=_short(leg.angles), orientations=_short(leg.orientations))
        one = replace(recording, legs=(replace(alone, imu=None),))
        written = list(bids.write(one, tmp_path, Options(), silent))
    scans = next(path for path in written if path.name.endswith("_scans.tsv"))
    names = [line.split("\t")[0] for line in scans.read_text().splitlines()[1:]]
    assert [name.partition("tracksys-")[2][:8] for name in names] == ["kneeRigh", "kneeLeft"]


def test_two_aliases_of_one_label_are_not_one_person_unless_it_is_said(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    leg = made[0].legs[0]
    alone = replace(leg, angles=_short(leg.angles), orientations=_short(leg.orientations), imu=None)

    def put(name: str, alias: str, subject: str | None = None, *, dated: bool = True) -> None:
        recording = replace(
            made[0],
            source=tmp_path / name,
            legs=(alone,),
            result=replace(made[0].result, session={"athlete": alias}),
            started=made[0].started if dated else None,
        )
        export(recording, formats_of(["bids"]), tmp_path / "out", Options(subject=subject), silent)

    put("a.mcap", "P-1")
    put("b.mcap", "P-1")
    with pytest.raises(UsageError, match=r"one person of P1 and P-1 \(a\)"):
        put("c.mcap", "P1")
    put("c.mcap", "P1", "P-1")
    put("squat-1.csv", "Q", dated=False)
    with pytest.raises(UsageError, match=r"one session of squat1 and squat-1"):
        put("squat1.csv", "Q", dated=False)
    put("squat-1.csv", "Q", dated=False)
    with pytest.raises(
        UsageError, match="another recording with the same name, that lay elsewhere"
    ):
        put("other/squat-1.csv", "Q", dated=False)


def _short(series: Series) -> Series:
    return replace(series, times=series.times[:20], rows=series.rows[:20])


# C3D.


def test_c3d_has_vicon_s_signs_units_and_events_of_each_leg(made: tuple[Recording, Path]) -> None:
    ezc3d = pytest.importorskip("ezc3d", reason="the extra `c3d` is not installed")
    recording, out = made
    file = ezc3d.c3d(str(out / "two.c3d"))
    said = file["parameters"]
    assert said["POINT"]["LABELS"]["value"] == ["RKneeAngles", "LKneeAngles"]
    assert said["POINT"]["ANGLES"]["value"] == ["RKneeAngles", "LKneeAngles"]
    assert said["POINT"]["ANGLE_UNITS"]["value"] == ["deg"]
    assert said["KNEETRACK"]["STARTED_UTC"]["value"] == [UTC]
    points, analog = file["data"]["points"], file["data"]["analogs"][0]
    rate = said["POINT"]["RATE"]["value"][0]
    assert said["ANALOG"]["RATE"]["value"][0] == pytest.approx(2 * rate)
    start_s = said["KNEETRACK"]["START_S"]["value"][0]
    times = start_s + np.arange(points.shape[2]) / rate
    for at, side in enumerate((Side.RIGHT, Side.LEFT)):
        leg = leg_of(recording, side)
        wanted = [np.interp(times, leg.angles.times, column) for column in leg.angles.rows[:, :3].T]
        for axis, sign in enumerate((1, -1, 1)):
            known = np.isfinite(points[axis, at]) & np.isfinite(wanted[axis])
            assert known.sum() > 1000
            assert np.abs(points[axis, at] - sign * wanted[axis])[known].max() < 0.02
    lost = sum(gap.count for gap in leg_of(recording, Side.LEFT).session.result.gaps)
    residuals = file["data"]["meta_points"]["residuals"][0]
    inside = slice(60, -60)  # behind where the later leg begins
    assert (residuals[1, inside] < 0).sum() == pytest.approx(lost, abs=2)
    assert not (residuals[0, inside] < 0).any()
    assert said["ANALOG"]["LABELS"]["value"][:4] == [
        "RThighGyrX", "RThighGyrY", "RThighGyrZ", "RThighAccX",
    ]  # fmt: skip
    assert said["ANALOG"]["UNITS"]["value"][2:4] == ["rad/s", "m/s^2"]
    gravity = np.sqrt((analog[3:6] ** 2).sum(axis=0))
    assert np.nanmedian(gravity) == pytest.approx(9.81, abs=0.1)
    assert np.isnan(analog[12:, 120:-120]).any() and not np.isnan(analog[:12, 120:-120]).any()
    events = said["EVENT"]
    rows = list(zip(events["CONTEXTS"]["value"], events["LABELS"]["value"],
                    events["TIMES"]["value"].T, strict=True))  # fmt: skip
    assert sum(row[:2] == ("Left", "Rep start") for row in rows) >= 2
    assert [row[0] for row in rows if row[1] == "Mark clap"] == ["General"]
    right = leg_of(recording, Side.RIGHT)
    ends = [
        60 * m + s for context, label, (m, s) in rows if (context, label) == ("Right", "Rep end")
    ]
    wanted_ends = [right.at(rep.end_s) - start_s for rep in right.session.result.reps]
    assert ends == pytest.approx(wanted_ends, abs=0.001)


def test_what_c3d_can_t_hold_goes_into_the_next_file() -> None:
    times = KNEE_S * np.arange(150_000)
    assert list(c3d_format._parts(times, [])) == [
        (0, 65_535),
        (65_535, 131_070),
        (131_070, 150_000),
    ]
    events = [10.0 + 0.5 * n for n in range(600)]
    parts = list(c3d_format._parts(times[:60_001], events))
    assert [first for first, _ in parts][1:] == [end for _, end in parts][:-1]
    assert parts[-1][1] == 60_001
    for first, end in parts:
        assert sum(times[first] <= at < times[end] for at in events) <= 255
    assert len(parts) == 3
