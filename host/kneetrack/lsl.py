"""An outlet to the Lab Streaming Layer: each leg's angles and events, for a lab's other recorders.

Two streams a leg, on the local network (LSL has neither password nor encryption):

    kneetrack-right-angles   MoCap     flexion, valgus, rotation, valgus_sigma in degrees, flags
    kneetrack-right-events   Markers   one JSON text each: rep_ended, set_ended, marker, ...

LSL wants times of its own clock (`local_clock`), at which a thing was measured. The band's clock is
told by it from when samples came here, by the line under the delays (`clock`), which takes off
queues and jitter. What remains is the least delay of radio and computer, some 20 ms over Bluetooth:
nobody here can know it, and it is not taken off; so times are late by that, always by the same.
`residual_s` is how far the quickest packets scatter. For milliseconds, use a knock that both
systems see (`validate --tap`).

A source that does not run in real time (replay at another speed) has no such line: then each sample
bears the time when it was sent, and the stream says so. Samples that the band sends later, from its
memory, are older than what was published, and are left to the log.

Metadata is in the streams' `desc`, after the XDF conventions (github.com/sccn/xdf/wiki,
MoCap-Meta-Data and Synchronization): channels with label, object, type and unit, and besides their
sign; `acquisition`, where `compensated_lag` is 0, for nothing is taken off; `synchronization`. They
name types for positions and orientations only; a joint's angle is "Angle".
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from kneecore import __version__, wire
from kneetrack.clock import ClockFit, ClockLine
from kneetrack.detection.events import event_dict
from kneetrack.errors import InputError, install
from kneetrack.samples import Decoded, Event, KneeSample, RepEnded, RepRevised, SetEnded, Side
from kneetrack.sessionlog.markers import Marker, marker_event

RATE_HZ = 1e6 / wire.KNEE_PERIOD_US
CHANNELS = (
    ("flexion", "degrees", "flexion +"),
    ("valgus", "degrees", "valgus (knee inward) +, on both legs"),
    ("rotation", "degrees", "internal rotation +, on both legs"),
    ("valgus_sigma", "degrees", "one standard uncertainty of valgus"),
    ("flags", "bits", "kneecore.wire FLAG_*"),
)
MAPPED = "the band's clock told by LSL's, by the quickest packets; late by the least delay"
WHEN_SENT = "when it was sent: the source does not run in real time"
_CONFIGS = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")


def pylsl() -> Any:
    """`pylsl` with its library. Raises InputError where one of both is missing."""
    try:
        module: Any = import_module("pylsl")
    except ImportError:
        raise InputError(
            f"--lsl needs the package pylsl, which is not installed. {install('lsl')}"
        ) from None
    except RuntimeError:  # what pylsl raises where it finds no liblsl
        raise InputError(
            "--lsl needs liblsl, which pylsl does not find. Get it from github.com/sccn/liblsl/"
            "releases, or name its file in the environment variable PYLSL_LIB."
        ) from None
    return module


def quiet(module: Any) -> None:
    """Keep the library's own log off the screen, unless somebody configured it."""
    if "LSLAPICFG" not in os.environ and not any(
        Path(name).expanduser().is_file() for name in _CONFIGS
    ):
        module.set_config_content("[log]\nlevel = -2\n")


