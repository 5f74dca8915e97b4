"""Sleep, a clock that was set, and a program that stood still are told apart, in one sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kneetrack.sessionlog.clock_watch import ClockEvent, Clocks, ClockWatch, read_clocks


class Computer:
    """The clocks of a computer that has been up for a day."""

    def __init__(self, *, boot_clock: bool = True) -> None:
        self.clocks = Clocks(80_000.0, 86_400.0 if boot_clock else None, 1_795_000_000.0)

    def pass_time(self, *, awake_s: float = 1.0, asleep_s: float = 0.0, set_by_s: float = 0.0):
        boot_s = self.clocks.since_boot_s
        self.clocks = replace(
            self.clocks,
            monotonic_s=self.clocks.monotonic_s + awake_s,
            since_boot_s=None if boot_s is None else boot_s + awake_s + asleep_s,
            wall_s=self.clocks.wall_s + awake_s + asleep_s + set_by_s,
        )

    def watch(self) -> ClockWatch:
        return ClockWatch(lambda: self.clocks)


def told(events: list[ClockEvent]) -> list[tuple[str, int]]:
    return [(event.kind, round(event.duration_s)) for event in events]


def test_a_sleep_is_told_with_its_length_and_once() -> None:
    computer = Computer()
    watch = computer.watch()
    computer.pass_time(asleep_s=35.2)
    events = watch.look()
    assert told(events) == [("slept", 35)]
    assert "slept for 35 s" in events[0].sentence
    assert events[0].to_json() == {"event": "clock", "kind": "slept", "duration_s": 35.2}
    computer.pass_time()
    assert watch.look() == []


def test_a_clock_that_was_set_is_no_sleep() -> None:
    computer = Computer()
    watch = computer.watch()
    computer.pass_time(set_by_s=-3600.0)
    (event,) = watch.look()
    assert told([event]) == [("set", -3600)]
    assert "set back by 3600 s" in event.sentence
    computer.pass_time(asleep_s=60.0, set_by_s=7200.0)
    assert told(watch.look()) == [("slept", 60), ("set", 7200)]


def test_without_a_clock_since_boot_both_are_named() -> None:
    computer = Computer(boot_clock=False)
    watch = computer.watch()
    computer.pass_time(asleep_s=35.0)
    (event,) = watch.look()
    assert "slept for 35 s, or its clock was set forward" in event.sentence
    computer.pass_time(set_by_s=-10.0)
    (event,) = watch.look()
    assert "set back by 10 s" in event.sentence


@given(st.lists(st.tuples(st.floats(0.5, 4.0), st.floats(-0.05, 0.05)), min_size=1, max_size=50))
def test_late_looks_and_a_steered_clock_are_nothing_to_tell(looks) -> None:
    computer = Computer()
    watch = computer.watch()
    for awake_s, steered_s in looks:
        computer.pass_time(awake_s=awake_s, set_by_s=steered_s)
        assert watch.look() == []


WATCHING = """
import json, time
from kneetrack.sessionlog import clock_watch
clock_watch.LATE_S = 0.8
watch = clock_watch.ClockWatch()
while True:
    time.sleep(0.05)
    for event in watch.look():
        print(json.dumps(event.to_json()), flush=True)
    print("{}", flush=True)
"""


def test_a_program_that_was_stopped_for_a_while_says_so() -> None:
    """A real process, stopped and continued by the system's signals."""
    with subprocess.Popen([sys.executable, "-c", WATCHING], stdout=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == b"{}\n"
        os.kill(watching.pid, signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(watching.pid, signal.SIGCONT)
        found = {}
        for _ in range(200):
            found = json.loads(watching.stdout.readline())
            if found:
                break
        watching.kill()
    assert found["event"] == "clock" and found["kind"] == "stood_still"
    assert found["duration_s"] >= 0.8


def test_the_systems_clocks_agree_while_nothing_happens() -> None:
    first = read_clocks()
    time.sleep(0.05)
    second = read_clocks()
    assert second.monotonic_s > first.monotonic_s
    assert ClockWatch().look() == []
    if sys.platform == "linux":
        assert second.since_boot_s is not None
