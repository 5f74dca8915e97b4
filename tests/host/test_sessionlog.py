"""The session log: what goes in comes out; what is no log is refused in one sentence."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from kneecore import wire
from kneetrack.errors import LogError
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, new_log_path, read_log, streams
from kneetrack.sessionlog.appending import in_use

SESSION = {
    "athlete": "Änne",
    "exercise": "squat",
    "load_kg": 40.5,
    "tags": {"shoes": "flat"},
    "windows": [{"kind": "set", "start_s": 0.0, "end_s": 12.5}],
    "versions": {"kneetrack": "0.1.0"},
}


def some_packets(count: int = 40) -> list[tuple[Side, Packet]]:
    channels = [Channel.FEATURE, Channel.CONTROL, Channel.MEASUREMENT, Channel.RAW]
    return [
        (
            Side.LEFT if number % 5 == 0 else Side.RIGHT,
            Packet(channels[number % 4], bytes([number]) * (number * 5), 3600.0 + number * 0.077),
        )
        for number in range(count)
    ]


def write_log(path: Path, packets: list[tuple[Side, Packet]], *, close: bool = True) -> None:
    writer = SessionWriter(path, SESSION)
    for number, (side, packet) in enumerate(packets):
        writer.packet(side, packet)
        if number == 3:
            writer.calibration({"format": 1, "side": "right", "grade": "A"})
            writer.event({"event": "origin", "side": "right", "board_us": 1234})
    if close:
        writer.close()


def test_a_log_gives_back_every_packet_in_order(tmp_path: Path) -> None:
    packets = some_packets()
    write_log(tmp_path / "a.mcap", packets)
    log = read_log(tmp_path / "a.mcap")
    read = list(log)
    assert [(s, p.channel, p.data) for s, p in read] == [(s, p.channel, p.data) for s, p in packets]
    assert all(
        abs(a.received_at_s - b.received_at_s) < 1e-9
        for (_, a), (_, b) in zip(read, packets, strict=True)
    )
    assert list(log) == read, "a second walk gives the same"
    assert log.session == SESSION
    assert log.calibrations == ({"format": 1, "side": "right", "grade": "A"},)
    assert log.events == ({"event": "origin", "side": "right", "board_us": 1234},)
    assert log.torn is None
    assert log.packet_count == len(packets)
    assert log.duration_s == pytest.approx(39 * 0.077)
    assert log.sides == (Side.RIGHT, Side.LEFT)


def test_other_readers_of_mcap_understand_the_log(tmp_path: Path) -> None:
    write_log(tmp_path / "a.mcap", some_packets())
    with (tmp_path / "a.mcap").open("rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        assert summary is not None
        topics = {c.topic: c.message_encoding for c in summary.channels.values()}
        assert topics["band/right/measurement"] == f"kneetrack.wire.{wire.PROTOCOL_VERSION[0]}"
        assert topics["host/event"] == topics["calibration"] == "json"
        assert sum(1 for _ in reader.iter_messages()) == 42
        metadata = {m.name: m.metadata for m in reader.iter_metadata()}
        assert json.loads(metadata["session"]["athlete"]) == "Änne"
        assert reader.get_header().profile == "kneetrack"


def test_a_compressed_log_reads_like_the_original(tmp_path: Path) -> None:
    packets = [(Side.RIGHT, Packet(Channel.MEASUREMENT, bytes(194), n / 13)) for n in range(50)]
    path = tmp_path / "chunked.mcap"
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=2000, compression=CompressionType.ZSTD)
        writer.start(streams.PROFILE, "repair")
        writer.add_metadata(streams.SESSION, {"exercise": '"squat"'})
        channel = writer.register_channel("band/right/measurement", streams.WIRE_ENCODING, 0)
        for _, packet in packets:
            at = round(packet.received_at_s * 1e9)
            writer.add_message(channel, at, packet.data, at)
        writer.finish()
    log = read_log(path)
    assert log.torn is None
    assert [p.data for _, p in log] == [p.data for _, p in packets]


def test_a_log_is_for_its_user_only_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    write_log(path, some_packets(4))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(LogError, match="never written over"):
        SessionWriter(path, SESSION)
    assert path.read_bytes() == before


def test_new_logs_get_names_that_tell_and_do_not_clash(tmp_path: Path) -> None:
    at = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    folder = tmp_path / "sessions"
    first = new_log_path("squat", Side.RIGHT, folder=folder, at=at)
    assert first.name == "2026-11-22T10-15-00_squat_right.mcap"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    first.touch()
    second = new_log_path("squat", Side.RIGHT, folder=folder, at=at)
    assert second.name == "2026-11-22T10-15-00_squat_right_2.mcap"


def test_each_packet_is_in_the_file_before_the_call_returns(tmp_path: Path) -> None:
    """What makes a killed recorder lose nothing: nothing waits in the process."""
    writer = SessionWriter(tmp_path / "a.mcap", SESSION)
    for number, (side, packet) in enumerate(some_packets(10), start=1):
        writer.packet(side, packet)
        assert read_log(tmp_path / "a.mcap").packet_count == number
    writer.close()


def test_the_writer_says_up_to_which_packet_everything_is_on_the_disk(tmp_path: Path) -> None:
    with SessionWriter(tmp_path / "a.mcap", SESSION) as writer:
        assert writer.synced_count == 0
        numbers = [writer.packet(side, packet) for side, packet in some_packets(5)]
        assert numbers == [1, 2, 3, 4, 5]
        assert writer.synced_count == 0, "the operating system has them, the disk perhaps not"
        writer.sync()
        assert writer.synced_count == 5
        writer.packet(*some_packets(1)[0])
    assert writer.synced_count == 6, "closing syncs"


def test_a_log_that_is_being_written_can_be_told_from_one_that_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with SessionWriter(path, SESSION):
        assert in_use(path)
    assert not in_use(path)


def bad_header(path: Path) -> Path:
    path.write_text("time_s,flexion_deg\n0.0,1.0\n")
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def only_magic(path: Path) -> Path:
    path.write_bytes(b"\x89MCAP0\r\n")
    return path


def cut_in_magic(path: Path) -> Path:
    path.write_bytes(b"\x89MCA")
    return path


def foreign_mcap(path: Path) -> Path:
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start("ros2", "other")
        writer.finish()
    return path


def other_wire(path: Path) -> Path:
    with path.open("wb") as file:
        writer = Writer(file, use_chunking=False)
        writer.start(streams.PROFILE, "kneetrack 9")
        writer.add_metadata(streams.SESSION, {"versions": '{"kneetrack":"9.0.0"}'})
        channel = writer.register_channel("band/left/measurement", "kneetrack.wire.9", 0)
        writer.add_message(channel, 0, b"x", 0)
        writer.finish()
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def missing(path: Path) -> Path:
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (bad_header, "not a session log"),
        (empty, "is empty"),
        (only_magic, "cut off inside its first records"),
        (cut_in_magic, "cut off inside its first records"),
        (foreign_mcap, "not a KneeTrack log"),
        (other_wire, r"protocol kneetrack.wire.9; this kneetrack reads .* \(9.0.0\)"),
        (folder, "is a folder"),
        (missing, "does not exist"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_one_sentence(tmp_path: Path, make, sentence) -> None:
    with pytest.raises(LogError, match=sentence) as refusal:
        read_log(make(tmp_path / "x.mcap"))
    assert "\n" not in str(refusal.value)
    assert "x.mcap" in str(refusal.value)


def status_bytes(uptime_s: float, thigh_c: float, shank_c: float, faults: int = 0) -> bytes:
    uptime_ms = round(uptime_s * 1000)
    return wire.STATUS.pack(
        wire.STATE_STREAMING, faults, uptime_ms, 0, 0, 0, thigh_c, shank_c, 255, 15, 4000, 900, 0,
        0, 65535, 1, 0,
    )  # fmt: skip


def temperatures_of(path: Path, packets: list[tuple[Side, Packet]], origin_us: int | None = None):
    with SessionWriter(path, SESSION) as writer:
        if origin_us is not None:
            writer.event({"event": "origin", "side": "right", "board_us": origin_us})
        for side, packet in packets:
            writer.packet(side, packet)
    return read_log(path).temperatures(Side.RIGHT)


def test_the_warmth_of_the_chips_is_told_in_the_time_of_the_samples(tmp_path: Path) -> None:
    told = bytes([wire.OP_STATUS])
    asked = bytes([wire.OP_RESPONSE, wire.OP_QUERY, wire.RESULT_SUCCESS])
    calibration = asked + bytes(wire.CALIBRATION.size)
    told_temperatures = temperatures_of(
        tmp_path / "a.mcap",
        [
            (Side.RIGHT, Packet(Channel.CONTROL, asked + status_bytes(5, 24, 25), 0.0)),
            (Side.LEFT, Packet(Channel.CONTROL, told + status_bytes(9, 1, 1), 0.1)),
            (Side.RIGHT, Packet(Channel.CONTROL, calibration, 0.2)),
            (Side.RIGHT, Packet(Channel.CONTROL, told + status_bytes(15, 26, 27), 10.0)),
            (
                Side.RIGHT,
                Packet(Channel.CONTROL, told + status_bytes(25, 0, 27, wire.FAULT_THIGH_IMU), 20.0),
            ),
            (Side.RIGHT, Packet(Channel.CONTROL, told + status_bytes(2, 28, 28.5), 35.0)),
            (Side.RIGHT, Packet(Channel.CONTROL, told + status_bytes(12, 29, 29.5), 45.0)),
        ],
        origin_us=4_000_000,
    )
    assert [(t.time_s, t.thigh_c, t.shank_c) for t in told_temperatures] == [
        (1.0, 24.0, 25.0),
        (11.0, 26.0, 27.0),
        (36.0, 28.0, 28.5),  # the band was restarted: by the receiver's clock
        (46.0, 29.0, 29.5),
    ]


def test_without_an_origin_time_counts_from_the_first_knee_sample(tmp_path: Path) -> None:
    """On a band that has been up for hours, whose 32-bit clock has gone round."""
    uptime_s = 2.0 * 2**32 / 1e6 + 3.0
    header = wire.PACKET_HEADER.pack(1, 0, 1_000_000, 9616, 0)
    told = temperatures_of(
        tmp_path / "a.mcap",
        [
            (Side.RIGHT, Packet(Channel.MEASUREMENT, b"short", 0.0)),
            (Side.RIGHT, Packet(Channel.MEASUREMENT, header, 0.0)),
            (
                Side.RIGHT,
                Packet(
                    Channel.CONTROL, bytes([wire.OP_STATUS]) + status_bytes(uptime_s, 24, 25), 0.1
                ),
            ),
        ],
    )
    assert told[0].time_s == pytest.approx(2.0, abs=0.002)
    assert temperatures_of(tmp_path / "b.mcap", []) == ()


def test_what_was_measured_after_the_band_came_off_is_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    packets = [Packet(Channel.RAW, bytes([n]), float(n)) for n in range(6)]
    with SessionWriter(path, SESSION) as writer:
        for number, packet in enumerate(packets):
            writer.packet(Side.RIGHT, packet)
            writer.packet(Side.LEFT, packet)
            if number == 3:
                writer.event({"event": "taken_off", "side": "right", "packets": 4})
        writer.event(
            {"event": "window", "side": "right", "kind": "table", "start_s": 4.0, "end_s": 5.0}
        )
        writer.event({"event": "window", "side": "right", "kind": "table", "start_s": "?"})
    log = read_log(path)
    assert [p.data[0] for p in log.worn(Side.RIGHT)] == [0, 1, 2, 3]
    assert len(list(log.worn(Side.LEFT))) == 6
    assert log.packet_count == 12
    assert [w.kind for w in log.windows_of(Side.RIGHT)] == ["set", "table"]
    assert log.windows_of(Side.LEFT) == log.windows
