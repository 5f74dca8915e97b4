"""Addresses, versions, and recorded sessions as links."""

import asyncio
import struct
from pathlib import Path

import pytest

from kneecore import wire
from kneetrack.errors import LinkError, LogError, ProtocolMismatch, UsageError
from kneetrack.link import open_link, parse_address
from kneetrack.link.base import check_protocol
from kneetrack.link.replay import ReplayLink, paced
from kneetrack.samples import Channel, Packet, Side, Window
from kneetrack.sessionlog import SessionWriter

FEATURE = wire.FEATURE.pack(*wire.PROTOCOL_VERSION, 7, 1, 0x6C, 0x6C, 4808, 2, 1e-3, 5e-3, 0, 0)


def knee_packet(sequence: int) -> bytes:
    header = wire.PACKET_HEADER.pack(7, sequence, 1_000_000 + sequence * 9616, 9616, 0)
    level = (1.0, 0.0, 0.0, 0.0)
    return header + wire.KNEE_SAMPLE.pack(10.0, 1.0, 0.0, level, level, 1.0)


def recorded(path: Path, sides: tuple[Side, ...] = (Side.LEFT,), count: int = 20) -> Path:
    """A log of `count` packets for each side, 10 ms apart."""
    session = {
        "exercise": "squat",
        "windows": [{"kind": "set", "start_s": 0.0, "end_s": 9.0}],
        "shank_length_m": 0.41,
    }
    with SessionWriter(path, session) as writer:
        for side in sides:
            writer.packet(side, Packet(Channel.FEATURE, FEATURE, 5.0))
            writer.event({"event": "origin", "side": side.word, "board_us": 990_000})
        for number in range(count):
            for side in sides:
                packet = Packet(Channel.MEASUREMENT, knee_packet(number), 5.0 + number / 100)
                writer.packet(side, packet)
    return path


async def collected(link: ReplayLink) -> list[Packet]:
    async with link:
        return [packet async for packet in link.packets()]


@pytest.mark.parametrize(
    ("text", "kind", "target", "options", "speed"),
    [
        ("ble:auto", "ble", "auto", {}, 1.0),
        ("ble:C0:C1:C2:C3:C4:C5", "ble", "C0:C1:C2:C3:C4:C5", {}, 1.0),
        ("sim:squats?valgus=8&seed=2", "sim", "squats", {"valgus": "8", "seed": "2"}, 1.0),
        ("trace:a b/run.csv?speed=max", "trace", "a b/run.csv", {}, 0.0),
        ("log:x.mcap?speed=2.5&side=left", "log", "x.mcap", {"side": "left"}, 2.5),
    ],
)
def test_an_address_comes_apart(text, kind, target, options, speed):
    address = parse_address(text)
    assert (address.kind, address.target) == (kind, target)
    assert (address.options, address.speed) == (options, speed)


@pytest.mark.parametrize(
    "text",
    ["squats", "usb:x", "ble:", "sim:squats?valgus", "ble:auto?speed=2", "log:a.mcap?speed=fast",
     "log:a.mcap?speed=-1", "log:a.mcap?speed=nan"],
)  # fmt: skip
def test_what_is_no_address_is_told_with_the_right_form(text):
    with pytest.raises(UsageError, match=r"ble:|\?key=value|speed|options"):
        parse_address(text)


def test_a_log_takes_no_option_but_speed_and_side(tmp_path):
    path = recorded(tmp_path / "a.mcap")
    with pytest.raises(UsageError, match="only speed and side"):
        open_link(f"log:{path}?seed=3")
    with pytest.raises(UsageError, match='"up"'):
        open_link(f"log:{path}?side=up")


@pytest.mark.parametrize(
    ("major", "side_to_update"), [(2, "git pull, make setup"), (0, "kneetrack flash")]
)
def test_another_major_version_names_the_side_to_update(major, side_to_update):
    feature = bytes([major, 0]) + FEATURE[2:]
    with pytest.raises(ProtocolMismatch, match=side_to_update) as caught:
        check_protocol(feature, "KneeBand-1234")
    assert f"{major}.0" in str(caught.value)
    assert "KneeBand-1234" in str(caught.value)


