"""An update of the band's firmware over an ordinary link: its commands, messages and words.

    host                                            band
    QUERY what=QUERY_UPDATE                ->       UPDATE_STATE: what runs, which .mpy it takes
    UPDATE_BEGIN                           ->       refuses, or clears the way
    UPDATE_FILE, file by file, by name     ->       UPDATE_FILE's answer: there, taken over, or send
      DATA ... (Session Transfer)          ->         TAKEN ..., the last one when it is verified
    UPDATE_FINISH                          ->       stages it, and starts anew a second later
    (connects again) UPDATE_CONFIRM        ->       the new version is in force

The band keeps the version that runs and writes another slot (firmware/slots.py). Which file is
there, whole, it tells by the file's own SHA-256, so an update that was cut off is begun again by
the same commands and only what is missing is sent. Everything that makes up a new version must have
been verified within one connection before UPDATE_FINISH is taken.

The new version has a minute. UPDATE_CONFIRM is taken from a trusted host only, not before the
program has run for CONFIRM_FROM_S (longer than its watchdog waits), and where nothing is amiss that
was not before the update. Without a host's word the band goes back: a version that runs, but can't
be reached, could never be replaced but by cable.

At most WINDOW messages DATA may be on their way that no TAKEN has told; one that does not begin
where the last one ended is passed over, and answered by a TAKEN that says where that was.
"""

from kneecore.record import Record

OP_UPDATE_BEGIN = 0x11
OP_UPDATE_FILE = 0x12
OP_UPDATE_FINISH = 0x13
OP_UPDATE_CONFIRM = 0x14

RESULT_BATTERY_LOW = 11
RESULT_NO_ROOM = 12

FILE_SEND = 0
FILE_THERE = 1
FILE_TAKEN_OVER = 2

ID_BYTES = 8
VERSION_BYTES = 16
NAME_BYTES = 48
SHA256_BYTES = 32

LOADER = 1
"""The files in a band's root that this firmware needs (firmware/slots.py), which come by cable."""
FILES_MAX = 200
WINDOW = 4
CONFIRM_FROM_S = 12
TRIAL_S = 60

OUTCOME_NONE = 0
OUTCOME_CONFIRMED = 1
OUTCOME_UNCONFIRMED = 2
OUTCOME_CRASHED = 3
OUTCOME_HUNG = 4
OUTCOME_POWER = 5
OUTCOME_RESET = 6
OUTCOME_INCOMPLETE = 7
OUTCOME_UNFIT = 8
OUTCOMES = (
    (OUTCOME_NONE, "NONE", "nothing was tried since the last flash, or a trial is to come"),
    (OUTCOME_CONFIRMED, "CONFIRMED", "a host confirmed it: it is in force"),
    (OUTCOME_UNCONFIRMED, "UNCONFIRMED", "taken back: no host confirmed it within a minute"),
    (OUTCOME_CRASHED, "CRASHED", "taken back: its program failed (crash.txt on the band)"),
    (OUTCOME_HUNG, "HUNG", "taken back: it hung, the watchdog ended it"),
    (OUTCOME_POWER, "POWER", "taken back: the power went off in its first minute"),
    (OUTCOME_RESET, "RESET", "taken back: it was reset in its first minute"),
    (OUTCOME_INCOMPLETE, "INCOMPLETE", "not begun: its files were not there"),
    (OUTCOME_UNFIT, "UNFIT", "taken back: with it a sensor or the store was silent or damaged"),
)

