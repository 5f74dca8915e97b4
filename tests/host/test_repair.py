"""A torn or damaged log is made whole: what can be had is in it, what can't is told."""

import random
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader

from kneetrack.errors import LogError
from kneetrack.samples import Channel, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log
from kneetrack.sessionlog.repair import repair

CHANCE = random.Random(3)
PACKETS = [
    (
        Side.LEFT if number % 3 else Side.RIGHT,
        Packet(Channel.MEASUREMENT, CHANCE.randbytes(194), 10.0 + number / 13),
    )
    for number in range(120)
]
SESSION = {"athlete": "A", "exercise": "squat"}


def recorded(path: Path) -> tuple[bytes, bytes]:
    """The bytes of a log that ended well, and of one whose recorder was killed."""
    writer = SessionWriter(path, SESSION)
    for number, (side, packet) in enumerate(PACKETS):
        writer.packet(side, packet)
        if number % 10 == 0:
            writer.event({"event": "rep_ended", "number": number})
    killed = path.read_bytes()
    writer.close()
    return path.read_bytes(), killed


class Bytes(bytes):
    """Bytes that don't flood a test's report."""

    def __repr__(self) -> str:
        return f"{len(self)} bytes"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Bytes(recorded(tmp_path_factory.mktemp("whole") / "a.mcap")[0])


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Bytes(recorded(tmp_path_factory.mktemp("killed") / "a.mcap")[1])


