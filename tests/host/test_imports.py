"""Others' recordings as traces: each format gives the reps of what it was written from."""

from __future__ import annotations

import codecs
import json
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

import foreign_imus
from command_line import Result, is_one_sentence, kneetrack
from foreign_imus import START_S
from kneetrack.analysis import analyse
from kneetrack.analysis.trace import measure
from kneetrack.detection import Analyzer
from kneetrack.samples import Rep, Side, Window
from kneetrack.traces import read_trace
from kneetrack.traces.importers import read
from kneetrack.traces.importers.checks import gyro_scale
from kneetrack.traces.importers.recording import Stream, stream
from kneetrack.traces.importers.table import read_table
from kneetrack.traces.resample import onto
from synthetic_legs import RATE_HZ, trace_of

SPANS = (("stand", 9.6, 12.0), ("functional", 12.0, 22.6), ("set", 22.6, 37.5))


@cache
def source_reps() -> tuple[Rep, ...]:
    """Of the leg that all files are written from, in its own time."""
    time_s, rows = foreign_imus.imus(stamp=False)
    windows = tuple(Window(*span) for span in SPANS)
    worn = time_s >= START_S
    trace = trace_of((time_s[worn], rows[worn], rows[worn]), Side.RIGHT, windows)
    measured = measure(trace)
    analyzer = Analyzer(Side.RIGHT, "squat", windows)
    analyzer.feed_all(measured.samples)
    analyzer.flush()
    return tuple(analyzer.result().reps)


def imported(
    pair: tuple[Path, Path], out: Path, *options: str | Path, late_s: float = 0.0
) -> Result:
    """`kneetrack import` with the windows named; the trace begins `late_s` later."""
    zero_s = START_S + late_s
    named = [
        word
        for kind, start_s, end_s in SPANS
        for word in (f"--{kind}", f"{start_s - zero_s:.3f}-{end_s - zero_s:.3f}")
    ]
    return kneetrack("import", *pair, "--side", "right", "--out", out, *named, *options)


def holds_the_same_reps(out: Path) -> None:
    reps = analyse(out).legs[0].result.reps
    wanted = source_reps()
    assert len(reps) == len(wanted) == 4
    for ours, theirs in zip(reps, wanted, strict=True):
        assert ours.start_s + START_S == pytest.approx(theirs.start_s, abs=0.03)
        assert ours.end_s + START_S == pytest.approx(theirs.end_s, abs=0.03)
        assert ours.peak_flexion_deg == pytest.approx(theirs.peak_flexion_deg, abs=0.5)
        assert ours.valgus_excursion_deg == pytest.approx(theirs.valgus_excursion_deg, abs=0.4)
        assert ours.verdict == theirs.verdict


def holds_the_same_signals(out: Path, late_s: float = 0.0, off_s: float = 0.0) -> None:
    """Within what noise at the band's full rate leaves; times within `off_s` more."""
    trace = read_trace(out)
    time_s, rows = foreign_imus.imus()
    still_there = trace.time_s < trace.time_s[-1] - 0.1
    at = trace.time_s[still_there] + START_S + late_s
    wanted = np.column_stack([np.interp(at, time_s, rows[:, k]) for k in range(12)])
    off = np.abs(trace.rows[still_there] - wanted)
    assert float(np.percentile(off[:, [0, 1, 2, 6, 7, 8]], 99)) < 0.004 + 12.0 * off_s
    assert float(np.percentile(off[:, [3, 4, 5, 9, 10, 11]], 99)) < 0.06 + 15.0 * off_s


def test_xsens_with_lost_packets_gives_the_same_reps(tmp_path: Path) -> None:
    pair = foreign_imus.xsens(tmp_path, lost=range(2000, 2005))
    done = imported(pair, tmp_path / "out.csv", "--from", "xsens")
    assert done.returncode == 0, done.stderr
    assert "5 in 1, longest 0.06 s" in done.stdout
    assert "swapped" not in done.stderr
    assert "the counter that all trackers of MT_0120067F-000 share" in done.stdout
    holds_the_same_reps(tmp_path / "out.csv")


