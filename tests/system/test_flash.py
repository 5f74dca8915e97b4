"""`kneetrack flash` against MicroPython's own prompt on a cable, littlefs on a simulated flash.

mpremote sends real .mpy files, and the firmware starts from them (`flash_bench`). One board for all
of it, for sending everything takes a while. MicroPython comes onto it by the real esptool, into the
flash of a modelled chip (`rom_loader`); what then answers is the bench's prompt.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from command_line import kneetrack
from flash_bench import TARGET, FlashBench, flash_bench
from kneetrack.errors import LinkError, LinkLost
from kneetrack.firmware_files import device_files
from kneetrack.maintenance import flash, flash_board, flash_build, flash_ports
from kneetrack.maintenance.flash_board import Board
from kneetrack.maintenance.flash_build import MANIFEST, BoardFile, MpyForm
from kneetrack.maintenance.flash_image import read_image
from kneetrack.maintenance.flash_ports import Port
from micropython_image import write_image_file
from rom_loader import rom_loader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals and /proc")

OF_THE_WHOLE = 0.4
"""Where the cable is pulled: in the midst of a file of kneecore or kneeband."""
SENT_FOR_ONE_BYTE = 0.55
"""What a byte of a file costs on the line: compressed, as text, in a line of Python."""


def test_the_life_of_a_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash, "BAND", TARGET)
    monkeypatch.setattr(flash_board, "ANSWER_S", 12.0)  # however busy this machine is
    once: list[list[BoardFile]] = []

    def compiled(form: MpyForm, tell: object, board: str) -> list[BoardFile]:
        if not once:
            once.append(flash_build.compiled(form, lambda done, of: None, board))
        return once[0]

    monkeypatch.setattr(flash, "compiled", compiled)

    async def check() -> None:
        async with flash_bench(tmp_path) as bench:
            port = Port(str(bench.cable.port))
            await asyncio.to_thread(_a_board_that_will_not_do_is_refused, port, monkeypatch)
            await _is_cut_off_and_completed(bench, port, tmp_path, monkeypatch)
            await asyncio.to_thread(_is_brought_up_to_date, port)
            await asyncio.to_thread(_has_nothing_to_send, port)

    asyncio.run(check())


def _a_board_that_will_not_do_is_refused(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        context.setattr(flash, "BAND", flash.Target("esp32", "ESP32S3", "xtensawin"))
        with pytest.raises(LinkError, match="Is another board on the cable"):
            flash.flash(port, None, lambda now: None)
    with monkeypatch.context() as context:
        context.setattr(flash, "NEEDS_BYTES", 1 << 30)
        with pytest.raises(LinkError, match=r"8\d\d\d kB of memory.*PSRAM.*--anyway"):
            flash.flash(port, None, lambda now: None)
    with Board(port) as board:
        assert not board.held(["main.py"])


async def _is_cut_off_and_completed(
    bench: FlashBench, port: Port, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new board: MicroPython first, then RESET, and it is on another port."""
    seen: list[flash.Progress] = []
    with rom_loader(folder) as cable, monkeypatch.context() as context:
        image = read_image(write_image_file(folder))
        here = [cable.port]

        def tell(now: flash.Progress) -> None:
            seen.append(now)
            if "press RESET" in now.detail:
                here[:] = [bench.cable.port]
            if now.step == "Sending" and bench.cut_after < 0 and len(bench.seen) < 30_000:
                bench.cut_after = int(
                    len(bench.seen) + now.total * SENT_FOR_ONE_BYTE * OF_THE_WHOLE
                )

        def comports() -> list[object]:
            about = {"vid": 0x303A, "serial_number": None, "product": "a board"}
            return [SimpleNamespace(device=str(path), **about) for path in here]

        context.setattr("serial.tools.list_ports.comports", comports)
        with pytest.raises(LinkLost, match="goes on where it stopped"):
            await asyncio.to_thread(flash.flash, flash_ports.choose(None), image, tell)
        assert cable.chip.flash.startswith(image.path.read_bytes())
    last = seen[-1]
    assert last.step == "Sending" and 0.1 < last.done / last.total < 0.9
    bench.cable.put_in()
    done = await asyncio.to_thread(flash.flash, port, None, lambda now: None)
    assert done.name.startswith("KneeBand-") and not done.silent
    assert done.there > 5 and len(done.sent) > 5
    assert done.there + len(done.sent) == len(device_files()) + 1
    assert {"main.py", MANIFEST} <= set(done.sent)
    assert (done.board, done.board_before) == ("a", None)


def _is_brought_up_to_date(port: Port) -> None:
    """The band runs meanwhile, with something of its own and of an older firmware on its flash."""
    with Board(port) as board:
        assert "kneeband.dat" in board.about().kept
        board._run(
            "for n, t in (('mine.txt', 'mine'), ('kneeband/older.py', '1'), "
            "('kneecore/crc.mpy', 'torn'), ('main.new', 'an older one')):\n"
            " with open(n, 'w') as f:\n  f.write(t)\n"
            "for n in ('a', 'a/kneecore', 'b'):\n os.mkdir(n)\n"
            "with open('a/kneecore/x.mpy', 'wb') as f:\n f.write(b'x' * 5000)"
        )
        assert board.about().updates_bytes == 2 * 4096
        board.remove_updates()
        assert board.about().updates_bytes == 0
        names = ["kneeband.dat", "bonds.dat", "mine.txt"]
        kept = {name: held for name, held in board.held(names).items() if name in names}
        board.reset()
    done = flash.flash(port, None, lambda now: None)
    assert done.sent == ("kneecore/crc.mpy",) and done.removed == ("kneeband/older.py",)
    assert (done.board, done.board_before) == ("a", "a")  # by what its board.py says
    with Board(port) as board:
        held = board.held([*names, "main.py", "main.new"])
        assert held["mine.txt"] == kept["mine.txt"] and set(kept) <= set(held)
        assert "main.py" in held and "main.new" not in held
        assert done.manifest_sha256 == board.held([MANIFEST])[MANIFEST].sha256
        board.reset()


def _has_nothing_to_send(port: Port) -> None:
    result = kneetrack("flash", "--port", str(port))
    assert result.returncode == 0, result.stderr
    assert "Done: KneeBand-" in result.stdout and "nothing to send" in result.stdout
