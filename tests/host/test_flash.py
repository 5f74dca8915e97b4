"""What of `kneetrack flash` needs no board: ports, esptool's words, what is to be sent."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from command_line import is_one_sentence, kneetrack
from kneetrack.cli.flash import Variant
from kneetrack.errors import BandNotFound, LinkError, UsageError
from kneetrack.firmware_files import BOARD, BOARDS, firmware_dir
from kneetrack.maintenance import flash, flash_esptool, flash_ports
from kneetrack.maintenance.flash_board import KEPT, About, Held, variant_of
from kneetrack.maintenance.flash_build import BoardFile, MpyForm, compiled, manifest
from kneetrack.maintenance.flash_image import read_image
from kneetrack.maintenance.flash_ports import Port
from micropython_image import write_image_file


def usb(device: str, vid: int | None = 0x303A, serial_number: str | None = None) -> object:
    return SimpleNamespace(device=device, vid=vid, serial_number=serial_number, product="board")


def test_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[object] = []
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: there)
    with pytest.raises(BandNotFound, match=r"hold BOOT, press and release RESET.*Ports.*none"):
        flash_ports.choose(None)
    there[:] = [usb("/dev/ttyS0", None), usb("/dev/ttyACM0", 0x239A, "A1")]
    found = flash_ports.choose(None)
    assert found == Port("/dev/ttyACM0", "A1", "board")
    there[:] = [usb("/dev/ttyACM3", serial_number="A1"), usb("/dev/ttyACM0", serial_number="B2")]
    assert flash_ports.again(found).device == "/dev/ttyACM3"  # known by its number
    with pytest.raises(BandNotFound, match=r"2 boards.*--port /dev/ttyACM0"):
        flash_ports.choose(None)
    assert flash_ports.choose("/dev/ttyACM3").serial_number == "A1"


def test_no_port_and_no_permission_are_told_in_a_sentence(tmp_path: Path) -> None:
    result = kneetrack("flash", "--port", "/dev/ttyNone")
    assert result.returncode == 3 and is_one_sentence(result.stderr.splitlines()[-1])
    assert "There is no serial port /dev/ttyNone" in result.stderr
    (tmp_path / "file").write_text("no port")
    result = kneetrack("flash", "--port", tmp_path / "file")
    assert result.returncode == 3 and "is no serial port" in result.stderr
    told = flash_ports.explained(Port("COM3"), PermissionError(13, "denied"))
    assert "dialout" in str(told)
    told = flash_ports.explained(Port("COM3"), OSError("Could not exclusively lock port"))
    assert "another program" in str(told)


def test_esptools_progress_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    from esptool.logger import log

    with log.progress(total=1000, description="Writing at 0x00000000") as bar:
        for at in range(0, 1000, 250):
            bar.update(advance=250, description=f"Writing at {at:#010x}")
    shares: list[float] = []
    rest = flash_esptool._read(capsys.readouterr().out.splitlines(keepends=True), shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0] and not rest.strip()


def test_esptool_takes_our_command_line_and_its_refusal_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="/dev/ttyNone can't be opened"):
        flash_esptool.write_image(
            Port("/dev/ttyNone"), read_image(write_image_file(tmp_path)), lambda share: None
        )


def test_what_esptool_is_told_and_what_is_heard_of_it(tmp_path: Path) -> None:
    stand_in = (
        "import sys; print('Connecting...'); print('Writing at 0x00000000 [=>  ]  40.0% 1/2 [0s]');"
        f"open({str(tmp_path / 'told')!r}, 'w').write(' '.join(sys.argv[1:]))"
    )
    shares: list[float] = []
    found = read_image(write_image_file(tmp_path))
    flash_esptool.write_image(Port("COM3"), found, shares.append, [sys.executable, "-c", stand_in])
    assert shares == [0.4, 1.0]
    told = (tmp_path / "told").read_text()
    assert told.endswith(f"write-flash --flash-size detect --skip-flashed 0x0 {found.path}")
    assert "--chip esp32s3 --port COM3" in told and "erase" not in told


ABOUT = About(
    "micropython", (1, 26, 1), MpyForm(6, 3, "xtensawin"), "Generic ESP32S3 module with ESP32S3",
    "esp32", 1 << 20, 4096, 0, (), None, None, 2_000_000, 4 << 20,
)  # fmt: skip


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"implementation": "circuitpython"}, "runs circuitpython"),
        ({"machine": "Generic ESP32C3 module with ESP32C3"}, "an ESP32S3"),
        ({"platform": "rp2"}, "an ESP32S3"),
        ({"version": (1, 22, 0)}, "1.24 or later"),
        ({"form": MpyForm(6, 3, "rv32imc")}, "processor is rv32imc"),
        ({"block_bytes": 0}, r"more flash than the board has \(4 MB\)"),
    ],
)
def test_a_board_that_is_no_band(other: dict[str, object], said: str) -> None:
    flash._check(ABOUT, flash.BAND, Port("COM3"))
    with pytest.raises(LinkError, match=said):
        flash._check(replace(ABOUT, **other), flash.BAND, Port("COM3"))  # pyright: ignore


def test_a_board_with_too_little_memory_is_told_before_anything_is_sent() -> None:
    for memory in (None, flash.NEEDS_BYTES, 2_000_000):
        flash._check_memory(replace(ABOUT, memory_bytes=memory), Port("COM3"))
    with pytest.raises(LinkError, match=r"COM3 has 267 kB.*PSRAM.*manifest\.py.*--anyway"):
        flash._check_memory(replace(ABOUT, memory_bytes=267_120), Port("COM3"))


def test_the_memory_that_is_asked_for_is_what_the_parts_list_goes_by() -> None:
    with (Path(__file__).parents[2] / "hardware" / "parts.toml").open("rb") as file:
        figures = tomllib.load(file)["figures"]
    needs = ("firmware_heap", "firmware_code", "bluetooth_ram")
    assert 1000 * sum(figures[name]["value"] for name in needs) == flash.NEEDS_BYTES


def test_what_differs_is_sent_and_what_is_no_more_is_removed_if_there_is_room() -> None:
    files = [BoardFile(name, b"x" * 5000, name) for name in ("kneecore/a.mpy", "main.py")]
    held = {"kneecore/a.mpy": Held(5000, "kneecore/a.mpy"), "kneecore/a.py": Held(9, "old")}
    change = flash._change(files, held)
    assert [file.name for file in change.send] == ["main.py"] and change.there == 1
    assert change.remove == ("kneecore/a.py",)  # or it would be imported in its place
    assert not flash._is_tight(ABOUT, change, Port("COM3"))
    assert flash._is_tight(replace(ABOUT, free_bytes=0, updates_bytes=8192), change, Port("COM3"))
    with pytest.raises(LinkError, match=r"full.*kneetrack sync"):
        flash._is_tight(replace(ABOUT, free_bytes=0, updates_bytes=4096), change, Port("COM3"))


def test_files_for_the_band_are_the_same_bytes_each_time_and_name_no_folder_of_ours() -> None:
    form = MpyForm.of(6 | 3 << 8 | 10 << 10)
    assert form == MpyForm(6, 3, "xtensawin")
    files = compiled(form, lambda done, total: None)
    names = {file.name for file in files}
    assert {"main.py", "boot.py", "kneecore/wire.mpy", "kneeband/app.mpy"} <= names
    assert not [name for name in names if name.startswith("kneecore/") and name.endswith(".py")]
    here = str(Path(__file__).parents[2]).encode()
    assert not [file.name for file in files if here in file.data]
    assert manifest(files, form) == manifest(list(reversed(files)), form)
    wing = compiled(form, lambda done, total: None, "b")
    assert {file.name for file in set(wing) ^ set(files)} == {BOARD}
    assert manifest(wing, form) == manifest(files, form)  # so an update is the same for both


def test_the_pins_say_whose_they_are() -> None:
    assert [variant.value for variant in Variant] == list(BOARDS)
    for name in BOARDS:
        with (firmware_dir() / "boards" / name / BOARD).open() as file:
            assert variant_of(file.readline()) == name
    assert variant_of("") is None and variant_of('"""Something else.') is None


def test_a_micropython_of_another_form_is_told() -> None:
    with pytest.raises(UsageError, match=r"form 6\.2.*--micropython"):
        compiled(MpyForm(6, 2, "xtensawin"), lambda done, total: None)


def test_what_a_band_keeps_is_named_as_the_firmware_names_it() -> None:
    config = (firmware_dir() / "kneeband" / "config.py").read_text()
    paths = re.findall(r'^\w+_PATH = "(.+)"', config, re.MULTILINE)
    assert paths and set(paths) <= set(KEPT)
    assert f'FOLDER = "{KEPT[-1]}"' in (firmware_dir() / "kneeband" / "shelf.py").read_text()
