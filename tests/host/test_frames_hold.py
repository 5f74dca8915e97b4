"""What the frames of the cable promise, for any bytes at all.

The oracle here shares nothing with `kneecore.frames` but its description: it cuts at flags, undoes
escapes byte by byte and takes its CRC from CPython's `binascii`.
"""

from __future__ import annotations

import binascii

from hypothesis import given
from hypothesis import strategies as st

from kneecore.crc import crc16
from kneecore.frames import DATA_BYTES_MAX, FRAME_BYTES_MAX, Receiver, frame

Frame = tuple[int, bytes]

# Garbage that knows the protocol is worse than garbage that doesn't.
noise = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([0x7E, 0x7D, 0x03, 0x5E, 0x5D, 0x23, 0x41]), max_size=40).map(bytes),
    st.tuples(st.integers(0, 255), st.binary(max_size=30), st.integers(1, 30)).map(
        lambda made: frame(made[0], made[1])[: made[2]]
    ),
)
frames = st.tuples(
    st.integers(0, 255),
    st.one_of(
        st.binary(max_size=30),
        st.lists(st.sampled_from([0x7E, 0x7D, 0x03, 0x00]), max_size=DATA_BYTES_MAX).map(bytes),
    ),
)


def oracle(line: bytes) -> list[Frame]:
    """Every frame that stands on the line, by the description alone."""
    found: list[Frame] = []
    for part in line.split(b"\x7e")[1:-1]:
        body = bytearray()
        escaped = bad = False
        for byte in part:
            if escaped:
                bad |= byte not in (0x5D, 0x5E, 0x23)
                body.append(byte ^ 0x20)
                escaped = False
            elif byte == 0x7D:
                escaped = True
            else:
                body.append(byte)
        if bad or escaped or not 3 <= len(body) <= DATA_BYTES_MAX + 3:
            continue
        if binascii.crc_hqx(bytes(body[:-2]), 0xFFFF) == int.from_bytes(body[-2:], "little"):
            found.append((body[0], bytes(body[1:-2])))
    return found


def received(line: bytes, cuts: list[int]) -> list[Frame]:
    receiver = Receiver()
    found: list[Frame] = []
    at = 0
    for cut in [*cuts, len(line)]:
        found += receiver.feed(line[at : at + cut])
        at += cut
        assert len(receiver._held) <= FRAME_BYTES_MAX  # pyright: ignore[reportPrivateUsage]
    return found


def is_within(wanted: list[Frame], found: list[Frame]) -> bool:
    """Whether all of `wanted` are in `found`, in this order."""
    rest = iter(found)
    return all(one in rest for one in wanted)


@given(st.lists(st.tuples(noise, frames), max_size=6), noise, st.lists(st.integers(0, 70)))
def test_whole_frames_are_found_in_any_garbage_and_nothing_else_that_has_no_true_crc(
    pieces: list[tuple[bytes, Frame]], tail: bytes, cuts: list[int]
) -> None:
    line = b"".join(before + frame(*one) for before, one in pieces) + tail
    found = received(line, cuts)
    assert is_within([one for _, one in pieces], found)
    assert found == oracle(line)


@given(frames, st.integers(0, 600), st.binary(max_size=5), st.integers(0, 5), frames)
def test_garbage_inside_a_frame_costs_that_frame_and_not_the_next(
    hit: Frame, at: int, garbage: bytes, taken: int, after: Frame
) -> None:
    whole = frame(*hit)
    at %= len(whole)
    line = whole[:at] + garbage + whole[at + taken :] + frame(*after)
    found = received(line, [3])
    assert found[-1] == after
    assert found == oracle(line)


@given(st.binary(max_size=3000), st.lists(st.integers(0, 900)))
def test_a_receiver_holds_no_more_than_one_frame_and_never_stops(
    line: bytes, cuts: list[int]
) -> None:
    assert received(line + frame(9, b"alive"), cuts)[-1] == (9, b"alive")


@given(st.binary(min_size=1, max_size=247), st.data())
def test_every_burst_of_errors_up_to_sixteen_bits_is_noticed(body: bytes, data: st.DataObject):
    burst = data.draw(st.integers(1, 2**16 - 1))
    shift = data.draw(st.integers(0, max(0, 8 * len(body) - burst.bit_length())))
    value = int.from_bytes(body, "big") ^ burst << shift
    if value.bit_length() <= 8 * len(body):
        assert crc16(value.to_bytes(len(body), "big")) != crc16(body)


@given(st.binary(max_size=300))
def test_the_crc_is_that_of_cpython(body: bytes) -> None:
    assert crc16(body) == binascii.crc_hqx(body, 0xFFFF)
