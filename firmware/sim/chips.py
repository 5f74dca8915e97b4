"""Which IMU is soldered on: its register model, WHO_AM_I and addresses, by the option `chip`.

The errors are those of the preset of the same name (sim.chip_errors). "none" is an LSM6DSOX without
errors. An ISM330DHCX has an LSM6DSOX's, an MPU-6500 or 9250 an MPU-6050's: the same register map,
not the same figures; their data sheets promise somewhat better ones.
"""

from sim.chip_errors import ChipErrors
from sim.icm_model import ICM42688Model
from sim.imu_model import LSM6DSModel
from sim.mpu_model import MPUModel

# Option: model, WHO_AM_I, addresses of thigh and shank, preset of the errors.
CHIPS = {
    "lsm6dsox": (LSM6DSModel, 0x6C, (0x6A, 0x6B), "lsm6dsox"),
    "ism330dhcx": (LSM6DSModel, 0x6B, (0x6A, 0x6B), "lsm6dsox"),
    "icm42688p": (ICM42688Model, 0x47, (0x68, 0x69), "icm42688p"),
    "mpu6050": (MPUModel, 0x68, (0x68, 0x69), "mpu6050"),
    "mpu6500": (MPUModel, 0x70, (0x68, 0x69), "mpu6050"),
    "mpu9250": (MPUModel, 0x71, (0x68, 0x69), "mpu6050"),
    "none": (LSM6DSModel, 0x6C, (0x6A, 0x6B), "none"),
}
MOUNTS = ("thigh", "shank")
BETWEEN = "-"  # of the thigh's and the shank's, if they are not the same
NAMES = tuple(sorted(CHIPS)) + ("icm42688p-lsm6dsox", "lsm6dsox-mpu6050")


def errors_of(name: str, number: int, seed: int) -> ChipErrors:
    """Those of the chip that `chip=name` puts at the thigh (number 0) or the shank (1)."""
    return ChipErrors(CHIPS[named(name)[number]][3], 1000 * seed + number)


def named(name: str) -> tuple:
    """The two chips of an option."""
    thigh, _, shank = name.partition(BETWEEN)
    return thigh, shank or thigh


def made(name: str, number: int, source, seed: int):
    """(the chip at the thigh or the shank, its address)."""
    model, who_am_i, addresses, _ = CHIPS[named(name)[number]]
    chip = model(MOUNTS[number], source, errors_of(name, number, seed), who_am_i=who_am_i)
    return chip, addresses[number]
