"""The errors of a band's two IMUs, as `kneetrack sensors` found them and wire.SENSORS carries them.

A sensor's reading becomes what it should have been by

    specific force  T (a - offset)      angular rate  G w

T and G are near the identity. The gyroscope's zero is no part of this: it is a matter of the day,
and travels with the leg's calibration.

The limits here are what the band's fixed-point arithmetic holds (`kneeband.counts`), several times
what data sheets allow a chip: a sensor beyond them is broken, not miscalibrated.
"""

from kneecore import wire

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
NO_OFFSET = (0.0, 0.0, 0.0)
ROW_MOST = 0.2
"""The elements of a row of T - 1 or G - 1, their sizes added up."""
OFFSET_MOST = 3.0
"""m/s^2"""


class ImuErrors:
    """One IMU's: `acc_matrix` and `gyr_matrix` of nine, row by row; `acc_offset` in m/s^2.

    Raises ValueError where one is beyond the limits.
    """

    def __init__(
        self,
        acc_matrix: tuple[float, ...] = IDENTITY,
        acc_offset: tuple[float, float, float] = NO_OFFSET,
        gyr_matrix: tuple[float, ...] = IDENTITY,
    ):
        for matrix in (acc_matrix, gyr_matrix):
            less = less_identity(matrix)
            for row in (0, 3, 6):
                if abs(less[row]) + abs(less[row + 1]) + abs(less[row + 2]) > ROW_MOST:
                    raise ValueError("a sensor's axes are further off than any chip's")
        if max([abs(value) for value in acc_offset]) > OFFSET_MOST:
            raise ValueError("an accelerometer's offset is larger than any chip's")
        self.acc_matrix = acc_matrix
        self.acc_offset = acc_offset
        self.gyr_matrix = gyr_matrix


class Sensors:
    """Both IMUs'. `sensors_id` 1 to 65535 tells calibrations apart."""

    def __init__(self, sensors_id: int, thigh: ImuErrors, shank: ImuErrors):
        self.sensors_id = sensors_id
        self.thigh = thigh
        self.shank = shank

    def to_wire(self) -> bytes:
        """The operand of SET_SENSORS (wire.SENSORS)."""
        thigh, shank = self.thigh, self.shank
        return wire.SENSORS.pack(
            self.sensors_id,
            less_identity(thigh.acc_matrix),
            thigh.acc_offset,
            less_identity(thigh.gyr_matrix),
            less_identity(shank.acc_matrix),
            shank.acc_offset,
            less_identity(shank.gyr_matrix),
        )


def from_wire(data: bytes) -> Sensors:
    """What a wire.SENSORS record holds. Raises ValueError: it is too short or out of limits."""
    r = wire.SENSORS.unpack_from(data)
    return Sensors(
        r.sensors_id,
        ImuErrors(
            _plus_identity(r.thigh_acc_matrix),
            r.thigh_acc_offset,
            _plus_identity(r.thigh_gyr_matrix),
        ),
        ImuErrors(
            _plus_identity(r.shank_acc_matrix),
            r.shank_acc_offset,
            _plus_identity(r.shank_gyr_matrix),
        ),
    )


def less_identity(matrix: tuple[float, ...]) -> tuple[float, ...]:
    """Nine numbers, row by row, less those of the identity."""
    return tuple([a - b for a, b in zip(matrix, IDENTITY)])


def _plus_identity(matrix: tuple[float, ...]) -> tuple[float, ...]:
    return tuple([a + b for a, b in zip(matrix, IDENTITY)])
