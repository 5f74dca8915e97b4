"""A log of two legs to export, with a hole in one of them, made of a recorded one in no time.

The left leg has the right leg's packets: received STARTS_LATER_S later by a clock that is fast
against its band's, and without those of LOST. Its calibration is the right one's with its side
changed, so what a leg does is known from the other one.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kneetrack.export import FORMATS, export
from kneetrack.export.formats import Options, formats_of
from kneetrack.export.recording import Leg, Recording, read_recording, silent
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

RECORDED = Path(__file__).resolve().parents[1] / "replay" / "logs" / "protocol_1_1.mcap"
STARTS_LATER_S = 0.5
FAST = 80e-6
LOST = range(90, 101)
"""Packets of the left leg, each kind counted by itself."""
UTC = "2026-11-22T07:33:07Z"
MARK = {"event": "mark", "time_s": 26.25, "text": "clap"}


def two_legs(path: Path) -> Path:
    log = read_log(RECORDED)
    session = {key: value for key, value in log.session.items() if key != "sides"}
    first_s = min(packet.received_at_s for _, packet in log)
    seen: dict[Channel, int] = {}
    sent: list[tuple[Side, Packet]] = []
    for _, packet in log:
        sent.append((Side.RIGHT, packet))
        number = seen[packet.channel] = seen.get(packet.channel, 0) + 1
        # There are twice as many raw pairs, of which fewer go into a packet.
        share = number * 213 / 378 if packet.channel is Channel.RAW else number
        if packet.channel is Channel.FEATURE or round(share) not in LOST:
            later_s = (packet.received_at_s - first_s) * FAST + STARTS_LATER_S
            sent.append(
                (Side.LEFT, Packet(packet.channel, packet.data, packet.received_at_s + later_s))
            )
    with SessionWriter(path, session) as writer:
        for made in log.calibrations:
            writer.calibration(made)
            writer.calibration(json.loads(json.dumps(made).replace('"right"', '"left"')))
        for event in log.events:
            if event["event"] == "origin":
                writer.event(event)
                writer.event({**event, "side": "left"})
        for side, packet in sorted(sent, key=lambda one: one[1].received_at_s):
            writer.packet(side, packet)
        writer.event(MARK)
    return path


def exported(folder: Path, names: Iterable[str]) -> tuple[Recording, Path]:
    """Both legs, and where they are in those of the formats whose package there is."""
    recording = read_recording(two_legs(folder / "two.mcap"))
    packages = {name: FORMATS[name].package for name in names}
    there = [name for name, one in packages.items() if not one or importlib.util.find_spec(one)]
    export(recording, formats_of(there), folder / "out", Options(), silent)
    return recording, folder / "out"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name] or math.nan) for row in rows])


def leg_of(recording: Recording, side: Side) -> Leg:
    return next(leg for leg in recording.legs if leg.side is side)
