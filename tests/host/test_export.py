"""What is exported is what was measured: read back, format by format."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gen_exports_doc
import opensense
from command_line import is_one_sentence, kneetrack
from exported import MARK, RECORDED, STARTS_LATER_S, two_legs
from kneecore import joint, quaternion, wire
from kneetrack.analysis import analyse, knee_samples_of
from kneetrack.errors import InputError, UsageError
from kneetrack.export import FORMATS, export
from kneetrack.export import c3d as c3d_format
from kneetrack.export.columns import ANGLES, EVENTS, IMU, SERIES
from kneetrack.export.formats import MODELS, Options, check, formats_of
from kneetrack.export.grid import Even, filled
from kneetrack.export.opensim import model_angles
from kneetrack.export.recording import KNEE_S, Leg, Recording, read_recording, silent
from kneetrack.export.segments import y_up
from kneetrack.samples import Side

UTC = "2026-11-22T07:33:07Z"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Path]:
    """Two legs, exported in every format whose package there is."""
    folder = tmp_path_factory.mktemp("export")
    recording = read_recording(two_legs(folder / "two.mcap"))
    out = folder / "out"
    wanted = [name for name, row in FORMATS.items() if not row.package or _is_there(row.package)]
    export(recording, formats_of(wanted), out, Options(), silent)
    return recording, out


def _is_there(package: str) -> bool:
    try:
        __import__(package)
    except ImportError:
        return False
    return True


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name] or math.nan) for row in rows])


def leg_of(recording: Recording, side: Side) -> Leg:
    return next(leg for leg in recording.legs if leg.side is side)


# One clock, and holes in it.


def test_both_legs_are_on_the_clock_of_the_computer(made: tuple[Recording, Path]) -> None:
    """The left leg did what the right one did, half a second later by the computer's clock."""
    recording, out = made
    rows = [row for row in rows_of(out / "two_events.csv") if row["event"] == "rep"]
    found = {
        side: [float(row["onset_s"]) for row in rows if row["side"] == side]
        for side in ("right", "left")
    }
    assert len(found["right"]) == 3
    last = found["right"][-1]
    assert found["left"][-1] - last == pytest.approx(STARTS_LATER_S, abs=0.002)
    reps = {row["side"]: row for row in rows_of(out / "two_reps.csv")}  # the last of each
    assert float(reps["left"]["start_s"]) == pytest.approx(found["left"][-1], abs=1e-3)
    in_log = {leg.result.side: leg.result.reps[-1].start_s for leg in recording.result.legs}
    assert in_log[Side.LEFT] == pytest.approx(in_log[Side.RIGHT], abs=0.001)  # each its own


def test_a_missing_sample_is_a_row_with_a_time_and_nothing_else(
    made: tuple[Recording, Path],
) -> None:
    recording, out = made
    lost = sum(gap.count for gap in leg_of(recording, Side.LEFT).session.result.gaps)
    assert lost > 80
    for name in ("angles", "orientations"):
        rows = rows_of(out / f"two_left_{name}.csv")
        empty = [
            row for row in rows if not any(value for key, value in row.items() if key != "time_s")
        ]
        assert len(empty) == lost
        times = column(rows, "time_s")
        assert np.diff(times).max() < 1.1 * KNEE_S
        assert np.diff(times).min() > 0.9 * KNEE_S
    assert all(row["flags"] for row in rows_of(out / "two_right_angles.csv"))
    gaps = [row for row in rows_of(out / "two_events.csv") if row["event"] == "gap"]
    assert [row["side"] for row in gaps] == ["left"]
    assert float(gaps[0]["duration_s"]) == pytest.approx((lost + 1) * KNEE_S, rel=0.01)
    about = json.loads((out / "two_export.json").read_text())
    assert [leg["knee_samples_missing"] for leg in about["legs"]] == [0, lost]
    assert about["started_utc"] == UTC


def test_a_mark_of_the_session_is_an_event_of_no_leg(made: tuple[Recording, Path]) -> None:
    marks = [row for row in rows_of(made[1] / "two_events.csv") if row["event"] == "mark"]
    assert [(row["side"], row["text"]) for row in marks] == [("", MARK["text"])]
    assert float(marks[0]["onset_s"]) == MARK["time_s"]


