"""Units as other programs write them in a header; one that is not known is refused, never guessed.

A unit stands in the last brackets of a column's name: "x-axis (deg/s)", "Acc_X [m/s^2]".
"""

from __future__ import annotations

import math
import re

from kneetrack.errors import TraceError

G = 9.80665
_DEG = math.pi / 180.0
ACC = {"m/s^2": 1.0, "m/s2": 1.0, "m/s²": 1.0, "m/s/s": 1.0, "g": G, "mg": 1e-3 * G}
GYR = {
    "rad/s": 1.0,
    "deg/s": _DEG,
    "degrees/s": _DEG,
    "dps": _DEG,
    "°/s": _DEG,
    "mdps": 1e-3 * _DEG,
}
TIME = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
KINDS = {"acceleration": ACC, "turning rate": GYR, "time": TIME}

_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]\s*$")


def unit_in(header: str) -> str | None:
    """The unit in a column's name; None where it tells none."""
    found = _BRACKETS.search(header)
    return found.group(1).strip() if found else None


def factor(kind: str, unit: str | None, where: str) -> float:
    """What a value in `unit` is multiplied by to be SI. TraceError where that is not known."""
    known = KINDS[kind]
    if unit is None:
        raise TraceError(
            f"{where} tells no unit of its {kind}; name it in a mapping file (--from csv --mapping "
            f"map.toml): {', '.join(known)}."
        )
    value = known.get(unit.lower() if unit.lower() in known else unit)
    if value is None:
        raise TraceError(
            f'{where}: the {kind} is in "{unit}", which is no unit known here; known are '
            f"{', '.join(known)}. Say which in a mapping file (--from csv --mapping map.toml)."
        )
    return value
