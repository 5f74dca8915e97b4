"""What travels between band and host: services, packets, commands. The only definition there is.

`firmware/PROTOCOL.md` is generated from the tables here (`tools/gen_protocol_doc.py`), and
`tests/vectors/wire.json` freezes their bytes: a changed layout needs a new PROTOCOL_VERSION.

Time and loss
    The band resamples both IMUs onto one grid of its own clock: sample pairs every
    PAIR_PERIOD_US, knee samples at every KNEE_DIVIDER-th pair. A sequence number counts grid
    points, modulo 2**16, whether or not a point could be measured or sent. So a hole in the
    sequence is exactly what is missing, wherever it was lost. `time_us` is the board's clock at the
    packet's first sample, modulo 2**32 (71.6 min); a receiver unwraps it with the sequence.

Packets
    A packet of Knee Measurement or Raw IMU is one PACKET_HEADER and as many KNEE_SAMPLE or RAW_PAIR
    records as fit; their number follows from the length.

Nothing lost
    A notification may be dropped by a busy host, and a connection may break. So the band keeps
    every knee sample as *blocks* (`kneecore.blocks`) in a *recording* until the host has
    acknowledged it. Blocks count knee samples by `number`, the grid number since the band's start,
    not modulo anything: a packet's sequence is its lowest 16 bits, its time_us is number *
    KNEE_PERIOD_US. The host asks for the numbers it lacks over Session Transfer and gets the blocks
    that hold them; what no block of the answer holds is gone. A recording that the band makes by
    itself, without a host, is fetched in the same way.

Security
    Knee Feature and both ways of writing demand an encrypted link; the band notifies and obeys a
    bonded host only, and bonds only while its button has opened the window for it. Advertising
    tells what the band is doing (ADVERTISED), never who wears it.

Versions
    The band publishes PROTOCOL_VERSION in Knee Feature. A host speaks to its own major version
    only; a higher minor version may add opcodes, flags and fields at the end of a record.
"""

from kneecore import update_wire
from kneecore.record import Record
from kneecore.settings import SETTINGS

PROTOCOL_VERSION = (1, 3)

# --- GATT ----------------------------------------------------------------------------------------


def _uuid(number: int) -> str:
    return "7d1e%04x-3c5a-4f0e-9b6b-6b6e65657472" % number


SERVICE_UUID = _uuid(0x0001)
MEASUREMENT_UUID = _uuid(0x0002)  # notify: knee samples
RAW_UUID = _uuid(0x0003)  # notify: raw sample pairs
FEATURE_UUID = _uuid(0x0004)  # read: FEATURE
CONTROL_UUID = _uuid(0x0005)  # write, indicate: commands and their responses
TRANSFER_UUID = _uuid(0x0006)  # notify, write: blocks that the band has kept (from 1.2)

DEVICE_INFORMATION_UUID = 0x180A
MODEL_NUMBER_UUID = 0x2A24
FIRMWARE_REVISION_UUID = 0x2A26
BATTERY_SERVICE_UUID = 0x180F
BATTERY_LEVEL_UUID = 0x2A19

NAME_PREFIX = "KneeBand-"
"""A band advertises this and the last four hexadecimal digits of its Bluetooth address."""

COMPANY_ID = 0xFFFF
"""Manufacturer data of ADVERTISED are marked with the number that is nobody's (Bluetooth SIG)."""

ADVERTISED = Record(
    "Advertised",
    ("protocol_major", "B", None, "", "PROTOCOL_VERSION[0]"),
    ("flags", "B", None, "", "ADVERTISED_* bits"),
)
ADVERTISED_IN_USE = 0x01  # somebody is connected: not connectable until they leave
ADVERTISED_PAIRING = 0x02  # the button was held: a new host may bond now
ADVERTISED_RECORDING = 0x04  # it measures into its memory
ADVERTISED_KEEPS = 0x08  # it keeps recordings that nobody has fetched

MTU = 247
MTU_MIN = 200
"""The smallest ATT MTU for a measurement packet (3 bytes of ATT header, 194 of packet)."""

# --- the sampling grid ---------------------------------------------------------------------------

PAIR_PERIOD_US = 4808
KNEE_DIVIDER = 2
KNEE_PERIOD_US = PAIR_PERIOD_US * KNEE_DIVIDER
KNEE_SAMPLES_PER_PACKET = 8
RAW_PAIRS_PER_PACKET = 9

