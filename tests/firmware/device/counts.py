"""The fixed-point correction of counts against the same in floats."""

from array import array

from kneeband import counts
from kneecore.sensors import ImuErrors, Sensors

ACC_LSB = 0.004785645
THIGH = ImuErrors(
    (1.012, 0.004, -0.02, 0.0, 0.987, 0.011, 0.0, 0.0, 1.003),
    (0.31, -0.2, 0.05),
    (0.99, 0.021, 0.004, -0.013, 1.02, 0.0, 0.006, -0.017, 1.008),
)
SHANK = ImuErrors((0.98, 0.0, 0.0, 0.0, 1.02, 0.0, 0.0, 0.0, 1.0), (-0.5, 0.0, 1.0))


def of(matrix, v):
    return [sum([matrix[3 * i + k] * v[k] for k in range(3)]) for i in range(3)]


def expected(row):
    out = []
    for imu, at in ((THIGH, 0), (SHANK, 6)):
        out += of(imu.gyr_matrix, row[at : at + 3])
        bare = [row[at + 3 + k] - imu.acc_offset[k] / ACC_LSB for k in range(3)]
        out += of(imu.acc_matrix, bare)
    return out


def corrected(numbers):
    rows = array("h", numbers)
    counts.correct(rows, counts.table(Sensors(1, THIGH, SHANK), ACC_LSB), len(rows) // 12)
    return rows


def test_every_count_is_the_float_one_rounded():
    numbers = []
    seed = 1
    for _ in range(12 * 200):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        numbers.append((seed >> 8) % 60001 - 30000)
    rows = corrected(numbers)
    worst = 0.0
    for i in range(200):
        for k, value in enumerate(expected(numbers[12 * i : 12 * i + 12])):
            worst = max(worst, abs(rows[12 * i + k] - value))
    # Half a count of rounding, and the table's 2**-19 of three counts of up to 30000.
    assert worst < 0.7, worst


def test_no_errors_change_nothing():
    numbers = list(range(-6, 6)) + [30000, -30000, 32767, -32768, 0, 1, -1, 2, 7, -7, 512, -512]
    rows = array("h", numbers)
    counts.correct(rows, counts.table(Sensors(1, ImuErrors(), ImuErrors()), ACC_LSB), 2)
    assert list(rows) == numbers


def test_the_ends_of_the_range_stay_and_are_not_passed():
    numbers = [32767, -32768, 100, 0, 0, 0, 32700, -32700, 0, 0, 32600, 0]
    rows = corrected(numbers)
    assert (rows[0], rows[1]) == (32767, -32768)
    assert rows[10] == 32767  # 1.02 of it does not fit
    assert rows[6] == 32700  # the shank's gyroscope is perfect


def test_nothing_is_left_on_the_heap():
    import gc

    table = counts.table(Sensors(1, THIGH, SHANK), ACC_LSB)
    rows = array("h", bytes(2 * 12 * 16))
    counts.correct(rows, table, 16)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        counts.correct(rows, table, 16)
    after = gc.mem_alloc()
    gc.enable()
    assert after == before, after - before
