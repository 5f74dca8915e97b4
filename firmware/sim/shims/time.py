"""MicroPython's `time` on virtual time, with the ESP32's ticks: they wrap at 2**30.

The unix port's own ticks have 62 bits, so a missing `ticks_diff` in firmware would go unseen there.
Like an ESP32 without a radio-set clock, the calendar starts at boot (2000-01-01).
"""

from utime import gmtime, localtime, mktime  # noqa: F401

from sim import vclock

_MASK = vclock.TICKS_PERIOD - 1
_HALF = vclock.TICKS_PERIOD // 2
_OFFSET = vclock.TICKS_OFFSET_US
_now_us = vclock.now_us


def ticks_us() -> int:
    return (_now_us() + _OFFSET) & _MASK


def ticks_ms() -> int:
    return (_now_us() + _OFFSET) // 1000 & _MASK


ticks_cpu = ticks_us


def ticks_diff(end: int, start: int) -> int:
    return ((end - start + _HALF) & _MASK) - _HALF


def ticks_add(ticks: int, delta: int) -> int:
    """OverflowError where the device raises it: a delta of half the period or more."""
    if not -_HALF < delta < _HALF:
        raise OverflowError("ticks interval overflow")
    return (ticks + delta) & _MASK


def sleep_us(us: int) -> None:
    if us > 0:
        vclock.wait(_now_us() + us)


def sleep_ms(ms: int) -> None:
    sleep_us(ms * 1000)


def sleep(seconds: float) -> None:
    sleep_us(int(seconds * 1_000_000))


def time() -> int:
    return _now_us() // 1_000_000


def time_ns() -> int:
    return _now_us() * 1000
