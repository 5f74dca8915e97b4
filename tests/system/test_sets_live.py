"""Sets while a band is recorded: ending by themselves, resting, and what is typed in between."""

import asyncio
import json
from pathlib import Path

from command_line import kneetrack
from kneetrack import live
from kneetrack.analysis.log import analyse_log
from kneetrack.analysis.trace import alignment_of, calibrate, reference_of
from kneetrack.calibration import runner
from kneetrack.cli.replay import compared, fold
from kneetrack.detection import Analyzer
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.samples import RepSet
from kneetrack.sessionlog import SessionWriter, read_log
from terminal import Terminal
from worn_already import AT_ONCE, calibration_of

SHORT = "table=2&stand=3.5&functional=3&seed=411"
AS_A_REAL_BAND = f"sim:rerack?sets=2&reps=2&rest=6&away=4&{SHORT}&speed=max"


async def recorded(path: Path) -> tuple[RepSet, ...]:
    """A recording of a band that nobody tells what is done when, as all real ones are."""
    async with open_link(AS_A_REAL_BAND) as link:
        made = await runner.of_simulated(link, calibrate)
        analyzer = Analyzer(
            made.side, "squat", (), reference_of(made), alignment=alignment_of(made)
        )
        session = {"exercise": "squat", "windows": [], "load_kg": 50.0}
        with SessionWriter(path, session) as writer:
            writer.calibration(made.to_json())
            await live.record(link, analyzer, writer=writer)
        return analyzer.result().sets


def test_live_replay_and_analysis_end_the_same_sets_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "session.mcap"
    sets = virtual.run(recorded(path))
    assert len(sets) == 2
    log = read_log(path)
    stopped, analyzers, events = asyncio.run(fold(log, None, 0.0))
    assert not stopped
    same, count = compared(log, events)
    assert same == count > 0
    (replayed,) = analyzers.values()
    assert replayed.result().sets == sets
    (leg,) = analyse_log(path).legs
    assert leg.result.sets == sets
    assert [sum(rep.set == one.index for rep in leg.result.reps) for one in sets] == [2, 2]


def test_load_and_effort_are_typed_after_a_set_and_the_rest_is_counted(tmp_path: Path) -> None:
    """In a terminal of 80 columns, in real time, with the keys of a person."""
    path = tmp_path / "session.mcap"
    squats = f"squats?reps=2&{AT_ONCE}&last_table=12"
    terminal = Terminal(
        "record", "--link", f"sim:{squats}", "--out", path,
        "--calibration", calibration_of(squats, tmp_path),
        "--rest", "3", "--rpe", "6", "--note", "first day",
    )  # fmt: skip
    terminal.read_until("rep 2", 90.0)
    terminal.read_until("l load, e effort, n note of set 1")
    terminal.type("l")
    terminal.read_until("Load, in kg or lb")
    terminal.type("135l\x7flb\r")
    terminal.read_until("✓ set 1: load 61.2 kg")
    terminal.type("e11\r")
    terminal.read_until("from 0 (none) to 10")
    terminal.type("\x7f\x7f8\r")
    terminal.read_until("✓ set 1: effort 8")
    terminal.read_until("to go (0:0")
    terminal.read_until("rest is over: 0:0")
    terminal.type("q")
    assert terminal.end() == 0
    assert "\x07" in terminal.seen  # the bell
    session = read_log(path).session
    assert session["sets"] == [{"set": 0, "side": "right", "load_kg": 61.235, "rpe": 8.0}]
    assert (session["load_kg"], session["rpe"], session["note"]) == (61.235, 6.0, "first day")
    replayed = kneetrack("replay", path, "--speed", "max")
    assert "Events as recorded: " in replayed.stderr and "otherwise" not in replayed.stderr


def test_what_is_said_beforehand_is_checked_and_kept(tmp_path: Path) -> None:
    for option, value, why in (
        ("--load", "heavy", "A load is a number of kg or lb"),
        ("--rpe", "11", "from 0 (none) to 10"),
        ("--tag", "shoes", "KEY=VALUE"),
        ("--tag", "shoes=clogs", "The tag shoes"),
    ):
        refused = kneetrack("record", "--link", "sim:squats", option, value)
        assert refused.returncode == 2 and why in refused.stderr, refused.stderr
    path = tmp_path / "session.mcap"
    squats = f"squats?reps=1&{AT_ONCE}"
    result = kneetrack(
        "record", "--link", f"sim:{squats}&speed=max", "--out", path,
        "--calibration", calibration_of(squats, tmp_path),
        "--load", "100lb", "--rpe", "7", "--tag", "shoes=Flat", "--tag", "hells=yes",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    session = read_log(path).session
    assert session["tags"] == {"shoes": "flat", "hells": "yes"}
    assert (session["load_kg"], session["rpe"]) == (45.359, 7.0)
    assert json.dumps(session)