# --- packets -------------------------------------------------------------------------------------

PACKET_HEADER = Record(
    "PacketHeader",
    ("boot_id", "B", None, "", "changes with every start of the band"),
    ("sequence", "H", None, "", "grid number of the first sample, modulo 65536"),
    ("time_us", "I", None, "us", "board clock at the first sample, modulo 2**32"),
    ("period_us", "H", None, "us", "time between two samples of this packet"),
    ("flags", "B", None, "", "FLAG_* bits that hold for the whole packet"),
)

FLAG_UNALIGNED = 0x01
FLAG_BACKFILL = 0x02
FLAG_SATURATED = 0x04
FLAG_OVERRUN = 0x08
FLAG_REST = 0x10
FLAG_SLIP = 0x20
FLAG_IMU_FAULT = 0x40
FLAG_CUED = 0x80
FLAGS = (
    (FLAG_UNALIGNED, "UNALIGNED", "no alignment, or no standing rest yet: angles mean nothing"),
    (FLAG_BACKFILL, "BACKFILL", "sent again on request, not live"),
    (FLAG_SATURATED, "SATURATED", "an axis stood at the end of its range"),
    (FLAG_OVERRUN, "OVERRUN", "the board lost samples just before this packet"),
    (FLAG_REST, "REST", "standing at rest: the heading was taken anew"),
    (FLAG_SLIP, "SLIP", "the heading jumped at a rest: strap slipped or foot moved"),
    (FLAG_IMU_FAULT, "IMU_FAULT", "an IMU did not answer"),
    (FLAG_CUED, "CUED", "the band gave a cue just before this packet (from 1.3)"),
)

QUATERNION_LSB = 1 / 32767
ANGLE_LSB_DEG = 0.01

KNEE_SAMPLE = Record(
    "KneeSample",
    ("flexion_deg", "h", ANGLE_LSB_DEG, "deg", "knee flexion, bending +"),
    ("valgus_deg", "h", ANGLE_LSB_DEG, "deg", "knee valgus (abduction), inward +, on both legs"),
    ("rotation_deg", "h", ANGLE_LSB_DEG, "deg", "internal rotation of the shank +, on both legs"),
    ("q_earth_thigh", "4h", QUATERNION_LSB, "", "thigh sensor to earth (w, x, y, z)"),
    ("q_earth_shank", "4h", QUATERNION_LSB, "", "shank sensor to earth (w, x, y, z)"),
    ("valgus_sigma_deg", "B", 0.1, "deg", "standard uncertainty of the valgus"),
)

RAW_PAIR = Record(
    "RawPair",
    ("thigh_gyr", "3h", None, "counts", "thigh angular rate, x y z of the sensor"),
    ("thigh_acc", "3h", None, "counts", "thigh specific force"),
    ("shank_gyr", "3h", None, "counts", "shank angular rate"),
    ("shank_acc", "3h", None, "counts", "shank specific force"),
)

# --- Knee Feature --------------------------------------------------------------------------------

SIDE_RIGHT = 1
SIDE_LEFT = -1

FEATURE = Record(
    "Feature",
    ("protocol_major", "B", None, "", "PROTOCOL_VERSION[0]"),
    ("protocol_minor", "B", None, "", "PROTOCOL_VERSION[1]"),
    ("boot_id", "B", None, "", "as in the packets"),
    ("side", "b", None, "", "the leg it is worn on: +1 right, -1 left"),
    ("thigh_chip", "B", None, "", "WHO_AM_I of the thigh IMU, 0 if none answered"),
    ("shank_chip", "B", None, "", "WHO_AM_I of the shank IMU, 0 if none answered"),
    ("pair_period_us", "H", None, "us", "PAIR_PERIOD_US"),
    ("knee_divider", "B", None, "", "KNEE_DIVIDER"),
    ("gyr_lsb_rad_s", "f", None, "rad/s", "one count of angular rate"),
    ("acc_lsb_m_s2", "f", None, "m/s^2", "one count of specific force"),
    ("calibration_id", "H", None, "", "id of the calibration in force, 0 if none"),
    ("sensors_id", "H", None, "", "id of the sensor calibration in force, 0 if none (from 1.1)"),
)
FEATURE_LEAST = FEATURE.size - 2
"""Its length in protocol 1.0, which had no `sensors_id`."""

