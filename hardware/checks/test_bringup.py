"""bringup.py, run as on the band, on the simulated board; and with a cable out."""

import os
import subprocess

import pytest

from kneehard import parts, timing

RIG = """
import sys
from machine import attach
import board
from sim import vclock
from sim.chip_errors import ChipErrors
from sim.haptic_model import DA7280Model
from sim.imu_model import LSM6DSModel

class Still:
    def imu(self, mount, t_s):
        return 0.01, 0.0, 0.0, 0.0, 6.9, 6.9

class Gauge:  # MAX17048: VCELL 0x02, SOC 0x04, CRATE 0x16
    def answers(self, now_us):
        return True
    def write(self, register, data, now_us):
        pass
    def read_into(self, register, buffer, now_us):
        words = {2: 3900 * 64 // 5, 4: 80 * 256}
        buffer[0], buffer[1] = divmod(words.get(register, 0), 256)

vclock.set_speed(0.0)
mounts = {"thigh": board.THIGH_IMU, "shank": board.SHANK_IMU}
if "stranger" in sys.argv:
    sys.argv.remove("stranger")
    attach(board.I2C_ID, 0x29, Gauge())
if "haptic" in sys.argv:
    sys.argv.remove("haptic")
    attach(board.I2C_ID, 0x4A, DA7280Model(), board.I2C_POWER)
for mount in sys.argv[2:]:
    attach(board.I2C_ID, mounts[mount], LSM6DSModel(mount, Still(), ChipErrors("none", 1)),
           board.I2C_POWER)
attach(board.I2C_ID, board.FUEL_GAUGE_MAX17048, Gauge())
exec(open(sys.argv[1]).read())
"""


def _run(tmp_path, *mounts: str) -> list[str]:
    rig = tmp_path / "rig.py"
    rig.write_text(RIG)
    path = [*timing.PATH, ".frozen"]
    done = subprocess.run(
        [timing.MICROPYTHON, "-X", "heapsize=8M", rig, parts.HERE / "bringup.py", *mounts],
        env={**os.environ, "MICROPYPATH": ":".join(map(str, path))},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_mutant_a_stranger(tmp_path):
    lines = _run(tmp_path, "thigh", "shank", "stranger")
    assert "LOOK somebody answers at 0x29, whom the firmware does not know" in lines


def test_a_good_board_has_nothing_to_look_at(tmp_path):
    lines = _run(tmp_path, "thigh", "shank", "haptic")
    assert "ok   haptic board: a DA7280 at 0x4a" in lines
    assert lines[-1] == "All as expected."
    assert all(line.startswith("ok  ") for line in lines[:-1])
    assert "ok   shank IMU: 0 of 1000 reads wrong at 400 kHz" in lines
    assert "ok   battery: 80 %, 3900 mV" in lines


@pytest.mark.parametrize(
    ("there", "missing"),
    [("thigh", "shank IMU: nobody answers"), ("shank", "thigh IMU: nobody answers")],
)
def test_mutant_a_cable_that_is_out(tmp_path, there, missing):
    lines = _run(tmp_path, there)
    assert f"LOOK {missing}" in lines
    assert lines[-1] == "1 to look at: hardware/BRINGUP.md"