def test_synced_dots_give_the_same_signals(tmp_path: Path) -> None:
    done = imported(
        foreign_imus.movella_dot(tmp_path), tmp_path / "out.csv", "--from", "movella-dot", "--json"
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["rate_hz"] == pytest.approx(120.0, abs=0.01)
    assert told["aligned"] == "the clock of synced sensors"
    assert [imu["gyro_scale"] for imu in told["imus"]] == pytest.approx([1.0, 1.0], abs=0.05)
    assert told["still"][0] == pytest.approx([0.0, 3.9], abs=0.3)
    holds_the_same_signals(tmp_path / "out.csv")


def test_two_clocks_are_joined_by_a_knock_or_not_at_all(tmp_path: Path) -> None:
    late_s = 0.734
    pair = foreign_imus.movella_dot(tmp_path, synced=False, shank_late_s=late_s)
    out = tmp_path / "out.csv"
    refused = imported(pair, out, "--from", "movella-dot")
    assert refused.returncode == 1 and is_one_sentence(refused.stderr)
    assert "--align tap" in refused.stderr and not out.exists()
    done = imported(pair, out, "--from", "movella-dot", "--align", "tap", late_s=late_s)
    assert done.returncode == 0, done.stderr
    holds_the_same_signals(out, late_s + 1 / 120, off_s=0.003)


def test_an_offset_that_is_given_is_taken_at_its_word(tmp_path: Path) -> None:
    late_s = 0.734
    pair = foreign_imus.movella_dot(tmp_path, synced=False, shank_late_s=late_s)
    out = tmp_path / "out.csv"
    done = imported(pair, out, "--from", "movella-dot", "--offset-ms", "734", late_s=late_s)
    assert done.returncode == 0, done.stderr
    assert "their first samples, the shank +734 ms" in done.stdout
    holds_the_same_signals(out, late_s + 1 / 120)  # the exporter's row of zeros is no sample
    trace = read_trace(out)
    assert np.linalg.norm(trace.thigh_acc, axis=1).min() > 6


def test_metawear_in_packets_and_four_files_gives_the_same_signals(tmp_path: Path) -> None:
    late_s = 0.013
    done = imported(
        foreign_imus.metawear(tmp_path), tmp_path / "out.csv", "--from", "metawear", late_s=late_s
    )
    assert done.returncode == 0, done.stderr
    assert "50/s" in done.stdout and "±20" in done.stdout
    assert done.stdout.count("±") >= 5
    holds_the_same_signals(tmp_path / "out.csv", late_s, off_s=0.01)


def test_ximu3_folders_give_the_same_signals(tmp_path: Path) -> None:
    late_s = 0.7
    done = imported(
        foreign_imus.ximu3(tmp_path),
        tmp_path / "out.csv",
        *("--from", "x-imu3", "--align", "tap"),
        late_s=late_s,
    )
    assert done.returncode == 0, done.stderr
    holds_the_same_signals(tmp_path / "out.csv", late_s, off_s=0.003)


def test_a_mapped_table_gives_the_same_signals_and_names_where_they_are_from(
    tmp_path: Path,
) -> None:
    pair, mapping = foreign_imus.mapped(tmp_path)
    out = tmp_path / "out.csv"
    done = imported(pair, out, "--from", "csv", "--mapping", mapping)
    assert done.returncode == 0, done.stderr
    holds_the_same_signals(out)
    trace = read_trace(out)
    assert trace.side is Side.RIGHT and trace.rate_hz == pytest.approx(104.0, abs=0.01)
    assert [window.kind for window in trace.windows] == ["stand", "functional", "set"]
    assert "lab.csv" in trace.notes


# --- what is refused ------------------------------------------------------------------------------


def test_rad_taken_for_deg_is_found_by_gravity_and_mended_by_a_word(tmp_path: Path) -> None:
    pair = foreign_imus.movella_dot(tmp_path, gyr_deg=False)
    out = tmp_path / "out.csv"
    refused = imported(pair, out, "--from", "movella-dot")
    assert refused.returncode == 1 and is_one_sentence(refused.stderr)
    assert "rad/s taken for deg/s" in refused.stderr
    assert imported(pair, out, "--from", "movella-dot", "--gyr-unit", "rad/s").returncode == 0


@pytest.mark.parametrize("unit", ["rpm", ""])
def test_a_unit_that_is_not_known_is_refused(tmp_path: Path, unit: str) -> None:
    pair = foreign_imus.metawear(tmp_path, gyr_unit=unit)
    refused = imported(pair, tmp_path / "out.csv", "--from", "metawear")
    assert refused.returncode == 1 and is_one_sentence(refused.stderr)
    assert "unit" in refused.stderr and "mapping" in refused.stderr


def test_the_wrong_unit_of_gravity_is_refused(tmp_path: Path) -> None:
    pair, mapping = foreign_imus.mapped(tmp_path, acc_unit="g")
    refused = imported(pair, tmp_path / "out.csv", "--from", "csv", "--mapping", mapping)
    assert refused.returncode == 1 and is_one_sentence(refused.stderr)
    assert "gravity is 9.8" in refused.stderr


def test_a_long_hole_is_not_made_up_but_can_be_left_out(tmp_path: Path) -> None:
    pair = foreign_imus.xsens(tmp_path, lost=range(2000, 2050))
    out = tmp_path / "out.csv"
    refused = imported(pair, out, "--from", "xsens")
    assert refused.returncode == 1 and is_one_sentence(refused.stderr)
    assert "0.51 s, at 19.99 s" in refused.stderr and "0.01-19.98" in refused.stderr
    done = kneetrack(
        *("import", *pair, "--side", "right", "--from", "xsens", "--span", "0-19.9", "--out", out)
    )
    assert done.returncode == 0, done.stderr
    assert read_trace(out).time_s[-1] == pytest.approx(19.9, abs=0.02)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--from", "vicon"], "--from is one of"),
        (["--from", "csv"], "needs --mapping"),
        (["--from", "x-imu3", "--gyr-unit", "deg/s"], "those of x-imu3 do"),
        (["--from", "xsens", "--stand", "5-2"], "written from-to"),
        (["--from", "xsens", "--align", "guess"], "--align is one of"),
    ],
)
def test_a_command_line_that_makes_no_sense(tmp_path: Path, options: list[str], told: str) -> None:
    done = kneetrack(
        *("import", tmp_path / "a.csv", tmp_path / "b.csv", "--side", "left"),
        *("--out", tmp_path / "o.csv", *options),
    )
    assert done.returncode == 2 and is_one_sentence(done.stderr)
    assert told in done.stderr


