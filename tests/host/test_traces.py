"""Reading traces: what is taken, and each refusal with its place and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kneetrack.errors import TraceError, UsageError
from kneetrack.samples import Side, Window
from kneetrack.traces import COLUMNS, onto_grid, read_trace, write_playback
from kneetrack.traces.resample import GRID_S

Table = np.ndarray[Any, np.dtype[np.float64]]


def table(seconds: float = 3.0, rate_hz: float = 100.0) -> Table:
    """A thigh that swings about z at 1 Hz after a still second, a shank that hangs still."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    found = np.zeros((len(time_s), len(COLUMNS)))
    found[:, 0] = time_s
    angle = np.where(time_s > 1.0, 0.5 * np.sin(2 * np.pi * (time_s - 1.0)), 0.0)
    found[:, COLUMNS.index("thigh_acc_x")] = 9.81 * np.sin(angle)
    found[:, COLUMNS.index("thigh_acc_y")] = 9.81 * np.cos(angle)
    found[:, COLUMNS.index("thigh_gyr_z")] = np.gradient(angle, time_s)
    found[:, COLUMNS.index("shank_acc_y")] = 9.81
    return found


def write(
    folder: Path,
    rows: Table | None = None,
    sidecar: object = {"side": "right"},
    header: tuple[str, ...] = COLUMNS,
) -> Path:
    path = folder / "trace.csv"
    rows = table() if rows is None else rows
    np.savetxt(path, rows, delimiter=",", header=",".join(header), comments="", fmt="%.7g")
    if sidecar is not None:
        path.with_suffix(".json").write_text(json.dumps(sidecar))
    return path


def test_a_trace_is_read_with_all_that_its_sidecar_says(tmp_path: Path) -> None:
    sidecar = {
        "side": "left",
        "exercise": "squat",
        "shank_length_m": 0.41,
        "windows": [{"kind": "stand", "start_s": 0.0, "end_s": 1.0}],
        "notes": "barefoot",
        "truth": {"reps": 1},
        "unknown": 5,
    }
    trace = read_trace(write(tmp_path, sidecar=sidecar))
    assert trace.side is Side.LEFT
    assert (trace.exercise, trace.shank_length_m, trace.notes) == ("squat", 0.41, "barefoot")
    assert trace.windows == (Window("stand", 0.0, 1.0),)
    assert trace.truth == {"reps": 1}
    assert trace.rate_hz == pytest.approx(100.0)
    assert trace.rows.shape == (300, 12)
    assert trace.thigh_gyr[150, 2] == pytest.approx(table()[150, 6], abs=1e-5)
    assert trace.shank_acc[0].tolist() == [0.0, 9.81, 0.0]


def test_columns_may_stand_in_any_order_beside_others(tmp_path: Path) -> None:
    rows = np.hstack([np.full((300, 1), 7.0), table()[:, ::-1]])
    path = write(tmp_path, rows, header=("temperature", *COLUMNS[::-1]))
    assert np.array_equal(read_trace(path).rows, read_trace(write(tmp_path)).rows)


def test_a_trace_without_a_side_asks_for_it(tmp_path: Path) -> None:
    path = write(tmp_path, sidecar=None)
    with pytest.raises(UsageError, match="--side right or --side left"):
        read_trace(path)
    assert read_trace(path, Side.LEFT).side is Side.LEFT


def test_a_side_that_contradicts_the_sidecar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="says right, --side says left"):
        read_trace(write(tmp_path), Side.LEFT)


def test_windows_are_cut_to_the_recording(tmp_path: Path) -> None:
    windows = [{"kind": "set", "start_s": -5, "end_s": 99}]
    trace = read_trace(write(tmp_path, sidecar={"side": "right", "windows": windows}))
    assert trace.windows == (Window("set", 0.0, 2.99),)


Damage = Callable[[Table], Table]


def scaled(columns: str, factor: float) -> Damage:
    def damage(rows: Table) -> Table:
        for index, name in enumerate(COLUMNS):
            if columns in name:
                rows[:, index] *= factor
        return rows

    return damage


def with_cell(row: int, column: str, value: float) -> Damage:
    def damage(rows: Table) -> Table:
        rows[row, COLUMNS.index(column)] = value
        return rows

    return damage


def jump(rows: Table) -> Table:
    rows[120:, 0] += 0.2
    return rows


def backwards(rows: Table) -> Table:
    rows[120, 0] -= 0.015
    return rows


