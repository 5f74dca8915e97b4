"""Two legs of a log on the computer's one clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from band_packets import Band
from knee_recordings import session
from kneetrack.analysis import analyse, to_json
from kneetrack.samples import Packet, Side
from kneetrack.sessionlog import SessionWriter

RECORDING = session([0.0, 8.0, 0.0, 0.0])
STEP_S = 0.030
"""How late a packet of the left leg is, every second one: it waits in a queue."""


def received(packets: list[Packet], *, starts_s: float, ppm: float, late_s: float) -> list[Packet]:
    """The packets as a computer receives them whose clock is fast by `ppm` against the band's."""
    first_s = packets[0].received_at_s
    return [
        Packet(
            packet.channel,
            packet.data,
            starts_s
            + (packet.received_at_s - first_s) * (1 + ppm * 1e-6)
            + (late_s if n % 2 else 0.0),
        )
        for n, packet in enumerate(packets)
    ]


def two_legs(path: Path) -> Path:
    right = received(Band(RECORDING.samples).live(), starts_s=50.0, ppm=60.0, late_s=0.0)
    left = Band(RECORDING.samples, boot_id=9, first=70_000).live()
    left = received(left, starts_s=51.5, ppm=-40.0, late_s=STEP_S)
    with SessionWriter(path, {"exercise": "squat"}) as writer:
        sent = [(Side.RIGHT, packet) for packet in right] + [(Side.LEFT, packet) for packet in left]
        for side, packet in sorted(sent, key=lambda one: one[1].received_at_s):
            writer.packet(side, packet)
    return path


def test_each_leg_s_time_is_told_on_the_computer_s_clock(tmp_path: Path) -> None:
    legs = to_json(analyse(two_legs(tmp_path / "two.mcap")))["legs"]
    clocks = {leg["side"]: leg["clock"] for leg in legs}
    assert clocks["right"]["offset_s"] == 0.0
    assert clocks["left"]["offset_s"] == pytest.approx(1.5, abs=0.001)
    assert clocks["right"]["drift_ppm"] == pytest.approx(60.0, abs=1.0)
    assert clocks["left"]["drift_ppm"] == pytest.approx(-40.0, abs=1.0)
    assert max(clock["residual_ms"] for clock in clocks.values()) < 1.0


def test_one_leg_needs_no_clock(tmp_path: Path) -> None:
    path = tmp_path / "one.mcap"
    with SessionWriter(path, {"exercise": "squat"}) as writer:
        for packet in Band(RECORDING.samples).live():
            writer.packet(Side.RIGHT, packet)
    (leg,) = to_json(analyse(path))["legs"]
    assert leg["clock"] is None
