from kneecore import wire
from kneecore.crc import crc16
from kneecore.frames import DATA_BYTES_MAX, FLAG, FRAME_BYTES_MAX, Receiver, frame

AWKWARD = b"\x7e\x7d\x03\x5e\x5d\x23\x7d\x5e\x00\xff"


def test_the_crc_is_the_one_that_it_says():
    assert crc16(b"123456789") == 0x29B1
    assert crc16(b"") == 0xFFFF
    assert crc16(memoryview(b"x123456789")[1:]) == 0x29B1


def test_what_is_framed_is_received():
    for data in (b"", b"a", AWKWARD, bytes(range(244)), b"\x7e" * DATA_BYTES_MAX):
        receiver = Receiver()
        assert receiver.feed(frame(5, data)) == [(5, data)]
        assert receiver.damaged == 0


def test_every_kind_and_every_byte_comes_through():
    receiver = Receiver()
    for value in range(256):
        assert receiver.feed(frame(value, bytes((value, 255 - value)))) == [
            (value, bytes((value, 255 - value)))
        ]


def test_a_frame_never_holds_a_control_c_nor_a_flag_inside():
    for value in range(256):
        sent = frame(3, bytes((value,)) * 9 + AWKWARD)
        assert b"\x03" not in sent
        assert sent[:1] == FLAG and sent[-1:] == FLAG and FLAG not in sent[1:-1]


def test_frames_come_in_pieces_of_any_size():
    sent = [(kind, bytes((kind * 7 & 0xFF,)) * kind + AWKWARD) for kind in range(1, 40)]
    line = b"".join([frame(kind, data) for kind, data in sent])
    for size in (1, 2, 3, 7, 64, 1000, len(line)):
        receiver = Receiver()
        found = []
        for at in range(0, len(line), size):
            found += receiver.feed(line[at : at + size])
        assert found == sent
        assert receiver.damaged == 0


def test_texts_between_frames_are_passed_over():
    receiver = Receiver()
    text = b"Traceback (most recent call last):\r\n  ~~~ }} \x03\r\n>>> "
    line = text + frame(2, b"one") + text + frame(2, b"two") + frame(2, b"three") + text
    assert receiver.feed(line) == [(2, b"one"), (2, b"two"), (2, b"three")]
    assert receiver.damaged


def test_a_frame_that_lost_or_gained_a_byte_is_left_out_and_the_next_one_found():
    good = frame(2, b"the next one")
    whole = frame(6, b"a frame of some length \x7e with an escape")
    for at in range(1, len(whole) - 1):
        for hit in (
            whole[:at] + whole[at + 1 :],
            whole[:at] + b"\x55" + whole[at:],
            whole[:at] + bytes((whole[at] ^ 0x40,)) + whole[at + 1 :],
        ):
            assert Receiver().feed(hit + good) == [(2, b"the next one")], (at, hit)


def test_the_first_frame_is_found_though_the_line_was_joined_in_the_midst_of_another():
    whole = frame(6, b"not whole")
    for at in range(1, len(whole)):
        assert Receiver().feed(whole[at:] + frame(5, b"x")) == [(5, b"x")]


def test_a_line_without_a_flag_costs_no_memory():
    receiver = Receiver()
    receiver.feed(frame(1, b"before"))
    for _ in range(200):
        assert receiver.feed(b"x" * 100) == []
        assert len(receiver._held) <= FRAME_BYTES_MAX
    assert receiver.damaged == 1
    assert receiver.feed(frame(1, b"after")) == [(1, b"after")]


def test_too_many_data_are_refused_by_both_ends():
    try:
        frame(1, bytes(DATA_BYTES_MAX + 1))
    except ValueError as error:
        assert str(DATA_BYTES_MAX) in str(error)
    else:
        raise AssertionError("it was accepted")
    body = bytes((1,)) + b"y" * (DATA_BYTES_MAX + 1)
    crc = crc16(body)
    receiver = Receiver()
    assert receiver.feed(FLAG + body + bytes((crc & 0xFF, crc >> 8)) + FLAG) == []
    assert receiver.damaged == 1


def test_a_notification_of_the_largest_size_fits():
    assert DATA_BYTES_MAX == wire.MTU - 3
