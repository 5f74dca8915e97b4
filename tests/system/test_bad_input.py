"""What a user may get wrong, in every command: one sentence with the remedy, and nothing is lost.

`tests/host/test_traces.py` and `test_sessionlog_torn.py` hold the readers to each kind of damage;
here every command that reads a file is held to passing it on well.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Result, kneetrack, running
from kneecore import wire
from kneetrack import firmware_files
from kneetrack.sessionlog import read_log
from made_once import trace_and_log
from worn_already import AT_ONCE, calibration_of

SCENARIO = "squats?table=2&stand=2&functional=3&reps=3"
REFERENCE = "time_s,flexion_deg,valgus_deg,rotation_deg\n0,1,2,3\n1,1,2,3\n"


def is_refused(result: Result, code: int, words: str) -> None:
    """One sentence on stderr, after whatever progress was told before it."""
    sentence = result.stderr.strip().splitlines()[-1]
    assert result.returncode == code, result.stderr
    assert sentence.startswith("kneetrack: ") and sentence.endswith((".", "--help")), sentence
    assert sum(len(word) for word in sentence.split() if "/" not in word) < 220
    assert words in sentence, sentence
    assert "Traceback" not in result.stderr


def commands(source: Path, folder: Path) -> dict[str, list[str | Path]]:
    """Every command that reads a source, on `source`."""
    reference = folder / "reference.csv"
    reference.write_text(REFERENCE)
    return {
        "analyze": ["analyze", source],
        "angles": ["angles", source, "--out", folder / "angles.csv"],
        "validate": ["validate", source, "--reference", reference],
        "report": ["report", source, "--out", folder / "report.html"],
        "replay": ["replay", source, "--speed", "max"],
        "record": [
            "record", "--link", f"trace:{source}?speed=max", "--out", folder / "new.mcap",
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace, the log of it, and its calibration."""
    folder = trace_and_log(tmp_path_factory, "three-squats", SCENARIO)
    log = folder / "squats.mcap"
    (folder / "cal.json").write_text(json.dumps(read_log(log).calibrations[-1]))
    return folder


# --- traces --------------------------------------------------------------------------------------

Rows = list[list[str]]
ACC, GYR = (1, 2, 3, 7, 8, 9), (4, 5, 6, 10, 11, 12)


def scaled(rows: Rows, columns: tuple[int, ...], factor: float) -> None:
    for row in rows[1:]:
        for at in columns:
            row[at] = f"{float(row[at]) * factor:.6f}"


def without(rows: Rows, columns: int) -> None:
    for row in rows:
        del row[-columns:]


def with_nan(rows: Rows) -> None:
    rows[100][3] = "nan"


def jumping(rows: Rows) -> None:
    for row in rows[500:]:
        row[0] = f"{float(row[0]) + 0.5:.6f}"


BAD_ROWS: dict[str, tuple[Callable[[Rows], None], str]] = {
    "columns missing": (lambda rows: without(rows, 2), "shank_gyr_y, shank_gyr_z are missing"),
    "NaN": (with_nan, 'line 101, column thigh_acc_z: "nan" is not a number'),
    "acc in g": (lambda rows: scaled(rows, ACC, 1 / 9.80665), "Multiply the accelerations by"),
    "gyr in deg/s": (lambda rows: scaled(rows, GYR, 57.29578), "Multiply the rates by"),
    "a jump in time": (jumping, "line 501: time jumps"),
    "a header only": (lambda rows: rows.__delitem__(slice(1, None)), "holds no samples"),
}
BAD_BYTES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is no header of a trace"),
    "garbage": (random.Random(1).randbytes(5000), "is not a text file"),
    "zeros": (b"\0" * 5000, "is no header of a trace"),
    "UTF-16": ("time_s,thigh_acc_x\n".encode("utf-16"), "is not a text file"),
}
BAD_SIDECARS: dict[str, tuple[bytes, str]] = {
    "broken JSON": (b'{"side": ', "not valid JSON"),
    "unknown side": (b'{"side": "middle"}', 'one of "right", "left"'),
    "unknown exercise": (b'{"side": "left", "exercise": "yoga"}', '"single_leg_squat"'),
    "unknown window": (b'{"side": "left", "windows": [{"kind": "rest"}]}', '"functional"'),
    "binary": (random.Random(2).randbytes(500), "is not a text file"),
}


