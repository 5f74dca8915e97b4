"""What the rest of the firmware asks of an IMU, and the counts that all of them end up in.

One band, one unit: pairs are in counts of GYR_LSB_RAD_S and ACC_LSB_M_S2, whatever chips are
plugged in, so the filters, the host and a stored calibration need not know them. These are the
counts of ST's LSM6DS family, for which nothing changes. Another chip's are scaled where they are
resampled anyway (`sampler`), in integers; a count at the end of the chip's range becomes one at the
end of the band's, so that saturation stays visible. Thus a mixed pair is served as any other.

Filters delay, each chip's by its own time. `late_us` tells it; the difference to BAND_LATE_US,
which is ST's, is taken off the times of the rows: the halves of a mixed pair belong together.
"""

import errno
import time

from micropython import const

from kneeband.register import RegisterDevice

GYR_LSB_RAD_S = 0.070 * 3.141592653589793 / 180.0
ACC_LSB_M_S2 = 0.488e-3 * 9.80665
BAND_LATE_US = const(3400)


class Imu(RegisterDevice):
    """A driver. Its class tells these; `_is_reset`, `_set_up` and reading are the driver's own."""

    CHIPS = {}
    """WHO_AM_I: name."""
    WHO_AM_I = 0
    """The register that tells it."""
    BANK = 0
    """The register, the same in all banks, that chooses a bank; 0: there is but one."""
    ADDRESSES = (0, 0)
    """On the bus: of the thigh's, of the shank's."""
    GYR_LSB_RAD_S = GYR_LSB_RAD_S
    ACC_LSB_M_S2 = ACC_LSB_M_S2
    ACC = 0
    """The first of six registers with the newest specific force ..."""
    ACC_LOW = 1
    """... of which this one, and every other one on, has the lower byte of an axis."""
    row_words = 1
    """What `level` and `read_rows` count in: so many to a row."""
    burst_words = 16
    """The longest burst, in words; sixteen rows."""
    WORD_BYTES = 1
    RESET_TRIES = const(20)
    """Milliseconds that a reset may take."""
    settle_rows = 21
    """Rows to throw away after `configure`."""
    poll_ms = 21
    """How often to look: not a multiple of the period, so the looks sweep through its phase."""
    tells_period = False
    """`period_us` is good to 0.1 %, for the chip knows its oscillator; else to 1 or 2 %."""
    WAKES = False
    """`rest` can arm the interrupt that wakes the band."""
    late_us = BAND_LATE_US
    """By how much its filters delay what it measures."""

    def __init__(self, bus, address: int):
        super().__init__(bus, address)
        self.chip = 0
        """WHO_AM_I of the chip that was set up, 0 before."""
        self.period_us = 5000.0
        """Time between two samples by the chip's own account."""
        self.overrun = False
        """The FIFO overflowed before the last `level`."""
        self.broken = False
        """The rows of the last `read_rows` do not follow on from those before."""

        burst = memoryview(bytearray(self.burst_words * self.WORD_BYTES))
        self._bursts = tuple([burst[: n * self.WORD_BYTES] for n in range(self.burst_words + 1)])

    def configure(self):
        """Reset the chip and set it up; the FIFO starts empty. At any time, to bring it back.

        A chip that does not answer raises the bus' OSError, one that answers as something else
        OSError(ENODEV), one that does not keep its settings OSError(EIO).
        """
        chip = self.read_byte(self.WHO_AM_I)
        if chip not in self.CHIPS:
            raise OSError(errno.ENODEV)
        self._begin_reset()
        for _ in range(self.RESET_TRIES):
            time.sleep_ms(1)
            if self._is_reset():
                break
        else:
            raise OSError(errno.EIO)
        if not self._set_up():
            raise OSError(errno.EIO)
        self.overrun = self.broken = False
        self.chip = chip

    def _begin_reset(self):
        raise NotImplementedError

    def _is_reset(self) -> bool:
        raise NotImplementedError

    def _set_up(self) -> bool:
        """After a reset; whether the settings were kept."""
        raise NotImplementedError

    def _burst(self, register: int, words: int):
        """So many words from the FIFO at `register`."""
        burst = self._bursts[words]
        self.read_into(register, burst)
        return burst

    def rest(self, wakes: bool) -> bool:
        """Measure no more, for the chip is about to sleep: `configure` ends that.

        Where `wakes`, and the driver knows how (WAKES), a movement raises the chip's INT1 from now
        on; whether it will. OSError from the bus.
        """
        self._begin_reset()  # all of them begin switched off
        return False

    def plugged(self):
        """The driver to use: itself. (`imus.Socket` finds out.)"""
        return self

    def pending(self) -> int:
        """Words already read that wait for the rest of their row."""
        return 0
