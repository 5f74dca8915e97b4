import struct

from kneecore.record import Record

POINT = Record(
    "Point",
    ("name", "B", None, "", "a whole number"),
    ("angle_deg", "h", 0.01, "deg", "a scaled one"),
    ("place", "3h", 0.5, "m", "a vector"),
    ("gain", "f", None, "", "a float"),
)


def test_what_is_packed_is_unpacked():
    data = POINT.pack(7, -12.34, (1.0, -2.5, 0.0), 0.25)
    assert len(data) == POINT.size == 1 + 2 + 6 + 4
    values = POINT.unpack_from(data)
    assert values.name == 7
    assert abs(values.angle_deg + 12.34) < 1e-9
    assert values.place == (1.0, -2.5, 0.0)
    assert values.gain == 0.25


def test_the_layout_is_little_endian_without_padding():
    assert POINT.format == "<Bh3hf"
    assert POINT.pack(1, 0.02, (0, 0, 0), 0.0) == struct.pack("<Bh3hf", 1, 2, 0, 0, 0, 0.0)


def test_values_off_the_scale_are_held_at_its_ends_and_never_wrap():
    values = POINT.unpack_from(POINT.pack(300, 400.0, (1e9, -1e9, 0.0), 1.0))
    assert values.name == 255
    assert abs(values.angle_deg - 327.67) < 1e-9
    assert values.place == (32767 * 0.5, -32768 * 0.5, 0.0)
    assert POINT.unpack_from(POINT.pack(-5, 0.0, (0, 0, 0), 1.0)).name == 0


def test_counts_are_rounded_to_the_nearest():
    assert POINT.unpack_from(POINT.pack(0, 0.0149, (0, 0, 0), 0.0)).angle_deg == 0.01
    assert abs(POINT.unpack_from(POINT.pack(0, -0.0151, (0, 0, 0), 0.0)).angle_deg + 0.02) < 1e-9


def test_packing_into_a_buffer_touches_nothing_else():
    buffer = bytearray([0xEE] * (POINT.size + 4))
    POINT.pack_into(buffer, 2, 1, 2.0, (3, 4, 5), 6.0)
    assert buffer[:2] == b"\xee\xee" and buffer[-2:] == b"\xee\xee"
    assert POINT.unpack_from(buffer, 2).place == (3.0, 4.0, 5.0)


def test_too_few_bytes_are_refused_with_both_numbers():
    for data, offset in ((b"", 0), (b"1234567", 0), (POINT.pack(0, 0, (0, 0, 0), 0), 1)):
        try:
            POINT.unpack_from(data, offset)
        except ValueError as error:
            assert "Point needs 13 bytes" in str(error)
        else:
            raise AssertionError("it was accepted")


def test_bytes_of_a_newer_version_after_the_record_are_no_matter():
    assert POINT.unpack_from(POINT.pack(9, 0, (0, 0, 0), 0) + b"more").name == 9