class Outlet:
    """One leg's two streams; a sink of `kneetrack.live`. Open until `close`.

    `markers` are those of a log, published when their time has come.
    """

    def __init__(
        self, side: Side, source: str, *, real_time: bool = True, markers: Sequence[Marker] = ()
    ) -> None:
        self._lsl = pylsl()
        quiet(self._lsl)
        self.side = side
        self._fit = ClockFit() if real_time else None
        self._first: list[KneeSample] = []
        self._packets = 0
        self._newest_s = -math.inf
        self._markers = sorted(markers, key=lambda marker: marker.time_s)
        self.published = 0
        name = f"kneetrack-{side.word}"
        stamps = MAPPED if real_time else WHEN_SENT
        self._angles: Any = self._lsl.StreamOutlet(self._angles_info(name, source, stamps))
        self._events: Any = self._lsl.StreamOutlet(self._events_info(name, source, stamps))

    @property
    def line(self) -> ClockLine | None:
        """The band's clock by LSL's; None where it is not known."""
        return None if self._fit is None else self._fit.line

    def packet(self) -> None:
        self._packets += 1
        if self._packets > 1 and self._first:  # by now the first packet's newest sample is known
            first, self._first = self._first, []
            for sample in first:
                self._publish(sample)

    def item(self, item: Decoded) -> None:
        if not isinstance(item, KneeSample) or item.time_s <= self._newest_s:
            return
        self._newest_s = item.time_s
        while self._markers and self._markers[0].time_s <= item.time_s:
            self.marker(self._markers.pop(0))
        if self._fit is not None:
            self._fit.take(item.time_s, self._lsl.local_clock())
        if self._packets > 1:
            self._publish(item)
        else:
            self._first.append(item)

    def event(self, event: Event) -> None:
        told = event_dict(event)
        at_s = None
        if isinstance(event, RepEnded | RepRevised):
            at_s = event.rep.end_s
        elif isinstance(event, SetEnded):
            at_s = event.set.end_s
        self._say(told, at_s)

    def marker(self, marker: Marker) -> None:
        """Publish a marker that was set by a key."""
        self._say(marker_event(marker), marker.time_s)

    def close(self) -> None:
        """Take both streams from the network."""
        self._angles = self._events = None

    def _publish(self, sample: KneeSample) -> None:
        known = not sample.flags & wire.FLAG_UNALIGNED
        angles = (sample.flexion_deg, sample.valgus_deg, sample.rotation_deg)
        values = [*(angles if known else [math.nan] * 3)]
        values.append(sample.valgus_sigma_deg if known else math.nan)
        self._angles.push_sample([*values, float(sample.flags)], self._stamp(sample.time_s))
        self.published += 1

    def _say(self, told: dict[str, Any], at_s: float | None) -> None:
        text = json.dumps(told, sort_keys=True, allow_nan=False)
        self._events.push_sample([text], self._stamp(at_s))

    def _stamp(self, time_s: float | None) -> float:
        """LSL's time of an instant of the band; now, where that can't be told."""
        line = self.line
        if line is None or time_s is None:
            return float(self._lsl.local_clock())
        return line.host_s(time_s)

    def _angles_info(self, name: str, source: str, stamps: str) -> Any:
        lsl = self._lsl
        rate_hz = RATE_HZ if self._fit is not None else lsl.IRREGULAR_RATE
        info = lsl.StreamInfo(
            f"{name}-angles", "MoCap", len(CHANNELS), rate_hz, lsl.cf_float32, f"{name}-{source}-a"
        )
        channels = info.desc().append_child("channels")
        for label, unit, sign in CHANNELS:
            channel = channels.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("object", f"{self.side.word} knee")
            channel.append_child_value("type", "Angle" if unit == "degrees" else "Misc")
            channel.append_child_value("unit", unit)
            channel.append_child_value("sign", sign)
        self._describe(info, source, stamps)
        return info

    def _events_info(self, name: str, source: str, stamps: str) -> Any:
        lsl = self._lsl
        info = lsl.StreamInfo(
            f"{name}-events", "Markers", 1, lsl.IRREGULAR_RATE, lsl.cf_string, f"{name}-{source}-e"
        )
        channel = info.desc().append_child("channels").append_child("channel")
        channel.append_child_value("label", "event")
        channel.append_child_value("object", f"{self.side.word} knee")
        channel.append_child_value("type", "Marker")
        channel.append_child_value("unit", "JSON")
        self._describe(info, source, stamps)
        return info

    def _describe(self, info: Any, source: str, stamps: str) -> None:
        desc = info.desc()
        acquisition = desc.append_child("acquisition")
        acquisition.append_child_value("manufacturer", "KneeTrack")
        acquisition.append_child_value("model", "knee band")
        acquisition.append_child_value("version", __version__)
        acquisition.append_child_value("source", source)
        acquisition.append_child_value("side", self.side.word)
        acquisition.append_child_value("compensated_lag", "0")
        synchronization = desc.append_child("synchronization")
        synchronization.append_child_value("time_source", stamps)
        synchronization.append_child_value("can_drop_samples", "true")
