"""What is exported is what was measured: read back, format by format."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import gen_exports_doc
from command_line import is_one_sentence, kneetrack
from exported import MARK, RECORDED, STARTS_LATER_S, UTC, column, exported, leg_of, rows_of
from kneecore import wire
from kneetrack.analysis import knee_samples_of, sources_in
from kneetrack.analysis.trace import measure, session_of
from kneetrack.errors import InputError, UsageError, install
from kneetrack.export import FORMATS, export
from kneetrack.export.columns import ANGLES, EVENTS, IMU, SERIES
from kneetrack.export.formats import Options, check, formats_of
from kneetrack.export.grid import Even, filled
from kneetrack.export.recording import KNEE_S, Recording, silent
from kneetrack.samples import Side
from kneetrack.traces import read_trace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Path]:
    return exported(tmp_path_factory.mktemp("export"), ["csv", "parquet"])


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


@pytest.mark.parametrize(
    "name", ["right_angles", "right_orientations", "right_imu", "reps", "events"]
)
def test_a_table_of_an_export_is_no_recording(made: tuple[Recording, Path], name: str) -> None:
    done = kneetrack("analyze", made[1] / f"two_{name}.csv")
    assert done.returncode == 1 and is_one_sentence(done.stderr)
    assert "that it was made from" in done.stderr and "missing" not in done.stderr


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
            values = table[each.name].to_numpy().astype(float)
            assert values == pytest.approx(column(text, each.name), abs=6e-3, nan_ok=True)
    assert table["flags"].null_count == sum(not row["flags"] for row in text) > 0
    about = json.loads(table.schema.metadata[b"kneetrack"])
    assert about["started_utc"] == UTC
    assert "valgus" in about["signs"]
    events = parquet.read_table(out / "two_events.parquet")
    assert events.column_names == [each.name for each in EVENTS]
    reps = parquet.read_table(out / "two_reps.parquet")
    assert reps["utc"][0].as_py().isoformat() == "2026-11-22T07:33:07+00:00"


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
    assert install("c3d") in done.stderr


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


def test_what_fails_half_way_leaves_nothing_new_and_what_was_there(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    recording, out = made[0], tmp_path / "out"

    def stop(what: str, _: float) -> None:
        if "left_orientations" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(recording, formats_of(["csv"]), out, Options(), stop)
    assert not out.exists()
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(KeyboardInterrupt):
        export(recording, formats_of(["csv"]), out, Options(), stop)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_another_recording_of_the_same_name_is_not_written_over(
    made: tuple[Recording, Path],
) -> None:
    recording, out = made
    assert recording.started is not None
    other = replace(recording, started=recording.started + timedelta(days=1))
    with pytest.raises(UsageError, match="another recording with the same name"):
        export(other, formats_of(["csv"]), out, Options(), silent)


def test_a_folder_of_exports_holds_nothing_to_analyse(made: tuple[Recording, Path]) -> None:
    assert len(list(made[1].glob("*.csv"))) == 8
    with pytest.raises(InputError, match="no logs"):
        list(sources_in(made[1]))


def test_raw_data_that_went_out_and_came_in_again_give_the_same_angles_and_reps(
    made: tuple[Recording, Path], tmp_path: Path
) -> None:
    """By the calibration of the log, which a trace can't hold: what it has no movements for."""
    recording, out = made
    leg, table = leg_of(recording, Side.RIGHT), out / "two_right_imu.csv"
    names = {
        f"{part}.{kind}": [f"{part}_{kind}_{axis}_{unit}" for axis in "xyz"]
        for part in ("thigh", "shank")
        for kind, unit in (("gyr", "rad_s"), ("acc", "m_s2"))
    }
    units = {"gyr": "rad/s", "acc": "m/s^2"}
    mapping, back = tmp_path / "map.toml", tmp_path / "back.csv"
    mapping.write_text(
        'clock = "band"\n[time]\ncolumn = "time_s"\nunit = "s"\n'
        + "".join(
            f'[{name}]\ncolumns = {columns}\nunit = "{units[name[-3:]]}"\n'
            for name, columns in names.items()
        )
    )
    how = ("--from", "csv", "--mapping", mapping, "--side", "right", "--stand", "0.5-2.5")
    done = kneetrack("import", table, table, *how, "--out", back)
    assert done.returncode == 0, done.stderr
    trace, raw = read_trace(back), rows_of(table)
    first_s = float(raw[0]["time_s"])
    assert len(trace.time_s) == pytest.approx(len(raw), abs=1)
    for name in names["thigh.gyr"]:
        told = column(raw, name)[: len(trace.time_s)]
        assert np.abs(trace.thigh_gyr[:, "xyz".index(name[10])] - told).max() < 2e-3

    measured = measure(trace, leg.session.calibration)
    times = first_s + np.array([sample.time_s for sample in measured.samples])
    worn = (times > first_s + 2.0) & (times < times[-1] - 1.0)
    for at, (name, most) in enumerate((("flexion", 0.6), ("valgus", 0.1), ("rotation", 0.1))):
        wanted = np.interp(times, leg.angles.times, leg.angles.rows[:, at])
        off = np.array([sample[2 + at] for sample in measured.samples]) - wanted
        assert np.abs(off[worn]).max() < most, name
        assert np.sqrt((off[worn] ** 2).mean()) < 0.3 * most, name
    reps, again = leg.session.result.reps, session_of(measured).legs[0].result.reps
    assert len(again) == len(reps) == 3
    for ours, theirs in zip(again, reps, strict=True):
        assert ours.start_s + first_s == pytest.approx(leg.at(theirs.start_s), abs=0.015)
        assert ours.end_s + first_s == pytest.approx(leg.at(theirs.end_s), abs=0.015)
        assert ours.peak_flexion_deg == pytest.approx(theirs.peak_flexion_deg, abs=0.3)
        assert ours.valgus_excursion_deg == pytest.approx(theirs.valgus_excursion_deg, abs=0.05)
        assert ours.verdict == theirs.verdict

    done = kneetrack("export", back, "--out", tmp_path / "out")  # a trace goes out as well
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out" / "back_export.json").read_text())["started_utc"] is None
    told = column(rows_of(tmp_path / "out" / "back_right_imu.csv"), "shank_acc_y_m_s2")
    assert told == pytest.approx(trace.shank_acc[:, 1], abs=1e-5)
    reps_told = rows_of(tmp_path / "out" / "back_reps.csv")
    assert [float(row["peak_flexion_deg"]) for row in reps_told] == pytest.approx(
        [rep.peak_flexion_deg for rep in reps], abs=3.0  # calibrated anew, by the reps themselves
    )  # fmt: skip
