"""A torn log always opens, gives every whole packet, and says in one sentence what is missing."""

import random
from pathlib import Path

import pytest

from kneetrack.errors import LogError
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log

PACKETS = [
    Packet(Channel.MEASUREMENT, bytes([number % 256]) * 194, 10.0 + number / 13)
    for number in range(60)
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return recorded(tmp_path_factory.mktemp("whole") / "a.mcap", close=True)


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes that a recorder leaves that was killed between two packets."""
    return recorded(tmp_path_factory.mktemp("killed") / "a.mcap", close=False)


def recorded(path: Path, *, close: bool) -> bytes:
    writer = SessionWriter(path, {"exercise": "squat"})
    for number, packet in enumerate(PACKETS):
        writer.packet(Side.RIGHT, packet)
        if number % 7 == 0:
            writer.event({"event": "rep_ended", "number": number})
    data = path.read_bytes()
    writer.close()
    return path.read_bytes() if close else data


def reopened(path: Path, data: bytes) -> tuple[list[Packet], str | None]:
    path.write_bytes(data)
    log = read_log(path)
    packets = [packet for _, packet in log]
    assert len(packets) == log.packet_count
    return packets, log.torn


def is_prefix(packets: list[Packet]) -> bool:
    return [p.data for p in packets] == [p.data for p in PACKETS[: len(packets)]]


def test_a_log_cut_at_any_of_its_last_bytes_opens(tmp_path: Path, whole: bytes) -> None:
    for cut in range(len(whole) - 2048, len(whole)):
        packets, torn = reopened(tmp_path / "t.mcap", whole[:cut])
        assert is_prefix(packets)
        # the closing record ends the data: behind it only an index can be missing
        assert torn is None or torn.count(".") >= 1
        if torn is None:
            assert len(packets) == len(PACKETS)


def test_only_the_unfinished_record_is_lost(tmp_path: Path, unfinished: bytes) -> None:
    before = len(PACKETS) + 1
    for cut in range(len(unfinished), len(unfinished) - 2048, -1):
        packets, torn = reopened(tmp_path / "t.mcap", unfinished[:cut])
        assert is_prefix(packets)
        assert before - 1 <= len(packets) + 1 <= before, "one packet at a time goes missing"
        before = len(packets) + 1
        assert torn is not None and f"({len(packets)} packets, all readable)" in torn


def test_a_log_cut_anywhere_opens_or_is_refused_as_cut(tmp_path: Path, whole: bytes) -> None:
    chance = random.Random(7)
    for cut in [*range(400), *(chance.randrange(len(whole)) for _ in range(300))]:
        try:
            packets, _ = reopened(tmp_path / "t.mcap", whole[:cut])
        except LogError as refusal:
            assert cut < 400, "only a cut inside the first records is refused"
            assert "cut off" in str(refusal) or "empty" in str(refusal)
        else:
            assert is_prefix(packets)


def test_a_tail_of_zeros_ends_the_log(tmp_path: Path, unfinished: bytes) -> None:
    """What a file system may leave after a loss of power: the length grew, the data are missing."""
    packets, torn = reopened(tmp_path / "t.mcap", unfinished + bytes(4096))
    assert len(packets) == len(PACKETS)
    assert torn is not None and "4096 bytes" in torn


def test_damage_inside_never_raises_and_gives_only_what_precedes_it(
    tmp_path: Path, whole: bytes
) -> None:
    chance = random.Random(11)
    for _ in range(400):
        data = bytearray(whole)
        data[chance.randrange(600, len(data))] = chance.randrange(256)
        path = tmp_path / "t.mcap"
        path.write_bytes(data)
        log = read_log(path)
        assert sum(1 for _ in log) == log.packet_count <= len(PACKETS)
