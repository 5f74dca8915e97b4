"""The records of an MCAP file: one byte of opcode, eight of length, a body.

`mcap.StreamReader` takes 6.7 us a message, two passes of it a third of the time that a replay of
1000 times real time leaves for everything. So the framing and the head of messages are read here,
1 us each; every other record is read by mcap's own classes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Chunk
from mcap.stream_reader import breakup_chunk
from mcap.writer import MCAP0_MAGIC

from kneetrack.errors import LogError

MAGIC = MCAP0_MAGIC
"""The first bytes of a log, and the last of one that ended well."""
RECORD_LIMIT = 1 << 26
"""No record of ours comes near this many bytes: a longer one is garbage."""

FRAME = struct.Struct("<BQ")
"""opcode, length"""
MESSAGE = struct.Struct("<HIQQ")
"""channel, sequence, log time, publish time: the head of a message's body"""
MESSAGE_CODE = int(Opcode.MESSAGE)
CHUNK_CODE = int(Opcode.CHUNK)
BAD_RECORD = (McapError, struct.error, ValueError, KeyError, AttributeError)
"""What reading the body of a damaged record raises."""


def records(file: BinaryIO, end: int | None) -> Iterator[tuple[int, bytes]]:
    """Whole records (opcode, body) from the file's position to `end`, or as far as they go.

    What a chunk holds is given in its place (other programs compress logs so). A zero opcode,
    which MCAP does not have, or a length beyond reason ends the walk like the end of the file.
    """
    read = file.read
    unpack = FRAME.unpack
    at = file.tell()
    while end is None or at < end:
        frame = read(FRAME.size)
        if len(frame) < FRAME.size:
            return
        opcode, length = unpack(frame)
        if opcode == 0 or length > RECORD_LIMIT:
            return
        body = read(length)
        if len(body) < length:
            return
        at += FRAME.size + length
        if opcode == CHUNK_CODE:
            yield from records_in_chunk(body)
        else:
            yield opcode, body


def records_in_chunk(body: bytes) -> Iterator[tuple[int, bytes]]:
    """What a chunk holds. Raises one of BAD_RECORD where it is damaged."""
    for record in breakup_chunk(Chunk.read(stream(body)), validate_crc=True):
        builder = RecordBuilder()
        record.write(builder)
        data = builder.end()
        yield data[0], data[FRAME.size :]


def stream(body: bytes) -> ReadDataStream:
    """A record's body for the `read` of mcap's record classes."""
    return ReadDataStream(BytesIO(body))


def open_log(path: Path) -> BinaryIO:
    """The file, for reading. LogError where there is none or it can't be read."""
    try:
        return path.open("rb", buffering=1 << 16)
    except FileNotFoundError:
        raise LogError(f"{path} does not exist. Check the name, or record first.") from None
    except IsADirectoryError:
        raise LogError(f"{path} is a folder; give the .mcap file in it.") from None
    except OSError as error:
        raise LogError(f"{path} can't be read: {error.strerror}.") from error


def check_head(path: Path, file: BinaryIO) -> None:
    """Read the magic bytes at the beginning; LogError where they are not those of a log."""
    magic = file.read(len(MCAP0_MAGIC))
    if magic == MCAP0_MAGIC:
        return
    if not magic:
        raise LogError(f"{path} is empty: nothing was recorded in it. Delete it and record again.")
    if MCAP0_MAGIC.startswith(magic):
        raise LogError(
            f"{path} was cut off inside its first records, before any packet: nothing was recorded "
            "in it. Delete it and record again."
        )
    raise LogError(
        f"{path} is not a session log (MCAP file); was it renamed, or cut at its beginning? "
        "A recorded IMU file must end in .csv."
    )
