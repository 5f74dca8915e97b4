"""One run of measuring, from its start to its end: pairs through the filters into knee samples.

Each knee sample goes to the journal; packets of them, and of the raw pairs, go to the port that is
attached. It is attached and detached while measuring goes on: the samples know nothing of it.
The `kneecore.cueing` that is given hears every knee sample as soon as there is one; what it says
goes to `cue`, and the packets tell of it (FLAG_CUED).

Knee samples lie at the even grid numbers. The pipeline gives one for every second pair it is fed,
so after a hole of odd length one pair goes to the estimator alone, which keeps the two in step.
"""

from kneeband import config, imu
from kneeband.packets import KneePackets, RawPackets
from kneeband.strapdown import PairFilter
from kneecore import wire
from kneecore.fusion import Params
from kneecore.pipeline import Pipeline

_PERIOD_S = wire.PAIR_PERIOD_US * 1e-6
_LONG_HOLE = config.LONG_HOLE_US // wire.PAIR_PERIOD_US


class Measurement:
    """`keep(number, flags, buffer, offset)` gets each packed knee sample, `cue(what)` each cue."""

    def __init__(self, keep, cue, boot_id: int, side: int, calibration):
        self._estimator = PairFilter(Params(), _PERIOD_S, imu.GYR_LSB_RAD_S, imu.ACC_LSB_M_S2)
        self._pipeline = Pipeline(self._estimator, side)
        self._odd = 0  # 1 when the pipeline's next pair has an odd number
        self._boot_id = boot_id
        self._port = None
        self._knee = KneePackets(self._send, keep, boot_id)
        self._raw = None
        self._cue = cue
        self._cueing = None
        if calibration is not None:
            self.use_calibration(calibration)

    def attach(self, port, raw: bool):
        """From the next sample on all goes to `port`; `raw` asks for raw pairs too."""
        self.detach()
        self._port = port
        if raw:
            self._raw = RawPackets(port.send_raw, self._boot_id, port.mtu)

    def detach(self):
        """Send to nobody."""
        self._port = None
        self._raw = None
        self._knee.close()

    def use_calibration(self, calibration):
        """From the next pair on; the heading has to be found again."""
        self._pipeline.set_calibration(calibration)
        self._odd = 0

    def use_cueing(self, cueing):
        """A kneecore.cueing.Cueing from the next sample on; None for no cues."""
        self._cueing = cueing

    def mark(self, flags: int):
        """Something happened before the next pair (wire.FLAG_*)."""
        self._knee.mark(flags)
        if self._raw is not None:
            self._raw.mark(flags)

    def restart(self):
        """The pairs to come do not follow on: the filters start anew."""
        self._estimator.reset()
        self._pipeline.reset()
        self._odd = 0

    def take(self, sampler, count: int):
        """The `count` pairs that the sampler has just made."""
        if sampler.hole:
            self.mark(wire.FLAG_OVERRUN)
            if sampler.hole > _LONG_HOLE:
                self.restart()
        rows = sampler.rows
        number = sampler.number
        for index in range(count):
            if self._raw is not None:
                self._raw.add(number, rows, index)
            if number & 1 != self._odd:
                self._estimator.step(rows, index)
            else:
                if self._pipeline.step(rows, index):
                    self._knee.add(number, self._pipeline)
                    if self._cueing is not None:
                        self._look_at(number)
                self._odd ^= 1
            number += 1

    def close(self):
        """Send what is left in the packets."""
        self._knee.close()
        if self._raw is not None:
            self._raw.close()

    def _look_at(self, number):
        """Give a cue if this knee sample, which belongs to that pair, asks for one."""
        knee = self._pipeline
        what = self._cueing.update(
            number // wire.KNEE_DIVIDER, knee.flexion_deg, knee.valgus_deg, knee.flags
        )
        if what:
            self._cue(what)
            self.mark(wire.FLAG_CUED)

    def _send(self, packet):
        if self._port is not None:
            self._port.send_measurement(packet)
