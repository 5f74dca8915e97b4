"""What is shown, and whoever ends the program, must not cost what is recorded."""

import asyncio
import io
import os
import signal
import time
from pathlib import Path

import pytest
from rich.console import Console

from command_line import running
from kneecore import wire
from kneetrack import live
from kneetrack.cli.view import open_view
from kneetrack.detection import Analyzer
from kneetrack.errors import LinkLost
from kneetrack.link import open_link
from kneetrack.samples import KneeSample, Status
from kneetrack.sessionlog import SessionWriter, read_log
from worn_already import AT_ONCE, calibration_of

SQUATS = f"squats?{AT_ONCE}&reps=3"
SHORT = f"sim:{SQUATS}"
LEFT_WAITING = ("Traceback", "never retrieved", "Exception ignored")


def wait_for(path: Path) -> None:
    """Until the recording has begun and something has been received."""
    until = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size > 20_000):
        assert time.monotonic() < until
        time.sleep(0.05)


def reps_in(path: Path) -> int:
    log = read_log(path)
    assert log.torn is None
    return sum(event["event"] == "rep_ended" for event in log.events)


def test_a_reader_that_leaves_after_the_first_line_ends_nothing(tmp_path: Path) -> None:
    log = tmp_path / "a.mcap"
    known = calibration_of(SQUATS, tmp_path)
    command = ("record", "--link", f"{SHORT}&speed=max", "--out", log, "--calibration", known)
    with running(*command) as recorder:
        recorder.stdout.readline()
        recorder.stdout.close()
        errors = recorder.stderr.read().decode()
        recorder.wait(60)
    assert recorder.returncode == 0, errors
    assert not any(words in errors for words in LEFT_WAITING), errors
    assert reps_in(log) >= 3


def test_a_terminal_that_knows_only_ascii_ends_nothing(tmp_path: Path) -> None:
    log = tmp_path / "a.mcap"
    ascii_only = os.environ | {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}
    known = calibration_of(SQUATS, tmp_path)
    for command in (
        ["record", "--link", f"{SHORT}&speed=max", "--out", log, "--calibration", known],
        ["analyze", log],
        ["analyze", log, "--json"],
    ):
        with running(*command, env=ascii_only) as recorder:
            _, errors = recorder.communicate(timeout=60)
        assert recorder.returncode == 0, errors
        assert not any(words in errors.decode() for words in LEFT_WAITING), errors
    assert reps_in(log) >= 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_systems_ways_to_end_a_program_end_a_recording_well(
    tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "a.mcap"
    known = calibration_of(SQUATS, tmp_path)
    with running("record", "--link", SHORT, "--out", log, "--calibration", known) as recorder:
        wait_for(log)
        recorder.send_signal(number)
        out, errors = recorder.communicate(timeout=60)
    assert recorder.returncode == 0, errors
    assert str(log) in out.decode()
    assert read_log(log).torn is None


@pytest.mark.timeout(60)
def test_ctrl_c_while_calibrating_is_one_line(tmp_path: Path) -> None:
    # Ten minutes on the table, so that it is still calibrating when the signal comes.
    link = "sim:squats?table=600"
    with running("calibrate", "--link", link, "--out", tmp_path / "cal.json") as calibrating:
        errors = ""
        while "Table (step 1" not in errors:
            line = calibrating.stderr.readline().decode()
            assert line, errors
            errors += line
        calibrating.send_signal(signal.SIGINT)
        errors += calibrating.stderr.read().decode()
        calibrating.wait(30)
    assert calibrating.returncode == 130, errors
    assert errors.strip().splitlines()[-1] == "kneetrack: Cut short."
    assert not any(words in errors for words in LEFT_WAITING), errors
    assert not (tmp_path / "cal.json").exists()


def test_a_band_that_hangs_is_noticed(tmp_path: Path) -> None:
    waits = live.Waits(status_s=0.3, answer_s=0.5, return_s=0.5)
    path = tmp_path / "a.mcap"

    class Stopping:
        """Stops the board's process, as a band's firmware might, after some samples."""

        def __init__(self, pid: int) -> None:
            self.pid = pid
            self.samples = 0

        def packet(self) -> None: ...

        def item(self, item: object) -> None:
            self.samples += isinstance(item, KneeSample)
            if self.samples == 200:
                os.kill(self.pid, signal.SIGSTOP)

        def event(self, event: object) -> None: ...

    async def record() -> None:
        with SessionWriter(path, {"exercise": "squat"}) as writer:
            async with open_link(SHORT) as link:
                stopping = Stopping(link.board_pid)
                analyzer = Analyzer(link.scenario.side, link.scenario.exercise)
                try:
                    await live.record(link, analyzer, writer=writer, sinks=[stopping], waits=waits)
                finally:
                    os.kill(link.board_pid, signal.SIGCONT)

    with pytest.raises(LinkLost, match="is kept"):
        asyncio.run(asyncio.wait_for(record(), 60))
    log = read_log(path)
    assert log.torn is None
    assert log.packet_count > 25


def test_faults_are_told_by_name_in_lines_and_taken_back() -> None:
    out = io.StringIO()
    leg = open_view(Console(file=out), hint="").leg("Right leg")
    for faults in (0, wire.FAULT_STORE, wire.FAULT_STORE, wire.FAULT_SHANK_IMU, 0):
        leg.item(Status(1, faults, 1.0, 0, 0, (20.0, 20.0), None))
    told = out.getvalue().splitlines()
    assert len(told) == 4
    assert "stores" in told[0] and "answer" not in told[0]
    assert "IMU on the shank does not answer" in told[1]
    assert told[2].startswith("No longer so: The band could not")
    assert told[3].startswith("No longer so: The IMU on the shank")


def test_the_screen_shows_a_fault_as_long_as_it_lasts() -> None:
    def shown(leg: object) -> str:
        out = io.StringIO()
        Console(file=out, width=100).print(leg.draw(30))
        return out.getvalue()

    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    leg = open_view(console, hint="").leg("Right leg")
    leg.item(Status(1, wire.FAULT_STORE, 1.0, 0, 0, (20.0, 20.0), None))
    assert "stores" in shown(leg) and "does not answer" not in shown(leg)
    leg.item(Status(1, 0, 1.0, 0, 0, (20.0, 20.0), None))
    assert "stores" not in shown(leg)