def test_a_newer_minor_version_with_more_fields_is_welcome():
    check_protocol(bytes([wire.PROTOCOL_VERSION[0], 250]) + FEATURE[2:] + b"more", "KneeBand-1234")


def test_an_older_minor_version_without_the_newest_fields_is_welcome():
    check_protocol(bytes([wire.PROTOCOL_VERSION[0], 0]) + FEATURE[2 : wire.FEATURE_LEAST], "K")


def test_a_feature_cut_short_is_a_mismatch():
    for length in range(wire.FEATURE_LEAST):
        with pytest.raises(ProtocolMismatch, match="kneetrack flash"):
            check_protocol(b"\0" * length, "KneeBand-1234")


def test_a_recording_gives_its_packets_back_as_they_were(tmp_path):
    link = open_link(f"log:{recorded(tmp_path / 'a.mcap')}?speed=max")
    packets = asyncio.run(collected(link))
    assert [packet.channel for packet in packets] == [Channel.FEATURE] + [Channel.MEASUREMENT] * 20
    assert [packet.data for packet in packets[1:]] == [knee_packet(n) for n in range(20)]
    assert packets[-1].received_at_s == pytest.approx(5.19)
    assert link.now_s() == packets[-1].received_at_s


def test_a_recording_knows_its_origin_windows_and_feature(tmp_path):
    link = open_link(f"log:{recorded(tmp_path / 'a.mcap')}")
    assert link.origin_us == 990_000
    assert link.scenario.side is Side.LEFT
    assert link.scenario.windows == (Window("set", 0.0, 9.0),)
    assert link.scenario.window("set") == Window("set", 0.0, 9.0)
    assert link.scenario.window("stand") is None
    assert link.scenario.shank_length_m == 0.41
    assert link.feature.pair_period_us == 4808
    assert link.info.end_of_source


def test_a_recording_of_both_legs_gives_the_one_asked_for(tmp_path):
    path = recorded(tmp_path / "both.mcap", sides=(Side.LEFT, Side.RIGHT))
    with pytest.raises(UsageError, match="both legs"):
        open_link(f"log:{path}")
    link = open_link(f"log:{path}?side=right&speed=max")
    assert len(asyncio.run(collected(link))) == 21


def test_a_leg_that_was_not_recorded_is_refused(tmp_path):
    path = recorded(tmp_path / "a.mcap")
    with pytest.raises(UsageError, match="no right leg"):
        open_link(f"log:{path}?side=right")


def test_a_recording_without_packets_is_refused(tmp_path):
    path = recorded(tmp_path / "empty.mcap", sides=())
    with pytest.raises(LogError, match="no packets"):
        open_link(f"log:{path}")


def test_a_recording_takes_no_commands(tmp_path):
    link = open_link(f"log:{recorded(tmp_path / 'a.mcap')}")
    with pytest.raises(LinkError, match="only be replayed"):
        asyncio.run(link.request(bytes([wire.OP_START]), 1.0))


def test_finish_ends_a_replay_before_its_end(tmp_path):
    async def check():
        async with open_link(f"log:{recorded(tmp_path / 'a.mcap')}?speed=max") as link:
            seen = 0
            async for _ in link.packets():
                seen += 1
                if seen == 5:
                    await link.finish()
            return seen

    assert asyncio.run(check()) == 5


def test_pacing_waits_between_packets_and_changes_none():
    packets = [Packet(Channel.RAW, struct.pack("<H", n), 100.0 + n * 0.02) for n in range(6)]

    async def check(speed):
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        came = [packet async for packet in paced(packets, speed)]
        return came, loop.time() - begun_s

    came, took_s = asyncio.run(check(1.0))
    assert came == packets
    assert took_s >= 0.0999  # waiting never takes less
    assert asyncio.run(check(0.0))[0] == packets
