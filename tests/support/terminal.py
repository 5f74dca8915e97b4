"""A command of `kneetrack` in a terminal of its own, as a person sees it and types to it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path

from command_line import PROGRAM


class Terminal:
    """A command in a terminal of its own; `seen` is all that it wrote, without its escapes."""

    def __init__(self, *arguments: str | Path, columns: int = 80, lines: int = 30) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)},
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""

    def read_until(self, words: str | None, timeout_s: float = 60.0) -> None:
        """Until `words` were seen, or without them until the command has ended."""
        try:
            self._read_until(words, timeout_s)
        except BaseException:  # the test fails: nobody would wait for the command any more
            self.process.kill()
            self.process.wait()
            os.close(self._ours)
            raise

    def _read_until(self, words: str | None, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while words is None or words not in self.seen:
            assert time.monotonic() < until, self.seen[-3000:]
            if not select.select([self._ours], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                assert words is None, self.seen[-3000:]
                break
            text = data.decode(errors="replace")
            self.seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", text)

    def type(self, keys: str) -> None:
        """As if typed."""
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        self.read_until(None)
        os.close(self._ours)
        return self.process.wait(30)