def all_refuse(trace: Path, folder: Path, code: int, words: str) -> None:
    for name, arguments in commands(trace, folder).items():
        result = kneetrack(*arguments)
        if name == "replay":
            is_refused(result, 1, "only logs can be replayed")
        else:
            is_refused(result, code, words)
    for made in ("angles.csv", "report.html", "new.mcap"):
        assert not (folder / made).exists()


@pytest.mark.parametrize("damage", BAD_ROWS)
def test_a_trace_with_bad_rows_is_refused_by_every_command(
    work: Path, tmp_path: Path, damage: str
) -> None:
    spoil, words = BAD_ROWS[damage]
    rows = [line.split(",") for line in (work / "squats.csv").read_text().splitlines()]
    spoil(rows)
    trace = tmp_path / "bad.csv"
    trace.write_text("\n".join(",".join(row) for row in rows))
    shutil.copy(work / "squats.json", tmp_path / "bad.json")
    all_refuse(trace, tmp_path, 1, words)


@pytest.mark.parametrize("kind", BAD_BYTES)
def test_a_file_that_is_no_trace_is_refused_by_every_command(tmp_path: Path, kind: str) -> None:
    content, words = BAD_BYTES[kind]
    (tmp_path / "bad.csv").write_bytes(content)
    all_refuse(tmp_path / "bad.csv", tmp_path, 1, words)


@pytest.mark.parametrize("kind", BAD_SIDECARS)
def test_a_bad_sidecar_is_refused_by_every_command(work: Path, tmp_path: Path, kind: str) -> None:
    content, words = BAD_SIDECARS[kind]
    shutil.copy(work / "squats.csv", tmp_path / "bad.csv")
    (tmp_path / "bad.json").write_bytes(content)
    all_refuse(tmp_path / "bad.csv", tmp_path, 1, words)


def test_a_trace_of_an_unknown_leg_asks_for_it_everywhere(work: Path, tmp_path: Path) -> None:
    shutil.copy(work / "squats.csv", tmp_path / "alone.csv")
    all_refuse(tmp_path / "alone.csv", tmp_path, 2, "--side right or --side left")


def test_a_folder_is_no_trace(tmp_path: Path) -> None:
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    for name, arguments in commands(folder, tmp_path).items():
        words = {"analyze": "holds no logs", "replay": "only logs"}.get(name, "is a folder")
        is_refused(kneetrack(*arguments), 1, words)


@pytest.mark.parametrize("form", ["CRLF", "BOM", "quotes", "blank lines at the end"])
def test_a_trace_may_be_written_as_other_programs_write(
    work: Path, tmp_path: Path, form: str
) -> None:
    text = (work / "squats.csv").read_text()
    sidecar = (work / "squats.json").read_text()
    if form == "CRLF":
        text = text.replace("\n", "\r\n")
    elif form == "BOM":
        text, sidecar = "\ufeff" + text, "\ufeff" + sidecar
    elif form == "quotes":
        rows = (line.split(",") for line in text.splitlines())
        text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    else:
        text += "\n\n"
    (tmp_path / "other.csv").write_bytes(text.encode())
    (tmp_path / "other.json").write_bytes(sidecar.encode())
    other = kneetrack("analyze", tmp_path / "other.csv", "--json")
    assert other.returncode == 0, other.stderr
    assert other.stdout == kneetrack("analyze", work / "squats.csv", "--json").stdout


# --- logs ----------------------------------------------------------------------------------------


def test_a_log_cut_anywhere_opens_in_every_command_or_is_refused_as_cut(
    work: Path, tmp_path: Path
) -> None:
    whole = (work / "squats.mcap").read_bytes()
    cuts = [0, 5, 300, *random.Random(3).sample(range(3000, len(whole)), 2), len(whole) - 1]
    log = tmp_path / "cut.mcap"
    for cut in cuts:
        log.write_bytes(whole[:cut])
        for name, arguments in commands(log, tmp_path).items():
            if name == "record":
                continue
            result = kneetrack(*arguments)
            assert "Traceback" not in result.stderr
            if result.returncode:
                assert cut < 3000 or name == "validate", (cut, result.stderr)
                is_refused(result, 1, "")
        assert log.read_bytes() == whole[:cut], "a log is only read"


