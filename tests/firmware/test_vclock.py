"""Virtual time. Most tests are in device/vclock.py."""

import subprocess
from pathlib import Path

from kneetrack.firmware_files import run_micropython

CANARY = Path(__file__).parent / "device_sim" / "canary.py"


def test_on_the_board(device_test):
    device_test()


def canary() -> str:
    command = run_micropython([str(CANARY)])
    return subprocess.run(
        command.arguments,
        env=command.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


def test_sixty_seconds_of_a_board_are_the_same_twice():
    """The canary: the clock relies on how this MicroPython's asyncio asks for the time."""
    first = canary()
    assert canary() == first
    lines = first.splitlines()
    assert len(lines) == 61
    end_us, beats, words = (int(word) for word in lines[-1].split() if word.isdigit())
    assert end_us == 60_000_000
    assert beats in (5999, 6000)  # the last one is due at the very end
    # Two chips, gyr and acc, 208.3 Hz, oscillators within 1.5 %.
    assert abs(words / (60 * 2 * 2 * 6667 / 32) - 1.0) < 0.016
