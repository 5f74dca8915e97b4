"""`--lsl` of `record` and `replay`: outlets for the legs, and what is said of their clocks."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from kneetrack.calibration.sensors import band_name
from kneetrack.lsl import Outlet, pylsl
from kneetrack.samples import Side

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.cli.session import Leg
    from kneetrack.sessionlog import SessionLog
    from kneetrack.sessionlog.markers import Marker

_SPEED = re.compile(r"[?&]speed=([^&]*)")


def check_available() -> None:
    """Raises InputError where the extra `lsl` is missing."""
    pylsl()


def outlet_for(leg: Leg) -> Outlet:
    """The outlet of a leg that is recorded."""
    told = _SPEED.search(leg.link.info.address)
    runs = told is None or told.group(1) in ("1", "1.0")
    return Outlet(leg.analyzer.side, band_name(leg.link) or leg.link.info.label, real_time=runs)


def outlets_of(log: SessionLog, speed: float) -> dict[Side, Outlet]:
    """The outlets of a log's legs, with its markers. Raises InputError."""
    from kneetrack.sessionlog.markers import markers_in

    markers = markers_in(log.events)
    return {
        side: Outlet(
            side,
            log.path.name,
            real_time=speed == 1.0,
            markers=[marker for marker in markers if marker.side is side],
        )
        for side in log.sides
    }


@contextlib.contextmanager
def published(legs: Sequence[Leg], hints: Console) -> Generator[list[Outlet]]:
    """The legs' outlets while the context lasts; then what was sent. Raises InputError."""
    outlets = [outlet_for(leg) for leg in legs]
    names = ", ".join(f"kneetrack-{leg.analyzer.side.word}-angles and -events" for leg in legs)
    hints.print(f"LSL streams, open to the network: {names}.", markup=False)
    try:
        yield outlets
    finally:
        for leg, outlet in zip(legs, outlets, strict=True):
            hints.print(summary(leg.analyzer.side.word, outlet), markup=False)
            outlet.close()


def summary(side: str, outlet: Outlet) -> str:
    """What was sent, and how good its times are."""
    said = f"LSL, {side} leg: {outlet.published} samples"
    line = outlet.line
    if line is None:
        return f"{said}, each with the time when it was sent (the source is not in real time)."
    return (
        f"{said}; times scatter by {1e3 * line.residual_s:.0f} ms (95 of 100 quickest packets) and "
        "are late by the least delay of radio and computer, which is not known (Bluetooth: about "
        "20 ms)."
    )


def publish(outlets: Sequence[Outlet], marker: Marker) -> None:
    """A marker, to the outlet of its leg."""
    for outlet in outlets:
        if outlet.side is marker.side:
            outlet.marker(marker)
