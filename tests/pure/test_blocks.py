import struct

from kneecore import transfers, wire
from kneecore.block_reader import read_block
from kneecore.blocks import BLOCK, SAMPLES_MAX, BlockWriter, check, span
from kneecore.crc import crc16

BYTES = wire.KNEE_SAMPLE.size
ENDS = (-32768, -32767, -1, 0, 1, 32767)


class Chance:
    """Numbers by chance, the same under both Pythons, none above 2**30."""

    def __init__(self, seed):
        self._state = seed

    def below(self, limit):
        self._state = (self._state * 2053 + 13849) % 65521
        high = self._state
        self._state = (self._state * 2053 + 13849) % 65521
        return (high * 8 + self._state % 8) % limit

    def step(self, size):
        return self.below(2 * size + 1) - size


def packed(*numbers):
    """A sample of eleven int16, wrapped round, and a byte."""
    wrapped = [(x + 32768) % 65536 - 32768 for x in numbers[:11]]
    return struct.pack("<11hB", *wrapped, numbers[11] % 256)


def walk(count, size, seed=1):
    """Samples that go from the one before by up to `size` in each number."""
    chance = Chance(seed)
    now = [chance.step(32767) for _ in range(12)]
    rows = []
    for _ in range(count):
        now = [x + chance.step(size) for x in now]
        rows.append(packed(*now))
    return b"".join(rows)


def turning(count):
    """Samples of two legs that turn smoothly, their quaternions of unit length."""
    rows = []
    w, x, y, z = 30000, 10000, -5000, 0
    for i in range(count):
        # A rotation by small integer steps; the largest component makes up the length.
        x += 37 + i % 3
        y -= 21
        z += i % 5 - 2
        w = int((32767 * 32767 - x * x - y * y - z * z) ** 0.5 + 0.5)
        rows.append(packed(100 * i, -3 * i, 7, w, x, y, z, -w, y, z, x, 24))
    return b"".join(rows)


def coded(samples, flags=0, number=0):
    """The blocks of these samples."""
    found = []
    writer = BlockWriter(9, lambda block: found.append(bytes(block)))
    for i in range(len(samples) // BYTES):
        writer.add(number + i, flags, samples, i * BYTES)
    writer.close()
    return found


def decoded(found):
    return b"".join([read_block(block)[3] for block in found])


def test_what_is_written_is_read():
    samples = turning(200)
    found = coded(samples, flags=0x10, number=70000)
    assert decoded(found) == samples
    at = 70000
    for block in found:
        boot_id, number, flags, part = read_block(block)
        assert (boot_id, number, flags) == (9, at, 0x10)
        assert span(block) == (number, len(part) // BYTES)
        at += len(part) // BYTES
    assert at == 70200


def test_smooth_movement_takes_a_third_of_its_bytes():
    samples = turning(320)
    assert 3 * sum([len(block) for block in coded(samples)]) < len(samples)


def test_walks_of_every_roughness_come_back_and_fit_a_notification():
    for bits in range(17):
        samples = walk(70, (1 << bits) // 2, seed=bits + 1)
        found = coded(samples)
        assert decoded(found) == samples, bits
        for block in found:
            assert len(block) <= transfers.BLOCK_BYTES_MAX


def test_jumps_between_the_ends_and_wraps_come_back():
    chance = Chance(5)
    rows = [packed(*[ENDS[chance.below(6)] for _ in range(12)]) for _ in range(150)]
    samples = b"".join(rows)
    assert decoded(coded(samples)) == samples
    wraps = b"".join([packed(*[32760 + 3 * i] * 12) for i in range(40)])
    assert decoded(coded(wraps)) == wraps
    back_and_forth = b"".join([packed(*[-32768 if i & 1 else 32767] * 12) for i in range(40)])
    assert decoded(coded(back_and_forth)) == back_and_forth


def test_a_block_takes_as_many_samples_as_fit():
    for samples in (turning(150), walk(150, 300), walk(150, 9)):
        found = coded(samples)
        at = 0
        for block in found[:-1]:
            count = span(block)[1]
            longer = coded(samples[at * BYTES : (at + count + 1) * BYTES])
            assert count == SAMPLES_MAX or len(longer) == 2
            at += count


def test_a_leg_at_rest_fills_blocks_of_the_largest_count():
    samples = packed(*range(100, 112)) * 100
    found = coded(samples)
    assert [span(block)[1] for block in found] == [32, 32, 32, 4]
    assert decoded(found) == samples
    assert len(found[0]) < 50


def test_other_flags_and_numbers_that_do_not_follow_on_begin_a_block():
    found = []
    writer = BlockWriter(1, lambda block: found.append(bytes(block)))
    for number, flags in ((5, 0), (6, 0), (7, 16), (8, 16), (9, 0), (12, 0), (13, 0), (13, 0)):
        writer.add(number, flags, packed(*[number] * 12), 0)
    writer.close()
    writer.close()
    assert [span(block) for block in found] == [(5, 2), (7, 2), (9, 1), (12, 2), (13, 1)]
    assert [read_block(block)[2] for block in found] == [0, 16, 0, 0, 0]


def test_a_sample_is_taken_from_the_midst_of_a_buffer():
    sample = packed(*range(-6, 6))
    found = []
    writer = BlockWriter(1, lambda block: found.append(bytes(block)))
    buffer = bytearray(b"\xee" * 11 + sample + b"\xee" * 8)
    writer.add(3, 0, buffer, 11)
    buffer[11:34] = bytes(23)
    writer.close()
    assert read_block(found[0])[3] == sample


def test_numbers_go_up_to_four_bytes():
    samples = walk(40, 20)
    found = coded(samples, number=0xFFFFFFFF - 60)
    assert decoded(found) == samples
    assert span(found[-1])[0] + span(found[-1])[1] == 0xFFFFFFFF - 20


def refused(data):
    try:
        read_block(data)
    except ValueError:
        return True
    return False


def test_every_truncation_and_every_flipped_bit_is_refused():
    for samples in (turning(60), walk(40, 30000)):
        block = coded(samples)[0]
        assert not refused(block)
        for size in range(len(block)):
            assert refused(block[:size]), size
        hit = bytearray(block)
        for at in range(len(block)):
            for bit in range(8):
                hit[at] ^= 1 << bit
                assert refused(hit), (at, bit)
                hit[at] ^= 1 << bit
        assert refused(block + b"\x00")


def test_nonsense_under_a_right_crc_is_refused_too():
    chance = Chance(77)
    kept = 0
    for size in range(BLOCK.size + 1, transfers.BLOCK_BYTES_MAX - 1, 2):
        body = BLOCK.pack(1, 2, 1 + chance.below(40), 0)
        body += bytes([chance.below(256) for _ in range(size - BLOCK.size)])
        crc = crc16(body)
        data = body + bytes((crc & 0xFF, crc >> 8))
        check(data)
        if not refused(data):
            kept += 1
    assert kept < 3
