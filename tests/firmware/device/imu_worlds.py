"""Two IMUs of any kind on the bus, polled as the band does, while something goes wrong with one.

`played(KIND, FAULT)` gives what was seen. Movement is bench.Ramps: values tell the time, so a pair
that is right is right about its time too. The faulty one is the thigh's unless said otherwise. The
chips have the noise of the quietest, an ICM-42688-P, and no errors but their oscillators'.
tools/bench_imu_faults.py prints it as a table, imu_faults.py asserts it.
"""

import time

import bench
import machine
from machine import attach

from kneeband import clock, imu, imus, lines, sampler
from kneecore import wire
from sim import vclock
from sim.chip_errors import PRESETS, ChipErrors
from sim.chip_faults import Both
from sim.icm_model import ICM42688Model
from sim.imu_model import LSM6DSModel
from sim.mpu_model import MPUModel

KINDS = {
    "LSM6DSOX": (LSM6DSModel, 0x6C, (0x6A, 0x6B)),  # an LSM6DSO answers as one
    "ISM330DHCX": (LSM6DSModel, 0x6B, (0x6A, 0x6B)),
    "ICM-42688-P": (ICM42688Model, 0x47, (0x68, 0x69)),
    "MPU-6050": (MPUModel, 0x68, (0x68, 0x69)),
    "MPU-6500": (MPUModel, 0x70, (0x68, 0x69)),
    "MPU-9250": (MPUModel, 0x71, (0x68, 0x69)),
}
# How long what is done to the chip lasts, in ms; 0: at once; None: for good.
FAULTS = {
    "silent 0.5 s": 500,
    "silent for good": None,
    "stuck 2.5 s": 2500,
    "FIFO brings nothing 1.5 s": 1500,
    "FIFO overflow": 3000,
    "saturation 0.3 s": 300,
    "brown-out": 0,
    "wrong chip": 1500,
    "both at one address": 1500,
    "unplugged 1.5 s": 1500,
    "both stuck 2.5 s": 2500,
    "a chip holds SDA": 0,
    "SDA shorted 1.5 s": 1500,
    "SCL shorted 1.5 s": 1500,
}
BOTH_TOLD = (
    "both at one address",
    "both stuck 2.5 s",
    "a chip holds SDA",
    "SDA shorted 1.5 s",
    "SCL shorted 1.5 s",
)
"""Of these the faults of both IMUs are told."""
EXPLAINED = {
    "wrong chip": "WRONG CHIP",
    "both at one address": "ONE ADDRESS",
    "a chip holds SDA": "BUS",
    "SDA shorted 1.5 s": "BUS",
    "SCL shorted 1.5 s": "BUS",
}
"""What the band says of these beside the fault."""
WHY = (
    (wire.FAULT_BUS, "BUS"),
    (wire.FAULT_ONE_ADDRESS, "ONE ADDRESS"),
    (wire.FAULT_THIGH_CHIP, "WRONG CHIP"),
)
QUIET = dict(PRESETS["none"], gyr_noise=0.0028, acc_noise=0.070)
SDA, SCL = 3, 4
OSCILLATORS = (0.008, -0.006)
BEFORE_MS = 4500  # a chip that does not tell its period has been counted out by then
TELLS_BEFORE_MS = 1500  # one that does
SKIP = 60  # pairs after it is back, in which the clock of the stream settles


class Fast(bench.Ramps):
    """The same, with three times the rate and force between two times: beyond every range."""

    def __init__(self):
        self.from_s = self.until_s = 0.0

    def imu(self, mount, t_s):
        row = super().imu(mount, t_s)
        if mount == "thigh" and self.from_s <= t_s < self.until_s:
            return (60.0, self.at(t_s), 0.0, 500.0, 0.0, 0.0)
        return row


def solder(kind, place, source):
    """A chip of that kind on the bus; the model."""
    model, who_am_i, addresses = KINDS[kind]
    errors = ChipErrors(QUIET, 1 + place)
    errors.oscillator_error = OSCILLATORS[place]
    chip = model(("thigh", "shank")[place], source, errors, who_am_i=who_am_i)
    attach(0, addresses[place], chip)
    return chip


