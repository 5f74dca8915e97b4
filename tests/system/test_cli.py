"""What the commands do, and the shape of what they say as JSON and in files."""

import csv
import json
import math
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from command_line import PROGRAM, kneetrack, running
from kneetrack.sessionlog import read_log
from kneetrack.sessionlog.streams import RECORDED_EVENTS
from made_once import trace_and_log

SCENARIO = "squats?reps=4&table=2&stand=3&functional=3&seed=2"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trace, and the log of a band that measured it."""
    return trace_and_log(
        tmp_path_factory, "four-squats", SCENARIO,
        "--athlete", "A", "--load", "40", "--tag", "shoes=flat",
    )  # fmt: skip


# --- help ----------------------------------------------------------------------------------------


def test_kneetrack_alone_says_what_to_do_next() -> None:
    result = subprocess.run(PROGRAM, capture_output=True, text=True, check=True)
    assert "kneetrack demo" in result.stdout and "kneetrack record" in result.stdout


@pytest.mark.parametrize(
    "command",
    ["demo", "scan", "calibrate", "record", "replay", "analyze", "angles", "report", "validate"],
)
def test_help_teaches_with_examples(command: str) -> None:
    result = kneetrack(command, "--help")
    assert result.returncode == 0
    assert "Example" in result.stdout and f"kneetrack {command}" in result.stdout


# --- results -------------------------------------------------------------------------------------


def test_a_trace_and_the_log_of_a_band_that_measured_it_agree(work: Path) -> None:
    trace = json.loads(kneetrack("analyze", "squats.csv", "--json", cwd=work).stdout)
    log = json.loads(kneetrack("analyze", "squats.mcap", "--json", cwd=work).stdout)
    (from_trace,), (from_log,) = trace["legs"], log["legs"]
    assert len(from_trace["reps"]) == len(from_log["reps"]) == 4
    for a, b in zip(from_trace["reps"], from_log["reps"], strict=True):
        assert abs(a["start_s"] - b["start_s"]) <= 0.03
        assert abs(a["end_s"] - b["end_s"]) <= 0.03
        assert abs(a["peak_flexion_deg"] - b["peak_flexion_deg"]) <= 0.5
        assert abs(a["valgus_excursion_deg"] - b["valgus_excursion_deg"]) <= 0.4
        assert a["verdict"] == b["verdict"]


def test_analyze_json_has_the_promised_shape(work: Path) -> None:
    document = json.loads(kneetrack("analyze", "squats.mcap", "--json", cwd=work).stdout)
    assert document["format"] == 1
    assert set(document) == {
        "format", "legs", "gaps", "markers", "warnings", "versions", "session", "edits", "sides",
        "advice",
    }  # fmt: skip
    leg = document["legs"][0]
    assert leg["side"] == "right" and leg["exercise"] == "squat"
    assert leg["calibration"]["grade"] in ("A", "B", "C", "none")
    assert set(leg["reference"]) == {
        "source", "reps", "sem_deg", "sem_between_deg", "mdc95_deg", "standouts",
    }  # fmt: skip
    assert set(leg["reps"][0]) == {
        "index", "set", "is_reference", "start_s", "end_s", "peak_flexion_deg",
        "valgus_excursion_deg", "own_excursion_deg", "own_excursion_sigma_deg", "peak_valgus_deg",
        "flexion_at_peak_deg", "phase_at_peak", "time_over_threshold_s", "rotation_excursion_deg",
        "medial_displacement_cm", "descent_s", "bottom_s", "ascent_s", "verdict", "doubt",
        "measures", "label",
    }  # fmt: skip


def test_the_excursions_that_were_given_are_found(work: Path) -> None:
    truth = json.loads((work / "squats.json").read_text())["truth"]["reps"]
    given = [rep["excursion_deg"] for rep in truth if rep["kind"] == "set"]
    document = json.loads(kneetrack("analyze", "squats.mcap", "--json", cwd=work).stdout)
    found = [rep["valgus_excursion_deg"] for rep in document["legs"][0]["reps"]]
    assert found == pytest.approx(given, abs=1.5)


def test_angles_writes_the_promised_table(work: Path) -> None:
    assert kneetrack("angles", "squats.mcap", "--out", "angles.csv", cwd=work).returncode == 0
    with (work / "angles.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "time_s", "flexion_deg", "valgus_deg", "rotation_deg", "valgus_sigma_deg", "flags",
    ]  # fmt: skip
    assert max(float(row["flexion_deg"] or 0) for row in rows) > 80
    times = [float(row["time_s"]) for row in rows]
    assert times == sorted(times)


def test_a_report_is_written_and_says_who_and_what(work: Path) -> None:
    result = kneetrack("report", "squats.mcap", "--out", "report.html", cwd=work)
    assert result.returncode == 0, result.stderr
    page = (work / "report.html").read_text()
    assert "<svg" in page and "40 kg" in page and "Shoes" in page and "Right leg, squat" in page


def test_validate_gives_errors_in_three_ways(work: Path) -> None:
    reference = work / "squats.ref.csv"
    result = kneetrack("validate", work / "squats.csv", "--reference", reference, "--json")
    ways = json.loads(result.stdout)["rmse"]["as_analysed"]
    assert {"raw", "minus_mean", "same_axes"} <= set(ways)
    assert ways["same_axes"]["valgus_deg"] < 1.0


def test_validate_says_the_same_of_a_trace_and_of_its_log(work: Path) -> None:
    reference = work / "squats.ref.csv"
    said = [
        kneetrack("validate", work / name, "--reference", reference, "--json").stdout
        for name in ("squats.csv", "squats.mcap")
    ]
    by_trace, by_log = (json.loads(text)["rmse"]["as_analysed"] for text in said)
    for way in ("raw", "minus_mean", "same_axes"):
        assert by_log[way] == pytest.approx(by_trace[way], abs=0.5)


@pytest.mark.parametrize("name", ["squats.csv", "squats.mcap"])
def test_no_angles_are_told_before_the_imus_are_on_the_leg(work: Path, name: str) -> None:
    assert kneetrack("angles", name, "--out", "worn.csv", cwd=work).returncode == 0
    windows = json.loads((work / "squats.json").read_text())["windows"]
    stand_s = next(w["start_s"] for w in windows if w["kind"] == "stand")
    with (work / "worn.csv").open() as file:
        table = csv.DictReader(file)
        rows = [{key: float(text or math.nan) for key, text in row.items()} for row in table]
    before = [row for row in rows if row["time_s"] < stand_s]
    unaligned = [row for row in before if int(row["flags"]) & 1]
    table_s = next(w["end_s"] for w in windows if w["kind"] == "table")
    assert unaligned and unaligned[-1]["time_s"] > table_s
    unknown = [row[name] for row in unaligned for name in row if name.endswith("_deg")]
    assert all(map(math.isnan, unknown)) and len(unknown) == 4 * len(unaligned)
    aligned = [row for row in before if not int(row["flags"]) & 1]
    assert all(abs(row["flexion_deg"]) < 20.0 for row in aligned), "it stands by then"
    after = [row for row in rows if row["time_s"] >= stand_s]
    assert not any(int(row["flags"]) & 1 for row in after)
    assert all(row["valgus_sigma_deg"] > 0.0 for row in after)


def test_replay_brings_the_recorded_events_again(work: Path) -> None:
    result = kneetrack("replay", "squats.mcap", "--speed", "max", cwd=work)
    assert result.returncode == 0, result.stderr
    recorded = read_log(work / "squats.mcap").events
    events = sum(event["event"] not in RECORDED_EVENTS for event in recorded)
    assert events > 4
    assert f"Events as recorded: {events} of {events}." in result.stderr


def test_a_folder_is_analysed_file_by_file_and_bad_ones_are_named(
    work: Path, tmp_path: Path
) -> None:
    for name in ("squats.csv", "squats.json", "squats.ref.csv", "squats.mcap"):
        shutil.copy(work / name, tmp_path)
    assert kneetrack("angles", "squats.mcap", "--out", tmp_path / "a.csv", cwd=work).returncode == 0
    (tmp_path / "notes.csv").write_text("day,weight\n")
    result = kneetrack("analyze", tmp_path, "--json")
    sources = {Path(json.loads(line)["source"]).name for line in result.stdout.splitlines()}
    assert sources == {"squats.csv", "squats.mcap"}
    assert result.returncode == 1
    assert "notes.csv" in result.stderr and "1 of the files" in result.stderr


def test_the_demo_finds_what_it_was_given_and_replays_alike(tmp_path: Path) -> None:
    result = kneetrack(
        "demo", "--scenario", SCENARIO, "--speed", "max", "--out", tmp_path, "--json"
    )
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["reps_found"] == document["reps_given"] == 4
    assert document["events_equal"] == document["events"] > 0
    assert document["lost_samples"] == 0
    for rep in document["reps"]:
        assert rep["found_deg"] == pytest.approx(rep["given_deg"], abs=1.5)
    assert Path(document["log"]).parent == tmp_path
    assert Path(document["report"]).read_text().startswith("<!doctype html>")


def test_a_simulated_band_is_calibrated_into_a_file_that_record_takes(tmp_path: Path) -> None:
    link = "sim:squats?speed=max"
    made = kneetrack("calibrate", "--link", link, "--out", tmp_path / "cal.json")
    assert made.returncode == 0, made.stderr
    document = json.loads((tmp_path / "cal.json").read_text())
    assert document["side"] == "right" and document["reference"] is not None
    log = tmp_path / "a.mcap"
    recorded = kneetrack(
        "record", "--link", f"sim:{SCENARIO}&speed=max", "--calibration", tmp_path / "cal.json",
        "--duration", "3", "--out", log,
    )  # fmt: skip
    assert recorded.returncode == 0, recorded.stderr
    assert read_log(log).calibrations == (document,)


# --- ends ----------------------------------------------------------------------------------------


@contextmanager
def started(*arguments: str | Path, until: Path) -> Iterator[subprocess.Popen[str]]:
    """A recorder that has begun to write `until`."""
    with running(*arguments, text=True) as recorder:
        deadline = time.monotonic() + 60
        while not (until.exists() and until.stat().st_size > 20_000):
            assert recorder.poll() is None, recorder.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield recorder


def test_ctrl_c_ends_a_recording_well(tmp_path: Path, work: Path) -> None:
    log = tmp_path / "a.mcap"
    command = ("record", "--link", f"trace:{work / 'squats.csv'}", "--out", log)
    with started(*command, until=log) as recorder:
        recorder.send_signal(signal.SIGINT)
        _, errors = recorder.communicate(timeout=60)
    assert recorder.returncode == 0, errors
    assert read_log(log).torn is None


def test_a_killed_recorder_leaves_a_log_that_opens(tmp_path: Path, work: Path) -> None:
    log = tmp_path / "a.mcap"
    command = ("record", "--link", f"trace:{work / 'squats.csv'}", "--out", log)
    with started(*command, until=log) as recorder:
        time.sleep(3.0)
        killed_at = time.time()
        recorder.kill()
    opened = read_log(log)
    assert opened.torn is not None
    assert killed_at - log.stat().st_mtime < 2.0, "no more than two seconds are missing"
    result = kneetrack("analyze", log, "--json")
    assert result.returncode == 0, result.stderr
    assert any("cut off" in warning for warning in json.loads(result.stdout)["warnings"])


def test_a_recording_of_a_given_duration_ends_by_itself(tmp_path: Path, work: Path) -> None:
    log = tmp_path / "a.mcap"
    result = kneetrack(
        "record", "--link", f"trace:{work / 'squats.csv'}?speed=max", "--duration", "4",
        "--no-raw", "--out", log,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    opened = read_log(log)
    assert opened.duration_s >= 4.0
    assert all(packet.channel != "raw" for _, packet in opened)