def file_of(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def check_whole(path: Path) -> list[bytes]:
    """Our reader and the others' agree that it is whole; its packets."""
    log = read_log(path)
    assert log.torn is None
    with path.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None and summary.statistics is not None
        assert sum(1 for _ in reader.iter_messages()) == summary.statistics.message_count
    return [packet.data for _, packet in log]


def is_subsequence(some: list[bytes]) -> bool:
    everything = iter([packet.data for _, packet in PACKETS])
    return all(one in everything for one in some)


def test_a_whole_log_is_left_alone(tmp_path: Path, whole: bytes) -> None:
    path = file_of(tmp_path / "a.mcap", whole)
    done = repair(path)
    assert done.was_whole and "Nothing to do" in done.sentences[0]
    assert [one.name for one in tmp_path.iterdir()] == ["a.mcap"]


def test_a_torn_log_gets_its_end_in_a_file_of_its_own(tmp_path: Path, killed: bytes) -> None:
    path = file_of(tmp_path / "a.mcap", killed + killed[900:950])
    done = repair(path)
    assert done.out == tmp_path / "a_repaired.mcap"
    assert path.read_bytes() == killed + killed[900:950], "the original stays as it is"
    assert check_whole(done.out) == [packet.data for _, packet in PACKETS]
    assert stat.S_IMODE(done.out.stat().st_mode) == 0o600
    log = read_log(done.out)
    assert log.session == SESSION
    assert [e["event"] for e in log.events] == ["rep_ended"] * 12 + ["repaired"]
    assert log.events[-1]["tail_bytes"] == 50
    with pytest.raises(LogError, match="exists already"):
        repair(path)


def test_a_log_may_be_replaced_and_is_then_whole_for_good(tmp_path: Path, killed: bytes) -> None:
    path = file_of(tmp_path / "a.mcap", killed)
    path.chmod(0o644)
    assert repair(path, replace=True).out == path
    check_whole(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert repair(path, replace=True).was_whole
    assert [one.name for one in tmp_path.iterdir()] == ["a.mcap"]


def test_an_index_that_was_cut_off_is_made_anew(tmp_path: Path, whole: bytes) -> None:
    done = repair(file_of(tmp_path / "a.mcap", whole[:-30]))
    assert done.out is not None
    assert any("index" in sentence for sentence in done.sentences)
    assert len(check_whole(done.out)) == len(PACKETS)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(700, 30_000))
def test_wherever_a_log_was_cut_every_whole_packet_is_in_the_repaired_one(
    cut: int, tmp_path_factory: pytest.TempPathFactory, killed: bytes
) -> None:
    path = file_of(tmp_path_factory.mktemp("cut") / "a.mcap", killed[:cut])
    had = [packet.data for _, packet in read_log(path)]
    done = repair(path)
    assert done.out is not None
    assert check_whole(done.out) == had == [p.data for _, p in PACKETS[: len(had)]]


@settings(max_examples=80, deadline=None)
@given(start=st.integers(1200, 26_000), length=st.integers(1, 3000), zeros=st.booleans())
def test_what_follows_a_damaged_place_is_found_again(
    start: int, length: int, zeros: bool, tmp_path_factory: pytest.TempPathFactory, killed: bytes
) -> None:
    """At most the records that the garbage touches are lost, and the one before."""
    data = bytearray(killed)
    end = min(start + length, len(data) - 1000)
    if end <= start:
        return
    data[start:end] = bytes(end - start) if zeros else random.Random(start).randbytes(end - start)
    path = file_of(tmp_path_factory.mktemp("damage") / "a.mcap", bytes(data))
    done = repair(path)
    assert done.out is not None
    packets = check_whole(done.out)
    touched = length // 225 + 3
    assert len(packets) >= len(PACKETS) - touched - 1
    # one packet may hold damage that nothing shows: that in which it lies wholly
    foreign = [one for one in packets if one not in [packet.data for _, packet in PACKETS]]
    assert len(foreign) <= 1
    assert is_subsequence([one for one in packets if one not in foreign])
    missing = sum(damage.messages for damage in done.damages) + done.orphans
    events = len(read_log(done.out).events) - 1
    assert len(packets) + events + missing == len(PACKETS) + 12, "what is missing is counted"


def test_a_lying_length_does_not_hide_what_follows(tmp_path: Path, killed: bytes) -> None:
    data = bytearray(killed)
    frame = data.index(PACKETS[50][1].data) - 22 - 9
    data[frame + 1 : frame + 9] = (216 + 5000).to_bytes(8, "little")
    done = repair(file_of(tmp_path / "a.mcap", bytes(data)))
    assert done.out is not None
    packets = check_whole(done.out)
    assert len(packets) >= len(PACKETS) - 2
    assert PACKETS[51][1].data in packets


def test_where_the_head_is_gone_the_streams_are_known_from_the_index(
    tmp_path: Path, whole: bytes
) -> None:
    data = bytearray(whole)
    data[20:900] = bytes(880)
    done = repair(file_of(tmp_path / "a.mcap", bytes(data)))
    assert done.session_lost and done.out is not None
    assert any("is lost" in sentence for sentence in done.sentences)
    assert len(check_whole(done.out)) > len(PACKETS) - 5


def test_a_torn_log_whose_first_records_are_damaged_gives_its_packets(tmp_path: Path) -> None:
    """Those before the first packet: the header, the session, a long calibration."""
    path = tmp_path / "a.mcap"
    with SessionWriter(path, SESSION) as writer:
        writer.calibration({"grade": "A", "story": "x" * 5000})
        for side, packet in PACKETS:
            writer.packet(side, packet)
        data = path.read_bytes()
    for number, (start, end) in enumerate([(8, 14), (60, 70), (10, 400), (900, 901), (40, 3000)]):
        hit = bytearray(data)
        hit[start:end] = bytes(end - start)
        done = repair(file_of(tmp_path / f"{number}.mcap", bytes(hit)))
        assert done.out is not None
        assert len(check_whole(done.out)) == len(PACKETS)
        assert done.damages or done.session_lost


def test_a_word_that_was_damaged_costs_no_more_than_itself(tmp_path: Path, killed: bytes) -> None:
    data = bytearray(killed)
    data[data.index(b'"squat"')] = ord("x")
    done = repair(file_of(tmp_path / "a.mcap", bytes(data)))
    assert done.session_lost and done.out is not None
    assert len(check_whole(done.out)) == len(PACKETS)
    assert read_log(done.out).session == {"athlete": "A"}


def test_an_event_that_is_no_json_is_left_out_whatever_its_stream_says(
    tmp_path: Path, killed: bytes
) -> None:
    """Found by tools/fuzz: the stream's encoding was damaged, and one of its events."""
    data = bytearray(killed)
    topic = data.index(b"host/event")
    data[topic + 14 : topic + 18] = b"jsqn"
    data[data.index(b'"number":30')] = 7
    done = repair(file_of(tmp_path / "a.mcap", bytes(data)))
    assert done.out is not None
    assert len(check_whole(done.out)) >= len(PACKETS) - 1
    assert len(read_log(done.out).events) == 12


def test_a_log_that_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    with SessionWriter(tmp_path / "a.mcap", SESSION) as writer:
        writer.packet(*PACKETS[0])
        with pytest.raises(LogError, match="being recorded"):
            repair(tmp_path / "a.mcap", replace=True)
    assert repair(tmp_path / "a.mcap").was_whole


@pytest.mark.parametrize(
    "data", [b"", b"\x89MCA", b"time_s,x\n0,1\n", b"\x89MCAP0\r\n" + bytes(99)]
)
def test_what_is_no_log_is_refused_and_stays(tmp_path: Path, data: bytes) -> None:
    path = file_of(tmp_path / "a.mcap", data)
    with pytest.raises(LogError) as refusal:
        repair(path, replace=True)
    assert "a.mcap" in str(refusal.value) and "\n" not in str(refusal.value)
    assert path.read_bytes() == data
