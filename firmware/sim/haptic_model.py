"""A DA7280 at the level of its registers, with a motor at its end, as a Qwiic board carries it.

From Dialog's data sheet, revision 3.0, sections 5.2 to 5.10, and for addresses and reset values
from public drivers (the head of `kneeband/da7280.py` names them). Written apart from the driver: a
value that is wrong there does not drive here.

    drives     in mode 1, with OVERRIDE_VAL over 0, and no fault held (5.6.6)
    harmed     a current limit or voltage that the motor is not made for: the chip does as told
    "short"    a fault of its own: an event that stands in IRQ_EVENT1 and holds it idle until 1 is
               written to it
    START_US   from the end of the write to the first current. The data sheet tells 0.75 ms for a
               sequence triggered by a pin; for a register nothing was found, so the same is taken.

What `chip_faults` can do to an IMU (nack, brownout, unplugged) happens to it too. Not modelled: the
motor's own 10 to 30 ms until a finger feels it, the waveform memory, the other modes.
"""

from sim import vclock
from sim.chip_faults import Faulty

ADDRESS = 0x4A
START_US = 750
MOTOR_MA = 165.0
MOTOR_PEAK_V = 2.26

_RESET = {0x00: 0xBA, 0x0C: 0x5A, 0x0D: 0x78, 0x0E: 0x17, 0x0F: 0x01, 0x10: 0x0D, 0x13: 0x1E}
_EVENTS = 0x03
_MODE = 0x22
_LEVEL = 0x23
_SHORT = 0x80  # E_OC_FAULT


class DA7280Model(Faulty):
    """`started_us` (vclock.board_us) grows with each start of the drive."""

    def __init__(self, started_us=None):
        self.started_us = [] if started_us is None else started_us
        self.harmed = False
        self._run_us = 0
        self._since_us = None
        self._no_faults()
        self._reset(0)

    @property
    def drives(self) -> bool:
        return self._since_us is not None

    def run_us(self) -> int:
        """How long it has driven in all."""
        return self._run_us + (0 if self._since_us is None else vclock.now_us() - self._since_us)

    def catch_up(self, now_us: int) -> None:
        """Nothing happens in it by itself."""

    def fault(self, kind: str, now_us: int, duration_us: int = 0) -> None:
        if kind == "short":  # for an instant
            self._registers[_EVENTS] |= _SHORT
            self._look()
        else:
            super().fault(kind, now_us, duration_us)

    def read_into(self, register: int, buffer, now_us: int) -> None:
        for i in range(len(buffer)):
            buffer[i] = self._registers[register + i]

    def write(self, register: int, data, now_us: int) -> None:
        for value in data:
            if register == _EVENTS:
                self._registers[_EVENTS] &= ~value
            elif register != 0x00:
                self._registers[register] = value
            register += 1
        self._look()

    def _reset(self, now_us: int) -> None:
        self._registers = bytearray(256)
        for register, value in _RESET.items():
            self._registers[register] = value
        self._look()

    def _look(self) -> None:
        """Drive or not, by what the registers say."""
        registers = self._registers
        level = registers[_LEVEL]
        drives = registers[_MODE] & 0x07 == 1 and 0 < level < 0x80 and not registers[_EVENTS]
        if drives == self.drives:
            return
        if drives:
            self._since_us = vclock.now_us()
            self.started_us.append(vclock.board_us() + START_US)
            current_ma = 28.6 + 7.2 * (registers[0x0E] & 0x1F)
            if current_ma > MOTOR_MA or registers[0x0D] * 0.0234 > MOTOR_PEAK_V:
                self.harmed = True
        else:
            self._run_us = self.run_us()
            self._since_us = None
