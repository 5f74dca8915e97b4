"""`kneetrack` alone says what to do next, and the shell completes what people type."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from command_line import PROGRAM, kneetrack
from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.calibration.store import CalibrationFile, as_on_the_band
from kneetrack.catalogue import Leg, Session
from kneetrack.cli import completing
from kneetrack.cli.app import app
from kneetrack.cli.start_page import Standing, lines_of, next_of
from kneetrack.samples import Side

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def made(age: timedelta) -> CalibrationFile:
    one = (1.0, 0.0, 0.0, 0.0)
    return CalibrationFile(
        calibration=as_on_the_band(Calibration(wire.SIDE_RIGHT, one, one)),
        grade="A",
        rests_on={"bias": "table", "gravity": "stand", "axis": "functional"},
        created_utc=(NOW - age).isoformat(),
        athlete="A",
    )


SESSION = Session(
    path=Path("/logs/one.mcap"), started=NOW, dated_by="log", athlete="A", exercise="squat",
    load_kg=None, rpe=None, note=None, selftest=None, tags={}, pain=False, simulated=False,
    versions={}, warnings=(), legs=(Leg(Side.RIGHT, "squat", "A", 5, 8, 8, 6, 3),),
)  # fmt: skip
FRESH, OLD = made(timedelta(hours=1)), made(timedelta(days=3))
BAND = ("KneeBand-1A2B",)


@pytest.mark.parametrize(
    ("standing", "upcoming"),
    [
        (Standing(), "kneetrack scan"),
        (Standing(last=replace(SESSION, simulated=True)), "kneetrack scan"),
        (Standing(bands=BAND), "kneetrack calibrate --side right"),
        (Standing(last=SESSION), "kneetrack calibrate --side right"),
        (Standing(bands=BAND, calibrations=(OLD,)), "kneetrack calibrate --side right"),
        (Standing(bands=BAND, calibrations=(FRESH,)), "kneetrack record --athlete A"),
        (Standing(bands=BAND, calibrations=(OLD, FRESH), last=SESSION),
         "kneetrack record --athlete A"),
    ],
)  # fmt: skip
def test_what_comes_next_follows_from_what_is_there(standing: Standing, upcoming: str) -> None:
    assert next_of(lines_of(standing, NOW), standing) == upcoming


def test_each_line_says_how_it_stands_and_how_to_go_on() -> None:
    band, calibration, last = lines_of(Standing(), NOW)
    assert "hold its button for 3 s" in band.text and band.command == "kneetrack scan"
    assert "after every strapping" in calibration.text
    assert last.text == "none yet" and last.command == "kneetrack record"
    _, calibration, last = lines_of(Standing(BAND, (OLD,), SESSION), NOW)
    assert "3 days old): an old one" in calibration.text
    assert "squat, A, right" in last.text and "75 % in range" in last.text
    assert last.command == "kneetrack analyze /logs/one.mcap"


def test_alone_it_reads_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    told = kneetrack()
    assert told.returncode == 0 and not told.stderr
    assert "none was used here yet" in told.stdout
    assert "next            kneetrack scan\n" in told.stdout
    FRESH.save(tmp_path / "kneetrack" / "calibration_right.json")
    logs = tmp_path / "kneetrack" / "sessions"
    (logs / "old.mcap").write_bytes((ROOT / "tests/replay/logs/protocol_1_1.mcap").read_bytes())
    told = kneetrack().stdout
    assert "A's calibration of the right leg (grade A" in told
    assert f"kneetrack analyze {logs / 'old.mcap'}\n" in told, "in one piece, to be copied"


# --- completion ----------------------------------------------------------------------------------


def asked(typed: str, **environment: str) -> list[str]:
    """What a shell would offer after `typed`."""
    command = typer.main.get_command(app)
    completing.attach(command, environment | {completing.VARIABLE: "complete_zsh"})
    *words, begun = typed.split(" ")
    for word in words:
        if word in getattr(command, "commands", {}):
            command = command.commands[word]
    parameters = {name: one for one in command.params for name in (*one.opts, one.name)}
    return [word.value for word in parameters[words[-1]].shell_complete(None, begun)]


def test_links_movements_measures_and_sides_are_completed() -> None:
    assert asked("record --link sim:squ") == ["sim:squats"]
    assert asked("doctor --link se") == ["serial:auto"]
    assert asked("demo --scenario wa") == ["walk", "walking"]
    assert asked("record --exercise step") == ["step_down", "step_up"]
    assert asked("trend measure tremor_d") == ["tremor_deg_s"]
    assert asked("calibrate --side l") == ["left"]


def test_people_of_whom_something_is_kept_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert asked("record --athlete ") == []
    folder = tmp_path / "kneetrack" / "calibrations"
    for name in ("Ada", "Ben"):
        replace(FRESH, athlete=name).save(folder / f"{name}_right_calibration.json")
    (folder / "torn.json").write_text("{")
    assert asked("record --athlete ") == ["Ada", "Ben"]
    assert asked("trend --athlete B") == ["Ben"]


def test_the_scenarios_are_those_of_the_simulator() -> None:
    code = "from sim.scenarios import *; print(*sorted([*SCENARIOS, TUMBLE]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "firmware", capture_output=True, text=True
    )
    assert tuple(done.stdout.split()) == completing.SCENARIOS, done.stderr


def test_bash_parts_words_at_colons_and_they_are_put_together() -> None:
    environment = {"COMP_WORDS": "kneetrack\nrecord\n--link\nsim\n:\nsqu", "COMP_CWORD": "5"}
    assert completing.rejoin(environment) is True
    assert environment["COMP_WORDS"] == "kneetrack\nrecord\n--link\nsim:squ"
    assert environment["COMP_CWORD"] == "3"
    environment = {"COMP_WORDS": "kneetrack\nrecord\n--link\nsim:\n--ath", "COMP_CWORD": "4"}
    assert completing.rejoin(environment) is False


@pytest.mark.skipif(os.name != "posix", reason="bash")
def test_bash_is_answered_by_the_program_itself() -> None:
    words = "kneetrack\nrecord\n--link\nsim\n:\nsqu"
    asks = {"_KNEETRACK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "5"}
    done = subprocess.run(PROGRAM, env=os.environ | asks, capture_output=True, text=True)
    assert done.stdout.split() == ["squats"], done.stderr
    assert "--install-completion" in kneetrack("--help").stdout
