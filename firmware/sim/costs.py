"""What computing takes on an ESP32, charged to the board's clock: estimates, for latencies.

At speed 0 computing costs nothing (`sim.vclock`), so an edge on a pin would come as soon as the bus
has brought the sample. Where KNEETRACK_COMPUTE names a chip of `sim.stage_times` ("esp32s3",
"esp32"), each stage of `sim.stages` takes its time there, before its first function runs. What is
in no stage, and garbage collection, is charged where pairs have been taken (`kneeband.garbage`).

`tools/bench_firmware.py --write` makes the figures; there are no others.
"""

import gc
import os

from sim import stage_times, stages, vclock


def charge() -> None:
    """Have the stages take their time, if the environment asks for it."""
    chip = os.getenv("KNEETRACK_COMPUTE")
    if not chip:
        return
    times_us = stage_times.US_PER_CALL[chip]
    for stage, _, functions in stages.STAGES:
        _charge(functions[0][0], times_us[stage])
    _charge_polls(times_us)


def _charge(name, us) -> None:
    owner, attribute = stages.place(name)
    function = getattr(owner, attribute)

    def charged(*arguments):
        vclock.charge(us)
        return function(*arguments)

    setattr(owner, attribute, charged)


def _charge_polls(times_us) -> None:
    """The rest at every poll; a collection as often as the target's heap needs one."""
    owner, attribute = stages.place("kneeband.garbage:Garbage.take")
    take = getattr(owner, attribute)
    pairs = [0]

    def taking(garbage, count):
        pairs[0] += count
        vclock.charge(times_us[stages.REST])
        if pairs[0] >= stages.COLLECT_PAIRS:
            pairs[0] = 0
            vclock.charge(times_us[stages.COLLECT])
        take(garbage, count)

    setattr(owner, attribute, taking)


def keep_collector_on() -> None:
    """The leg and the radio share the band's heap here, and their garbage is none of the band's:
    it can't know how long there is room for it."""

    class Collector:
        collect = gc.collect
        mem_free = gc.mem_free
        enable = disable = gc.enable

    setattr(*stages.place("kneeband.garbage:gc"), Collector)