UPDATE_STATE = Record(
    "UpdateState",
    ("loader", "B", None, "", "LOADER of the files in the root"),
    ("mpy", "H", None, "", "sys.implementation._mpy: the form of .mpy files, and the processor"),
    ("slot", "B", None, "", "what runs: 0 the root (by cable), 1 and 2 the folders a/ and b/"),
    ("into", "B", None, "", "the slot that an update would go to"),
    ("trial", "B", None, "", "1: it runs on trial, until a host confirms it"),
    ("trial_s", "B", None, "s", "how long the program has run, at most 255"),
    ("outcome", "B", None, "", "OUTCOME_*: what became of the last trial"),
    ("free_kib", "H", None, "KiB", "room for an update, what lies in its slot included"),
    ("firmware", "16B", None, "", "the version that runs, in ASCII"),
    ("firmware_id", "8B", None, "", "of what runs: its manifest's SHA-256 begins so; or 0"),
    ("tried", "16B", None, "", "the version that was staged last, empty if none"),
    ("tried_id", "8B", None, "", "its id"),
)
UPDATE_BEGIN = Record(
    "UpdateBegin",
    ("files", "H", None, "", "how many, at most %d" % FILES_MAX),
    ("size_kib", "H", None, "KiB", "what they take in whole blocks of 4 KiB"),
)
UPDATE_FILE = Record(
    "UpdateFile",
    ("size", "I", None, "B", "its length, not 0"),
    ("sha256", "32B", None, "", "of its content"),
    ("name", "48B", None, "", "kneecore/NAME.mpy or kneeband/NAME.mpy, zeros behind it"),
)
UPDATE_FILE_ANSWER = Record(
    "UpdateFileAnswer",
    ("how", "B", None, "", "FILE_SEND, FILE_THERE, or FILE_TAKEN_OVER from the version that runs"),
)
UPDATE_FINISH = Record(
    "UpdateFinish",
    ("files", "H", None, "", "how many"),
    ("digest", "32B", None, "", "SHA-256 over the operands of all UPDATE_FILE, in their order"),
    ("firmware_id", "8B", None, "", "the first bytes of the SHA-256 of its manifest"),
    ("firmware", "16B", None, "", "its version, in ASCII, zeros behind it"),
)
UPDATE_CONFIRM = Record(
    "UpdateConfirm", ("firmware_id", "8B", None, "", "as in UPDATE_FINISH: the one that is meant")
)

COMMANDS = (
    (
        OP_UPDATE_BEGIN,
        "UPDATE_BEGIN",
        UPDATE_BEGIN,
        "begin an update, or go on with one that was cut off; not while anything is measured",
    ),
    (
        OP_UPDATE_FILE,
        "UPDATE_FILE",
        UPDATE_FILE,
        "the next file, in the order of the names; the response holds UpdateFileAnswer",
    ),
    (
        OP_UPDATE_FINISH,
        "UPDATE_FINISH",
        UPDATE_FINISH,
        "all are there: the band starts anew and tries it for a minute",
    ),
    (
        OP_UPDATE_CONFIRM,
        "UPDATE_CONFIRM",
        UPDATE_CONFIRM,
        "the version on trial is in force; BUSY in its first %d s" % CONFIRM_FROM_S,
    ),
)
RESULTS = (
    (
        RESULT_BATTERY_LOW,
        "BATTERY_LOW",
        "the battery may not last for an update, or for a recording made alone",
    ),
    (RESULT_NO_ROOM, "NO_ROOM", "the flash has no room: recordings lie on it"),
)

TRANSFER_DATA = 0x04  # host to band
TRANSFER_TAKEN = 0x84  # band to host
DATA_HEAD = 5
"""Bytes of a DATA message before the content: TRANSFER_DATA and the offset."""
TAKEN = Record(
    "Taken",
    ("offset", "I", None, "B", "so much of the file was taken"),
    (
        "result",
        "B",
        None,
        "",
        "RESULT_SUCCESS; RESULT_FAILED or RESULT_NO_ROOM: it could not be written, begin it again",
    ),
)
TRANSFERS = (
    (TRANSFER_DATA, "DATA", None, "offset in the file (u32), then its bytes from there on"),
    (TRANSFER_TAKEN, "TAKEN", TAKEN, "how far it came; all of it: it was verified on flash"),
)
