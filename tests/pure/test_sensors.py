"""The errors of the IMUs as they travel; runs under CPython and MicroPython."""

from kneecore import sensors, wire
from kneecore.sensors import IDENTITY, ImuErrors, Sensors, from_wire

TILTED = (1.01, 0.002, -0.003, 0.0, 0.985, 0.01, 0.0, 0.0, 1.02)
TURNED = (0.99, 0.02, 0.0, -0.02, 1.01, 0.004, 0.001, -0.03, 1.0)


def close(a, b, limit):
    return max([abs(x - y) for x, y in zip(a, b)]) <= limit


def test_what_is_sent_arrives_to_the_last_count():
    sent = Sensors(41, ImuErrors(TILTED, (0.2, -0.05, 0.4), TURNED), ImuErrors(gyr_matrix=TURNED))

    back = from_wire(sent.to_wire())

    assert back.sensors_id == 41
    assert close(back.thigh.acc_matrix, TILTED, 2e-6)
    assert close(back.thigh.acc_offset, (0.2, -0.05, 0.4), 1e-4)
    assert close(back.thigh.gyr_matrix, TURNED, 2e-6)
    assert back.shank.acc_matrix == IDENTITY
    assert back.shank.acc_offset == (0.0, 0.0, 0.0)
    assert close(back.shank.gyr_matrix, TURNED, 2e-6)
    assert back.to_wire() == from_wire(back.to_wire()).to_wire()


def test_what_no_chip_has_is_refused():
    wrong = (
        {"acc_matrix": (1.15, 0.06, 0.0) + IDENTITY[3:]},
        {"gyr_matrix": IDENTITY[:6] + (0.0, 0.21, 1.0)},
        {"acc_offset": (0.0, -3.1, 0.0)},
    )
    for one in wrong:
        try:
            ImuErrors(**one)
        except ValueError:
            continue
        raise AssertionError(one)


def test_the_record_is_no_longer_than_a_write_may_be():
    assert 1 + wire.SENSORS.size <= wire.MTU_MIN - 3
    assert sensors.less_identity(IDENTITY) == (0.0,) * 9
