"""Which MicroPython images are taken, and which are not."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import kneetrack
from kneetrack.errors import InputError
from kneetrack.maintenance import flash_esptool, flash_image
from kneetrack.maintenance.flash_image import Place, check_keeps, read_image
from micropython_image import FACTORY, VFS, micropython_image, write_image_file

IN_THE_PROGRAM = FACTORY + 1000


def test_an_image_for_the_band_is_taken(tmp_path: Path) -> None:
    path = write_image_file(tmp_path)
    found = read_image(path)
    assert found.size == path.stat().st_size and not found.is_vouched_for
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.vfs == Place(VFS, None)  # MicroPython makes it, behind the last partition
    assert read_image(write_image_file(tmp_path, vfs=VFS)).vfs == Place(VFS, 0x600000)


def test_the_test_s_image_is_whole_to_esptool(tmp_path: Path) -> None:
    program = tmp_path / "program.bin"
    program.write_bytes(micropython_image()[FACTORY:])
    command = [sys.executable, "-m", "esptool", "--chip", "esp32s3", "image-info", str(program)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert "Chip ID: 9 (ESP32-S3)" in said and said.count("(valid)") == 2


def flipped(*at: int) -> Callable[[bytearray], bytes]:
    def damage(data: bytearray) -> bytes:
        for place in at:
            data[place] ^= 1
        return bytes(data)

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flipped(1000), "loader's checksum"),
        (flipped(1000, 1001), "loader's SHA-256"),
        (flipped(0x8004), "partitions has another MD5"),
        (flipped(IN_THE_PROGRAM), "program's checksum"),
        (flipped(IN_THE_PROGRAM, IN_THE_PROGRAM + 1), "program's SHA-256"),
        (flipped(FACTORY), "program is missing"),
        (flipped(FACTORY + 1), "program is cut off"),
        (lambda data: data[:-1], "program is cut off"),
        (lambda data: data[:IN_THE_PROGRAM], "program is cut off"),
        (lambda data: data[:FACTORY], "program is missing"),
        (lambda data: data[FACTORY:], "app-bin"),
        (lambda data: b"\x55" + data, "no image"),
        (lambda data: b"UF2\n" + data, "a drive, and not for this. Take"),
        (lambda data: b"", "no image"),
        (lambda data: data + bytes(VFS), "overwrite what the band keeps"),
        (lambda data: data + bytes(16 << 20), "larger than any board's flash"),
        (lambda data: micropython_image(chip=0), "another chip, ESP32"),
        (lambda data: micropython_image(chip=777), "chip 777"),
        (
            lambda data: data[:FACTORY] + micropython_image(chip=5)[FACTORY:],
            "program is missing",
        ),
    ],
)
def test_another_image_is_refused_with_the_remedy(
    tmp_path: Path, damage: Callable[[bytearray], bytes], said: str
) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(damage(micropython_image(size=20_000)))
    with pytest.raises(InputError, match=said) as raised:
        read_image(path)
    assert flash_image.DOWNLOAD in str(raised.value)


def test_an_image_is_the_one_whose_checksum_was_given(tmp_path: Path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(flipped(IN_THE_PROGRAM)(micropython_image(size=20_000)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_image(path, digest.upper()).is_vouched_for  # its own sums say nothing more
    with pytest.raises(InputError, match=f"another SHA-256.*its own is {digest}"):
        read_image(path, "0" * 64)


def test_an_image_with_the_official_name_has_the_official_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_image_file(tmp_path).rename(tmp_path / flash_image.RECOMMENDED.name)
    with pytest.raises(InputError, match=r"name of the official MicroPython.*--sha256"):
        read_image(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_image(path, digest).is_vouched_for
    official = flash_image.Official("another name", "9.9", digest)
    monkeypatch.setattr(flash_image, "RECOMMENDED", official)
    assert read_image(path).is_vouched_for


def test_a_checksum_on_the_command_line(tmp_path: Path) -> None:
    path = write_image_file(tmp_path)
    for options, said in (
        (("--sha256", "0" * 64), "give --micropython IMAGE.bin with it"),
        (("--micropython", path, "--sha256", "abc"), "64 hexadecimal digits"),
        (("--micropython", path, "--sha256", "0" * 64), "another SHA-256 than the one given"),
    ):
        result = kneetrack("flash", "--port", "/dev/ttyNone", *options)
        assert result.returncode in (1, 2) and said in result.stderr, result.stderr


def test_numbers_of_chips_are_esptools() -> None:
    from esptool.targets import CHIP_DEFS

    theirs = {getattr(chip, "IMAGE_CHIP_ID", None): chip.CHIP_NAME for chip in CHIP_DEFS.values()}
    for number, name in flash_image.CHIPS.items():
        assert theirs[number] == name
    assert flash_image.CHIPS[flash_image.BAND_CHIP] == "ESP32-S3"
    assert CHIP_DEFS[flash_esptool.CHIP].IMAGE_CHIP_ID == flash_image.BAND_CHIP


def test_an_image_that_would_lose_what_the_band_keeps_is_refused(tmp_path: Path) -> None:
    newer = read_image(write_image_file(tmp_path))
    older = read_image(write_image_file(tmp_path, vfs=VFS))
    kept = ("kneeband.dat", "recordings")
    check_keeps(newer, Place(VFS, 0x200000), kept)  # it takes all of the flash that there is
    check_keeps(newer, Place(VFS, 0xE00000), kept)
    check_keeps(older, Place(VFS, 0x600000), kept)
    for image, on_board in (
        (newer, Place(0x270000, 0x200000)),
        (older, Place(VFS, 0x200000)),
    ):
        check_keeps(image, on_board, ())
        check_keeps(image, None, ())
        with pytest.raises(InputError, match=r"recordings.*kneetrack sync"):
            check_keeps(image, on_board, kept)
