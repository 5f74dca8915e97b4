"""What makes no sense on the command line, or in a file: one sentence, and its exit code."""

import shutil
import subprocess
from pathlib import Path

import pytest

from command_line import PROGRAM, is_one_sentence, kneetrack
from made_once import trace_and_log

SCENARIO = "squats?table=2&stand=2&functional=3&reps=3"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trace, and the log of a band that measured it."""
    return trace_and_log(tmp_path_factory, "three-squats", SCENARIO)


def changed(source: Path, target: Path, old: str, new: str) -> Path:
    target.write_text(source.read_text().replace(old, new, 1))
    return target


def with_sidecar(work: Path, trace: Path) -> Path:
    shutil.copy(work / "squats.json", trace.with_suffix(".json"))
    return trace


def trace_with_nan(work: Path, folder: Path) -> list[str | Path]:
    lines = (work / "squats.csv").read_text().splitlines()
    cells = lines[100].split(",")
    lines[100] = ",".join([*cells[:3], "nan", *cells[4:]])
    trace = folder / "nan.csv"
    trace.write_text("\n".join(lines))
    return ["analyze", with_sidecar(work, trace)]


def trace_in_g(work: Path, folder: Path) -> list[str | Path]:
    lines = (work / "squats.csv").read_text().splitlines()
    scaled = [lines[0]]
    for line in lines[1:]:
        cells = line.split(",")
        for at in (1, 2, 3, 7, 8, 9):
            cells[at] = f"{float(cells[at]) / 9.80665:.6f}"
        scaled.append(",".join(cells))
    trace = folder / "g.csv"
    trace.write_text("\n".join(scaled))
    return ["analyze", with_sidecar(work, trace)]


def trace_without_sidecar(work: Path, folder: Path) -> list[str | Path]:
    return ["analyze", shutil.copy(work / "squats.csv", folder / "alone.csv")]


def trace_without_a_column(work: Path, folder: Path) -> list[str | Path]:
    trace = changed(work / "squats.csv", folder / "column.csv", "shank_gyr_y", "something")
    return ["analyze", with_sidecar(work, trace)]


def trace_of_an_unknown_side(work: Path, folder: Path) -> list[str | Path]:
    trace = Path(shutil.copy(work / "squats.csv", folder / "side.csv"))
    changed(work / "squats.json", folder / "side.json", '"right"', '"middle"')
    return ["analyze", trace]


def text_named_mcap(work: Path, folder: Path) -> list[str | Path]:
    (folder / "text.mcap").write_text("time_s,flexion_deg\n")
    return ["analyze", folder / "text.mcap"]


def log_cut_in_its_head(work: Path, folder: Path) -> list[str | Path]:
    (folder / "cut.mcap").write_bytes((work / "squats.mcap").read_bytes()[:40])
    return ["replay", folder / "cut.mcap"]


BAD_INPUT = [
    (lambda w, f: ["analyze", f / "missing.csv"], 1, "does not exist"),
    (lambda w, f: ["analyze", f / "missing.mcap"], 1, "does not exist"),
    (lambda w, f: ["replay", f], 1, "is a folder"),
    (lambda w, f: ["analyze", "folder"], 1, "does not exist"),
    (lambda w, f: ["analyze", f], 1, "holds no logs"),
    (lambda w, f: ["analyze", "notes.txt"], 1, "neither a log"),
    (text_named_mcap, 1, "not a session log"),
    (log_cut_in_its_head, 1, "cut off inside its first records"),
    (trace_with_nan, 1, "nan"),
    (trace_in_g, 1, "looks like g"),
    (trace_without_a_column, 1, "shank_gyr_y"),
    (trace_of_an_unknown_side, 1, "side"),
    (trace_without_sidecar, 2, "--side"),
    (lambda w, f: ["analyze", w / "squats.csv", "--side", "middle"], 2, "side must be"),
    (lambda w, f: ["analyze"], 2, "--help"),
    (lambda w, f: ["analyse", "x"], 2, "--help"),
    (lambda w, f: ["edit", "x.mcap", "--rep", "3"], 2, "Try: kneetrack edit --help"),
    (lambda w, f: ["device", "pair", "--x"], 2, "Try: kneetrack device pair --help"),
    (lambda w, f: ["record", "--link", "sim:nonsense"], 2, "no scenario"),
    (lambda w, f: ["record", "--link", "nonsense"], 2, "no link address"),
    (lambda w, f: ["record", "--link", "log:x.mcap"], 2, "kneetrack replay"),
    (lambda w, f: ["calibrate", "--link", "log:missing.mcap"], 2, "is a recording, no band"),
    (lambda w, f: ["record", "--tag", "heavy"], 2, "KEY=VALUE"),
    (lambda w, f: ["record", "--out", w / "squats.mcap"], 1, "never written over"),
    (lambda w, f: ["record", "--out", f / "no" / "a.mcap"], 1, "does not exist"),
    (lambda w, f: ["record", "--calibration", f / "no.json"], 1, "does not exist"),
    (lambda w, f: ["replay", w / "squats.mcap", "--speed", "fast"], 2, "--speed"),
    (lambda w, f: ["angles", w / "squats.csv", "--out", w / "squats.csv"], 2, "the source itself"),
    (lambda w, f: ["report", w / "squats.csv", "--out", f / "no" / "r.html"], 1, "make it first"),
    (lambda w, f: ["demo", "--save-trace", w / "squats.csv"], 2, "exists already"),
    (lambda w, f: ["demo", "--scenario", "x", "--save-trace", f / "x.csv"], 2, "no scenario"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "words"), BAD_INPUT, ids=[words for _, _, words in BAD_INPUT]
)
def test_bad_input_gets_one_sentence_and_its_exit_code(
    work: Path, tmp_path: Path, arguments, code: int, words: str
) -> None:
    result = kneetrack(*arguments(work, tmp_path), cwd=tmp_path)
    assert result.returncode == code, result.stderr
    assert is_one_sentence(result.stderr), result.stderr
    assert words in result.stderr


def test_without_a_band_or_bluetooth_the_exit_code_is_3() -> None:
    result = kneetrack("scan", "--seconds", "0.5")
    assert result.returncode == 3
    assert is_one_sentence(result.stderr), result.stderr


def test_a_trace_that_does_not_fit_on_the_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    command = " ".join([*PROGRAM, "demo", "--save-trace", "squats.csv"])
    result = subprocess.run(
        ["bash", "-c", f"ulimit -f 100; trap '' XFSZ; {command}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert is_one_sentence(result.stderr), result.stderr
    assert "File too large" in result.stderr and "Traceback" not in result.stdout
    assert not list(tmp_path.iterdir())


def test_a_reader_that_goes_away_is_no_error(work: Path) -> None:
    command = f"{' '.join(PROGRAM)} analyze {work / 'squats.mcap'} --json | head -1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
