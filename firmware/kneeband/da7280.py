"""A haptic board on the bus: a DA7280 and its motor, a linear resonant one (SparkFun ROB-17590).

Sections are those of Dialog's data sheet, revision 3.0 (30 July 2019). What it is by: the 7-bit
address 0x4A (5.10; there is no other) and CHIP_REV 0xBA at register 0x00. The register map (its
section 6) could not be read here; addresses and bits are those that two public drivers share, the
Linux kernel's drivers/input/misc/da7280.c and SparkFun's Arduino library. No board has been tried.

    0x00 CHIP_REV   0xBA
    0x03 IRQ_EVENT1 what happened; a fault holds the chip idle until 1 is written to it (5.6.6)
    0x0A LRA_PER_H  period of the motor's resonance / 1.33332 us, upper 8 bits, 0x0B lower 7
    0x0C ACTUATOR1  nominal voltage, 0x0D ACTUATOR2 largest, 23.4 mV a step
    0x0E ACTUATOR3  largest current (4:0), 28.6 mA + 7.2 mA a step
    0x0F V2I_H      impedance * (ACTUATOR3 + 4) / 1.6104 ohm, 0x10 its lower byte
    0x13 TOP_CFG1   5 type (0: resonant), 4 senses the motor's back EMF, 3 follows its resonance,
                    2 overdrives at the start, 1 brakes at the end, 0 amplitude by PID
    0x22 TOP_CTL1   3 STANDBY_EN, 2:0 mode: 0 inactive, 1 direct register override (5.2.2)
    0x23 TOP_CTL2   OVERRIDE_VAL: the drive in mode 1, 0x7F is all of ACTUATOR1 (5.2.4, 5.9.1)

The motor's figures are those that SparkFun's library sets for it: 170 Hz, 13.8 ohm, 2.1 V, 165 mA.
It may have less here: the regulator behind the connector gives 150 mA at its worst, so the current
is held under LIMIT_MA (hardware/parts.toml, `set_current`), and the voltages to what drives that.

The level is set beforehand, "for optimal start-up timing" (5.2.4), and the chip waits in STANDBY,
the sooner of its two rests (5.2.3). So a pulse begins with one write, and another before it that
drops whatever fault still holds it. A chip that lost its power has OVERRIDE_VAL 0 and drives
nothing; `look` sees that, and sets it up again.
"""

from micropython import const

from kneeband.register import Byte, RegisterDevice

ADDRESS = const(0x4A)
CHIP_REV = const(0xBA)

LIMIT_MA = 100.0
IMAX = int((LIMIT_MA - 28.6) / 7.2)

_OHM = 13.8
_RESONANCE_HZ = 170.0
_PEAK_V = (28.6 + 7.2 * IMAX) * 1e-3 * _OHM
_VOLT_STEP = 0.0234
_PERIOD = int(1.0 / (_RESONANCE_HZ * 1.33332e-6))
_V2I = int(_OHM * (IMAX + 4) / 1.6104)

_INACTIVE = const(0x08)  # with STANDBY_EN
_DIRECT = const(0x09)
_ALL_EVENTS = const(0xFF)
_LEVEL = const(0x7F)
_SENSE_FOLLOW_DRIVE_BRAKE = const(0x1E)


class Da7280(RegisterDevice):
    """`there` as `look` or `drive` found it last."""

    chip_rev = Byte(0x00)
    irq_event1 = Byte(0x03)
    lra_per_h = Byte(0x0A)
    lra_per_l = Byte(0x0B)
    actuator1 = Byte(0x0C)
    actuator2 = Byte(0x0D)
    actuator3 = Byte(0x0E)
    v2i_h = Byte(0x0F)
    v2i_l = Byte(0x10)
    top_cfg1 = Byte(0x13)
    top_ctl1 = Byte(0x22)
    override_val = Byte(0x23)

    def __init__(self, bus):
        super().__init__(bus, ADDRESS)
        self.there = False

    def look(self):
        """Whether it is there, and as it was set up; not while it drives."""
        try:
            if self.there and self.override_val == _LEVEL:
                return
            self.there = self.chip_rev == CHIP_REV
            if self.there:
                self._configure()
        except OSError:
            self.there = False

    def drive(self, on: bool) -> bool:
        """Begin or end; False where it does not answer any more."""
        try:
            if on:
                self.irq_event1 = _ALL_EVENTS
            self.top_ctl1 = _DIRECT if on else _INACTIVE
        except OSError:
            self.there = False
        return self.there

    def _configure(self):
        self.top_ctl1 = _INACTIVE  # first of all: it may still drive from before
        self.top_cfg1 = _SENSE_FOLLOW_DRIVE_BRAKE
        self.lra_per_h = _PERIOD >> 7
        self.lra_per_l = _PERIOD & 0x7F
        self.actuator1 = int(_PEAK_V * 0.7071 / _VOLT_STEP)
        self.actuator2 = int(_PEAK_V / _VOLT_STEP)
        self.actuator3 = IMAX
        self.v2i_h = _V2I >> 8
        self.v2i_l = _V2I & 0xFF
        self.override_val = _LEVEL
