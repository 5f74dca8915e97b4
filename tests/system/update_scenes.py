"""Updates of the simulated band that take longer than `make test` has time for; and their figures.

    .venv/bin/python -m pytest -q -s -p no:xdist -o addopts= --import-mode=importlib \\
        tests/system/update_scenes.py

All of it in virtual time, with the radio's paced air.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flash_bench import TARGET, flash_bench
from kneecore import update_wire
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.link.sim import SimLink
from kneetrack.maintenance import flash, flash_board
from kneetrack.maintenance.flash_ports import Port
from kneetrack.maintenance.update import Updated, band_state
from kneetrack.maintenance.update_plan import Package
from updates import HANGS, UNREACHABLE, band, brought, built, fill, is_taken_back


def test_versions_that_hang_or_can_not_be_reached_are_taken_back_and_the_old_one_comes_back(
    tmp_path: Path,
) -> None:
    old = built("0.1.0", tmp_path, {})
    fill(tmp_path / "band", old)

    async def life() -> None:
        async with band(tmp_path / "band") as link:
            for version, why in (
                (built("0.2.1", tmp_path, HANGS), "it hung"),
                (built("0.2.2", tmp_path, UNREACHABLE), "confirmed it within a minute"),
            ):
                await is_taken_back(link, version, by="0.1.0", why=why)

    virtual.run(life())


def test_a_flashed_band_is_updated_over_its_cable_and_flashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash, "BAND", TARGET)
    monkeypatch.setattr(flash_board, "ANSWER_S", 12.0)
    new = built("0.1.1", tmp_path, {})

    async def life() -> None:
        async with flash_bench(tmp_path) as bench:
            port = Port(str(bench.cable.port))
            await asyncio.to_thread(flash.flash, port, None, lambda now: None)
            async with open_link(f"serial:{port}") as link:
                assert (await brought(link, built("0.1.0", tmp_path, {}))).nothing_to_do
                done = await brought(link, new)
                state = await band_state(link)
            assert done.sent == ("kneecore/__init__.mpy",)
            assert done.taken_over == len(new.files) - 1
            assert (state.slot, state.firmware) == (1, "0.1.1")
            flashed = await asyncio.to_thread(flash.flash, port, None, lambda now: None)
            assert flashed.removed == ("slots.dat",)
            async with open_link(f"serial:{port}") as link:
                state = await band_state(link)
            assert (state.slot, state.firmware) == (0, "0.1.0")

    asyncio.run(life())


def test_what_an_update_takes(tmp_path: Path) -> None:
    old, new = built("0.1.0", tmp_path, {}), built("0.1.1", tmp_path, {})

    async def life() -> None:
        async with band(tmp_path / "band") as link:  # what came by cable is no .mpy here
            await _told(link, old, "all of it")
            await _told(link, new, "one file, the rest copied")
            back = await _told(link, old, "back to the one before")
            assert back.sent_bytes == 0 and back.slot == 1

    virtual.run(life())


async def _told(link: SimLink, version: Package, what: str) -> Updated:
    first = 0.0

    def tell(doing: str, share: float) -> None:
        nonlocal first
        if doing.startswith("Starting"):
            first = link.now_s()

    began = link.now_s()
    done = await brought(link, version, tell)
    state = await band_state(link)
    assert state.outcome == update_wire.OUTCOME_CONFIRMED and state.firmware == version.version
    print(
        f"{what}: {done.sent_bytes} bytes of {version.size} in {len(done.sent)} files sent, "
        f"{done.taken_over} copied, {done.there} there; {first - began:.0f} s, with the trial "
        f"{done.elapsed_s:.0f} s; {version.size_kib} KiB of flash"
    )
    return done
