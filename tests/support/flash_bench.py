"""A board that can be flashed: MicroPython's own prompt on a cable, its files on a simulated flash.

The prompt is the unix port's, which is the very code of the ESP32's (shared/runtime/pyexec.c), the
file system littlefs on the simulated NOR flash. At each start the board's IMUs are soldered on and
its main.py is started, where there is one; it imports what lies on the flash, and only of `sim`
what the repository has. `machine.reset()` ends the process; the cable's far end vanishes, as a USB
port does, and the board is switched on again.

Ctrl-C: the ESP32's driver looks for that byte while a program runs, and hands it on at the prompt.
Here the prompt sets the terminal's flags and a program does not, which tells the two apart.

What it is not: an ESP32. It says "linux", its processor is x64, nothing is written by esptool, and
its flash takes no time (some 20 s of each first flash; what is kept is the same).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
from collections.abc import AsyncIterator
from pathlib import Path

from cable import Cable, Pacer
from kneetrack.firmware_files import firmware_dir, micropython
from kneetrack.link.radio.air import Air
from kneetrack.link.radio.board import BoardRadio
from kneetrack.maintenance.flash import Target

TARGET = Target("linux", "linux", "x64")
_FLAGS_OF_A_PROGRAM = termios.ISIG  # nothing controls a process by it here
_START = """
import micropython
micropython.kbd_intr(-1)  # as on the board, whose files are mounted before anything can be typed
import os, sys
sys.path[0] = "/flash"  # the board's own files come before what `sim` is given of ours
from sim import flash
def inserted(path, insert=flash.insert):
    device = insert(path)
    device.charged = False
    micropython.kbd_intr(3)
    return device
flash.insert = inserted
try:
    import sim.run
except ImportError as error:
    if str(error) != "no module named 'main'":
        sys.print_exception(error, sys.stderr)
except KeyboardInterrupt:
    pass
except SystemExit:  # the program resets the board
    os.putenv("MICROPYINSPECT", "")
    raise
"""


class FlashBench:
    """The board in `folder`; `cable.port` is where the computer finds it."""

    def __init__(self, folder: Path) -> None:
        self.cable = Cable(folder)
        self.cable.to_band = self._typed
        os.set_blocking(self.cable.band_end, True)  # else the prompt reads bytes that are not there
        self.starts = 0
        self.seen = bytearray()
        """All that was sent to the board."""
        self.cut_after = -1
        """The cable is pulled when so many bytes have been sent."""
        self._folder = folder
        self._stderr = os.open(folder / "stderr.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._process: asyncio.subprocess.Process | None = None
        self._outside = folder / "outside"
        self._outside.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (self._outside / "sim").symlink_to(firmware_dir() / "sim")
            (self._outside / "kneecore").symlink_to(firmware_dir() / "kneecore")  # sim needs some
        (folder / "start.py").write_text(_START)

    async def run(self) -> None:
        """Switch it on, again and again."""
        while True:
            flags = termios.tcgetattr(self.cable.band_end)
            flags[3] = _FLAGS_OF_A_PROGRAM
            for key in (termios.VINTR, termios.VQUIT, termios.VSUSP):  # no byte means anything
                flags[6][key] = b"\0"
            termios.tcsetattr(self.cable.band_end, termios.TCSANOW, flags)
            radio = BoardRadio(Air())
            self.cable.pacer = Pacer(radio)
            path = os.pathsep.join(
                [str(firmware_dir() / "sim" / "shims"), str(self._outside), ".frozen"]
            )
            self._process = await asyncio.create_subprocess_exec(
                micropython(),
                *("-X", "heapsize=8m", "start.py", "squats"),
                env=os.environ
                | {
                    "MICROPYPATH": path,
                    "MICROPYINSPECT": "1",  # behind start.py comes the prompt
                    "KNEETRACK_LED": "1",
                    "KNEETRACK_RADIO": await radio.listen(),
                },
                cwd=self._folder,
                stdin=self.cable.band_end,
                stdout=self.cable.band_end,
                stderr=self._stderr,
                process_group=0,
            )
            self.starts += 1
            try:
                await self._process.wait()
            finally:
                if self._process.returncode is None:
                    self._process.kill()
                    await self._process.wait()
                await radio.close()
            with contextlib.suppress(AssertionError):
                self.cable.pull()
            self.cable.put_in()

    def close(self) -> None:
        """Put everything away."""
        self.cable.close()
        os.close(self._stderr)

    def _typed(self, data: bytes) -> bytes:
        self.seen += data
        if 0 <= self.cut_after <= len(self.seen):
            self.cut_after = -1
            asyncio.get_running_loop().call_soon(self.cable.pull)
        if b"\x03" in data and self._runs_a_program() and self._is_interruptible():
            assert self._process is not None
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            return data.replace(b"\x03", b"")
        return data

    def _is_interruptible(self) -> bool:
        """Whether the program lets itself be (micropython.kbd_intr): it catches the signal."""
        if self._process is None:
            return False
        with contextlib.suppress(FileNotFoundError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            caught = next(row for row in status.splitlines() if row.startswith("SigCgt"))
            return bool(int(caught.split()[1], 16) & 1 << (signal.SIGINT - 1))
        return False

    def _runs_a_program(self) -> bool:
        return termios.tcgetattr(self.cable.band_end)[3] == _FLAGS_OF_A_PROGRAM


@contextlib.asynccontextmanager
async def flash_bench(folder: Path) -> AsyncIterator[FlashBench]:
    """A board on its cable."""
    bench = FlashBench(folder)
    running = asyncio.create_task(bench.run())
    try:
        yield bench
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        bench.close()
