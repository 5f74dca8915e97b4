"""MicroPython's `machine` for the simulated board: pins and I2C, as far as the firmware uses them.

What is soldered to the board is told by `attach` and `wire_input`, which only the simulator calls.

I2C charges every transfer to the board's clock at the bus' frequency: nine bits a byte, and the
start, repeated start and stop. A missing, unpowered or silent device gives OSError(ENODEV), which
is what the ESP32 port makes of a NACK (ports/esp32/machine_i2c.c). While a line is held low every
transfer takes the whole timeout and gives OSError(ETIMEDOUT).
"""

import errno
import os
import sys

from sim import vclock

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

EXT0_WAKE = 2
EXT1_WAKE = 3

RESET_STATUS = 40
"""The process' exit status after a reset is this and the reset's cause; whoever starts it again
with the same flash tells it that cause in KNEETRACK_RESET_CAUSE."""

while_asleep = None
"""Called for as long as the board is in deep sleep, if somebody (the rig) has put it here."""

when_reset = None
"""Called as the board resets: its last word."""

_POWER_UP_US = 10_000  # LSM6DSOX data sheet, section 4.1: boot time

_devices = {}
_held = {}  # pin: (until board us, SCL's pulses that it takes to let go or None, SCL)
_levels = {}  # what a pin carries, driven by the firmware or wired by the simulator
_risen_us = {}
_rises = {}


def attach(bus: int, address: int, device, powered_by=None) -> None:
    """Solder `device` (as in sim.imu_model) to a bus; it is dead while that pin is low."""
    _devices[bus, address] = (device, powered_by)


def wire_input(pin: int, level) -> None:
    """What the world outside does to a pin: a button; a sensor's line, as what tells its level."""
    _levels[pin] = level


def hold(pin: int, duration_us: int, pulses=None, by=None) -> None:
    """Pull that line low for so long, or until `pulses` have come on the line `by`."""
    _held[pin] = (vclock.now_us() + duration_us, pulses, by)


def _is_held(pin) -> bool:
    if pin not in _held:
        return False
    until_us, pulses, _ = _held[pin]
    return vclock.now_us() < until_us and pulses != 0


def _pulse(pin) -> None:
    """A pulse on a line counts for whoever waits for it."""
    for held, (until_us, pulses, by) in list(_held.items()):
        if by == pin and pulses:
            _held[held] = (until_us, pulses - 1, by)


def watch(pin: int) -> list:
    """The times (vclock.board_us) at which that pin rises from now on; a list that grows."""
    return _rises.setdefault(pin, [])


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None, hold=None):
        self._id = id
        self.init(mode, pull, value=value, hold=hold)

    def init(self, mode=-1, pull=-1, *, value=None, hold=None):
        if pull == Pin.PULL_UP:
            _levels.setdefault(self._id, 1)
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            if _is_held(self._id):
                return 0
            found = _levels.get(self._id, 0)
            return found() if callable(found) else found
        level = 1 if level else 0
        if level and not _levels.get(self._id, 0):
            _pulse(self._id)
            _risen_us[self._id] = vclock.now_us()
            if self._id in _rises:
                _rises[self._id].append(vclock.board_us())
        _levels[self._id] = level
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    def irq(self, handler=None, trigger=3):
        """Edges are never raised: the firmware polls (Pin IRQs are soft on the ESP32)."""