def test_free_acceleration_is_no_accelerometer(tmp_path: Path) -> None:
    path = tmp_path / "dot.csv"
    path.write_text(
        "sep=,\nDeviceTag:,1\n\nPacketCounter,SampleTimeFine,FreeAcc_X,FreeAcc_Y,FreeAcc_Z\n"
        "1,10,0,0,0\n2,20,0,0,0\n"
    )
    done = imported((path, path), tmp_path / "o.csv", "--from", "movella-dot")
    assert done.returncode == 1 and "FreeAcc" in done.stderr and is_one_sentence(done.stderr)


def test_a_spreadsheet_s_unicode_text_and_a_file_that_was_cut_are_read(tmp_path: Path) -> None:
    lines = ["t\tax", *(f"0,{k:02d}\t{k},5" for k in range(9)), "0,09\t9,"]
    path = tmp_path / "cut.txt"
    for text in (codecs.BOM_UTF16_LE + "\r\n".join(lines).encode("utf-16-le"),
                 codecs.BOM_UTF8 + "\n".join(lines).encode()):  # fmt: skip
        path.write_bytes(text)
        table = read_table(path, lambda names: "ax" in names, {"t", "ax"}.__contains__, wanted="ax")
        assert table.column("ax").tolist() == [k + 0.5 for k in range(9)]
        assert table.column("t")[-1] == 0.08


def test_one_file_for_both_is_refused_and_swapped_ones_are_told(tmp_path: Path) -> None:
    thigh, shank = foreign_imus.xsens(tmp_path)
    out = tmp_path / "o.csv"
    refused = imported((thigh, thigh), out, "--from", "xsens")
    assert refused.returncode == 1 and is_one_sentence(refused.stderr)
    assert "hold the same samples" in refused.stderr and not out.exists()
    done = imported((shank, thigh), out, "--from", "xsens")
    assert done.returncode == 0 and "Are the files swapped?" in done.stderr


def test_it_writes_over_nothing_else(tmp_path: Path) -> None:
    pair = foreign_imus.xsens(tmp_path)
    (tmp_path / "diary.csv").write_text("dear diary\n")
    assert imported(pair, tmp_path / "diary.csv", "--from", "xsens").returncode == 2
    assert (tmp_path / "diary.csv").read_text() == "dear diary\n"


def test_ctrl_c_while_a_trace_is_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = foreign_imus.xsens(tmp_path)
    (out := tmp_path / "out").mkdir()

    def cut_short(file: IO[str], *_: object, **__: object) -> None:
        file.write("0.00000,0.1")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kneetrack.traces.importers.writing.np.savetxt", cut_short)
        assert imported(pair, out / "a.csv", "--from", "xsens").returncode == 130
    assert not list(out.iterdir())


# Headers of recordings that others published (host/IMPORTS.md), with numbers of our own.
MT_MANAGER = """\
// Start Time: Unknown
// Update Rate: 100.0Hz
// Filter Profile: human (46.1)
// Option Flags: AHS Disabled ICC Disabled
// Firmware Version: 4.0.2
PacketCounter\tSampleTimeFine\tYear\tMonth\tDay\tSecond\tUTC_Nano\tUTC_Year\tUTC_Month\tUTC_Day\tUTC_Hour\tUTC_Minute\tUTC_Second\tUTC_Valid\tAcc_X\tAcc_Y\tAcc_Z\tGyr_X\tGyr_Y\tGyr_Z\tMat[1][1]
"""
DOT_MEMORY = """\
sep=,
DeviceTag:,bei
FirmwareVersion:,1.6.0
AppVersion:,2021.0
StartTime: ,2021-08-30_17:05:05_000 GMT+8
© Xsens Technologies B. V. 2005-2021

PacketCounter,SampleTimeFine,Euler_X,Euler_Y,Euler_Z,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z
0,4294950629,1,2,3,0.00000000000000,0.00000000000000,0.00000000000000,0.00000000000000,0.00000000000000,0.00000000000000
"""
XIMU3 = (
    "Timestamp (us),Gyroscope X (deg/s),Gyroscope Y (deg/s),Gyroscope Z (deg/s),"
    "Accelerometer X (g),Accelerometer Y (g),Accelerometer Z (g)\n"
)


