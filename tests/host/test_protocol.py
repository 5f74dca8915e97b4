"""Packets to samples: order, loss, wraps, restarts, and whatever bytes may come."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneecore import wire
from kneetrack.protocol import Decoder, read_feature
from kneetrack.samples import (
    Channel,
    Decoded,
    Gap,
    ImuPair,
    KneeSample,
    Packet,
    Response,
    Status,
)

PERIOD_US = wire.KNEE_PERIOD_US
UNIT = (1.0, 0.0, 0.0, 0.0)
FEATURE = wire.FEATURE.pack(1, 1, 1, 1, 0x6C, 0x6C, 4808, 2, 0.001, 0.005, 9, 0)


def knee(
    number: int,
    count: int = 8,
    *,
    boot_id: int = 1,
    start_us: int = 0,
    flags: int = 0,
    received_at_s: float | None = None,
) -> Packet:
    """The packet of samples `number`...; flexion is the number modulo 100."""
    at_us = start_us + number * PERIOD_US
    data = wire.PACKET_HEADER.pack(boot_id, number % 2**16, at_us % 2**32, PERIOD_US, flags)
    for i in range(number, number + count):
        data += wire.KNEE_SAMPLE.pack(i % 100, 1.0, -2.0, UNIT, UNIT, 0.5)
    received = at_us / 1e6 if received_at_s is None else received_at_s
    return Packet(Channel.MEASUREMENT, data, received)


def raw(number: int, *, start_us: int = 0, count: int = 9) -> Packet:
    at_us = start_us + number * wire.PAIR_PERIOD_US
    data = wire.PACKET_HEADER.pack(1, number % 2**16, at_us % 2**32, wire.PAIR_PERIOD_US, 0)
    data += wire.RAW_PAIR.pack((100, 0, 0), (0, 200, 0), (0, 0, -300), (-400, 0, 0)) * count
    return Packet(Channel.RAW, data, at_us / 1e6)


def samples(items: list[Decoded]) -> list[KneeSample]:
    return [item for item in items if isinstance(item, KneeSample)]


def gaps(items: list[Decoded]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def test_a_packet_becomes_its_samples_as_the_record_reads_them() -> None:
    data = wire.PACKET_HEADER.pack(1, 5, 1000, PERIOD_US, wire.FLAG_REST)
    record = (12.34, -5.67, 8.9, (0.5, -0.5, 0.5, -0.5), (0.0, 0.6, 0.8, 0.0), 2.5)
    data += wire.KNEE_SAMPLE.pack(*record)
    values: Any = wire.KNEE_SAMPLE.unpack_from(data, wire.PACKET_HEADER.size)
    (sample,) = samples(Decoder().feed(Packet(Channel.MEASUREMENT, data, 0.0)))
    assert sample == KneeSample(
        5,
        0.0,
        values.flexion_deg,
        values.valgus_deg,
        values.rotation_deg,
        values.valgus_sigma_deg,
        values.q_earth_thigh,
        values.q_earth_shank,
        wire.FLAG_REST,
    )


def test_numbers_and_times_go_on_through_the_wraps_of_both() -> None:
    start_us = 2**32 - 400 * PERIOD_US
    decoder = Decoder()
    items = decoder.feed_all(
        knee(number, start_us=start_us - 65000 * PERIOD_US) for number in range(65000, 66200, 8)
    )
    got = samples(items)
    assert not gaps(items)
    assert [sample.number for sample in got] == list(range(65000, 66200))
    for before, after in pairwise(got):
        assert after.time_s - before.time_s == pytest.approx(PERIOD_US / 1e6)


def test_time_counts_from_the_origin_that_is_given() -> None:
    start_us = 2**32 + 5_000_000
    decoder = Decoder(origin_us=start_us - 2_000_000)
    assert samples(decoder.feed(knee(0, start_us=start_us)))[0].time_s == 2.0


def test_a_lost_packet_is_a_gap_with_its_span_and_count() -> None:
    items = Decoder().feed_all([knee(0), knee(24)])
    assert gaps(items) == [
        Gap(Channel.MEASUREMENT, 7 * PERIOD_US / 1e6, 24 * PERIOD_US / 1e6, 16, "lost on the air")
    ]
    assert isinstance(items[8], Gap)  # before the samples that follow it


def test_an_overrun_is_told_from_loss_on_the_air() -> None:
    items = Decoder().feed_all([knee(0), knee(16, flags=wire.FLAG_OVERRUN)])
    assert gaps(items)[0].reason == "overrun on the band"
    assert samples(items)[-1].flags == wire.FLAG_OVERRUN


def test_a_long_outage_is_counted_by_the_clock_not_by_the_short_number() -> None:
    number = 3 * 2**16 + 1000  # half an hour: the sequence went round three times
    items = Decoder().feed_all([knee(0), knee(number)])
    assert gaps(items)[0].count == number - 8
    assert samples(items)[-1].number == number + 7


def test_an_outage_longer_than_the_boards_clock_is_counted_by_the_receivers() -> None:
    number = 2 * 2**32 // PERIOD_US + 100
    items = Decoder().feed_all([knee(0), knee(number)])
    assert samples(items)[-1].number == number + 7


def test_late_repeated_and_backfilled_packets_keep_their_place_and_move_nothing() -> None:
    late = knee(8, flags=wire.FLAG_BACKFILL, received_at_s=400.0)
    decoder = Decoder()
    items = decoder.feed_all([knee(0), knee(16), late, knee(16), knee(24)])
    assert len(gaps(items)) == 1
    assert [sample.number for sample in samples(items)] == [
        *range(8),
        *range(16, 24),
        *range(8, 16),
        *range(16, 24),
        *range(24, 32),
    ]
    times = {sample.number: sample.time_s for sample in samples(items)}
    assert times[8] == 8 * PERIOD_US / 1e6


def test_a_restarted_band_goes_on_in_time_by_the_receivers_clock() -> None:
    decoder = Decoder()
    before = decoder.feed(knee(0, start_us=500_000_000, received_at_s=10.0))
    after = decoder.feed(knee(3, boot_id=2, start_us=1_000_000, received_at_s=15.0))
    (gap,) = gaps(after)
    assert gap.reason == "band restarted" and gap.count == 0
    assert samples(after)[0].time_s == pytest.approx(5.0, abs=0.1)
    assert samples(after)[0].number > samples(before)[-1].number
    assert not gaps(decoder.feed(knee(11, boot_id=2, start_us=1_000_000)))


def test_raw_pairs_are_scaled_by_what_the_band_says_of_itself() -> None:
    decoder = Decoder(feature=read_feature(FEATURE))
    items = decoder.feed_all([knee(0), raw(0)])
    pairs = [item for item in items if isinstance(item, ImuPair)]
    assert len(pairs) == 9
    assert pairs[1].thigh_gyr == pytest.approx((0.1, 0.0, 0.0))
    assert pairs[1].thigh_acc == pytest.approx((0.0, 1.0, 0.0))
    assert pairs[1].shank_gyr == pytest.approx((0.0, 0.0, -0.3))
    assert pairs[1].shank_acc == pytest.approx((-2.0, 0.0, 0.0))
    assert pairs[1].time_s == pytest.approx(wire.PAIR_PERIOD_US / 1e6)


def test_the_feature_may_come_as_a_packet() -> None:
    decoder = Decoder()
    assert decoder.feed(Packet(Channel.FEATURE, FEATURE + b"newer", 0.0)) == []
    assert decoder.feature.calibration_id == 9


def test_raw_pairs_before_the_first_sample_wait_for_its_time() -> None:
    decoder = Decoder()
    assert decoder.feed(raw(0)) == []
    items = decoder.feed(knee(0, start_us=20_000))
    assert samples(items)[0].time_s == 0.0
    pairs = [item for item in items if isinstance(item, ImuPair)]
    assert pairs[0].time_s == pytest.approx(-0.02)


def test_raw_alone_is_not_held_for_ever() -> None:
    items = Decoder().feed_all(raw(9 * i) for i in range(60))
    assert [item.number for item in items if isinstance(item, ImuPair)] == list(range(540))


def test_answers_and_reports_of_the_band() -> None:
    decoder = Decoder()
    answer = Packet(Channel.CONTROL, bytes([wire.OP_RESPONSE, wire.OP_START, 5]), 0.0)
    assert decoder.feed(answer) == [Response(wire.OP_START, wire.RESULT_MTU_TOO_SMALL, b"")]
    report = wire.STATUS.pack(
        1, 2, 90_000, 3, 4, 5, 21.5, 22.0, 255, 15, 4000, 900, 2, 3, 372, 2, 7
    )
    (status,) = decoder.feed(Packet(Channel.CONTROL, bytes([wire.OP_STATUS]) + report, 0.0))
    assert status == Status(
        1, 2, 90.0, 7, 5, (21.5, 22.0), None, 15.0, 4000, 900, 2,
        power=3, minutes_left=372, reset_cause=2, cues=7,
    )  # fmt: skip
    before = bytes([wire.OP_STATUS]) + report[: wire.STATUS_1_2]
    (status,) = decoder.feed(Packet(Channel.CONTROL, before, 0.0))
    assert status == Status(1, 2, 90.0, 7, 5, (21.5, 22.0), None, 15.0, 4000, 900, 2)
    older = bytes([wire.OP_STATUS]) + report[: wire.STATUS_LEAST]
    (status,) = decoder.feed(Packet(Channel.CONTROL, older, 0.0))
    assert status == Status(1, 2, 90.0, 7, 5, (21.5, 22.0), None, None, None, None, None)


def test_what_cannot_be_read_is_counted_and_passed_over() -> None:
    decoder = Decoder()
    whole = knee(0)
    for data in (b"", whole.data[:-1], whole.data[:10], whole.data[:7] + b"\0\0" + whole.data[9:]):
        assert decoder.feed(Packet(Channel.MEASUREMENT, data, 0.0)) == []
    assert decoder.malformed == 4
    assert len(samples(decoder.feed(whole))) == 8


headers = st.builds(
    wire.PACKET_HEADER.pack,
    st.integers(0, 2),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
    st.integers(0, 65535),
    st.integers(0, 255),
)
bodies = st.one_of(
    st.binary(max_size=60),
    st.integers(0, 9).map(lambda n: b"\x55" * (n * wire.KNEE_SAMPLE.size)),
    st.integers(0, 9).map(lambda n: b"\x55" * (n * wire.RAW_PAIR.size)),
)
packets = st.builds(
    Packet,
    st.sampled_from(list(Channel)),
    st.one_of(st.binary(max_size=60), st.builds(bytes.__add__, headers, bodies)),
    st.floats(),
)


@given(st.lists(packets, max_size=30), st.one_of(st.none(), st.integers(0, 2**40)))
def test_no_bytes_make_it_raise(stream: list[Packet], origin_us: int | None) -> None:
    decoder = Decoder(origin_us=origin_us)
    for packet in stream:
        for item in decoder.feed(packet):
            if isinstance(item, Gap):
                assert item.count >= 0


@given(st.sets(st.integers(0, 200), min_size=1))
def test_samples_and_gaps_together_leave_nothing_out(kept: set[int]) -> None:
    items = Decoder().feed_all(knee(8 * packet) for packet in sorted(kept))
    missing = sum(gap.count for gap in gaps(items))
    numbers = [sample.number for sample in samples(items)]
    assert len(numbers) + missing == numbers[-1] - numbers[0] + 1


def test_a_feature_of_protocol_1_0_has_no_sensor_calibration() -> None:
    old = read_feature(FEATURE[: wire.FEATURE_LEAST])
    assert old is not None
    assert (old.calibration_id, old.sensors_id) == (9, 0)
    assert read_feature(FEATURE[: wire.FEATURE_LEAST - 1]) is None
