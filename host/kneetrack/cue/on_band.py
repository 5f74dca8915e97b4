"""What a band needs to give cues by itself: a reference curve as it travels, and how often.

The band goes by the same criterion as `coach` does during a rep (`kneecore.watch`), on its own
angles, without waiting for the radio: so it is sooner by the batch of samples in a packet. It knows
nothing of windows; what it is told to compare with is the reference of the calibration in force.
"""

from __future__ import annotations

from kneecore import wire
from kneetrack.cue.plan import Policy
from kneetrack.detection.reference import Reference

POLICIES = {
    Policy.OFF: wire.CUE_OFF,
    Policy.EVERY: wire.CUE_EVERY,
    Policy.FADED: wire.CUE_FADED,
    Policy.END: wire.CUE_END,
}


def reference_records(reference: Reference, calibration_id: int) -> tuple[bytes, bytes]:
    """The two operands of SET_REFERENCE, for a band that holds that calibration.

    What of a curve lies deeper than the band keeps (130 deg) is left out.
    """
    points = min(wire.REFERENCE_POINTS, len(reference.valgus_down_deg))
    rest = (0.0,) * (wire.REFERENCE_POINTS - points)

    def packed(way: int, curve_deg: tuple[float, ...]) -> bytes:
        values = (*curve_deg[:points], *rest)
        return wire.REFERENCE.pack(calibration_id, way, points, reference.sem_deg, values)

    return (
        packed(wire.WAY_DOWN, reference.valgus_down_deg),
        packed(wire.WAY_UP, reference.valgus_up_deg),
    )
