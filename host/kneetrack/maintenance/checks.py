"""The table of checks: every row that `kneetrack doctor` may show, and what each is judged by.

Two callers go by it. `maintenance.doctor` looks at all; before a recording `maintenance.preflight`
shows those that are marked so, and refuses for those alone without which it is worth nothing.

COMPLAINTS are what people run into with Bluetooth sensors elsewhere (issues of bleak, SlimeVR,
MetaWear, NimBLE and others), and which rows tell it here; where none does, why not.
host/DOCTOR.md is written from both tables by tools/gen_doctor_doc.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Before(StrEnum):
    """What a row means before a recording."""

    NOT_ASKED = "not looked at"
    TOLD = "told"
    REFUSES = "a problem refuses it"


@dataclass(frozen=True, slots=True)
class Check:
    """A row by its `name`, what is looked at and judged (`what`), and its part before recording."""

    name: str
    what: str
    before: Before = Before.NOT_ASKED


@dataclass(frozen=True, slots=True)
class Complaint:
    """`name` in a few words, `issues` where people tell it, `rows` of CHECKS that tell it here, and
    what KneeTrack does about it or, without rows, why no row can (`answer`)."""

    name: str
    issues: tuple[str, ...]
    rows: tuple[str, ...]
    answer: str


CHECKS = (
    Check("Python", "3.11 or later"),
    Check("Packages", "what KneeTrack and this kind of link need, there and new enough"),
    Check(
        "Storage",
        "the folder can be written; a note below 1 GB free, a problem below 50 MB",
        Before.REFUSES,
    ),
    Check("Recordings kept", "how many; none readable by other users of the computer"),
    Check(
        "Bluetooth system",
        "Windows 11 (10 is a note), macOS 10.15, no WSL; whose services BlueZ remembers",
    ),
    Check("Bluetooth permission", "macOS: which program is asked for it"),
    Check("Bluetooth adapter", "Linux: the kernel has one, and no switch (rfkill) turns it off"),
    Check(
        "Bluetooth service",
        "Linux: D-Bus and BlueZ run, 5.55 or later, this user may use them, an adapter is on",
    ),
    Check("Bands heard", "at least one in 4 s; which are in use elsewhere"),
    Check("Band", "why it was not looked for"),
    Check("Connection", "connected, and how long it took"),
    Check("Protocol", "band and program are of one version"),
    Check("Pairing", "the band answers only over an encrypted connection"),
    Check("Services", "the computer shows all that the band has, not what it remembers"),
    Check("Signal", "-75 dBm or more; a problem below -88", Before.TOLD),
    Check("MTU", "247 bytes; a problem below 200", Before.REFUSES),
    Check("Answers", "half of the questions answered within 200 ms"),
    Check("Status", "the band tells how it is", Before.TOLD),
    Check("Battery", "20 % or more; a problem below 5 %", Before.TOLD),
    Check("Thigh sensor", "it answers", Before.REFUSES),
    Check("Shank sensor", "it answers", Before.REFUSES),
    Check("Interval", "the radio meets every 30 ms or more often", Before.TOLD),
    Check("Patience", "the connection outlasts 400 ms of silence"),
    Check("Memory", "512 KiB free to bridge breaks; nothing that nobody fetched", Before.TOLD),
    Check(
        "Calibration",
        "of this leg, of these sensors, younger than 12 h, the band on ever since",
        Before.TOLD,
    ),
    Check("Gyroscope zeros", "from a table, younger than 12 h, within 10 K", Before.TOLD),
    Check("Switched on for", "nothing dropped by the band, no sensor overrun"),
    Check("Last start", "meant by somebody: it had not hung, failed, or lost its voltage"),
    Check("Streaming", "5 s of measurement: none lost; a problem above 5 %"),
    Check("Delay", "95 % within 200 ms"),
    Check("Thigh sensor moves", "gravity within 6 to 14 m/s², not one and the same number"),
    Check("Shank sensor moves", "gravity within 6 to 14 m/s², not one and the same number"),
)
BY_NAME = {check.name: check for check in CHECKS}

COMPLAINTS = (
    Complaint(
        "the device does not advertise again after a drop",
        ("micropython#12801", "arduino-esp32#9475", "esp32-snippets#1072, #1081"),
        ("Bands heard",),
        "The band advertises again at once, connected or not, and goes on measuring.",
    ),
    Complaint(
        "the host does not reconnect, or does not show it",
        ("xsens_dot_server#23", "bleak#1969"),
        ("Connection", "Patience"),
        "record looks for the band by itself, with a new client each time, and its link line says "
        "lost, with the number of tries.",
    ),
    Complaint(
        "Windows keeps a slow connection interval",
        ("bleak#56",),
        ("Interval", "Bluetooth system"),
        "The interval is read from the band, which knows the one that is in force.",
    ),
    Complaint(
        "Windows drops the connection after 4 or 30 s",
        ("bleak#1198, #1682", "Clawdmeter PR#106"),
        ("Patience", "Streaming"),
        "What was measured meanwhile is fetched when the band is back.",
    ),
    Complaint(
        "Linux: several sensors end in abort-by-local; scanning stalls a stream",
        ("bleak#1858, #1290",),
        ("Bluetooth service", "Delay"),
        "A leg is one connection with both IMUs, and nothing scans while one records.",
    ),
    Complaint(
        "macOS has no addresses, and no results without a service UUID",
        ("bleak#140, #635, #720",),
        ("Bluetooth system", "Bluetooth permission"),
        "Bands are looked for by their service, and called by their name.",
    ),
    Complaint(
        "a stale GATT cache after a change of the firmware",
        ("bleak#1940, #359",),
        ("Services", "Bluetooth system"),
        "What the system shows is compared with what the band's own version has.",
    ),
    Complaint(
        "works on one computer, not on the next",
        ("bleak#668", "xsens_dot_server#38", "xdc#5"),
        ("Bluetooth adapter", "MTU", "Packages", "Python"),
        "Each layer is asked in turn, and the first that lacks is named. Which chip an adapter has "
        "is not asked: no system tells what it can carry; Streaming measures it.",
    ),
    Complaint(
        "the ESP32 notifies too fast: ENOMEM and loss",
        ("esp-idf#9097, #4508", "NimBLE-Arduino#614", "mbed-os#13178", "micropython#6947, #9811"),
        ("MTU", "Switched on for"),
        "The band sends on the radio's credit, counts what it had to drop, and sends it again.",
    ),
    Complaint(
        "how much was lost, and where",
        ("MetaWear-SDK-Python#28", "pymetawear#63"),
        ("Streaming",),
        "Samples are numbered; analyze and report show gaps as gaps.",
    ),
    Complaint(
        "no true time base",
        ("muse-lsl#99, PR#101", "labstreaminglayer#131", "MSCL#390", "depthai-python#774",
         "pymetawear#63"),
        (),
        "No row: times are the board's own, in every packet. Two clocks can't be compared in the "
        "five seconds that doctor takes; a recording holds both, and analyze fits them.",
    ),
    Complaint(
        "recording in the device, to be fetched later",
        ("pymetawear#32, #60",),
        ("Memory",),
        "kneetrack sync; Memory tells of what nobody has fetched.",
    ),
    Complaint(
        '"connected" though it is off; timed out or disconnected',
        ("SlimeVR-Server#1264, PR#903, #1716",),
        ("Connection", "Status", "Streaming"),
        "What is shown is the age of the newest packet: live, stale or lost, never more.",
    ),
    Complaint(
        "battery wrong, blank, or of the last connection",
        ("SlimeVR-Server#1205, PR#1850, PR#1605",),
        ("Battery",),
        "Asked anew each time; where the board does not measure it, that is said.",
    ),
    Complaint(
        "choppy, and nobody knows why",
        ("SlimeVR-Server#1356",),
        ("Delay", "Streaming", "Signal", "Interval", "Answers", "Switched on for"),
        "That is what doctor is for.",
    ),
)  # fmt: skip
