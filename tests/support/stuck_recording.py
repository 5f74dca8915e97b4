"""A recording whose reading never ends, and who reads it: a pipe that is held open.

It is how a worker is caught in the midst of its work, to be killed there.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

PATIENCE_S = 50.0


class StuckRecording:
    """The pipe at `path`; `close` lets go of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: int | None = None
        os.mkfifo(path)

    def reader(self, but: int = 0) -> int:
        """The process (not `but`) that reads it, once there is one."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if self._held is None:
                with contextlib.suppress(OSError):  # nobody reads it yet
                    self._held = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            for pid in self._holders():
                if pid not in (but, os.getpid()):
                    return pid
            time.sleep(0.05)
        raise AssertionError(f"nobody read {self.path}")

    def _holders(self) -> list[int]:
        found: list[int] = []
        for folder in Path("/proc").glob("[0-9]*/fd"):
            with contextlib.suppress(OSError):
                if any(os.readlink(entry) == str(self.path) for entry in folder.iterdir()):
                    found.append(int(folder.parent.name))
        return found

    def close(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


def is_alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
