"""What a calibration rests on, in words for the person whose leg it is, and how long it serves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kneetrack.calibration.store import CalibrationFile, GateResult
from kneetrack.errors import CalibrationError
from kneetrack.samples import Vector

ZERO_KEEPS = timedelta(hours=12)
"""A gyroscope's zero of an earlier table serves so long: then the day's temperature is another."""

_BIAS = {
    "table": "measured on the table",
    "earlier table": "of an earlier table",
    "stand": "from standing still, not from a table",
    "movement": "from the movement itself",
}
_GRAVITY = {"stand": "from standing still for {stand_s:.0f} s"}
_AXIS = {"functional": "from {reps:.0f} slow {many}"}


def grounds(
    made: CalibrationFile, *, many: str = "squats", stand_s: float = 4.0
) -> list[tuple[str, str]]:
    """(what, where it comes from and how good it is), the rows of a calibration's grade."""
    gates = {gate.name: gate for gate in made.gates}
    reps = gates.get("reps")
    bias = _BIAS.get(made.rests_on["bias"], made.rests_on["bias"])
    if made.rests_on["bias"] == "earlier table" and made.zero_utc is not None:
        bias += f", {made.zero_utc[:16].replace('T', ' ')} UTC"
    gravity = made.rests_on["gravity"]
    gravity = _GRAVITY.get(gravity, f"from the {gravity}").format(stand_s=stand_s)
    axis = made.rests_on["axis"]
    axis = _AXIS.get(axis, f"from the {axis}").format(reps=reps.value if reps else 0, many=many)
    halves = [gate.value for gate in _halves(made)]
    if halves:
        axis += f", whose two halves agree within {max(halves):.1f}°"
    rows = [
        ("gyroscope zeros", bias),
        ("long axes", gravity),
        ("knee axis", axis),
    ]
    if made.crosstalk_deg is not None:
        rows.append(("crosstalk", f"{abs(made.crosstalk_deg):.1f}° taken off"))
    rows.append(
        ("valgus", f"at 90° of flexion uncertain by ±{made.axis_sigma_deg:.1f}° from the axis")
    )
    return rows


def _halves(made: CalibrationFile) -> list[GateResult]:
    return [gate for gate in made.gates if gate.name.endswith("halves_deg")]


def earlier_zero(
    calibration_id: int, kept: Iterable[Path]
) -> tuple[tuple[Vector, Vector] | None, str | None]:
    """The zeros (thigh, shank; rad/s) that the band's calibration has from a table, and when.

    The band doesn't know the time, so they are looked up in the file, one of `kept`, of the very
    calibration that it holds. (None, None) where there is none, or the table is too long ago.
    """
    for path in kept:
        try:
            saved = CalibrationFile.load(path)
        except CalibrationError:
            continue
        if saved.calibration.calibration_id == calibration_id and is_recent(saved.zero_utc):
            held = saved.calibration
            return (held.thigh_gyr_bias, held.shank_gyr_bias), saved.zero_utc
    return None, None


def is_recent(zero_utc: str | None, now: datetime | None = None) -> bool:
    """Whether a zero measured then still serves (ZERO_KEEPS). A time that can't be read doesn't."""
    if zero_utc is None:
        return False
    try:
        measured = datetime.fromisoformat(zero_utc)
    except ValueError:
        return False
    if measured.tzinfo is None:
        measured = measured.replace(tzinfo=UTC)
    age = (now or datetime.now(UTC)) - measured
    return timedelta(0) <= age < ZERO_KEEPS
