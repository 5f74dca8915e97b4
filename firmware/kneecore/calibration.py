"""What a band needs to know of its wearer: the mounting, the stance, the gyroscopes' zero.

`kneecore.alignment` finds it, `wire.CALIBRATION` carries it to the band, and `kneecore.pipeline`
uses it, on the band and on the host. Travelling costs precision: a quaternion by 3e-5, a bias by
2e-5 rad/s, so a host that wants the band's very angles uses `from_wire(to_wire())`.
"""

from math import pi

from kneecore import quaternion, wire

_DEG = 180.0 / pi

NO_BIAS = (0.0, 0.0, 0.0)


class Calibration:
    """One leg's calibration. Quaternions (w, x, y, z), rad, rad/s.

    `side` is +1 right, -1 left. `q_thigh_sensor` maps thigh-sensor vectors to the thigh segment,
    v_segment = rotate(q, v_sensor); `q_shank_sensor` likewise. `stance_heading_rad` is the azimuth
    of the thigh's anterior axis minus the shank's while standing as at the calibration.
    `thigh_gyr_bias`, `shank_gyr_bias`: what each gyroscope shows lying still. `axis_sigma_rad`:
    standard uncertainty of the thigh's medio-lateral axis about the thigh's long axis.
    `calibration_id` 1 to 65535 tells calibrations apart.
    """

    def __init__(
        self,
        side: int,
        q_thigh_sensor: tuple[float, float, float, float],
        q_shank_sensor: tuple[float, float, float, float],
        stance_heading_rad: float = 0.0,
        thigh_gyr_bias: tuple[float, float, float] = NO_BIAS,
        shank_gyr_bias: tuple[float, float, float] = NO_BIAS,
        axis_sigma_rad: float = 4.0 / _DEG,
        calibration_id: int = 1,
    ):
        if side != wire.SIDE_RIGHT and side != wire.SIDE_LEFT:
            raise ValueError("side is +1 (right) or -1 (left), not {}".format(side))
        self.side = side
        self.q_thigh_sensor = quaternion.normalised(q_thigh_sensor)
        self.q_shank_sensor = quaternion.normalised(q_shank_sensor)
        self.stance_heading_rad = stance_heading_rad
        self.thigh_gyr_bias = thigh_gyr_bias
        self.shank_gyr_bias = shank_gyr_bias
        self.axis_sigma_rad = axis_sigma_rad
        self.calibration_id = calibration_id

    def to_wire(self) -> bytes:
        """The operand of SET_CALIBRATION (wire.CALIBRATION)."""
        return wire.CALIBRATION.pack(
            self.calibration_id,
            self.side,
            self.q_thigh_sensor,
            self.q_shank_sensor,
            self.stance_heading_rad * _DEG,
            self.thigh_gyr_bias,
            self.shank_gyr_bias,
            self.axis_sigma_rad * _DEG,
        )


def from_wire(data: bytes) -> Calibration:
    """The calibration in a wire.CALIBRATION record.

    Raises ValueError where it is too short, names no leg, or holds no rotation.
    """
    record = wire.CALIBRATION.unpack_from(data)
    for q in (record.q_thigh_sensor, record.q_shank_sensor):
        size = q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]
        if not 0.98 < size < 1.02:
            raise ValueError("the calibration's quaternions are not of length one")
    return Calibration(
        record.side,
        record.q_thigh_sensor,
        record.q_shank_sensor,
        record.stance_heading_deg / _DEG,
        record.thigh_gyr_bias,
        record.shank_gyr_bias,
        record.axis_sigma_deg / _DEG,
        record.calibration_id,
    )