# --- Knee Control Point --------------------------------------------------------------------------
# A write is one opcode byte and its operand. The band answers by an indication: RESPONSE, the
# opcode, a result, and for QUERY the record asked for. STATUS comes unasked when the state changes,
# and every STATUS_PERIOD_S while streaming.

OP_START = 0x01
OP_STOP = 0x02
OP_SET_SIDE = 0x03
OP_SET_CALIBRATION = 0x04
OP_IDENTIFY = 0x05
OP_QUERY = 0x06
OP_SET_SENSORS = 0x07
OP_RESUME = 0x08
OP_RECORD = 0x09
OP_LIST = 0x0A
OP_DELETE = 0x0B
OP_SET_TIME = 0x0C
OP_FORGET = 0x0D
OP_SET_REFERENCE = 0x0E  # from 1.3
OP_SET_CUE = 0x0F
OP_SET_CONFIG = 0x10
OP_RESPONSE = 0x80
OP_STATUS = 0x81

STATUS_PERIOD_S = 10

START_RAW = 0x01
QUERY_STATUS = 0
QUERY_CALIBRATION = 1
QUERY_SENSORS = 2
QUERY_RECORDING = 3
QUERY_CONFIG = 4
QUERY_UPDATE = 5
QUERY_CUE = 6  # the policy that is kept
FORGET_ME = 0
FORGET_ALL = 1
WAY_DOWN = 0
WAY_UP = 1
CUE_OFF = 0
CUE_EVERY = 1
CUE_FADED = 2
CUE_END = 3

START = Record("Start", ("options", "B", None, "", "bit 0 (START_RAW): send Raw IMU too"))
SET_SIDE = Record("SetSide", ("side", "b", None, "", "+1 right, -1 left"))
IDENTIFY = Record("Identify", ("duration_s", "B", None, "s", "how long the lamp blinks"))
QUERY = Record("Query", ("what", "B", None, "", "QUERY_*"))
RESUME = Record(
    "Resume",
    ("boot_id", "B", None, "", "as in the packets received before"),
    ("recording_id", "H", None, "", "the recording that START told"),
    ("options", "B", None, "", "as in Start"),
)
LIST = Record("List", ("after_id", "H", None, "", "0 for the oldest, else the last one told"))
DELETE = Record("Delete", ("recording_id", "H", None, "", "a recording that was fetched whole"))
SET_TIME = Record("SetTime", ("utc_s", "I", None, "s", "seconds since 1970-01-01, UTC"))
FORGET = Record("Forget", ("which", "B", None, "", "FORGET_ME or FORGET_ALL"))

CALIBRATION = Record(
    "Calibration",
    ("calibration_id", "H", None, "", "chosen by the host, not 0; told again in Feature"),
    ("side", "b", None, "", "+1 right, -1 left"),
    ("q_thigh_sensor", "4h", QUATERNION_LSB, "", "thigh sensor to thigh segment (w, x, y, z)"),
    ("q_shank_sensor", "4h", QUATERNION_LSB, "", "shank sensor to shank segment (w, x, y, z)"),
    ("stance_heading_deg", "h", ANGLE_LSB_DEG, "deg", "thigh minus shank azimuth in the stance"),
    ("thigh_gyr_bias", "3h", 2e-5, "rad/s", "table zero of the thigh gyroscope"),
    ("shank_gyr_bias", "3h", 2e-5, "rad/s", "table zero of the shank gyroscope"),
    ("axis_sigma_deg", "B", 0.1, "deg", "uncertainty of the thigh axis about the long axis"),
)

REFERENCE_POINTS = 56
REFERENCE = Record(
    "Reference",
    ("calibration_id", "H", None, "", "the calibration in force, which it was measured with"),
    ("way", "B", None, "", "WAY_DOWN or WAY_UP; it serves when both have come"),
    ("points", "B", None, "", "how many of the values hold"),
    ("sem_deg", "H", 0.01, "deg", "the person's standard error of measurement"),
    ("valgus_deg", "56h", ANGLE_LSB_DEG, "deg", "at 20 deg of flexion and every 2 deg on"),
)
CUE = Record(
    "Cue",
    ("policy", "B", None, "", "CUE_*: how often the band gives one by itself"),
    ("keep", "B", None, "", "1: in all begun without a host; 0: in the one that runs or is next"),
)

