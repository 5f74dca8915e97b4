"""A table zero that was just measured: how warm the sensors are is asked for, and both are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from kneecore import wire
from kneetrack.calibration.sensors import identities, is_stored, remember_zeros
from kneetrack.errors import LinkError
from kneetrack.link.base import Link
from kneetrack.live import command
from kneetrack.protocol import read_status
from kneetrack.samples import Vector


async def warmth(link: Link) -> tuple[float, float] | None:
    """Die temperatures (thigh, shank) in degC; None where the band can't tell them now."""
    try:
        answer = await command(link, wire.OP_QUERY, wire.QUERY.pack(wire.QUERY_STATUS))
    except LinkError:
        return None
    status = read_status(answer.payload)
    if status is None or status.faults & (wire.FAULT_THIGH_IMU | wire.FAULT_SHANK_IMU):
        return None
    return status.temperature_c


def remember(
    link: Link, temperature_c: tuple[float, float] | None, zeros: tuple[Vector, Vector]
) -> list[str]:
    """Keep the zeros (thigh, shank; rad/s) that the band at `link` just showed on a table.

    Returns what a person should know of them, as sentences. A simulated band is remembered only
    where its sensors were calibrated: the others come and go.
    """
    if temperature_c is None:
        return []
    if link.info.is_simulated and not any(map(is_stored, identities(link))):
        return []
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return remember_zeros(link, temperature_c, *zeros, utc=now)
