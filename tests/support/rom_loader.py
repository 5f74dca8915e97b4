"""An ESP32-S3 in its download mode at the end of a cable, for the real esptool to talk to.

    esptool  <- SLIP packets on a pseudo-terminal ->  Cable's thread  ->  Esp32S3.answers(packet)

What the chip does is after Espressif's "Serial Protocol" (esptool's documentation): first its ROM
answers, with four bytes of status; esptool puts a program into RAM by MEM_BEGIN, _DATA and _END and
starts it (the "stub", esptool's default and so what the product runs); this says OHAI and answers
from then on, with two bytes of status and raw MD5. Its machine code is not run here: that it has
arrived whole and is entered where it lies is checked, then its side of the protocol is played. The
flash is NOR: a sector is erased when the first byte of it comes, writing only clears bits.

Registers are words by address. Behind the SPI controller's there is a flash chip that knows its
identity and SFDP; eFuses hold the address and what package the chip is in.

What it is not: timing, a USB device (no vendor, no re-enumeration), and a pseudo-terminal has no
DTR and RTS, so esptool's resets do nothing (it says so) and a test presses the buttons instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import struct
import threading
import tty
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 4096
ESP32_S3 = 9
ESP32_C3 = 5

FLASH_BEGIN, FLASH_DATA, FLASH_END = 0x02, 0x03, 0x04
MEM_BEGIN, MEM_END, MEM_DATA = 0x05, 0x06, 0x07
SYNC, WRITE_REG, READ_REG, SPI_SET_PARAMS = 0x08, 0x09, 0x0A, 0x0B
CHANGE_BAUDRATE = 0x0F
DEFL_BEGIN, DEFL_DATA, DEFL_END = 0x10, 0x11, 0x12
SPI_FLASH_MD5, GET_SECURITY_INFO = 0x13, 0x14
NEEDS_THE_STUB = {
    FLASH_BEGIN, FLASH_DATA, FLASH_END, DEFL_BEGIN, DEFL_DATA, DEFL_END, SPI_FLASH_MD5,
}  # fmt: skip
"""The ROM has them too, in another dialect, once SPI is attached; the product never asks it."""

ROM_INVALID_MESSAGE, ROM_FAILED, ROM_BAD_CHECKSUM = 0x05, 0x06, 0x07
STUB_BAD_CHECKSUM, STUB_UNKNOWN, STUB_NOT_IN_FLASH_MODE = 0xC1, 0xC3, 0xC6
STUB_INFLATE_ERROR, STUB_NOT_ENOUGH = 0xC7, 0xC8

_MAGIC_REG = 0x4000_1000
_SPI = 0x6000_2000
_SPI_CMD, _SPI_ADDR, _SPI_USR2, _SPI_W0 = _SPI, _SPI + 0x04, _SPI + 0x20, _SPI + 0x58
_SPI_GO = 1 << 18
_EFUSE_BLOCK1 = 0x6000_7044
MAC = bytes.fromhex("f412fa424242")
_SFDP = b"SFDP" + bytes(12) + b"\xc8"
_DATA_HEAD = struct.Struct("<IIII")


class Refused(Exception):
    """The status that a command ends with."""


@dataclass
class _Download:
    """A stretch of flash on its way."""

    at: int
    left: int
    inflate: zlib._Decompress | None
    erased_to: int = field(init=False)

    def __post_init__(self) -> None:
        self.erased_to = self.at


class Esp32S3:
    """The chip. `worn` has bits that don't become 0 any more, by address."""

    def __init__(self, chip_id: int = ESP32_S3, flash_bytes: int = 8 << 20) -> None:
        self.flash = bytearray(b"\xff" * flash_bytes)
        self.worn: dict[int, int] = {}
        self.seen: list[int] = []
        """Commands since the last reset."""
        self._chip_id = chip_id
        self.reset()

    def reset(self) -> None:
        """Into the ROM's download mode: BOOT held, RESET pressed."""
        self.is_stub = False
        self.written = 0
        """Bytes put into the flash since the reset."""
        self.seen.clear()
        size = self._flash_id = 0xC8 | 0x40 << 8 | (len(self.flash).bit_length() - 1) << 16
        assert 1 << (size >> 16) == len(self.flash)
        self._ram: dict[int, bytearray] = {}
        self._loading = 0, 0
        self._download: _Download | None = None
        self._words = {
            _MAGIC_REG: self._chip_id,
            _EFUSE_BLOCK1: int.from_bytes(MAC[2:], "big"),
            _EFUSE_BLOCK1 + 4: int.from_bytes(MAC[:2], "big"),
            _EFUSE_BLOCK1 + 12: 2 << 18,  # revision v0.2, no flash in the package
        }

    def answers(self, packet: bytes) -> list[bytes]:
        """What is sent back for a packet of the host's."""
        direction, command, size, checksum = struct.unpack_from("<BBHI", packet)
        data = packet[8:]
        if direction != 0 or size != len(data):
            return [self._answer(command, status=ROM_INVALID_MESSAGE)]
        self.seen.append(command)
        try:
            if command == SYNC:
                value = 0 if self.is_stub else 0x20120707
                return [self._answer(command, value)] * 8
            if command == MEM_END:
                return self._run_from_ram(data)
            return [self._answer(command, *self._done(command, data, checksum))]
        except Refused as refused:
            return [self._answer(command, status=refused.args[0])]

    def _answer(self, command: int, value: int = 0, data: bytes = b"", status: int = 0) -> bytes:
        end = bytes([status != 0, status]) + (b"" if self.is_stub else b"\0\0")
        return struct.pack("<BBHI", 1, command, len(data) + len(end), value) + data + end

    def _done(self, command: int, data: bytes, checksum: int) -> tuple[int, bytes]:
        """Value and data of the answer."""
        if command in NEEDS_THE_STUB and not self.is_stub:
            raise Refused(ROM_FAILED)
        match command:
            case 0x0A:
                return self._words.get(*struct.unpack("<I", data), 0), b""
            case 0x09:
                self._write_reg(*struct.unpack_from("<III", data))
            case 0x14:
                return 0, struct.pack("<IB7xII", 0, 0, self._chip_id, 0)
            case 0x05:
                size, _, _, offset = _DATA_HEAD.unpack(data)
                self._loading = offset, size
                self._ram[offset] = bytearray()
            case 0x07:
                self._ram[self._loading[0]] += self._payload(data, checksum)
            case 0x0B:
                if struct.unpack_from("<II", data)[1] != len(self.flash):
                    raise Refused(ROM_FAILED)
            case 0x0F:
                pass
            case 0x02 | 0x10:
                size, _, _, offset = _DATA_HEAD.unpack_from(data)
                inflate = zlib.decompressobj() if command == DEFL_BEGIN else None
                self._download = _Download(offset, size, inflate)
            case 0x03 | 0x11:
                self._to_flash(self._payload(data, checksum))
            case 0x04 | 0x12:
                if self._download is None or self._download.left:
                    raise Refused(STUB_NOT_ENOUGH)
            case 0x13:
                at, size = struct.unpack_from("<II", data)
                return 0, hashlib.md5(self.flash[at : at + size]).digest()
            case _:
                raise Refused(STUB_UNKNOWN if self.is_stub else ROM_INVALID_MESSAGE)
        return 0, b""

    def _payload(self, data: bytes, checksum: int) -> bytes:
        size, _, _, _ = _DATA_HEAD.unpack_from(data)
        payload = data[_DATA_HEAD.size :]
        state = 0xEF
        for byte in payload:
            state ^= byte
        if size != len(payload) or state != checksum:
            raise Refused(STUB_BAD_CHECKSUM if self.is_stub else ROM_BAD_CHECKSUM)
        return payload

    def _run_from_ram(self, data: bytes) -> list[bytes]:
        """The stub begins, where it lies whole in RAM; anything else is silence."""
        _, entry = struct.unpack("<II", data)
        answer = self._answer(MEM_END)
        if not any(at <= entry < at + len(code) for at, code in self._ram.items()):
            return [answer]
        self.is_stub = True
        return [answer, b"OHAI"]

    @property
    def ram(self) -> dict[int, bytes]:
        """What was put into RAM, by address."""
        return {at: bytes(code) for at, code in self._ram.items()}

    def _write_reg(self, address: int, value: int, mask: int) -> None:
        self._words[address] = self._words.get(address, 0) & ~mask | value & mask
        if address == _SPI_CMD and value & _SPI_GO:
            self._words[_SPI_W0] = self._from_flash_chip(self._words[_SPI_USR2] & 0xFF)
            self._words[_SPI_CMD] = 0

    def _from_flash_chip(self, instruction: int) -> int:
        if instruction == 0x9F:
            return self._flash_id
        if instruction == 0x5A:
            at = self._words[_SPI_ADDR]
            return int.from_bytes(_SFDP[at : at + 4], "little")
        assert instruction in (0x66, 0x99), f"the flash chip was told {instruction:#04x}"
        return 0

    def _to_flash(self, data: bytes) -> None:
        download = self._download
        if download is None:
            raise Refused(STUB_NOT_IN_FLASH_MODE)
        if download.inflate is not None:
            try:
                data = download.inflate.decompress(data)
            except zlib.error:
                raise Refused(STUB_INFLATE_ERROR) from None
        data = data[: download.left]
        end = download.at + len(data)
        while download.erased_to < end:
            sector = download.erased_to // SECTOR * SECTOR
            self.flash[sector : sector + SECTOR] = b"\xff" * SECTOR
            download.erased_to = sector + SECTOR
        old = int.from_bytes(self.flash[download.at : end], "little")
        self.flash[download.at : end] = (old & int.from_bytes(data, "little")).to_bytes(
            len(data), "little"
        )
        for address, bits in self.worn.items():
            if download.at <= address < end:
                self.flash[address] |= bits
        download.at, download.left = end, download.left - len(data)
        self.written += len(data)