def _published(name: str, number: int) -> str:
    """Row `number` of 200; the packet counter and DOT's ticks wrap."""
    if name == "xsens":
        return f"{(65_500 + number) % 65_536:05d}" + "\t" * 14 + "0.1\t0\t9.8\t1\t0\t0\t1"
    if name == "movella-dot":
        ticks = (4_294_950_629 + 8_333 * (number + 1)) % (1 << 32)
        return f"{number + 1},{ticks},1,2,3,0.1,0,9.8,{180 / np.pi},0,0"
    return f"{19_150_794 + 19_990 * number},{180 / np.pi},0,0,0.01,0,{9.8 / 9.80665}"


@pytest.mark.parametrize(
    ("name", "header", "rate_hz", "file"),
    [
        ("xsens", MT_MANAGER, 100.0, "MT_012005D6_009-001_00B421E6.txt"),
        ("movella-dot", DOT_MEMORY, 120.005, "bei_D4CA6EF17860_20210830_170505.csv"),
        ("x-imu3", XIMU3, 50.025, "Inertial.csv"),
    ],
)
def test_headers_as_their_programs_write_them(
    tmp_path: Path, name: str, header: str, rate_hz: float, file: str
) -> None:
    rows = [_published(name, number) for number in range(200) if number != 60]
    (tmp_path / file).write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    found = read(tmp_path / file, name, "thigh")
    assert len(found.gyr.time_s) == len(found.acc.time_s) == 199
    assert found.gyr.rate_hz == pytest.approx(rate_hz, rel=1e-5)
    assert [hole.count for hole in found.gyr.holes] == [1]
    assert found.gyr.values == pytest.approx(np.tile([1.0, 0.0, 0.0], (199, 1)))
    assert found.acc.values[:, 2] == pytest.approx(9.8)
    assert found.clock == (
        "xsens:" + f"{tmp_path}/MT_012005D6_009-001" if name == "xsens" else None
    )


# --- the parts ------------------------------------------------------------------------------------


def test_held_up_packets_are_no_holes_and_lost_ones_are() -> None:
    even = np.arange(1000) / 100.0
    came = np.maximum.accumulate(even + np.where(np.arange(1000) % 97 == 0, 0.07, 0.0))
    values = np.column_stack([np.arange(1000.0)] * 3)
    assert stream(Path("x"), "gyroscope", came, values).holes == ()
    there = (np.arange(1000) < 400) | (np.arange(1000) >= 407)
    there &= np.arange(1000) != 500
    found = stream(Path("x"), "gyroscope", came[there], values[there])
    assert [hole.count for hole in found.holes] == [7, 1]
    assert found.rate_hz == pytest.approx(100.0, rel=1e-3)
    assert np.abs(found.time_s - even[there]).max() < 0.005
    twice = np.sort(np.concatenate([np.arange(1000), np.arange(0, 1000, 90)]))  # rows come again
    found = stream(Path("x"), "gyroscope", even[twice], values[twice])
    assert found.holes == () and (found.values == values).all()
    assert np.abs(found.time_s - even).max() < 1e-9


def test_what_is_faster_than_the_trace_does_not_come_back_as_slow_motion() -> None:
    fine = np.arange(0, 10, 1 / 400.0)
    shaking = np.column_stack([np.sin(2 * np.pi * 97.0 * fine)] * 3)
    slow = np.arange(1, 9, 0.01)
    assert np.abs(onto(fine, shaking, 400.0, slow, 0.01)).max() < 0.02


def test_mirrored_axes_do_not_turn_as_gravity_does() -> None:
    time_s, rows = foreign_imus.imus(stamp=False)
    gyr = Stream(time_s, rows[:, 0:3], RATE_HZ, (), 0.0)
    acc = Stream(time_s, rows[:, 3:6], RATE_HZ, (), 0.0)
    mirrored = Stream(time_s, rows[:, 0:3] * [1, 1, -1], RATE_HZ, (), 0.0)
    assert gyro_scale(gyr, acc) == pytest.approx(1.0, abs=0.03)
    assert not 0.7 < (gyro_scale(mirrored, acc) or 1.0) < 1.4
