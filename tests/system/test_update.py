"""`kneetrack update` on the simulated band: real versions, real restarts, over the software radio.

The band runs this repository's firmware from slot a, as .mpy on its flash. In virtual time. Every
write's power cut, and what is refused: tests/firmware/device/update*.py. More versions that fail,
and the figures of a whole update: update_scenes.py, which takes too long for every day.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.link.radio import virtual
from kneetrack.link.sim import SimLink
from kneetrack.live import command, set_calibration
from kneetrack.maintenance.update import band_state
from kneetrack.maintenance.update_plan import Package
from updates import CRASHES, band, brought, built, fill, is_taken_back

CALIBRATION = Calibration(
    wire.SIDE_RIGHT, (1.0, 0.0, 0.0, 0.0), (0.8, 0.6, 0.0, 0.0), calibration_id=4711
)


def test_an_update_goes_on_behind_a_power_cut_and_one_that_crashes_is_taken_back(
    tmp_path: Path,
) -> None:
    old = built("0.1.0", tmp_path, {})
    fill(tmp_path / "band", old)
    new, broken = built("0.1.1", tmp_path, {}), built("0.2.0", tmp_path, CRASHES)

    async def life() -> None:
        async with band(tmp_path / "band") as link:
            await set_calibration(link, CALIBRATION)
            await command(link, wire.OP_RECORD)
            await link.sleep(1.0)
            await command(link, wire.OP_STOP)
            assert (await brought(link, old)).nothing_to_do
            await _loses_power_and_goes_on(link, new)
            assert await _kept(link) == (4711, 1)
            await is_taken_back(link, broken, by="0.1.1", why="its program failed")
            assert await _kept(link) == (4711, 1)

    virtual.run(life())


async def _kept(link: SimLink) -> tuple[int, int]:
    """The calibration's number, and how many recordings the band has."""
    answer = await command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))
    status = wire.STATUS.unpack_from(answer.payload)
    return link.feature.calibration_id, status.recordings


async def _loses_power_and_goes_on(link: SimLink, new: Package) -> None:
    cuts: list[asyncio.Task[None]] = []

    async def cut() -> None:
        await link.cut_power()
        await link.power_on()

    def tell(what: str, share: float) -> None:
        if what == "kneecore/gates.mpy" and not cuts:
            cuts.append(asyncio.create_task(cut()))

    done = await brought(link, new, tell)
    assert cuts and cuts[0].done()
    assert (done.before, done.firmware, done.slot) == ("0.1.0", "0.1.1", 2)
    assert done.sent == ("kneecore/__init__.mpy",)
    assert done.taken_over == len(new.files) - 1
    state = await band_state(link)
    assert (state.slot, state.trial, state.firmware) == (2, False, "0.1.1")
    assert state.firmware_id == new.firmware_id