def milliseconds(rows: Table) -> Table:
    rows[:, 0] *= 1000.0
    return rows


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (with_cell(41, "shank_gyr_y", np.nan), r"line 43, column shank_gyr_y.*not a number"),
        (with_cell(0, "thigh_acc_x", np.inf), r"line 2, column thigh_acc_x"),
        (scaled("acc", 1 / 9.81), r"thigh_acc_x.*looks like g.*9\.80665"),
        (scaled("shank_acc", 0.0), r"shank_acc_x.*gravity-free"),
        (scaled("gyr", 57.3), r"thigh_gyr_x.*looks like deg/s.*0\.0174533"),
        (jump, r"line 122: time jumps from 1\.1900 s to 1\.4000 s"),
        (backwards, r"line 122: time jumps"),
        (milliseconds, r"milliseconds"),
        (lambda rows: rows[:80], r"only 0\.79 s long"),
        (lambda rows: rows[::10], r"10 samples a second"),
        (lambda rows: rows[:0], r"no samples"),
    ],
)
def test_a_trace_that_would_mislead_is_refused(
    tmp_path: Path, damage: Damage, message: str
) -> None:
    with pytest.raises(TraceError, match=message) as refusal:
        read_trace(write(tmp_path, damage(table())))
    assert "trace.csv" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, table()[:, :-2], header=COLUMNS[:-2])
    with pytest.raises(TraceError, match=r"line 1: the columns shank_gyr_y, shank_gyr_z are"):
        read_trace(path)


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    np.savetxt(path, table(), delimiter=",")
    with pytest.raises(TraceError, match="line 1 is no header"):
        read_trace(path, Side.RIGHT)


def test_words_and_empty_cells_are_shown_where_they_are(tmp_path: Path) -> None:
    path = write(tmp_path)
    lines = path.read_text().splitlines()
    for bad, shown in (("oops", '"oops" is not a number'), ("", "no value")):
        cells = lines[9].split(",")
        cells[2] = bad
        path.write_text("\n".join([*lines[:9], ",".join(cells), *lines[10:]]))
        with pytest.raises(TraceError, match=f"line 10, column thigh_acc_y: {shown}"):
            read_trace(path)


def test_files_that_are_no_trace_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="does not exist"):
        read_trace(tmp_path / "none.csv")
    with pytest.raises(TraceError, match="is a folder"):
        read_trace(tmp_path)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01" * 50)
    with pytest.raises(TraceError, match="not a text file"):
        read_trace(tmp_path / "binary.csv")


@pytest.mark.parametrize(
    ("sidecar", "message"),
    [
        ({"side": "both"}, r'side is "both".*"right", "left"'),
        ({"side": "right", "exercise": "yoga"}, r'exercise is "yoga".*"single_leg_squat"'),
        ({"side": "right", "shank_length_m": 41}, "in metres"),
        ({"side": "right", "windows": {}}, "must be a list"),
        ({"side": "right", "windows": [{"kind": "rest"}]}, r"windows\[0\]\.kind"),
        (
            {"side": "right", "windows": [{"kind": "set", "start_s": "1", "end_s": 2}]},
            r"start_s.*must be a number",
        ),
        (
            {"side": "right", "windows": [{"kind": "set", "start_s": 2, "end_s": 1}]},
            "ends at 1 s, before it starts at 2 s",
        ),
        (
            {"side": "right", "windows": [{"kind": "set", "start_s": 8, "end_s": 9}]},
            r"outside the recording",
        ),
        ([], "no JSON object"),
    ],
)
def test_a_sidecar_that_makes_no_sense_is_refused(
    tmp_path: Path, sidecar: object, message: str
) -> None:
    with pytest.raises(TraceError, match=message):
        read_trace(write(tmp_path, sidecar=sidecar))


def test_a_sidecar_that_is_no_json_names_its_line(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.with_suffix(".json").write_text('{"side": "right",\n oops}')
    with pytest.raises(TraceError, match=r"trace\.json, line 2: not valid JSON"):
        read_trace(path)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 1000.0])
def test_a_slow_movement_is_the_same_at_the_bands_rate(tmp_path: Path, rate_hz: float) -> None:
    times, rows = onto_grid(read_trace(write(tmp_path, table(4.0, rate_hz))))
    assert np.allclose(np.diff(times), GRID_S)
    inside = (times > 1.5) & (times < 3.5)
    wanted = np.pi * np.cos(2 * np.pi * (times - 1.0))
    assert np.abs(rows[inside, 2] - wanted[inside]).max() < 0.02


def test_vibration_beyond_the_new_rate_does_not_come_back_as_movement(tmp_path: Path) -> None:
    rows = table(4.0, 1000.0)
    rows[:, 5] += 0.5 * np.sin(2 * np.pi * 205.0 * rows[:, 0])  # would alias to 3 Hz
    times, found = onto_grid(read_trace(write(tmp_path, rows)))
    assert np.abs(found[(times > 0.2) & (times < 3.8), 1]).max() < 0.02


def test_the_playback_file_holds_a_header_line_and_float32_rows(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path))
    write_playback(trace, tmp_path / "play", rate_hz=416.0)
    header, _, body = (tmp_path / "play").read_bytes().partition(b"\n")
    told = json.loads(header)
    rows = np.frombuffer(body, "<f4").reshape(-1, 12)
    assert told == {"rate_hz": 416.0, "rows": len(rows)}
    assert len(rows) == int(2.99 * 416) + 1
    assert np.allclose(rows[0], trace.rows[0], atol=1e-5)
