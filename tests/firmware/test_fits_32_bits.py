"""The fixed-point arithmetic never leaves 32 signed bits, so the ESP32 computes what a PC does.

Tests run on a 64-bit MicroPython, where an overflow of the target's 32 bits goes unseen. Here the
very source runs under Python with `ptr32` and its like handing out words that raise on overflow, on
the worst input there is; and its result is the 64-bit MicroPython's, bit for bit.
"""

import builtins
import importlib
import sys
from array import array
from collections.abc import Callable, Iterator
from math import sqrt
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import firmware_filter
from kneecore import fusion, sensors

ROOT = Path(__file__).parents[2]

TOP = 1 << 31
LONGEST_PERIOD_S = 0.3599 / (32768.0 * sqrt(3.0) * 0.5 * firmware_filter.GYR_LSB)


class Word(int):
    """A 32-bit signed number whose arithmetic raises where the device's would wrap round."""

    def __new__(cls, value: int) -> "Word":
        if not -TOP <= value < TOP:
            raise OverflowError(f"{value:#x} needs more than 32 bits")
        return super().__new__(cls, value)

    def __xor__(self, other: int) -> Any:
        # (word ^ top) - top, the idiom that extends a sign on a PC, changes nothing here.
        return _Flipped(self) if other == TOP else Word(int(self) ^ other)


class _Flipped:
    def __init__(self, word: Word):
        self.word = word

    def __sub__(self, other: int) -> Word:
        assert other == TOP
        return self.word


def _checked(name: str) -> Any:
    operation = getattr(int, name)
    return lambda self, other: Word(operation(int(self), int(other)))


for _name in ("add", "sub", "mul", "lshift", "rshift", "and", "or"):
    for _method in (f"__{_name}__", f"__r{_name}__"):
        setattr(Word, _method, _checked(_method))


class _Pointer:
    """ptr8, ptr16 and ptr32: the first two load without a sign."""

    def __init__(self, bits: int):
        self.mask = (1 << bits) - 1 if bits < 32 else -1

    def __call__(self, memory: Any) -> "_Memory":
        return _Memory(memory, self.mask)


class _Memory:
    def __init__(self, memory: Any, mask: int):
        self.memory = memory
        self.mask = mask

    def __getitem__(self, index: int) -> Word:
        return Word(self.memory[index] & self.mask)

    def __setitem__(self, index: int, value: int) -> None:
        self.memory[index] = int(Word(value))


@pytest.fixture
def band_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of kneeband as it stands, on checked words."""
    fake = ModuleType("micropython")
    for name in ("viper", "native", "const"):
        setattr(fake, name, lambda x: x)
    monkeypatch.setitem(sys.modules, "micropython", fake)
    for bits in (8, 16, 32):
        monkeypatch.setattr(builtins, f"ptr{bits}", _Pointer(bits), raising=False)
    monkeypatch.syspath_prepend(str(ROOT / "firmware"))
    names = ("kneeband", "kneeband.q30", "kneeband.strapdown", "kneeband.counts")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def strapdown(band_module: Callable[[str], ModuleType]) -> ModuleType:
    return band_module("kneeband.strapdown")


def extremes(count: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Rows of 12 counts: the ends of the range in all combinations, held, and at random."""
    random = np.random.default_rng(11)
    rows = random.integers(-32768, 32768, (count, 12)).astype("<i2")
    third = count // 3
    rows[:third] = random.choice([-32768, 32767], (third, 12))
    for start in range(third, 2 * third, 25):
        rows[start : start + 25] = random.choice([-32768, 32767, 0], 12)
    return rows


@pytest.mark.parametrize("period_s", [4808e-6, LONGEST_PERIOD_S])
def test_the_worst_input_fits_and_comes_out_as_on_64_bits(
    strapdown: ModuleType, period_s: float
) -> None:
    rows = extremes(1500)
    pair = strapdown.PairFilter(
        fusion.Params(), period_s, firmware_filter.GYR_LSB, firmware_filter.ACC_LSB
    )
    flat = array("h", rows.tobytes())
    relative = np.empty((len(rows), 4))
    packet = bytearray(17)
    for index in range(len(rows)):
        pair.step(flat, index)
        relative[index] = pair.relative()
        pair.put_quaternions(packet, 1)
    assert pair.saturated()
    on_64_bits = firmware_filter.run(rows, period_s)
    assert np.array_equal(relative, on_64_bits.relative)


ROW = {0: (0.199, 0.0, 0.0), 1: (-0.189, 0.01, 0.0), 2: (0.06, -0.08, 0.059)}


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("row", ROW)
def test_the_largest_sensor_errors_fit(band_module: Any, row: int, sign: float) -> None:
    """Every row of the matrices at its limit, offsets too, on the ends of the range and at random.

    Each count comes out as in floats, within the rounding of the table.
    """
    counts = band_module("kneeband.counts")
    less = np.array([np.roll(np.multiply(sign, ROW[row]), k) for k in range(3)])
    matrix = tuple((np.eye(3) + less).ravel().tolist())
    offset = (sensors.OFFSET_MOST, -sensors.OFFSET_MOST, sensors.OFFSET_MOST)
    errors = sensors.ImuErrors(matrix, offset, matrix)
    rows = extremes(300)
    flat = array("h", rows.tobytes())
    table = counts.table(sensors.Sensors(1, errors, errors), firmware_filter.ACC_LSB)
    counts.correct(flat, table, len(rows))
    got = np.array(flat, dtype=float).reshape(-1, 4, 3)
    bare = rows.astype(float).reshape(-1, 4, 3)
    bare[:, 1::2] -= np.array(offset) / firmware_filter.ACC_LSB
    wanted = np.clip(bare @ (np.eye(3) + less).T, -32768, 32767)
    ends = np.isin(rows.reshape(-1, 4, 3), (-32768, 32767))
    assert np.abs(got - wanted)[~ends].max() < 0.75
    assert np.array_equal(got[ends], rows.reshape(-1, 4, 3)[ends])


def test_a_longer_period_is_refused(strapdown: ModuleType) -> None:
    with pytest.raises(ValueError, match="too long"):
        strapdown.PairFilter(
            fusion.Params(),
            1.01 * LONGEST_PERIOD_S,
            firmware_filter.GYR_LSB,
            firmware_filter.ACC_LSB,
        )


def test_an_overflow_would_be_seen() -> None:
    with pytest.raises(OverflowError):
        Word(1 << 20) * Word(1 << 11)
    with pytest.raises(OverflowError):
        1 - Word(-TOP)
    assert (Word(-5) ^ TOP) - TOP == -5
