"""Every value that a rep, a set or a session may carry beyond a rep's fixed columns, by name.

One row a measure: what it is called, its unit, how many decimals mean something, which way is
which, and where its definition comes from. Tables, trends, exports and the catalogue go by it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """`name` ends in its unit (`_deg`, `_s`, `_cm`, `_percent`); without one, a pure number."""

    name: str
    words: str
    unit: str
    decimals: int
    meaning: str
    """One sentence, with the sign's meaning and the source."""


_ROWS = (
    Measure(
        "peak_flexion_rate_deg_s",
        "peak speed",
        "°/s",
        0,
        "The largest rate of knee flexion in the rep, down or up (biomechanics A, row 9).",
    ),
)

MEASURES: dict[str, Measure] = {row.name: row for row in _ROWS}
