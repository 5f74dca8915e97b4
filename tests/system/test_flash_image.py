"""The real esptool, run as `kneetrack flash` runs it, against a model of the chip's loader.

Nothing of esptool is replaced; only its waits are shortened, by the settings file that it offers.
"""

from __future__ import annotations

import base64
import json
import sys
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest

from kneetrack.errors import LinkError, LinkLost
from kneetrack.maintenance import flash
from kneetrack.maintenance.flash_esptool import write_image
from kneetrack.maintenance.flash_format import TABLE_AT as PARTITIONS
from kneetrack.maintenance.flash_format import check_program
from kneetrack.maintenance.flash_image import Image, read_image
from kneetrack.maintenance.flash_ports import Port
from micropython_image import write_image_file
from rom_loader import DEFL_DATA, ESP32_C3, SPI_FLASH_MD5, Esp32S3, LoaderCable, rom_loader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals")

HALF_WAY = 100_000


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Image:
    """To be written, by an esptool that does not wait for long."""
    settings = tmp_path / "esptool.cfg"
    settings.write_text(
        "[esptool]\ntimeout = 1.5\nsync_timeout = 0.4\nconnect_attempts = 2\n"
        "write_block_attempts = 1\nerase_write_timeout_per_mb = 1\n"
    )
    monkeypatch.setenv("ESPTOOL_CFGFILE", str(settings))
    return read_image(write_image_file(tmp_path))


def write(image: Image, cable: LoaderCable) -> list[float]:
    shares: list[float] = []
    write_image(Port(str(cable.port)), image, shares.append)
    return shares


def holds(chip: Esp32S3, image: Image) -> bool:
    data = image.path.read_bytes()
    return chip.flash[: len(data)] == data


def test_an_image_is_written_verified_and_not_written_again(tmp_path: Path, image: Image) -> None:
    with rom_loader(tmp_path) as cable:
        chip = cable.chip
        kept = chip.flash[image.vfs.offset :] = b"what the band keeps".ljust(
            len(chip.flash) - image.vfs.offset, b"\0"
        )
        shares = write(image, cable)
        assert holds(chip, image) and chip.flash[image.vfs.offset :] == kept
        assert chip.seen.index(DEFL_DATA) < len(chip.seen) - 1 - chip.seen[::-1].index(
            SPI_FLASH_MD5
        )
        assert shares == sorted(shares) and len(shares) > 5 and shares[-1] == 1.0
        stub = json.loads(
            (files("esptool") / "targets/stub_flasher/2/esp32s3.json").read_text(encoding="utf-8")
        )
        assert chip.ram[stub["text_start"]] == base64.b64decode(stub["text"])  # all that MEM_ sends
        assert chip.ram[stub["data_start"]] == base64.b64decode(stub["data"])

        chip.reset()
        write(image, cable)
        assert DEFL_DATA not in chip.seen and chip.written == 0


def test_a_chip_with_less_flash_than_the_image_names_starts_all_the_same(
    tmp_path: Path, image: Image
) -> None:
    chip = Esp32S3(flash_bytes=4 << 20)
    with rom_loader(tmp_path, chip) as cable:
        write(image, cable)
        data = image.path.read_bytes()
        loader = slice(0, PARTITIONS)
        assert data[3] >> 4 == 3 and chip.flash[3] >> 4 == 2  # 8 MB, 4 MB
        check_program(bytes(chip.flash[loader]), 0, "loader")  # its SHA-256 with it
        assert chip.flash[PARTITIONS : len(data)] == data[PARTITIONS:]
        chip.reset()
        write(image, cable)
        assert chip.written == 0


def test_a_port_that_vanishes_is_told_and_the_same_command_completes_it(
    tmp_path: Path, image: Image
) -> None:
    with rom_loader(tmp_path) as cable:
        cable.vanishes_at = HALF_WAY
        with pytest.raises(LinkLost, match=r"port went away.*hold BOOT.*same command"):
            write(image, cable)
        assert cable.chip.written >= HALF_WAY and not holds(cable.chip, image)
        cable.vanishes_at = 1 << 40
        cable.put_in()
        write(image, cable)
        assert holds(cable.chip, image)


def test_a_download_mode_that_is_another_port_is_found(
    tmp_path: Path, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rom_loader(tmp_path) as cable:
        cable.moves_to = tmp_path / "ttyMoved"

        def comports() -> list[object]:
            device = {"device": str(cable.port), "vid": 0x303A, "pid": 0x1001}
            return [SimpleNamespace(**device, serial_number=None, product=None)]

        monkeypatch.setattr("serial.tools.list_ports.comports", comports)
        flash._write(Port(str(cable.port), "of MicroPython"), image, lambda share: None)
        assert cable.port.name == "ttyMoved" and holds(cable.chip, image)


def test_a_chip_that_falls_silent_and_one_that_never_answers(tmp_path: Path, image: Image) -> None:
    with rom_loader(tmp_path) as cable:
        cable.sticks_at = HALF_WAY
        with pytest.raises(LinkLost, match=r"fell silent.*hold BOOT"):
            write(image, cable)
        cable.is_silent = True
        with pytest.raises(LinkError, match=r"does not take an image now.*hold BOOT") as raised:
            write(image, cable)
        assert "http" not in str(raised.value)


def test_flash_that_does_not_hold_what_was_sent(tmp_path: Path, image: Image) -> None:
    with rom_loader(tmp_path) as cable:
        cable.chip.worn = {HALF_WAY: 0xFF}
        with pytest.raises(LinkError, match=r"not what was sent \(MD5"):
            write(image, cable)
        assert not holds(cable.chip, image)


def test_another_board_is_not_written_to(tmp_path: Path, image: Image) -> None:
    chip = Esp32S3(ESP32_C3)
    with rom_loader(tmp_path, chip) as cable, pytest.raises(LinkError, match="ESP32-C3, not ESP32"):
        write(image, cable)
    assert DEFL_DATA not in chip.seen
