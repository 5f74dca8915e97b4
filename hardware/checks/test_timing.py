"""The bus' time, from what the firmware's own driver does under MicroPython."""

from dataclasses import replace

import pytest

from kneehard import timing


def test_a_transfer_by_hand():
    # Start, address, register, repeated start, address, two bytes, stop: 9 clocks a byte.
    level = timing.Transfer(0x6A, reads=True, data=2)
    assert (level.bytes, level.clocks) == (5, 48)
    assert level.us(400_000) == 120.0


def test_each_look_asks_both_imus_for_level_and_rows():
    log = timing.record(400_000)
    for look in log.quiet:
        assert [(t.address, t.data > 2) for t in look] in (
            [(0x6A, False), (0x6A, True), (0x6B, False), (0x6B, True)],
            [(0x6A, False), (0x6A, True), (0x6B, False)],
            [(0x6A, False), (0x6B, False), (0x6B, True)],
        )
    rows = sum(t.data for look in log.quiet for t in look if t.data > 2) / 14 / 2
    assert rows == pytest.approx(208.3 * len(log.quiet) * log.poll_ms / 1000, rel=0.02)


@pytest.mark.parametrize("chip", timing.CHIPS)
@pytest.mark.parametrize(("frequency", "share"), [(400_000, 0.2), (100_000, 0.75)])
def test_the_bus_has_room(frequency, share, chip):
    log = timing.record(frequency, chip)
    both = timing.load(log, 0, frequency)
    assert both.share < share
    assert both.worst_poll_us < log.poll_ms * 1000


def test_no_transfer_is_longer_than_the_drivers_burst():
    log = timing.record(400_000)
    words = timing.constants(timing.FIRMWARE / "kneeband" / "lsm6ds.py")["BURST_WORDS"]
    assert timing.longest(log.late).data == words * 7  # so the late looks do show the worst


def test_mutant_more_bytes_do_not_fit():
    log = timing.record(100_000)
    doubled = replace(log, quiet=tuple(look + look for look in log.quiet))
    assert timing.load(doubled, 0, 100_000).worst_poll_us > log.poll_ms * 1000
