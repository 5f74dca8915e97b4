"""Record: a fixed little-endian layout, described by one table, packed and unpacked by it.

A record is a row of fields, each `(name, code, lsb, unit, meaning)`:

- `code` is a type letter of `struct`, or several of the same for a small vector (`"3h"`);
- `lsb` is what one count is worth in `unit`, or None where the number travels as it is
  (integers, and floats by code `f`).

A count is `round(value / lsb)`, held at the ends of its type: a value off the scale arrives as the
largest one that fits, never wrapped round to the other sign.

Both ends import the same tables (`kneecore.wire`), so a layout exists once. MicroPython has no
`struct.Struct` and no `__getattr__` tricks are wanted, hence plain functions over plain tuples.
"""

import struct
from collections import namedtuple

_LIMITS = {
    "b": (-128, 127),
    "B": (0, 255),
    "h": (-32768, 32767),
    "H": (0, 65535),
    "i": (-2147483648, 2147483647),
    "I": (0, 4294967295),
    "f": None,
}


class Field:
    """One row of a record's table; `width` counts the numbers in it (1 for a scalar)."""

    def __init__(self, name: str, code: str, lsb: float | None, unit: str, meaning: str):
        self.name = name
        self.code = code[-1]
        self.width = int(code[:-1] or "1")
        self.lsb = lsb
        self.unit = unit
        self.meaning = meaning


class Record:
    """A named layout of `size` bytes; see the module's text for its rows."""

    def __init__(self, name: str, *rows: tuple[str, str, float | None, str, str]):
        self.name = name
        self._rows = rows
        self.format = "<" + "".join([code for _, code, _, _, _ in rows])
        self.size = struct.calcsize(self.format)
        # (width, limits, lsb) of each field: all that the band needs of it, and it has little room.
        self._steps = tuple(
            [(int(code[:-1] or "1"), _LIMITS[code[-1]], lsb) for _, code, lsb, _, _ in rows]
        )
        names = tuple([row[0] for row in rows])
        self.values = namedtuple(name, names)  # pyright: ignore[reportUntypedNamedTuple]

    @property
    def fields(self) -> "tuple[Field, ...]":
        """Its rows, made when asked for."""
        return tuple([Field(*row) for row in self._rows])

    def pack_into(
        self,
        buffer: bytearray | memoryview,
        offset: int,
        *values: float | tuple[float, ...] | list[float],
    ):
        """Write `values` (one per field, in its unit; vectors as sequences) at `offset`."""
        counts: list[float] = []
        for (width, limits, lsb), value in zip(self._steps, values):
            row = value if width > 1 else (value,)
            for item in row:  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
                counts.append(_count_of(item, limits, lsb))  # pyright: ignore[reportUnknownArgumentType]
        struct.pack_into(self.format, buffer, offset, *counts)

    def pack(self, *values: float | tuple[float, ...] | list[float]) -> bytes:
        """The bytes of one record."""
        buffer = bytearray(self.size)
        self.pack_into(buffer, 0, *values)
        return bytes(buffer)

    def unpack_from(self, buffer: bytes | bytearray | memoryview, offset: int = 0):
        """The named tuple of the record at `offset`, in the fields' units.

        Raises ValueError where fewer than `size` bytes are left.
        """
        if len(buffer) - offset < self.size:
            raise ValueError(
                "{} needs {} bytes, {} are there".format(
                    self.name, self.size, max(0, len(buffer) - offset)
                )
            )
        counts = struct.unpack_from(self.format, buffer, offset)
        values: list[float | tuple[float, ...]] = []
        at = 0
        for width, _, lsb in self._steps:
            row = counts[at : at + width]
            at += width
            if lsb is not None:
                row = tuple([count * lsb for count in row])
            values.append(row if width > 1 else row[0])
        return self.values(*values)


def _count_of(value: float, limits: tuple[int, int] | None, lsb: float | None) -> float:
    """The number that travels for `value` (in the field's unit)."""
    if limits is None:
        return value
    count = value if lsb is None else int(round(value / lsb))
    low, high = limits
    return low if count < low else high if count > high else count