class World:
    """What a sampler gave, and when."""

    def __init__(self, kinds):
        self.kinds = kinds
        self.source = Fast()
        machine._devices.clear()  # those of an earlier world
        self.chips = [solder(kind, place, self.source) for place, kind in enumerate(kinds)]
        self.bus = machine.I2C(0, scl=machine.Pin(SCL), sda=machine.Pin(SDA))
        sockets = [imus.Socket(self.bus, place) for place in (imus.THIGH, imus.SHANK)]
        wires = lines.Lines(SCL, SDA, lambda: self.bus.init())
        self.sampler = sampler.Sampler(sockets[0], sockets[1], clock.BoardClock(), wires)
        self.pairs = []  # (time it came in ms, number, error of thigh, of shank in us or None)
        self.told = []  # (ms, faults, thigh overruns, shank overruns, saturated counts)
        self.oldest_ms = [0.0, 0.0]  # the largest age of an IMU's newest row since `watch`

    def start(self):
        self.sampler.start()
        return self

    def watch(self):
        self.oldest_ms = [0.0, 0.0]

    def run(self, duration_ms):
        due = vclock.now_us()
        end = due + duration_ms * 1000
        while due < end:
            self.poll()
            due = max(due + self.sampler.poll_ms * 1000, vclock.now_us())
            time.sleep_us(due - vclock.now_us())

    def poll(self):
        one = self.sampler
        saturated = 0
        while True:
            count = one.poll()
            for i in range(count):
                saturated += one.rows[12 * i] == 32767
                self._keep(one, i)
            for place, stream in enumerate((one.thigh, one.shank)):
                age_ms = 9999.0
                if not stream.failed and stream.count:
                    age_ms = -stream.newest_q4 / 16000.0
                self.oldest_ms[place] = max(self.oldest_ms[place], age_ms)
            if not one.behind:
                break
        self.told.append((now_ms(), one.faults, one.thigh.overruns, one.shank.overruns, saturated))

    def _keep(self, one, i):
        number = one.number + i
        t_s = number * wire.PAIR_PERIOD_US * 1e-6
        slope = bench.Ramps.slope(t_s)
        errors = [None, None]
        if slope:
            for place in (0, 1):
                row = one.rows[12 * i + 6 * place : 12 * i + 6 * place + 6]
                value = row[0] * imu.GYR_LSB_RAD_S
                errors[place] = (value - bench.Ramps.at(t_s)) / slope * 1e6
                # acc x is the negative, acc z is gravity: rows are whole, and in the right units
                whole = abs(row[3] * imu.ACC_LSB_M_S2 + value) < 0.1
                if not whole or abs(row[5] * imu.ACC_LSB_M_S2 - 9.8) > 0.05:
                    errors[place] = 1e6
        self.pairs.append((now_ms(), number, errors[0], errors[1]))

    def errors_us(self, after_ms):
        """(largest error of a pair, of its halves against each other) after that and SKIP pairs."""
        late = [pair for pair in self.pairs if pair[0] >= after_ms][SKIP:]
        late = [pair for pair in late if pair[2] is not None]
        if not late:
            return None, None
        worst = max([max(abs(pair[2]), abs(pair[3])) for pair in late])
        return worst, max([abs(pair[2] - pair[3]) for pair in late])

    def first_pair_ms(self, after_ms):
        """When the first pair came whose own time is after `after_ms`."""
        for pair in self.pairs:
            if pair[1] * wire.PAIR_PERIOD_US * 1e-3 >= after_ms:
                return pair[0]
        return None

    def why(self, after_ms):
        """(when more than a fault was told, what), or (None, "")."""
        for row in self.told:
            if row[0] >= after_ms:
                for bit, name in WHY:
                    if row[1] & bit:
                        return row[0], name
        return None, ""

    def told_ms(self, after_ms, place):
        """When something was told of that IMU: fault, overrun, saturation."""
        before = None
        for row in self.told:
            if row[0] >= after_ms:
                if row[1] & (wire.FAULT_THIGH_IMU, wire.FAULT_SHANK_IMU)[place]:
                    return row[0], "FAULT"
                if before is not None and row[2 + place] > before[2 + place]:
                    return row[0], "OVERRUN"
                if row[4]:
                    return row[0], "SATURATED"
            before = row
        return None, "nothing"


