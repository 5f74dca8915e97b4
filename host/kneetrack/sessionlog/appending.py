"""A file that is only ever appended to, and that a full disk does not end.

Bytes that don't fit wait in memory, in order, and follow as soon as there is room; so the file
holds at any instant a beginning of what was written to it, and never anything twice or out of
order. Only what waits is lost if the process ends first. mcap's Writer needs no more of its output
than `write` and `tell`.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A full disk, a used-up quota, the longest file that is allowed: the user can make room."""


class AppendingFile:
    """A new file at `path`, readable for its owner only. OSError where it can't be made.

    It is locked (flock, where there is one) while it is open: see `in_use`.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._descriptor = os.open(path, flags, 0o600)
        self._waiting = bytearray()
        self._count = 0
        self.closed = False
        _lock(self._descriptor)
        sync_folder(path.parent)

    @property
    def waiting(self) -> int:
        """How many bytes have found no room yet."""
        return len(self._waiting)

    def fileno(self) -> int:
        return self._descriptor

    def tell(self) -> int:
        """How many bytes were written, with those that wait."""
        return self._count

    def write(self, data: bytes) -> int:
        """Append in memory; `push` brings it to the operating system."""
        self._waiting += data
        self._count += len(data)
        return len(data)

    def push(self) -> bool:
        """Hand what waits to the operating system; whether there was room for all of it.

        Raises OSError for any other reason than room (NO_ROOM).
        """
        try:
            while self._waiting:
                done = os.write(self._descriptor, self._waiting)
                del self._waiting[:done]
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            return False
        return True

    def sync(self) -> None:
        """Force what the operating system was handed to the disk; returns when it is there."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file; what waits is gone. Further calls do nothing."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)


def in_use(path: Path) -> bool:
    """Whether somebody has the file at `path` open as an AppendingFile, where that can be known.

    OSError where it can't be opened.
    """
    try:
        import fcntl
    except ImportError:  # Windows does not let others move or delete an open file anyway
        return False
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int) -> None:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return  # it only keeps `repair` and `privacy` from a recording that runs


def sync_folder(folder: Path) -> None:
    """Have a file's new name on the disk, too, where folders can be synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
