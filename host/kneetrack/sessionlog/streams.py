"""The streams of a session log: their topics and encodings.

    topic                              encoding            what a message holds
    band/left|right/measurement        kneetrack.wire.N    one notification of Knee Measurement
    band/left|right/raw                kneetrack.wire.N    one notification of Raw IMU
    band/left|right/feature            kneetrack.wire.N    what was read from Knee Feature
    band/left|right/control            kneetrack.wire.N    one indication of Knee Control Point
    band/left|right/transfer           kneetrack.wire.N    one notification of Session Transfer
    host/event                         json                what the host made of it, or was told
    calibration                        json                a calibration, in force from `holds` on
    metadata record "session"          JSON per value      who, what, when, which software

`N` is the major protocol version: the bytes are those of `kneecore.wire`, untouched.

All is in order of arrival. What the band sends later, from its memory, comes when it comes; whoever
wants samples in their own order sorts them (`kneetrack.analysis.ordered`).
"""

from __future__ import annotations

from kneecore import wire
from kneetrack.samples import Channel, Side

PROFILE = "kneetrack"
SESSION = "session"
EVENT_TOPIC = "host/event"
CALIBRATION_TOPIC = "calibration"
ORIGIN, TAKEN_OFF, WINDOW = "origin", "taken_off", "window"
DISK_FULL, CLOCK, REPAIRED = "disk_full", "clock", "repaired"
LINK, LINK_STATE, UNFETCHED = "link", "link_state", "unfetched"
SAID = "said"
MARKER = "marker"
CUE = "cue"
REALIGNED = "realigned"
RECORDED_EVENTS = (
    ORIGIN, TAKEN_OFF, WINDOW, DISK_FULL, CLOCK, REPAIRED, LINK, LINK_STATE, UNFETCHED, CUE, SAID,
    REALIGNED, MARKER,
)  # fmt: skip
"""Events that tell of the recording itself; all others are what the analysis said."""
JSON_ENCODING = "json"
WIRE_ENCODING_PREFIX = "kneetrack.wire."
WIRE_ENCODING = f"{WIRE_ENCODING_PREFIX}{wire.PROTOCOL_VERSION[0]}"


def band_topic(side: Side, channel: Channel) -> str:
    return f"band/{side.word}/{channel.value}"


BAND_TOPICS: dict[str, tuple[Side, Channel]] = {
    band_topic(side, channel): (side, channel) for side in Side for channel in Channel
}
