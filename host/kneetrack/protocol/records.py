"""Records that travel whole, read from their bytes: Knee Feature and the band's status."""

from __future__ import annotations

from typing import Any

from kneecore import wire
from kneetrack.samples import Status


def read_feature(data: bytes) -> Any | None:
    """The wire.FEATURE values in `data`, or None where it is too short.

    A newer minor version may have appended fields; they are not looked at. Those that an older one
    did not have are 0.
    """
    if len(data) >= wire.FEATURE_LEAST:
        data = data.ljust(wire.FEATURE.size, b"\0")
    try:
        return wire.FEATURE.unpack_from(data)
    except ValueError:
        return None


def read_status(data: bytes) -> Status | None:
    """The band's report from the bytes of a wire.STATUS record, or None where it is too short.

    Fields that an older band did not have are None, a newer one's are not looked at.
    """
    keeps, complete = len(data) >= wire.STATUS_1_2, len(data) >= wire.STATUS.size
    if len(data) >= wire.STATUS_LEAST:
        data = data.ljust(wire.STATUS.size, b"\0")
    try:
        values: Any = wire.STATUS.unpack_from(data)
    except ValueError:
        return None
    return Status(
        state=values.state,
        faults=values.faults,
        uptime_s=values.uptime_ms / 1000,
        overruns=values.thigh_overruns + values.shank_overruns,
        dropped_packets=values.dropped_packets,
        temperature_c=(values.thigh_temperature_c, values.shank_temperature_c),
        battery_percent=None if values.battery_percent == 255 else values.battery_percent,
        connection_interval_ms=values.connection_interval_ms or None,
        supervision_timeout_ms=values.supervision_timeout_ms or None,
        storage_free_kib=values.storage_free_kib if keeps else None,
        recordings=values.recordings if keeps else None,
        power=values.power if complete else None,
        minutes_left=values.minutes_left if complete and values.minutes_left != 65535 else None,
        reset_cause=values.reset_cause if complete else None,
        cues=values.cues if complete else None,
    )
