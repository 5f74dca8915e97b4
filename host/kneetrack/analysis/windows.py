"""What the windows of a recording say about when the IMUs were on the leg.

A table before everything else zeroes the gyroscopes; one after everything else zeroes them again,
so that their drift in between is known. On the table, and on the way to the leg, there is no knee.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from kneetrack.samples import Window


def tables(windows: Iterable[Window]) -> tuple[Window | None, Window | None]:
    """The table windows before and after everything else; None where there is no such one."""
    known = tuple(windows)
    flat = sorted((w for w in known if w.kind == "table"), key=lambda w: w.start_s)
    rest = [w for w in known if w.kind != "table"]
    if not rest:
        return (flat[0] if flat else None), (flat[-1] if len(flat) > 1 else None)
    first_s, last_s = min(w.start_s for w in rest), max(w.end_s for w in rest)
    before = [w for w in flat if w.end_s <= first_s]
    after = [w for w in flat if w.start_s >= last_s]
    return (before[-1] if before else None), (after[0] if after else None)


def worn_from_s(windows: Iterable[Window]) -> float:
    """From when on (s) the IMUs are on the leg: the first window after the opening table.

    Between the two they are strapped on. -inf where no window says that they lay on a table.
    """
    known = tuple(windows)
    opening, closing = tables(known)
    if opening is None:
        return -math.inf
    later = [w.start_s for w in known if w.start_s >= opening.end_s and w is not closing]
    return min(later, default=opening.end_s)
