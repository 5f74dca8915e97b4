"""The question before a session, as a person in a terminal meets it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

from command_line import PROGRAM


class Terminal:
    """`kneetrack` in a terminal of its own, which a person types into."""

    def __init__(self, *arguments: str, folder: Path) -> None:
        self.master, slave = pty.openpty()
        environment = {**os.environ, "XDG_DATA_HOME": str(folder), "TERM": "xterm"}
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str, patience_s: float = 40.0) -> None:
        until_s = time.monotonic() + patience_s
        while text not in self.seen:
            left_s = until_s - time.monotonic()
            assert left_s > 0.0, f"{text!r} did not come in: {self.seen}"
            if select.select([self.master], [], [], min(left_s, 0.5))[0]:
                try:
                    self.seen += os.read(self.master, 4096).decode()
                except OSError:  # the terminal has gone
                    assert text in self.seen, self.seen
                    return

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            os.close(self.master)


def test_in_a_terminal_it_is_asked_and_who_leaves_it_records_nothing(tmp_path: Path) -> None:
    out = tmp_path / "a.mcap"
    terminal = Terminal("record", "--link", "ble:NOBODY", "--out", str(out), folder=tmp_path)
    terminal.until("Enter: none.")
    terminal.type("p\n")
    terminal.until("To record all the same")
    assert "same day" in terminal.seen
    terminal.type("\n")
    terminal.until("Nothing was recorded.")
    assert terminal.end() == 0
    assert not out.exists()


def test_no_questions_asks_none(tmp_path: Path) -> None:
    terminal = Terminal("record", "--link", "ble:", "--no-questions", folder=tmp_path)
    terminal.until("kneetrack: ")
    assert "Enter: none." not in terminal.seen
    assert terminal.end() != 0