MATRIX_LSB = 1 / 262144
_MATRIX = "%s, row by row, less the identity"
_OFFSET = "taken off before"

SENSORS = Record(
    "Sensors",
    ("sensors_id", "H", None, "", "chosen by the host, not 0; told again in Feature"),
    ("thigh_acc_matrix", "9h", MATRIX_LSB, "", _MATRIX % "correction of the thigh accelerometer"),
    ("thigh_acc_offset", "3h", 2e-4, "m/s^2", _OFFSET),
    ("thigh_gyr_matrix", "9h", MATRIX_LSB, "", _MATRIX % "correction of the thigh gyroscope"),
    ("shank_acc_matrix", "9h", MATRIX_LSB, "", _MATRIX % "correction of the shank accelerometer"),
    ("shank_acc_offset", "3h", 2e-4, "m/s^2", _OFFSET),
    ("shank_gyr_matrix", "9h", MATRIX_LSB, "", _MATRIX % "correction of the shank gyroscope"),
)

STATUS = Record(
    "Status",
    ("state", "B", None, "", "STATE_*"),
    ("faults", "B", None, "", "FAULT_* bits"),
    ("uptime_ms", "I", None, "ms", "since the start of the band"),
    ("thigh_overruns", "H", None, "", "FIFO overruns since the start"),
    ("shank_overruns", "H", None, "", "FIFO overruns since the start"),
    ("dropped_packets", "H", None, "", "packets given up because the radio was full"),
    ("thigh_temperature_c", "h", 0.01, "degC", "die temperature"),
    ("shank_temperature_c", "h", 0.01, "degC", "die temperature"),
    ("battery_percent", "B", None, "%", "255 if unknown"),
    ("connection_interval_ms", "H", 1.25, "ms", "0 if not known (this and all below: from 1.2)"),
    ("supervision_timeout_ms", "H", 10, "ms", "0 if not known"),
    ("storage_free_kib", "H", None, "KiB", "room for recordings"),
    ("recordings", "B", None, "", "finished recordings that it keeps"),
    ("power", "B", None, "", "POWER_* bits (this and all below: from 1.3)"),
    ("minutes_left", "H", None, "min", "until the battery is empty, 65535 if not known"),
    ("reset_cause", "B", None, "", "RESET_*: why it started last"),
    ("cues", "H", None, "", "cues given in the recording that runs"),
)
STATUS_1_2 = STATUS.size - 6
STATUS_LEAST = STATUS_1_2 - 7
"""Its lengths in protocol 1.2, and before."""

RECORDING = Record(
    "Recording",
    ("recording_id", "H", None, "", "counts up over restarts; never 0"),
    ("boot_id", "B", None, "", "of the start of the band in which it was made"),
    ("flags", "B", None, "", "RECORDING_* bits"),
    ("side", "b", None, "", "+1 right, -1 left"),
    ("calibration_id", "H", None, "", "the calibration it began with, 0 if none"),
    ("sensors_id", "H", None, "", "the sensor calibration it was made with, 0 if none"),
    ("first_number", "I", None, "", "the oldest knee sample that is kept"),
    ("end_number", "I", None, "", "one past the newest that can be fetched"),
    ("lost_samples", "I", None, "", "knee samples that could not be kept: no room"),
    ("size_bytes", "I", None, "B", "what it takes in the band's memory"),
    ("utc_s", "I", None, "s", "UTC at its first sample, 0 if the band had not been told the time"),
)
RECORDING_RUNNING = 0x01  # still being made
RECORDING_ALONE = 0x02  # begun without a host: it is kept until it is deleted
RECORDING_CUT = 0x04  # its end is missing: the band lost power

STATE_IDLE = 0
STATE_STREAMING = 1
STATE_FAULT = 2
STATE_RECORDING = 3  # measures into its memory, sends nothing (from 1.2)

FAULT_THIGH_IMU = 0x01
FAULT_SHANK_IMU = 0x02
FAULT_STORE = 0x04
FAULT_BUS = 0x08  # a line of the IMUs' bus is held low (this and all below: from 1.3)
FAULT_ONE_ADDRESS = 0x10  # both IMUs answer at the address of one
FAULT_THIGH_CHIP = 0x20  # what answers there is no chip that the band knows; Feature says which
FAULT_SHANK_CHIP = 0x40