# CSV and Parquet.


def test_csv_holds_every_sample_as_it_was_measured(tmp_path: Path) -> None:
    done = kneetrack("export", RECORDED, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = rows_of(tmp_path / "out" / "protocol_1_1_right_angles.csv")
    assert tuple(rows[0]) == tuple(each.name for each in ANGLES)
    samples = list(knee_samples_of(RECORDED))
    assert column(rows, "time_s") == pytest.approx([s.time_s for s in samples], abs=6e-5)
    aligned = np.array([not s.flags & wire.FLAG_UNALIGNED for s in samples])
    assert aligned.any()
    for at, name in enumerate(("flexion_deg", "valgus_deg", "rotation_deg")):
        found = column(rows, name)
        assert found[aligned] == pytest.approx(
            np.array([s[2 + at] for s in samples])[aligned], abs=6e-4
        )
        assert np.isnan(found[~aligned]).all()
    raw = rows_of(tmp_path / "out" / "protocol_1_1_right_imu.csv")
    assert tuple(raw[0]) == tuple(each.name for each in IMU)
    size = np.sqrt(sum(column(raw, f"thigh_acc_{axis}_m_s2") ** 2 for axis in "xyz"))
    assert np.median(size) == pytest.approx(9.81, abs=0.1)
    assert len(raw) == pytest.approx(2 * len(rows), abs=40)


def test_parquet_says_what_csv_says_and_units_with_every_field(
    made: tuple[Recording, Path],
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `tables` is not installed")
    _, out = made
    for name, columns in SERIES.items():
        table = parquet.read_table(out / f"two_left_{name}.parquet")
        text = rows_of(out / f"two_left_{name}.csv")
        assert table.column_names == [each.name for each in columns]
        for each in columns:
            told = table.schema.field(each.name).metadata
            assert told == {b"unit": each.unit.encode(), b"meaning": each.meaning.encode()}
            values = np.array(table[each.name].to_pylist(), dtype=float)
            assert values == pytest.approx(column(text, each.name), abs=6e-3, nan_ok=True)
    assert table["flags"].null_count == sum(not row["flags"] for row in text) > 0
    about = json.loads(table.schema.metadata[b"kneetrack"])
    assert about["started_utc"] == UTC
    assert "valgus" in about["signs"]
    events = parquet.read_table(out / "two_events.parquet")
    assert events.column_names == [each.name for each in EVENTS]
    reps = parquet.read_table(out / "two_reps.parquet")
    assert reps["utc"][0].as_py().isoformat() == "2026-11-22T07:33:07+00:00"


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
        pytest.skip("OpenSim is not installed: pip install 'kneetrack[opensim]'")
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


def test_the_validator_of_bids_has_nothing_to_refuse(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    """And refuses the same data set with a column too few, so it does look at motion."""
    _, out = made
    data_set = out / "bids"
    said = _validated(data_set)
    assert [one for one in said["issues"]["issues"] if one["severity"] == "error"] == []
    assert "motion" in said["summary"]["modalities"]
    broken = tmp_path / "bids"
    shutil.copytree(data_set, broken)
    channels = next(broken.rglob("*imuLeft_channels.tsv"))
    lines = channels.read_text().splitlines()
    channels.write_text("\n".join(line.partition("\t")[2] for line in lines) + "\n")
    assert any(one["severity"] == "error" for one in _validated(broken)["issues"]["issues"])


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


def test_a_data_set_takes_one_person_after_the_other(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    recording, _ = made
    for label in ("P 07", "Q-1", "P 07"):
        export(recording, formats_of(["bids"]), tmp_path, Options(subject=label), silent)
    people = (tmp_path / "bids" / "participants.tsv").read_text().split()
    assert people == ["participant_id", "sub-P07", "sub-Q1"]


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


# Grids.


def test_holes_become_rows_and_samples_stay_where_they_were() -> None:
    times = np.array([1.0, 1.01, 1.02, 1.06, 1.07])
    whole, rows = filled(times, 0.01)
    assert rows.tolist() == [0, 1, 2, 6, 7]
    assert whole == pytest.approx(np.arange(1.0, 1.075, 0.01))
    assert (whole[rows] == times).all()


def test_an_even_grid_makes_nothing_up() -> None:
    times = np.array([1.0, 1.01, 1.02, 1.06, 1.07])
    values = np.array([[0.0], [1.0], [2.0], [6.0], [7.0]])
    even = Even.of(times, np.array([0.995, 1.0, 1.004, 1.02, 1.03, 1.06, 1.065, 1.07, 1.075]), 0.01)
    assert even.line(values)[:, 0] == pytest.approx(
        [math.nan, 0.0, 0.4, 2.0, math.nan, 6.0, 6.5, 7.0, math.nan], nan_ok=True
    )
    turn = np.array([[1.0, 0, 0, 0], [-math.cos(0.1), 0, 0, -math.sin(0.1)]])  # q is -q
    half = Even.of(times[:2], np.array([1.005]), 0.01).turned(turn)[0]
    assert half == pytest.approx([math.cos(0.05), 0, 0, math.sin(0.05)], abs=1e-9)


# The document, and the command.


def test_the_document_has_the_columns_of_the_code() -> None:
    text = gen_exports_doc.PATH.read_text(encoding="utf-8")
    assert gen_exports_doc.document(text) == text, "run: python tools/gen_exports_doc.py"
    assert all(f"<!-- {name} -->" in text for name in gen_exports_doc.PARTS)
    changed = text.replace("| `flexion_deg` |", "| `bend` |")
    assert gen_exports_doc.document(changed) == text != changed


def test_help_tells_every_format() -> None:
    told = kneetrack("export", "--help").stdout
    lines = [line.split()[0] for line in told.splitlines() if line.strip()]
    assert set(FORMATS) <= set(lines)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--format", "xls"], 2, 'no format "xls"'),
        (["--format", "mot", "--model", "gait10"], 2, "rajagopal or gait2392"),
        (["--realign", "--offline"], 2, "leave --realign out"),
        (["--side", "left"], 1, "no left leg"),
    ],
)
def test_what_can_t_be_is_told_in_a_sentence(
    arguments: list[str], code: int, told: str, tmp_path: Path
) -> None:
    done = kneetrack("export", RECORDED, "--out", tmp_path / "out", *arguments)
    assert done.returncode == code
    assert told in done.stderr
    assert is_one_sentence(done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_missing_package_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ezc3d", None)
    done = kneetrack("export", RECORDED, "--out", tmp_path / "out", "--format", "c3d")
    assert done.returncode == 1
    assert "kneetrack[c3d]" in done.stderr


def test_only_what_an_export_wrote_is_written_over(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    recording, _ = made
    out, source = tmp_path / "out", recording.source
    check(formats_of(["mot"]), source, out)
    export(recording, formats_of(["mot"]), out, Options(), silent)
    check(formats_of(["mot"]), source, out)
    mine = out / "two_angles.sto"
    mine.write_text("my own")
    check(formats_of(["mot"]), source, out)  # of another format
    with pytest.raises(UsageError, match="no earlier export"):
        check(formats_of(["sto"]), source, out)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        check(formats_of(["csv"]), source, tmp_path / "file")
    with pytest.raises(InputError, match="make it first"):
        check(formats_of(["csv"]), source, tmp_path / "no" / "out")


def test_a_trace_is_exported_as_it_is_measured(tmp_path: Path) -> None:
    trace = RECORDED.parents[4] / "shared" / "data" / "squats_from_markers" / "DJ1_R.csv"
    if not trace.exists():
        pytest.skip("../shared/data holds no squats_from_markers")
    done = kneetrack("export", trace, "--out", tmp_path / "out", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = rows_of(tmp_path / "out" / "DJ1_R_right_angles.csv")
    times, flexion = column(rows, "time_s"), column(rows, "flexion_deg")
    found = analyse(trace).legs[0].result.reps
    told = rows_of(tmp_path / "out" / "DJ1_R_reps.csv")
    assert len(told) == len(found) > 0
    for row, rep in zip(told, found, strict=True):
        during = (times >= rep.start_s) & (times <= rep.end_s)
        assert float(row["start_s"]) == pytest.approx(rep.start_s, abs=1e-4)
        assert flexion[during].max() == pytest.approx(rep.peak_flexion_deg, abs=0.5)
    assert json.loads((tmp_path / "out" / "DJ1_R_export.json").read_text())["started_utc"] is None
