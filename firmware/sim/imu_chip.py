"""What the register models of IMUs have in common: the bus, and samples made when somebody reads.

A chip says what a register holds (`_register`), what writing one does (`_set`), and which one comes
next in a burst. Samples are made late, all that fell due since the last access (`catch_up`).
"""

from sim.chip_errors import ChipErrors
from sim.chip_faults import Faulty
from sim.compiled import micropython


class ImuChip(Faulty):
    """One chip on one segment.

    mount        "thigh" or "shank": what it asks `source.imu(mount, t_s)` for, the six numbers
                 (gx, gy, gz rad/s, ax, ay, az m/s^2, sensor axes) at board time t_s
    errors       a ChipErrors, or the name of a preset ("lsm6dsox", "icm42688p", "mpu6050", "none")
    seed         of everything random; the same seed gives the same chip and the same noise
    """

    def __init__(self, mount, source, errors, seed: int, who_am_i: int):
        self.mount = mount
        self._source = source
        self._errors = ChipErrors(errors, seed) if isinstance(errors, str) else errors
        self._who_am_i = who_am_i
        self._no_faults()

    def read_into(self, register: int, buffer, now_us: int) -> None:
        """A burst read from `register` that fills `buffer`, begun at `now_us`."""
        self.catch_up(now_us)
        if self._burst_into(register, buffer):
            return
        for i in range(len(buffer)):
            buffer[i] = self._register(register, now_us)
            register = self._after(register)

    def read(self, register: int, n: int, now_us: int) -> bytes:
        buffer = bytearray(n)
        self.read_into(register, buffer, now_us)
        return bytes(buffer)

    def write(self, register: int, data, now_us: int) -> None:
        self.catch_up(now_us)
        for value in data:
            self._set(register, value, now_us)
            register += 1

    def interrupt(self, now_us: int) -> int:
        """The level of INT1, where it is modelled."""
        return 0

    def _burst_into(self, register: int, buffer) -> bool:
        """Whether this was a burst from the FIFO, all at once."""
        return False

    def _after(self, register: int) -> int:
        """The register whose byte follows in a burst."""
        return register + 1


class RowChip(ImuChip):
    """One that puts acc and gyr of a sample into its FIFO together: InvenSense's.

    Its `_reset` calls `_run`; `_put` takes `_row`, six counts, acc first. Samples older than
    DEEPEST would be overwritten at once, and are never made.
    """

    DEEPEST = 256
    LOWEST = -32768
    """The end of the scale."""
    READY = 0x01
    """The bit of `_status` that a sample sets."""

    def _run(self, now_us: int, rate_hz: float, gyr_lsb: float, acc_lsb: float) -> None:
        """The sample clock starts anew; a rate of 0 stops it."""
        self._start_us = now_us
        self._slot = 0
        self._period_us = 0.0
        if rate_hz:
            self._period_us = 1e6 / (rate_hz * (1.0 + self._errors.oscillator_error))
            self._errors.set_up(gyr_lsb, acc_lsb, rate_hz)

    @micropython.native
    def catch_up(self, now_us: int) -> None:
        """Make the samples that fell due up to now."""
        if not self._period_us:
            return
        due = int((now_us - self._start_us) / self._period_us)
        if self.is_dry(now_us):
            self._slot = max(due, self._slot)
            return
        if due - self._slot > self.DEEPEST:
            self._slot = due - self.DEEPEST
        while self._slot < due:
            self._slot += 1
            t_us = self._start_us + self._slot * self._period_us
            if not self.is_stuck(t_us):
                truth = self._source.imu(self.mount, (t_us - self._later_us) * 1e-6)
                x, y, z, u, v, w = self._errors.counts(truth, t_us * 1e-6)
                row = (u, v, w, x, y, z)
                if -32768 in row:
                    row = tuple([max(n, self.LOWEST) for n in row])
                self._row = row
            self._put(t_us)
            self._status |= self.READY
