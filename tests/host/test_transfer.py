"""What Session Transfer brings, decoded: true numbers and times in any order, over restarts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from band_packets import PERIOD_US, Band
from knee_recordings import Recording
from kneecore import transfers, wire
from kneetrack.protocol import Decoder
from kneetrack.samples import Channel, Decoded, Gap, KneeSample, Packet, Response, TransferDone


def recording(count: int) -> Recording:
    """Samples whose flexion tells their place."""
    made = Recording()
    for k in range(count):
        made.add(k % 1000 / 10, k % 7)
    return made


def samples(items: list[Decoded]) -> list[KneeSample]:
    return [item for item in items if isinstance(item, KneeSample)]


def gaps(items: list[Decoded]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def started(band: Band, *, opcode: int = wire.OP_START, **changed: Any) -> Packet:
    """The response that tells of the band's recording."""
    fields = {
        "recording_id": band.recording_id, "boot_id": band.boot_id,
        "flags": wire.RECORDING_RUNNING, "side": 1, "calibration_id": 0, "sensors_id": 0,
        "first_number": band.first, "end_number": band.first, "lost_samples": 0, "size_bytes": 0,
        "utc_s": 0, **changed,
    }  # fmt: skip
    data = bytes([wire.OP_RESPONSE, opcode, wire.RESULT_SUCCESS])
    return Packet(Channel.CONTROL, data + wire.RECORDING.pack(*fields.values()), 0.0)


BAND = Band(recording(400).samples)
WHOLE = {s.number: s for s in samples(Decoder().feed_all(BAND.live()))}


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_blocks_in_any_order_are_the_samples_that_were_lost(data: st.DataObject) -> None:
    live = BAND.live()
    lost = data.draw(st.sets(st.integers(1, len(live) - 2), max_size=20))
    blocks = [
        block for k in lost for block in BAND.blocks(BAND.first + 8 * k, BAND.first + 8 * k + 8)
    ]
    blocks = data.draw(st.permutations(blocks + blocks[:2]))
    decoder = Decoder()
    items = decoder.feed_all([p for k, p in enumerate(live) if k not in lost])
    assert sum(gap.count for gap in gaps(items)) == 8 * len(lost)
    late = samples(decoder.feed_all(blocks))
    assert {s.number for s in late} == {1000 + 8 * k + i for k in lost for i in range(8)}
    for sample in late:
        assert sample.flags & wire.FLAG_BACKFILL
        assert sample._replace(flags=0) == WHOLE[sample.number]


def test_numbers_of_the_band_and_of_the_decoder_are_converted_both_ways() -> None:
    first = 3 * 2**16 + 5000  # half an hour after the band's start
    band = Band(recording(80).samples, first=first)
    decoder = Decoder()
    got = samples(decoder.feed_all(band.live()))
    assert [decoder.band_number(s.number) for s in got] == list(range(first, first + 80))
    assert decoder.own_number(band.boot_id, first + 8) == got[8].number
    assert decoder.own_number(band.boot_id + 1, first) is None
    assert Decoder().band_number(0) is None


def test_a_stream_whose_time_is_not_its_number_has_no_band_numbers() -> None:
    data = wire.PACKET_HEADER.pack(7, 5, 1234, PERIOD_US, 0) + bytes(wire.KNEE_SAMPLE.size)
    decoder = Decoder()
    decoder.feed(Packet(Channel.MEASUREMENT, data, 0.0))
    assert decoder.band_number(5) is None
    assert decoder.feed_all(BAND.blocks(1000, 1010)) == []


