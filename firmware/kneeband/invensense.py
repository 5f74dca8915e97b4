"""What InvenSense's chips have in common: WHO_AM_I, addresses, ranges, the order of bytes.

+-2000 dps at 16.4 counts a dps, +-16 g at 2048 counts a g. Two bytes come high byte first, the
accelerometer before the gyroscope.
"""

from kneeband.imu import Imu


class InvenSense(Imu):
    """A driver of one of them; a word of its FIFO is a row."""

    WHO_AM_I = 0x75
    ADDRESSES = (0x68, 0x69)
    GYR_LSB_RAD_S = 3.141592653589793 / 180.0 / 16.4
    ACC_LSB_M_S2 = 9.80665 / 2048.0
    TEMPERATURE = 0
    """The first of its two registers."""

    def temperature_c(self) -> float:
        """Die temperature."""
        two = self._two
        self.read_into(self.TEMPERATURE, two)
        counts = two[0] << 8 | two[1]
        return self._celsius(counts - 65536 if counts > 32767 else counts)

    def _celsius(self, counts) -> float:
        raise NotImplementedError