class Signal:
    """A pin that may be active low."""

    def __init__(self, pin, invert=False):
        self._pin = pin
        self._invert = invert

    def value(self, level=None):
        if level is None:
            return self._pin.value() ^ self._invert
        self._pin.value(bool(level) ^ self._invert)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class I2C:
    def __init__(self, id, *, scl=None, sda=None, freq=400_000, timeout=50_000):
        self._id = id
        self._timeout_us = timeout
        self._lines = ()
        self.init(scl=scl, sda=sda, freq=freq)

    def init(self, *, scl=None, sda=None, freq=400_000):
        self._freq = freq
        if scl is not None and sda is not None:
            self._lines = (scl, sda)
            for line in self._lines:
                line.value(1)  # pulled up

    def _begin(self, address: int, size: int):
        """The device, after the time that `size` bytes on the bus take."""
        for line in self._lines:
            if not line.value():
                vclock.charge(self._timeout_us)
                raise OSError(errno.ETIMEDOUT)
        found = _devices.get((self._id, address))
        if found is None or not _is_powered(found[1]) or not found[0].answers(vclock.now_us()):
            vclock.charge(11_000_000 // self._freq)
            raise OSError(errno.ENODEV)
        vclock.charge((size * 9 + 3) * 1_000_000 // self._freq)
        return found[0]

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        now = vclock.now_us()
        self._begin(addr, len(buf) + 3).read_into(memaddr, buf, now)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf)
        return bytes(buf)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self._begin(addr, len(buf) + 2).write(memaddr, buf, vclock.now_us())

    def scan(self):
        now = vclock.now_us()
        vclock.charge(112 * 11_000_000 // self._freq)
        return [
            address
            for (bus, address), (device, pin) in sorted(_devices.items(), key=lambda item: item[0])
            if bus == self._id and _is_powered(pin) and device.answers(now)
        ]


def _is_powered(pin) -> bool:
    if pin is None:
        return True
    return bool(_levels.get(pin)) and vclock.now_us() - _risen_us.get(pin, 0) >= _POWER_UP_US


class ADC:
    """A pin that reads half of the scale."""

    ATTN_11DB = 3

    def __init__(self, pin, *, atten=ATTN_11DB):
        pass

    def read_uv(self):
        return 1_550_000

    def read_u16(self):
        return 32768


class WDT:
    """The task watchdog: a board that does not feed it in time is reset (`vclock.set_watchdog`).

    Once made it never ends; made again it has another time (ports/esp32/machine_wdt.c).
    """

    def __init__(self, id=0, timeout=5000):
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        WDT._timeout_us = timeout * 1000
        self.feed()

    def feed(self):
        vclock.set_watchdog(vclock.now_us() + WDT._timeout_us, _bitten)


class Timer:
    """A hardware timer, as far as the firmware uses it: once, after `period` ms."""

    ONE_SHOT = 0

    def __init__(self, id):
        self._id = id

    def init(self, *, mode, period, callback):
        at_us = vclock.now_us() + period * 1000
        vclock.set_alarm(at_us, lambda: callback(self), "timer {}".format(self._id))


def unique_id() -> bytes:
    return b"\x02\x4b\x6e\x65\x65\x01"


def freq(hz=None):
    return 240_000_000 if hz is None else None


def wake_reason() -> int:
    """What ended the last deep sleep; 0 where this start is of another kind."""
    return _kept()[0]


class RTC:
    """The chip's clock, as far as it has memory: it lasts as long as the power does."""

    def memory(self, data=None):
        if data is None:
            return _kept()[1:]
        _keep(_kept()[:1] + bytes(data))
        return None


_KEPT_FILE = os.getcwd() + "/rtc.bin"  # not on its flash: beside it


def _kept() -> bytes:
    """The wake reason and RTC's memory."""
    if reset_cause() == PWRON_RESET and not _Kept.written:
        return b"\x00"
    try:
        with open(_KEPT_FILE, "rb") as file:
            kept = file.read()
    except OSError:
        return b"\x00"
    return kept if reset_cause() == DEEPSLEEP_RESET else b"\x00" + kept[1:]


def _keep(kept: bytes) -> None:
    _Kept.written = True
    with open(_KEPT_FILE, "wb") as file:
        file.write(kept)


class _Kept:
    written = False  # in this start


def reset_cause() -> int:
    return int(os.getenv("KNEETRACK_RESET_CAUSE") or PWRON_RESET)


class _Memory:
    """`mem32`: the few registers of the chip that the firmware reads; `registers` has the rest."""

    registers: dict = {}
    """What stands at an address, or what gives it when called."""

    def __getitem__(self, address):
        value = self.registers.get(address, 0)
        return value() if callable(value) else value

    def __setitem__(self, address, value):
        self.registers[address] = value


mem32 = _Memory()


class BoardReset(SystemExit):
    """The board starts anew: raised through the whole firmware, `cause` is what it will be told."""

    def __init__(self, cause):
        super().__init__(RESET_STATUS + cause)
        self.cause = cause
        if when_reset is not None:
            when_reset()


def _bitten():
    vclock.set_watchdog(None, None)
    print("The watchdog reset the board.", file=sys.stderr)
    raise BoardReset(WDT_RESET)


def reset():
    """The simulated board's process ends, with RESET_STATUS and the cause for the next one."""
    print("The board resets.", file=sys.stderr)
    raise BoardReset(HARD_RESET)


soft_reset = reset


def deepsleep(time_ms=0):
    """Nothing but `while_asleep`; then its process ends, as by a reset (`RESET_STATUS`)."""
    vclock.set_watchdog(None, None)
    print("The board sleeps.", file=sys.stderr)
    if while_asleep is not None:
        reason = EXT0_WAKE if while_asleep() == "ext0" else EXT1_WAKE
        _keep(bytes((reason,)) + _kept()[1:])
    raise BoardReset(DEEPSLEEP_RESET)
