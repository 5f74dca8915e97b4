"""Any samples come back from blocks, and the arithmetic stays in MicroPython's small ints."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kneecore import blocks, transfers, wire
from kneecore.block_reader import read_block
from kneecore.blocks import BlockWriter

BYTES = wire.KNEE_SAMPLE.size
NUMBERS = 12
SMALL = 1 << 30


def coded(samples: Any, stretches: list[tuple[int, int]]) -> list[bytes]:
    """The blocks of samples whose (number, flags) are `stretches`."""
    found: list[bytes] = []
    writer = BlockWriter(3, lambda block: found.append(bytes(block)))
    for i, (number, flags) in enumerate(stretches):
        writer.add(number, flags, samples, i * BYTES)
    writer.close()
    return found


@st.composite
def recordings(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """Samples whose numbers are polynomials of order 0 to 3 with noise of any size, and holes."""
    count = draw(st.integers(1, 90))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = np.zeros((count, NUMBERS), dtype=np.int64)
    for k in range(NUMBERS):
        rest = random.integers(-(2**15), 2**15, count) >> draw(st.integers(0, 16))
        for _ in range(draw(st.integers(0, 3))):
            rest = np.cumsum(rest) & 0xFFFF
        rows[:, k] = rest
    data = np.zeros((count, BYTES), dtype=np.uint8)
    data[:, :22] = rows[:, :11].astype("<u2").view(np.uint8).reshape(count, 22)
    data[:, 22] = rows[:, 11] & 0xFF
    number, flags = draw(st.integers(0, 2**32 - 1000)), 0
    stretches: list[tuple[int, int]] = []
    for change in draw(st.lists(st.integers(0, 40), min_size=count, max_size=count)):
        number += 1 + (change == 1) * 7
        flags ^= 0x10 * (change == 2)
        stretches.append((number, flags))
    return data.tobytes(), stretches


@given(recordings())
@settings(max_examples=150, deadline=None)
def test_any_samples_come_back_with_their_numbers_and_flags(
    recording: tuple[bytes, list[tuple[int, int]]],
) -> None:
    samples, stretches = recording
    found: list[tuple[int, int]] = []
    data = b""
    for block in coded(samples, stretches):
        assert len(block) <= transfers.BLOCK_BYTES_MAX
        boot_id, number, flags, part = read_block(block)
        assert boot_id == 3
        found += [(number + i, flags) for i in range(len(part) // BYTES)]
        data += part
    assert data == samples
    assert found == stretches


class Small(int):
    """A number whose arithmetic raises where MicroPython on 32 bits would need a big one."""

    def __new__(cls, value: int) -> Small:
        if not -SMALL <= value < SMALL:
            raise OverflowError(f"{value:#x} is no small int")
        return super().__new__(cls, value)

    def __neg__(self) -> Small:
        return Small(-int(self))


def _checked(name: str) -> Any:
    operation = getattr(int, name)
    return lambda self, other: Small(operation(int(self), int(other)))


for _name in ("add", "sub", "mul", "floordiv", "lshift", "rshift", "and", "or", "xor"):
    for _method in (f"__{_name}__", f"__r{_name}__"):
        setattr(Small, _method, _checked(_method))


class Cells(list[int]):
    """An array, or a byte array, whose elements are Small."""

    def __getitem__(self, index: Any) -> Any:
        return Small(super().__getitem__(index))


def test_no_step_of_the_coding_needs_more_than_thirty_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(4)
    ends = random.choice([0, 1, 127, 128, 255], (60, BYTES))
    bytes_ = np.vstack([ends, random.integers(0, 256, (60, BYTES)), np.zeros((9, BYTES), int)])
    stretches = [(number, 0) for number in range(len(bytes_))]
    wanted = coded(bytes_.astype(np.uint8).tobytes(), stretches)
    monkeypatch.setattr(blocks, "array", lambda _code, values: Cells(values))
    assert coded(Cells(bytes_.ravel().tolist()), stretches) == wanted
    for block in wanted:
        assert len(read_block(block)[3]) % BYTES == 0
    with pytest.raises(OverflowError):
        Small(SMALL - 1) + 1
    assert builtins.isinstance(Small(7) // 2, Small)
