"""Session Transfer: the messages that ask for what the band has kept, and bring it.

Every message is one byte TRANSFER_* and its record; a BLOCK is followed by the block's own bytes.
One FETCH at a time: a new one ends the one before. Its blocks come oldest first, then DONE. While
a recording streams, blocks go only where live packets leave room.
"""

from kneecore import update_wire, wire
from kneecore.record import Record

TRANSFER_FETCH = 0x01  # host to band
TRANSFER_ACKNOWLEDGE = 0x02
TRANSFER_STOP = 0x03
TRANSFER_BLOCK = 0x81  # band to host
TRANSFER_DONE = 0x82
TRANSFER_HEAD = 0x83

FETCH = Record(
    "Fetch",
    ("recording_id", "H", None, "", "the running recording, or one that LIST told"),
    ("first_number", "I", None, "", "the first knee sample wanted"),
    ("end_number", "I", None, "", "one past the last wanted"),
)
ACKNOWLEDGE = Record(
    "Acknowledge",
    ("recording_id", "H", None, "", "the running recording"),
    ("number", "I", None, "", "all knee samples before this one are on the host's disk"),
)
DONE = Record(
    "Done",
    ("recording_id", "H", None, "", "as in the FETCH"),
    ("first_number", "I", None, "", "as in the FETCH"),
    ("end_number", "I", None, "", "as in the FETCH"),
    ("result", "B", None, "", "RESULT_SUCCESS, RESULT_NOT_FOUND, or RESULT_FAILED (a read failed)"),
    ("blocks", "H", None, "", "how many were sent"),
)

TRANSFERS = (
    (TRANSFER_FETCH, "FETCH", FETCH, "send the blocks that hold these samples"),
    (TRANSFER_ACKNOWLEDGE, "ACKNOWLEDGE", ACKNOWLEDGE, "these need not be kept any longer"),
    (TRANSFER_STOP, "STOP", None, "end the FETCH"),
    (TRANSFER_BLOCK, "BLOCK", None, "recording_id (u16), then one block"),
    (TRANSFER_DONE, "DONE", DONE, "the FETCH is answered"),
    (
        TRANSFER_HEAD,
        "HEAD",
        None,
        "recording_id (u16), then u8 length and CALIBRATION, u8 length and SENSORS (0: none): what "
        "a finished recording was begun with, before its blocks",
    ),
) + update_wire.TRANSFERS
BLOCK_HEAD = 3
"""Bytes of a BLOCK message before the block: TRANSFER_BLOCK and the recording's id."""
BLOCK_BYTES_MAX = wire.MTU_MIN - 3 - BLOCK_HEAD
"""The longest block, so that it fits a notification at the smallest MTU."""