def now_ms():
    return vclock.now_us() / 1000.0


class Seen:
    """What `played` found: times in ms after the fault began (`told`) or ended (`back`)."""

    def __init__(self):
        self.told_ms = None
        self.told_as = "nothing"
        self.why_ms = None
        self.why = ""
        self.other_age_ms = None
        self.other_faulty = False
        self.back_ms = None
        self.worst_us = None
        self.apart_us = None
        self.faults_after = None


def played(kind, fault, other=None) -> Seen:
    """That fault of a thigh's IMU of that kind (both at one address: the shank's is told)."""
    duration_ms = FAULTS[fault]
    world = World((kind, other or kind))
    thigh = world.chips[0]
    addresses = KINDS[kind][2]
    place = 0
    if fault == "wrong chip":
        stranger = LSM6DSModel("thigh", world.source, ChipErrors("none", 1), who_am_i=0x33)
        attach(0, addresses[0], stranger)
    elif fault == "both at one address":
        place = 1
        attach(0, addresses[0], Both(world.chips[0], world.chips[1]))
        attach(0, addresses[1], Nobody())
    began = now_ms()
    world.start()
    if fault in ("wrong chip", "both at one address"):
        world.run(400)
    else:
        world.run(TELLS_BEFORE_MS if isinstance(thigh, LSM6DSModel) else BEFORE_MS)
        began = now_ms()
    world.watch()
    lasts_ms = 2500 if duration_ms is None else duration_ms
    if fault.startswith("silent"):
        thigh.fault("nack", vclock.now_us(), 10**9 if duration_ms is None else lasts_ms * 1000)
    elif fault.startswith("stuck"):
        thigh.fault("stuck", vclock.now_us(), lasts_ms * 1000)
    elif fault.startswith("FIFO brings"):
        thigh.fault("dry", vclock.now_us(), lasts_ms * 1000)
    elif fault == "brown-out":
        thigh.fault("brownout", vclock.now_us())
    elif fault.startswith("unplugged"):
        thigh.fault("unplugged", vclock.now_us(), lasts_ms * 1000)
    elif fault == "both stuck 2.5 s":
        for chip in world.chips:
            chip.fault("stuck", vclock.now_us(), lasts_ms * 1000)
    elif fault == "a chip holds SDA":
        machine.hold(SDA, 10**12, 7, SCL)
    elif fault.endswith("shorted 1.5 s"):
        machine.hold(SDA if fault.startswith("SDA") else SCL, lasts_ms * 1000)
    elif fault.startswith("saturation"):
        world.source.from_s = began * 1e-3
        world.source.until_s = (began + lasts_ms) * 1e-3
    if fault == "FIFO overflow":
        bench.wait_ms(lasts_ms)  # the board does something else: flash, say
    else:
        world.run(lasts_ms)
    ended = now_ms()
    if fault == "wrong chip":
        attach(0, addresses[0], thigh)
    elif fault == "both at one address":
        for each, chip in enumerate(world.chips):
            chip.fault("unplugged", vclock.now_us())
            attach(0, addresses[each], chip)
    seen = Seen()
    if fault == "FIFO overflow":
        began = ended  # nobody could tell before
        world.run(50)
        world.watch()
    world.run(1500)
    seen.other_age_ms = world.oldest_ms[1 - place]
    world.run(1000)
    told, seen.told_as = world.told_ms(began, place)
    seen.told_ms = None if told is None else told - began
    why_ms, seen.why = world.why(began)
    seen.why_ms = None if why_ms is None else why_ms - began
    bit = (wire.FAULT_THIGH_IMU, wire.FAULT_SHANK_IMU)[1 - place]
    seen.other_faulty = any(row[1] & bit for row in world.told if row[0] >= began)
    back = world.first_pair_ms(ended)
    seen.back_ms = None if back is None else back - ended
    if back is not None:
        seen.worst_us, seen.apart_us = world.errors_us(back)
    seen.faults_after = world.sampler.faults
    return seen


class Nobody:
    """An address at which nobody answers."""

    def answers(self, now_us):
        return False