def test_the_end_of_an_earlier_start_of_the_band_is_put_before_the_restart() -> None:
    before = Band(recording(200).samples, boot_id=1)
    after = Band(recording(80).samples, boot_id=2, first=40, recording_id=4, received_from_s=30.0)
    decoder = Decoder()
    items = decoder.feed_all(before.live()[:20] + after.live())
    (gap,) = gaps(items)
    assert gap.reason == "band restarted"
    late = samples(decoder.feed_all(before.answer(1160, 1200)))
    assert [decoder.band_number(s.number) for s in late] == list(range(1160, 1200))
    assert late[0].time_s == pytest.approx(gap.start_s + PERIOD_US / 1e6)
    new = samples(items)[160:]
    assert late[-1].number < new[0].number and late[-1].time_s < new[0].time_s
    assert [decoder.band_number(s.number) for s in new] == list(range(40, 120))
    assert decoder.own_number(1, 1160) == late[0].number
    assert samples(decoder.feed_all(after.blocks(48, 56)))[0].number == new[8].number


@pytest.mark.parametrize("recorded_before", [0, 20])
@pytest.mark.parametrize("received_from_s", [0.0, 30.0])
def test_a_next_start_comes_after_all_that_was_fetched_of_the_one_before(
    received_from_s: float, recorded_before: int
) -> None:
    before = Band(recording(200).samples, boot_id=1)
    after = Band(recording(80).samples, boot_id=2, recording_id=4, received_from_s=received_from_s)
    decoder = Decoder()
    decoder.feed_all(before.live()[:20])  # the rest comes with, or is later than, the next start
    kept = decoder.feed_all(before.blocks(1160, 1200, at_s=after.received_s(after.first)))
    decoder.feed(started(after, opcode=wire.OP_RESUME, first_number=after.first - recorded_before))
    new = decoder.feed_all(after.live())
    (gap,) = gaps(new)
    last, first = samples(kept)[-1], samples(new)[0]
    steps = first.number - last.number
    assert steps > recorded_before
    assert first.time_s - last.time_s == pytest.approx(steps * PERIOD_US / 1e6, abs=PERIOD_US / 1e6)
    assert gap.start_s == pytest.approx(last.time_s) and gap.end_s == pytest.approx(first.time_s)
    if received_from_s:  # the pause is counted from what was live
        pause_s = received_from_s - before.received_s(1160)
        assert first.time_s - (1160 - 1000) * PERIOD_US / 1e6 > pause_s


def test_a_recording_of_blocks_alone_is_read_with_its_holes() -> None:
    decoder = Decoder()
    items = decoder.feed_all(BAND.blocks(1000, 1100) + BAND.blocks(1150, 1400))
    assert [s.number for s in samples(items)] == [*range(1000, 1100), *range(1150, 1400)]
    assert samples(items)[0].time_s == 0.0
    (gap,) = gaps(items)
    assert gap.count == 50 and gap.reason == "not kept by the band"


def test_blocks_may_go_on_where_the_connection_ended() -> None:
    live = BAND.live()
    decoder = Decoder()
    decoder.feed_all(live[:10])
    items = decoder.feed_all(BAND.blocks(1076, 1160))
    assert samples(items)[-1].number == 1159 and not gaps(items)
    assert not gaps(decoder.feed_all(live[19:]))


def test_blocks_of_a_start_that_was_never_seen_move_nothing() -> None:
    other = Band(recording(40).samples, boot_id=99)
    decoder = Decoder()
    decoder.feed_all(BAND.live()[:10])
    assert decoder.feed_all(other.blocks(1000, 1040)) == []
    assert not gaps(decoder.feed_all(BAND.live()[10:]))


def done_of(decoder: Decoder, packets: list[Packet]) -> TransferDone:
    done = [item for item in decoder.feed_all(packets) if isinstance(item, TransferDone)]
    assert len(done) == 1
    return done[0]


def test_a_complete_answer_says_what_is_gone() -> None:
    decoder = Decoder()
    decoder.feed_all([BAND.live()[0], *BAND.live()[20:]])
    blocks = BAND.blocks(1040, 1160)
    done = done_of(decoder, [*blocks, BAND.done(1008, 1160, len(blocks))])
    assert done == TransferDone(3, 1008, 1160, wire.RESULT_SUCCESS, len(blocks), (1008, 1160))