@pytest.mark.parametrize("name", ["analyze", "angles", "validate", "report", "replay"])
def test_a_log_of_another_protocol_names_who_can_read_it(
    work: Path, tmp_path: Path, name: str
) -> None:
    ours = f"kneetrack.wire.{wire.PROTOCOL_VERSION[0]}".encode()
    log = tmp_path / "other.mcap"
    log.write_bytes((work / "squats.mcap").read_bytes().replace(ours, ours[:-1] + b"9"))
    is_refused(kneetrack(*commands(log, tmp_path)[name]), 1, "or update this one")


# --- bands ---------------------------------------------------------------------------------------


def test_a_band_of_another_protocol_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "_firmware"
    shutil.copytree(firmware_files.firmware_dir(), other)
    table = other / "kneecore" / "wire.py"
    major, minor = wire.PROTOCOL_VERSION
    told = table.read_text().replace(
        f"PROTOCOL_VERSION = ({major}, {minor})", f"PROTOCOL_VERSION = ({major + 1}, 0)"
    )
    table.write_text(told)
    monkeypatch.setattr(firmware_files, "_HERE", tmp_path)
    log = tmp_path / "new.mcap"
    result = kneetrack("record", "--link", f"sim:{SCENARIO}&speed=max", "--out", log)
    is_refused(result, 3, "Update this program: git pull, make setup.")
    assert f"speaks protocol {major + 1}.0" in result.stderr
    assert not log.exists()


def test_no_band_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    told = kneetrack("record", "--link", "ble:auto", "--out", tmp_path / "a.mcap")
    is_refused(told, 3, "Bluetooth")
    assert not (tmp_path / "a.mcap").exists()


