"""`kneetrack calibrate` from end to end: the firmware on a simulated leg, the air, the procedure,
the analysis, the band's memory and the file."""

import asyncio
import json
import math
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from command_line import kneetrack
from kneecore import wire
from kneecore.calibration import from_wire
from kneetrack import live
from kneetrack.analysis.trace import calibrate
from kneetrack.calibration import CalibrationFile, runner
from kneetrack.calibration.procedure import (
    Accepted,
    Procedure,
    Refused,
    Rep,
    Repeated,
    Told,
)
from kneetrack.calibration.steps import MOVEMENTS, Movement
from kneetrack.cli.calibrate import default_path
from kneetrack.cli.calibrate_legs import NOT_YET
from kneetrack.errors import CalibrationError, LinkError
from kneetrack.link import open_link
from kneetrack.samples import Side
from sim import scenarios
from terminal import Terminal

QUICK = "speed=max&reps=0"
CALIBRATION = wire.QUERY.pack(wire.QUERY_CALIBRATION)


async def guided(
    address: str, movement: Movement, before: CalibrationFile | None = None
) -> tuple[Procedure, list[Told], bytes]:
    """A run of the procedure; what was told, and the calibration that the band holds afterwards."""
    told: list[Told] = []
    async with open_link(address) as link:
        if before is not None:
            await live.set_calibration(link, before.calibration)
        procedure = Procedure(link.scenario.side, movement)
        try:
            await runner.lead(link, procedure, calibrate, told.append)
        except CalibrationError as error:
            assert isinstance(told[-1], Refused) and str(error) == told[-1].text
        try:
            held = (await live.command(link, wire.OP_QUERY, CALIBRATION)).payload
        except LinkError:  # it holds none
            held = b""
    return procedure, told, held


def run(
    scenario: str, movement: str = "squat", before: CalibrationFile | None = None
) -> tuple[Procedure, list[Told], bytes]:
    return asyncio.run(guided(f"sim:{scenario}&{QUICK}", MOVEMENTS[movement], before))


