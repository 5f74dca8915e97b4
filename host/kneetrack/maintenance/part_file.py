"""What has come of a recording so far, kept so that a broken fetch goes on where it stopped.

The messages of Session Transfer one after the other, each in a frame of the cable
(`kneecore.frames`): whatever happened to the file's end, every whole message in it is found and is
what was received. The first frame is what the band said of the recording, by which a part file of
another one is known.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from kneecore import frames, wire
from kneetrack.errors import InputError
from kneetrack.maintenance.kept import Kept

_PIECE = 1 << 16


class PartFile:
    """The part file at `path` of the recording `kept`: what is in it already stays in it.

    Raises InputError where it can't be read or written.
    """

    def __init__(self, path: Path, kept: Kept) -> None:
        self.path = path
        self._file = self._open(kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._file.close()

    def messages(self) -> Iterator[bytes]:
        """Every message in it, in the order in which they came."""
        self.sync()
        for kind, data in _frames(self.path):
            if kind == wire.SERIAL_TRANSFER:
                yield data

    def append(self, message: bytes) -> None:
        """Add one message; it is on the disk after `sync`."""
        self._write(frames.frame(wire.SERIAL_TRANSFER, message))

    def sync(self) -> None:
        """Force all that was added to the disk."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from error

    def remove(self) -> None:
        """Close and delete it: the recording is where it belongs."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _open(self, kept: Kept) -> BinaryIO:
        try:
            is_ours = self.path.exists() and _is_of(self.path, kept)
            mode = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if is_ours else os.O_TRUNC)
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.fdopen(os.open(self.path, mode, 0o600), "wb")
            if not is_ours:
                file.write(frames.frame(wire.SERIAL_CONTROL, kept.record))
                file.flush()
        except OSError as error:
            raise self._failed(error) from error
        return file

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> InputError:
        return InputError(
            f"{self.path} can't be used to keep what was fetched: {error.strerror}. Make room, or "
            "allow it; the band still keeps the recording."
        )


def _frames(path: Path) -> Iterator[tuple[int, bytes]]:
    receiver = frames.Receiver()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield from receiver.feed(piece)


def is_part_file(path: Path) -> bool:
    """Whether the file is one of these. OSError where it can't be read."""
    return _record(path) is not None


def _is_of(path: Path, kept: Kept) -> bool:
    record = _record(path)
    return record is not None and Kept.of(record).is_same(kept)


def _record(path: Path) -> bytes | None:
    """What the band said of the recording whose part file this is; None where it is none."""
    for kind, data in _frames(path):
        return data if kind == wire.SERIAL_CONTROL and len(data) >= wire.RECORDING.size else None
    return None