def test_an_answer_of_which_a_block_was_lost_says_nothing_of_the_rest() -> None:
    decoder = Decoder()
    decoder.feed_all([BAND.live()[0], *BAND.live()[20:]])
    blocks = BAND.blocks(1008, 1160)
    assert len(blocks) > 2
    done = done_of(decoder, [*blocks[:1], *blocks[2:], BAND.done(1008, 1160, len(blocks))])
    assert done.gone is None
    begun = blocks[:-1]  # of a FETCH that was given up for this one
    done = done_of(decoder, [*begun, *blocks[:1], *blocks[2:], BAND.done(1008, 1160, len(blocks))])
    assert done.gone is None
    assert done_of(decoder, BAND.answer(1008, 1160)).gone == (1008, 1160)
    failed = BAND.done(1008, 1160, 0, wire.RESULT_FAILED)
    assert done_of(decoder, [failed]).gone is None


def test_the_last_answer_of_an_earlier_start_settles_all_up_to_the_next() -> None:
    before = Band(recording(200).samples, boot_id=1)
    after = Band(recording(80).samples, boot_id=2, first=40, recording_id=4, received_from_s=30.0)
    decoder = Decoder()
    decoder.feed(started(before))
    new = samples(decoder.feed_all([*before.live()[:20], started(after), *after.live()]))[160:]
    decoder.feed(started(before, opcode=wire.OP_LIST, flags=wire.RECORDING_CUT, end_number=1180))
    part = done_of(decoder, before.answer(1160, 1170))
    assert part.gone == (1160, 1170)
    blocks = before.blocks(1170, 1180)
    rest = done_of(decoder, [*blocks, before.done(1170, 1180, len(blocks))])
    assert rest.gone == (1170, new[0].number)
    nothing = done_of(decoder, [before.done(1160, 1200, 0, wire.RESULT_NOT_FOUND)])
    assert nothing.gone == (1160, new[0].number)


def test_the_first_packets_of_a_recording_may_be_missing_too() -> None:
    decoder = Decoder()
    decoder.feed(started(BAND, opcode=wire.OP_RESUME))
    (gap,) = gaps(decoder.feed_all(BAND.live()[3:10]))
    assert gap.count == 24 and gap.start_s == pytest.approx(-25 * PERIOD_US / 1e6)
    late = samples(decoder.feed_all(BAND.answer(1000, 1024)))
    assert [decoder.band_number(s.number) for s in late] == list(range(1000, 1024))
    assert [s.time_s for s in late] == [(k - 24) * PERIOD_US / 1e6 for k in range(24)]


@pytest.mark.parametrize("after", [3, 30])
def test_a_recording_that_begins_a_little_after_its_start_misses_nothing(after: int) -> None:
    decoder = Decoder()
    decoder.feed(started(BAND, first_number=BAND.first - after))
    assert not gaps(decoder.feed_all(BAND.live()))


def test_what_the_records_tell_is_told_apart_by_their_length() -> None:
    others = (wire.STATUS, wire.CALIBRATION, wire.SENSORS)
    assert wire.RECORDING.size not in {record.size for record in others}


def test_transfer_messages_that_cannot_be_read_are_counted() -> None:
    decoder = Decoder()
    whole = BAND.blocks(1000, 1010)[0].data
    for data in (b"", b"\x81", whole[:-1], whole[:5] + b"\xff" + whole[6:], b"\x82\0", b"\x01abc"):
        assert decoder.feed(Packet(Channel.TRANSFER, data, 0.0)) == []
    assert decoder.malformed == 6
    head = bytes([transfers.TRANSFER_HEAD, 3, 0, 0, 0])
    assert decoder.feed(Packet(Channel.TRANSFER, head, 0.0)) == []
    assert decoder.malformed == 6


def test_a_response_is_given_as_it_came() -> None:
    packet = started(BAND)
    expected = Response(wire.OP_START, wire.RESULT_SUCCESS, packet.data[3:])
    assert Decoder().feed(packet) == [expected]