RESULT_SUCCESS = 1
RESULT_UNKNOWN_OPCODE = 2
RESULT_INVALID_OPERAND = 3
RESULT_FAILED = 4
RESULT_MTU_TOO_SMALL = 5
RESULT_WRONG_STATE = 6
RESULT_SENSOR_FAULT = 7
RESULT_NOT_FOUND = 8
RESULT_BUSY = 9
RESULT_CHARGING = 10

COMMANDS = (
    (OP_START, "START", START, "begin a recording and stream it; the response holds RECORDING"),
    (OP_STOP, "STOP", None, "end the recording that runs, streamed or not"),
    (OP_SET_SIDE, "SET_SIDE", SET_SIDE, "set the leg; a calibration of the other leg is dropped"),
    (OP_SET_CALIBRATION, "SET_CALIBRATION", CALIBRATION, "store and use a calibration"),
    (OP_IDENTIFY, "IDENTIFY", IDENTIFY, "blink the lamp, and a pulse of the motor"),
    (OP_QUERY, "QUERY", QUERY, "ask for a record (QUERY_*)"),
    (
        OP_SET_SENSORS,
        "SET_SENSORS",
        SENSORS,
        "store and use a calibration of the IMUs; a leg's calibration made before it is dropped",
    ),
    (OP_RESUME, "RESUME", RESUME, "stream the recording that runs; the response holds RECORDING"),
    (OP_RECORD, "RECORD", None, "START without streaming, same response; outlives the connection"),
    (OP_LIST, "LIST", LIST, "the RECORDING of the next finished recording after that id"),
    (OP_DELETE, "DELETE", DELETE, "delete a finished recording"),
    (
        OP_SET_TIME,
        "SET_TIME",
        SET_TIME,
        "what time it is, for recordings made without a host; those of this start get a date",
    ),
    (OP_FORGET, "FORGET", FORGET, "drop the bond with this host, or with all; disconnects"),
    (
        OP_SET_REFERENCE,
        "SET_REFERENCE",
        REFERENCE,
        "store and use one way of a reference curve; a new calibration drops it",
    ),
    (OP_SET_CUE, "SET_CUE", CUE, "use how often the band gives a cue by itself"),
    (OP_SET_CONFIG, "SET_CONFIG", SETTINGS, "store and use what a person may set"),
) + update_wire.COMMANDS

RESULTS = (
    (RESULT_SUCCESS, "SUCCESS", "done"),
    (RESULT_UNKNOWN_OPCODE, "UNKNOWN_OPCODE", "this band does not know the command"),
    (RESULT_INVALID_OPERAND, "INVALID_OPERAND", "the operand has a wrong length or value"),
    (RESULT_FAILED, "FAILED", "it was tried and failed (a store that cannot be written)"),
    (RESULT_MTU_TOO_SMALL, "MTU_TOO_SMALL", "the link's MTU is under MTU_MIN"),
    (RESULT_WRONG_STATE, "WRONG_STATE", "not in this state of the band"),
    (RESULT_SENSOR_FAULT, "SENSOR_FAULT", "an IMU does not answer"),
    (RESULT_NOT_FOUND, "NOT_FOUND", "there is no such recording (LIST: no further one)"),
    (RESULT_BUSY, "BUSY", "a recording made without a host runs; STOP ends it"),
    (RESULT_CHARGING, "CHARGING", "not while a cable gives power, unless over that cable"),
) + update_wire.RESULTS

# --- serial --------------------------------------------------------------------------------------
# The same over a cable: frames of `kneecore.frames`, each one byte SERIAL_* and the bytes that the
# characteristic of that number would carry. FEATURE without bytes asks for it, and says that the
# host is there: a band that has heard nothing for SERIAL_SILENCE_S takes the host for gone.
# LEAVE says that whoever was there before has gone: a host sends it when it goes, and before its
# first FEATURE, lest it inherit the stream of one that was killed. NAME without bytes asks for the
# name that the band advertises.

SERIAL_LEAVE = 0x01
SERIAL_MEASUREMENT = 0x02
SERIAL_RAW = 0x03
SERIAL_FEATURE = 0x04
SERIAL_CONTROL = 0x05
SERIAL_TRANSFER = 0x06
SERIAL_NAME = 0x07
SERIAL_SILENCE_S = 5
