"""`kneetrack selftest` with simulated bands: guided, recorded, compared with the other leg."""

from __future__ import annotations

import json
import os
import signal

import pytest

from command_line import is_one_sentence, kneetrack
from kneetrack.analysis import analyse
from kneetrack.sessionlog import read_log
from terminal import Terminal

FAST = "speed=max&functional=0&table=0"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_both_legs_in_turn_and_once_more(tmp_path):
    arguments = (
        "selftest",
        "lunge",
        "--athlete",
        "A",
        "--json",
        "--link",
        f"sim:lunge_test?{FAST}",
    )
    left = "sim:lunge_test?speed=max&functional=3&table=3&side=left&lean=28&seed=2"  # calibrated
    both = kneetrack(*arguments, "--link", left)
    assert both.returncode == 0, both.stderr
    (row,) = json.loads(both.stdout)["measures"]
    assert len(row["legs"]["right"]["values"]) == len(row["legs"]["left"]["values"]) == 3
    assert 34.0 < row["legs"]["right"]["mean"] < 42.0, "a lunge test needs no calibration"
    assert row["right_minus_left"]["verdict"] == "told_apart"
    assert row["legs"]["right"]["since_last"] is None
    assert "3 of 3" in both.stderr
    assert "Now the other leg." in both.stderr

    again = kneetrack(*arguments)
    (row,) = json.loads(again.stdout)["measures"]
    assert row["legs"]["right"]["since_last"]["verdict"] == "not_distinguishable"
    assert set(row["legs"]) == {"right", "left"}  # the other leg's of today
    logs = sorted(tmp_path.glob("**/*.mcap"))
    assert len(logs) == 3
    told = json.loads(kneetrack("analyze", logs[0], "--json").stdout)
    (leg,) = told["legs"]
    assert leg["exercise"] == "lunge_test"
    assert len(leg["reps"]) == 3


@pytest.mark.parametrize(("by", "code"), [("ctrl-c", 130), ("q", 0)])
def test_ended_early_it_says_so_and_keeps_what_was_done(tmp_path, by, code):
    terminal = Terminal(
        "selftest", "lunge", "--no-questions",
        "--link", "sim:lunge_test?speed=2&functional=0&table=0&stand=1",
    )  # fmt: skip
    terminal.read_until("1 of 3")
    if by == "q":
        terminal.type("q")
    else:
        os.kill(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == code
    assert "Cut short: 1 of 3 lunges, right leg." in terminal.seen
    assert terminal.seen.rstrip().endswith("kneetrack: Cut short.") is (code == 130)
    (log,) = tmp_path.glob("**/*.mcap")
    assert read_log(log).torn is None
    assert len(analyse(log).legs[0].result.reps) == 1


def test_a_band_that_ends_before_the_test_is_no_success():
    done = kneetrack(
        "selftest",
        "lunge",
        "--json",
        "--link",
        f"sim:lunge_test?{FAST}&reps=2&stand=2",
    )
    assert done.returncode == 3, done.stderr
    assert "ended before the test was complete" in done.stderr
    told = json.loads(done.stdout)
    assert told["counted"] == {"right": 2} and not told["complete"]


def test_a_balance_test_needs_one_and_says_so():
    done = kneetrack("selftest", "balance", "--link", f"sim:balance?{FAST}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("walk",), (), ("lunge", "--link", "log:x.mcap"), ("lunge", "--side", "up")]
)
def test_what_makes_no_sense_is_one_sentence(arguments):
    done = kneetrack("selftest", *arguments)
    assert done.returncode == 2
    assert is_one_sentence(done.stderr)


def test_the_list_explains_each():
    done = kneetrack("selftest", "--list")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("balance:", "squat:", "lunge:"))