class LoaderCable:
    """The chip on its cable; `port` is a link to wherever the computer finds it now."""

    def __init__(self, chip: Esp32S3, port: Path) -> None:
        self.chip = chip
        self.port = port
        self.is_silent = False
        """The chip runs something that is no loader."""
        self.moves_to: Path | None = None
        """What runs on it gives way to the loader when it is first called, on another port."""
        self.vanishes_at = self.sticks_at = 1 << 40
        """The cable is pulled, the chip says nothing more, once so much was written."""
        self._wake, self._woken = os.pipe()
        self._ours = self._theirs = -1
        self._partial = bytearray()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread_ends = threading.Event()
        self.put_in()
        self._thread.start()

    def put_in(self) -> None:
        """The computer finds a new port; the chip has been without power."""
        self.chip.reset()
        self._partial.clear()
        ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._theirs))
        self._ours = ours
        os.write(self._woken, b"!")

    def pull(self) -> None:
        """The port is gone."""
        if self._ours >= 0:
            self.port.unlink()
            ours, self._ours = self._ours, -1
            os.close(self._theirs)
            os.close(ours)

    def close(self) -> None:
        self._thread_ends.set()
        os.write(self._woken, b"!")
        self._thread.join()
        self.pull()
        os.close(self._wake)
        os.close(self._woken)

    def _serve(self) -> None:
        while not self._thread_ends.is_set():
            ours = self._ours
            ready, _, _ = select.select([self._wake, *([ours] if ours >= 0 else [])], [], [])
            if self._wake in ready:
                os.read(self._wake, 16)
                continue
            for packet in self._packets(os.read(ours, 65536)):
                if self.moves_to is not None:
                    self.pull()
                    self.port, self.moves_to = self.moves_to, None
                    self.put_in()
                    break
                if self.is_silent or self.chip.written >= self.sticks_at:
                    continue
                answers = self.chip.answers(packet)
                if self.chip.written >= self.vanishes_at:
                    self.pull()
                    break
                if self.chip.written < self.sticks_at:
                    os.write(ours, b"".join(map(_slip, answers)))

    def _packets(self, data: bytes) -> Iterator[bytes]:
        """Whole ones; what is between them is dropped, as the ROM does."""
        self._partial += data
        *whole, rest = bytes(self._partial).split(b"\xc0")
        self._partial = bytearray(rest)
        for one in whole:
            packet = one.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
            if len(packet) >= 8 and packet[0] == 0:
                yield packet


def _slip(packet: bytes) -> bytes:
    inside = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + inside + b"\xc0"


@contextlib.contextmanager
def rom_loader(folder: Path, chip: Esp32S3 | None = None) -> Iterator[LoaderCable]:
    """A chip in its download mode, on its cable."""
    cable = LoaderCable(chip or Esp32S3(), folder / "ttyLoader")
    try:
        yield cable
    finally:
        cable.close()