def apart_deg(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """The angle between two rotations."""
    same = abs(sum(x * y for x, y in zip(a, b, strict=True)))
    return math.degrees(2.0 * math.acos(min(1.0, same)))


def assert_sits_as_mounted(made: CalibrationFile, scenario: str) -> None:
    """Both rotations are those by which the sensors were put on the leg, whatever they were."""
    thigh, shank = scenarios.make_from_address(scenario).source.mountings
    assert apart_deg(made.calibration.q_thigh_sensor, thigh) < 5.0
    assert apart_deg(made.calibration.q_shank_sensor, shank) < 5.0


def test_a_right_leg_with_any_mounting_is_calibrated_and_the_band_keeps_it() -> None:
    procedure, told, held = run("squats?side=right&seed=11&sta=0")
    accepted = procedure.outcome
    assert isinstance(accepted, Accepted), told[-1]
    made = accepted.made
    assert (made.grade, made.side) == ("A", Side.RIGHT)
    assert all(gate.passed for gate in made.gates)
    assert held == made.calibration.to_wire()
    assert from_wire(held).calibration_id == made.calibration.calibration_id
    assert_sits_as_mounted(made, "squats?side=right&seed=11&sta=0")
    assert [event.number for event in told if isinstance(event, Rep)] == [1, 2, 3, 4, 5]


LEFT = "squats?side=left&seed=12&sta=0&tempo=0.62"
"""Squats of three seconds down and three up."""


@pytest.fixture(scope="module")
def by_command(tmp_path_factory: pytest.TempPathFactory) -> tuple[CalibrationFile, str]:
    """The left leg's calibration, made by the command itself, and what that said meanwhile."""
    path = tmp_path_factory.mktemp("kept") / "cal.json"
    result = kneetrack(
        "calibrate", "--link", f"sim:{LEFT}&{QUICK}", "--json", "--athlete", "A", "--out", path
    )
    assert result.returncode == 0, result.stderr
    made = CalibrationFile.load(path)
    assert made.to_json() == json.loads(result.stdout) == json.loads(path.read_text())
    return made, result.stderr


@pytest.fixture
def kept(by_command: tuple[CalibrationFile, str]) -> CalibrationFile:
    """A calibration that a band may hold already."""
    return by_command[0]


def test_a_left_leg_is_calibrated_with_the_whole_story_in_its_file(kept: CalibrationFile) -> None:
    assert (kept.side, kept.grade, kept.athlete) == (Side.LEFT, "A", "A")
    assert kept.rests_on == {"bias": "table", "gravity": "stand", "axis": "functional"}
    assert kept.zero_utc == kept.created_utc is not None
    assert kept.reference is not None
    assert_sits_as_mounted(kept, LEFT)


def test_slow_squats_and_all_it_takes_a_person_less_than_a_minute(
    by_command: tuple[CalibrationFile, str],
) -> None:
    """In the band's own time, from strapped on to the end of the last squat."""
    said = re.search(r"Accepted, after (\d+) s on the leg", by_command[1])
    assert said is not None, by_command[1]
    assert 35 < int(said[1]) <= 60


REFUSED = {
    "sensors swapped": (
        "squats?swapped=1",
        ("as if the two sensors were swapped", '"Strap on"'),
        "strap",
    ),
    "the other leg": (
        "squats?wrong_side=1&side=right",
        ("turns outward as the knee bends", "kneetrack calibrate --side right"),
        None,
    ),
    "shallow squats": (
        "squats?functional_depth=40&functional=1",
        ("bent the knee by 4", "at least 60° is wanted"),
        None,
    ),
    "never still": (
        "squats?restless=1&functional=1",
        ("You moved:", "°/s, at most 3", '"Stand"'),
        None,
    ),
    "a table that is touched": (
        "squats?knock=1&functional=0",
        ("It was touched:", '"Table"'),
        None,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_good_enough_is_refused_in_words_and_changes_nothing(
    name: str, kept: CalibrationFile
) -> None:
    scenario, words, repeated = REFUSED[name]
    procedure, told, held = run(scenario, before=kept)
    refused = procedure.outcome
    assert isinstance(refused, Refused)
    for phrase in words:
        assert phrase in refused.text, refused.text
    again = [event.step.kind for event in told if isinstance(event, Repeated)]
    assert again == ([] if repeated is None else [repeated])
    assert held == kept.calibration.to_wire()


def test_swings_of_a_band_that_is_worn_already_need_neither_squats_nor_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten swings: should the first five not agree well enough, the next five are taken."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    result = kneetrack(
        "calibrate", "--link", f"sim:swings?functional=10&sta=0&table=0&{QUICK}",
        "--movement", "swing", "--no-table",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "Swing the leg slowly" in result.stderr and "5 of 5" in result.stderr
    assert "squats" not in result.stderr
    assert "No table of the last 12 hours" in result.stderr
    assert "grade A" not in result.stdout and "from 5 slow swings" in result.stdout
    assert "from standing still, not from a table" in result.stdout
    made = CalibrationFile.load(default_path(Side.RIGHT))
    assert (made.rests_on["bias"], made.zero_utc) == ("stand", None)
    assert made.reference is None  # of squats they are none


def test_a_simulated_leg_that_the_procedure_refuses_is_recorded_all_the_same() -> None:
    async def calibrated() -> CalibrationFile:
        async with open_link(f"sim:squats?table=2&functional=3&{QUICK}") as link:
            made = await runner.of_simulated(link, calibrate)
            held = (await live.command(link, wire.OP_QUERY, CALIBRATION)).payload
            assert held == made.calibration.to_wire()
            return made

    made = asyncio.run(calibrated())
    assert any("would have had a step done again" in warning for warning in made.warnings)
    assert made.rests_on["axis"] == "functional"


def test_a_calibration_that_the_band_did_not_keep_is_noticed(kept: CalibrationFile) -> None:
    async def stored() -> None:
        async with open_link(f"sim:squats?{QUICK}") as link:
            await runner.store(link, kept.calibration)
            held = await live.command(link, wire.OP_QUERY, CALIBRATION)
            assert held.payload == kept.calibration.to_wire()
            # An id of 0 means none: the band says no, and keeps what it has.
            other = replace(kept).calibration.to_wire()
            with pytest.raises(LinkError):
                await live.command(link, wire.OP_SET_CALIBRATION, b"\x00\x00" + other[2:])
            held = await live.command(link, wire.OP_QUERY, CALIBRATION)
            assert held.payload == kept.calibration.to_wire()

    asyncio.run(stored())


# --- the screen ----------------------------------------------------------------------------------


def test_the_screen_leads_through_every_step(tmp_path: Path) -> None:
    terminal = Terminal(
        "calibrate", "--link", f"sim:squats?{QUICK}", "--out", tmp_path / "cal.json"
    )
    for words in (
        "▶ 1 Table",
        "LAY THE BAND ON A TABLE.",
        "✓ 1 Table    ▶ 2 Strap on",
        "✓ 2 Strap on    ▶ 3 Stand",
        "STAND TALL AND STILL.",
        "s to go",
        "✓ 3 Stand    ▶ 4 Five slow squats",
        "DO FIVE SLOW SQUATS.",
        "60° or more",
        "4 of 5",
        "grade A",
        "knee axis",
        "Saved:",
    ):
        terminal.read_until(words)
    assert terminal.end() == 0
    lines = terminal.seen.splitlines()
    assert max(len(line) for line in lines if "│" in line) <= 80
    assert (tmp_path / "cal.json").exists()


def test_ctrl_c_in_the_middle_leaves_the_old_calibration_and_says_so(tmp_path: Path) -> None:
    terminal = Terminal(
        "calibrate", "--link", "sim:squats?table=600", "--out", tmp_path / "cal.json", columns=120
    )
    terminal.read_until("LAY THE BAND ON A TABLE.")
    os.kill(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130
    assert NOT_YET in terminal.seen
    assert terminal.seen.rstrip().endswith("kneetrack: Cut short.")
    assert "Traceback" not in terminal.seen
    assert not (tmp_path / "cal.json").exists()
