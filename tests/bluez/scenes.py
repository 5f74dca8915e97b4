"""What a user on Linux does, on an unmodified Linux: stock kernel, BlueZ, D-Bus, bleak, kneetrack.

`make test-bluez`. Not part of `make test`: the virtual machine takes a minute or two, and some
packages of the distribution, which are downloaded once (virtual_machine.py).
"""

import asyncio
import compileall
from pathlib import Path

import pytest
from band import Band, band_on
from computer import BIN, Computer, computer_on
from virtual_machine import CannotRun, prepare

from kneetrack.analysis.log import log_samples
from kneetrack.firmware_files import firmware_dir
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.board import ADDRESS

ROOT = Path(__file__).parents[2]
START_S = 300.0
"""An emulated computer takes long to import what a program needs, longer beside other work."""
OUTAGE_S = 4.0


@pytest.fixture(scope="module", autouse=True)
def machine() -> None:
    try:
        prepare()
    except CannotRun as reason:
        pytest.skip(f"no virtual machine for BlueZ: {reason}")
    for folder in (ROOT / "host", firmware_dir() / "kneecore"):
        compileall.compile_dir(folder, quiet=2)  # here it takes a second, in there a minute


async def until(what, limit_s: float, task: "asyncio.Task[object] | None" = None) -> None:
    """Wait until `what()` is true, or `task` has ended; TimeoutError."""
    async with asyncio.timeout(limit_s):
        while not what() and (task is None or not task.done()):
            await asyncio.sleep(0.1)


async def a_set(computer: Computer, band: Band, log: Path) -> str:
    """Record one with the band's link broken in its midst; what kneetrack said."""
    command = (BIN / "kneetrack", "record", "--link", "ble:auto", "--side", "right")
    where = ("--duration", "30", "--out", f"/mnt/out/{log.name}")
    async with band.kept_open():
        recording = asyncio.create_task(computer.run(*command, *where, limit_s=START_S + 120.0))
        await until(lambda: log.exists() and log.stat().st_size > 20_000, START_S, recording)
    if not recording.done():
        await band.out_of_reach(OUTAGE_S)
    done = await recording
    assert done.code == 0, done.text
    return done.text


@pytest.mark.timeout(900)
def test_a_set_is_recorded_over_bluez_and_an_outage_takes_nothing_from_it(tmp_path):
    """Scan, pair (an agent, the band's button), stream; lose the link; come back with the bond."""

    async def scene() -> None:
        (tmp_path / "flash").mkdir()
        air, log = Air(), tmp_path / "set.mcap"
        async with (
            band_on(air, tmp_path / "flash", "squats?table=0&functional=0") as band,
            computer_on(air, tmp_path) as computer,
        ):
            band.move()
            said = await a_set(computer, band, log)
            info = await computer.run("bluetoothctl", "info", ADDRESS)
            assert "Paired: yes" in info.text and "Bonded: yes" in info.text, info.text
            assert not band.is_connected
            assert "none missing" in said, said
        numbers = [sample.number for sample in log_samples(log)]
        assert len(numbers) > 25 * 104
        assert numbers == list(range(numbers[0], numbers[-1] + 1))

    asyncio.run(scene())
