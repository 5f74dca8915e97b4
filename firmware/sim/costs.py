"""What computing takes on an ESP32-S3, charged to the board's clock: estimates, for latencies.

At speed 0 computing costs nothing (`sim.vclock`), so an edge on a pin would come as soon as the bus
has brought the sample. Where KNEETRACK_COMPUTE_US is set, the stages of the loop take their time:

    KNEETRACK_COMPUTE_US=strapdown,correction,angles,cueing      whole us

of a pair's strapdown, of the correction of both IMUs at every tenth pair, of a knee sample's
angles, and of `kneecore.cueing` at a knee sample. `tools/bench_band_cue.py` says where they come
from.
"""

import os

from sim import vclock

_CORRECTED = 10  # pairs


def charge() -> None:
    """Have the stages take their time, if the environment asks for it."""
    told = os.getenv("KNEETRACK_COMPUTE_US")
    if not told:
        return
    strapdown_us, correction_us, angles_us, cueing_us = [int(each) for each in told.split(",")]
    from kneeband.strapdown import PairFilter
    from kneecore.cueing import Cueing
    from kneecore.pipeline import Pipeline

    step, update, pipeline_step = PairFilter.step, Cueing.update, Pipeline.step
    pairs = [0]

    def stepped(self, rows, index):
        pairs[0] += 1
        corrects = pairs[0] % _CORRECTED == 0
        vclock.charge(strapdown_us + (correction_us if corrects else 0))
        return step(self, rows, index)

    def piped(self, rows, index):
        due = pipeline_step(self, rows, index)
        if due:
            vclock.charge(angles_us)
        return due

    def updated(self, *sample):
        vclock.charge(cueing_us)
        return update(self, *sample)

    PairFilter.step = stepped
    Pipeline.step = piped
    Cueing.update = updated
