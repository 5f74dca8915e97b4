"""The starts of a band, side by side on one axis of numbers and of time.

A band counts its knee samples from each of its starts (the *band number*, wire.py "Nothing lost").
The decoder's own axis goes on over restarts: numbers and microseconds that only grow. Within one
start both axes run in step, so one packet ties them together for good.

That packet must give its full number. It does so by its time: time_us is number * KNEE_PERIOD_US
modulo 2**32, and 9616 = 16 * 601, so time_us / 16 times the inverse of 601 is the number modulo
2**28, which is 29 days. Packets of another origin (their time is no such product) tie nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from kneecore import wire

_PERIOD_US = wire.KNEE_PERIOD_US
_EVEN = 16  # the power of two in _PERIOD_US
_COUNTED = 2**32 // _EVEN
_INVERSE = pow(_PERIOD_US // _EVEN, -1, _COUNTED)


def full_number(sequence: int, time_us: int) -> int | None:
    """The band number of a measurement packet's first sample; None where the two don't agree."""
    number = time_us // _EVEN * _INVERSE % _COUNTED
    agree = time_us % _EVEN == 0 and number % 2**16 == sequence
    return number if agree else None


@dataclass(slots=True)
class _Boot:
    boot_id: int
    offset: int  # own number less band number
    first: int  # own number of the first sample known of it
    first_us: int  # when that was, on the decoder's axis
    known: bool  # whether `offset` is


class Boots:
    """The starts of one band that have been seen, in order."""

    def __init__(self) -> None:
        self._boots: list[_Boot] = []

    def begin(self, boot_id: int, own: int, at_us: int, band: int | None) -> None:
        """A start's first sample: its own number, when it was, and its band number."""
        offset = 0 if band is None else own - band
        self._boots.append(_Boot(boot_id, offset, own, at_us, band is not None))

    def knows(self, boot_id: int) -> bool:
        """Whether numbers of that start can be converted."""
        return self._of(boot_id) is not None

    def own_number(self, boot_id: int, band: int) -> int | None:
        """The band number `band` of that start, on the decoder's axis; None if not known."""
        boot = self._of(boot_id)
        return None if boot is None else band + boot.offset

    def band_number(self, own: int) -> int | None:
        """The band number of `own`, counted from the start it belongs to; None if not known."""
        boot = next((b for b in reversed(self._boots) if b.first <= own), None)
        if boot is None and self._boots:
            boot = self._boots[0]
        return own - boot.offset if boot is not None and boot.known else None

    def time_us(self, boot_id: int, own: int) -> int:
        """When sample `own` of that start was, on the decoder's axis. KeyError if not known."""
        boot = self._of(boot_id)
        if boot is None:
            raise KeyError(boot_id)
        return boot.first_us + (own - boot.first) * _PERIOD_US

    def end(self, boot_id: int) -> int | None:
        """The own number with which the next start began; None if that was the last."""
        boots = self._boots
        for boot, after in zip(boots[-2::-1], boots[:0:-1], strict=True):
            if boot.boot_id == boot_id:
                return after.first
        return None

    def _of(self, boot_id: int) -> _Boot | None:
        return next((b for b in reversed(self._boots) if b.boot_id == boot_id and b.known), None)