def children(pid: int) -> list[int]:
    """The processes that `pid` has started."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find the board")
def test_a_band_that_is_lost_ends_the_recording_well_and_is_told(tmp_path: Path) -> None:
    log = tmp_path / "a.mcap"
    squats = f"squats?{AT_ONCE}&reps=3"
    known = calibration_of(squats, tmp_path)
    command = ("record", "--link", f"sim:{squats}", "--out", log, "--calibration", known)
    with running(*command, text=True) as recorder:
        deadline = time.monotonic() + 60
        while not (log.exists() and log.stat().st_size > 60_000):
            assert recorder.poll() is None, recorder.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (board,) = children(recorder.pid)
        os.kill(board, signal.SIGKILL)
        time.sleep(2.0)
        for _ in range(2):  # the set is over; what the band may have kept is not waited for
            recorder.send_signal(signal.SIGINT)
            time.sleep(1.0)
        out, err = recorder.communicate(timeout=40)
    assert recorder.returncode == 0, err
    assert "Traceback" not in err
    assert "connection to the band is lost" in out and "Another q or Ctrl-C" in out
    assert "out of reach until the end" in err and "none missing" not in err
    assert "leg, squat" in out and f"Recorded: {log}" in out
    opened = read_log(log)
    assert opened.torn is None
    assert opened.packet_count > 200
    assert kneetrack("analyze", log, "--json").returncode == 0


# --- options -------------------------------------------------------------------------------------

Arguments = Callable[[Path, Path], list[str | Path]]
OPTIONS: dict[str, tuple[Arguments, int, str]] = {
    "scenario's option": (
        lambda w, f: ["record", "--link", "sim:squats?reps=some"], 2, "sim:squats?reps=some: reps",
    ),
    "scenario's range": (
        lambda w, f: ["record", "--link", "sim:squats?valgus=99"], 2, "within -20 and 20",
    ),
    "unknown option of a trace": (
        lambda w, f: ["record", "--link", f"trace:{w / 'squats.csv'}?depth=3"], 2, "chip, seed",
    ),
    "another leg than the trace's": (
        lambda w, f: ["record", "--link", f"trace:{w / 'squats.csv'}?side=left"], 2, "says right",
    ),
    "exercise": (lambda w, f: ["record", "--exercise", "yoga"], 2, "single_leg_squat"),
    "negative load": (lambda w, f: ["record", "--load", "-3"], 2, "A load is"),
    "no duration": (lambda w, f: ["record", "--duration", "0"], 2, "--duration"),
    "three legs": (lambda w, f: ["record", *["--link", "sim:squats"] * 3], 2, "two legs"),
    "a log that is no .mcap": (lambda w, f: ["record", "--out", f / "a.csv"], 2, ".mcap"),
    "angles over a log": (
        lambda w, f: ["angles", w / "squats.csv", "--out", w / "squats.mcap"], 2, "written over",
    ),
    "angles over a trace": (
        lambda w, f: ["angles", w / "squats.mcap", "--out", w / "squats.csv"], 2, "written over",
    ),
    "a report over its log": (
        lambda w, f: ["report", w / "squats.mcap", "--out", w / "squats.mcap"], 2, ".html or .pdf",
    ),
    "a report over a folder": (
        lambda w, f: ["report", w / "squats.mcap", "--out", f], 2, "is a folder",
    ),
    "angles into nowhere": (
        lambda w, f: ["angles", w / "squats.mcap", "--out", f / "no" / "a.csv"], 1, "make it first",
    ),
    "a calibration over a sidecar": (
        lambda w, f: ["calibrate", "--link", "sim:squats", "--out", w / "squats.json"],
        2, "written over",
    ),
    "a folder as reference": (
        lambda w, f: ["validate", w / "squats.csv", "--reference", f], 1, "can't be read",
    ),
    "no reference": (
        lambda w, f: ["validate", w / "squats.csv", "--reference", f / "no.csv"], 1, "exist",
    ),
    "a leg that is not in the log": (
        lambda w, f: ["analyze", w / "squats.mcap", "--side", "left"], 1, "Leave --side out",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", OPTIONS)
def test_a_bad_option_is_told_and_no_file_is_touched(work: Path, tmp_path: Path, what: str) -> None:
    before = {path: path.read_bytes() for path in work.iterdir()}
    arguments, code, words = OPTIONS[what]
    is_refused(kneetrack(*arguments(work, tmp_path)), code, words)
    assert {path: path.read_bytes() for path in work.iterdir()} == before


BAD_CALIBRATIONS: dict[str, tuple[dict[str, object] | bytes, str]] = {
    "no JSON": (b"{", "is no KneeTrack calibration"),
    "binary": (b"\xff\xfe\x00", "is no KneeTrack calibration"),
    "another file": (b"[]", "is no KneeTrack calibration"),
    "another format": ({"format": 99}, "Update kneetrack, or calibrate anew"),
    "a short quaternion": ({"q_thigh_sensor": [1, 2]}, "calibrate anew"),
    "no rotation": ({"q_thigh_sensor": [0, 0, 0, 0]}, "calibrate anew"),
    "a side that is a number": ({"side": 7}, "calibrate anew"),
    "a zero that no gyroscope has": ({"thigh_gyr_bias_rad_s": [1e6, 0, 0]}, "calibrate anew"),
    "an id that no band can hold": ({"calibration_id": 10**9}, "calibrate anew"),
    "a broken reference": ({"reference": {"down": "x"}}, "calibrate anew"),
    "of the other leg": ({"side": "left"}, "kneetrack calibrate --side right"),
}


@pytest.mark.parametrize("damage", BAD_CALIBRATIONS)
def test_a_calibration_that_cannot_be_used_is_refused_before_anything_is_recorded(
    work: Path, tmp_path: Path, damage: str
) -> None:
    change, words = BAD_CALIBRATIONS[damage]
    calibration = tmp_path / "cal.json"
    if isinstance(change, bytes):
        calibration.write_bytes(change)
    else:
        value = json.loads((work / "cal.json").read_text())
        calibration.write_text(json.dumps({**value, **change}))
    log = tmp_path / "a.mcap"
    link = f"trace:{work / 'squats.csv'}?speed=max"
    result = kneetrack("record", "--link", link, "--calibration", calibration, "--out", log)
    is_refused(result, 1, words)
    assert not log.exists()
