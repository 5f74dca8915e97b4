#!/usr/bin/env python3
"""An hour recorded with no computer in reach, then fetched by `sync`: is all of it there, how long
does the radio take, and how many bytes is a sample on the band's flash?

    python tools/bench_sync.py [--minutes 60]

The very firmware on the simulated board, littlefs on a model of its flash, the Bluetooth stack in
software; virtual time. An hour takes some ten minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time

from kneetrack.errors import LinkError
from kneetrack.link import open_link
from kneetrack.link.radio import virtual
from kneetrack.maintenance import kept as band
from kneetrack.maintenance.sync import Sync

LAP_S = 30.0  # a set of eight squats and its rest: there are more of them than minutes to fill
TRIES = 20


async def run(minutes: float) -> int:
    laps = int(minutes * 60.0 / LAP_S) + TRIES
    async with open_link(f"sim:squats?reps=8&laps={laps}&chip=lsm6dsox") as link:
        begun_s = time.monotonic()
        await link.play()
        await asyncio.sleep(8)
        await band.begin_alone(link)
        await link.outage(minutes * 60.0)
        for _ in range(TRIES):
            try:
                await link.reconnect()
                break
            except LinkError:
                await asyncio.sleep(2)
        await band.end_running(link)
        print(
            f"the band measured {await link.measured()} samples; "
            f"simulated in {time.monotonic() - begun_s:.0f} s"
        )
        missing = 0
        for recording in await band.recordings(link):
            from_s = asyncio.get_running_loop().time()
            done = await Sync(link).bring(
                recording,
                about={"athlete": None, "exercise": "squat"},
                calibration_of=lambda *_: None,
                told=lambda _: None,
            )
            took_s = asyncio.get_running_loop().time() - from_s
            numbers = recording.numbers
            wanted = numbers.end - numbers.first
            missing += wanted - done.fetched.samples
            print(
                f"fetched {done.fetched.samples} of {wanted} samples in {took_s:.0f} s of the "
                f"radio's time, {recording.size_bytes / wanted:.1f} B each; "
                f"{'deleted on the band' if done.deleted else 'still on the band'}"
            )
    return int(missing != 0)


def main() -> int:
    parser = argparse.ArgumentParser(description="An hour recorded alone, fetched by sync.")
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_DATA_HOME"] = home
        return virtual.run(run(minutes))


if __name__ == "__main__":
    sys.exit(main())
