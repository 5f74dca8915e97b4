"""A board becomes a band, or a band gets newer firmware, over its cable.

The order, and why
    1. Ask the board what it is, whether it has the memory that the firmware needs, and for the hash
       of every file of ours that is on it.
    2. Take main.py away, where anything differs, and start the board anew: from here on it waits at
       its prompt, whatever happens, and never runs a mixture of old and new files. With it goes the
       record of updates over the radio (firmware/slots.py): what the cable brings is in force.
    3. Send what differs, take away modules of ours that are no more.
    4. Have the board hash all of it again, import it and say its version.
    5. The manifest; then main.py under its name, in one step; then a reset.
    6. Wait for the band on the same cable: its Feature must name this protocol.

An interrupted flash is completed by the same command, for 1 finds what is missing. What the band
keeps (calibration, bonds, habits, recordings) is never touched: nothing is formatted, only files
under our own names in the root and in kneecore/ and kneeband/ are written or removed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from kneecore import __version__, wire
from kneetrack.errors import LinkError, LinkLost, ProtocolMismatch
from kneetrack.firmware_files import BOARDS
from kneetrack.link import open_link
from kneetrack.maintenance import flash_ports
from kneetrack.maintenance.flash_board import About, Board, Held, NoPrompt, connect, full
from kneetrack.maintenance.flash_build import MANIFEST, BoardFile, check_march, compiled, manifest
from kneetrack.maintenance.flash_esptool import NotTaken, write_image
from kneetrack.maintenance.flash_image import RECOMMENDED, Image, check_keeps
from kneetrack.maintenance.flash_ports import DOWNLOAD_MODE, Port

LEAST_MICROPYTHON = (1, 24)
NEEDS_BYTES = 400_000
"""Of memory: 240 kB of live heap while it streams and cues, 100 of machine code, Bluetooth 60. From
a 32-bit MicroPython on a PC (tools/README.md), not from a board. A board without PSRAM has 265 to
290 kB, one with PSRAM 2000 and more."""
STARTS_WITHIN_S = 20.0
"""A band answers so long after its reset: safe start, IMUs, radio."""
IMAGE_WITHIN_S = 60.0
"""A fresh image: its first start makes the file system, and somebody may have to press RESET."""

_MAIN = "main.py"
_WAITING = "main.new"
"""main.py on its way, until all else is there."""
_SLOTS = "slots.dat"
"""Where it is, an update over the radio may be in force."""


@dataclass(frozen=True, slots=True)
class Target:
    """What board the firmware is for."""

    platform: str
    chip: str
    march: str


BAND = Target("esp32", "ESP32S3", "xtensawin")


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done, how much of it, and of which file."""

    step: str
    done: float
    total: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Flashed:
    """A band that answers with the firmware that was put on it."""

    name: str
    port: str
    firmware: str
    protocol: tuple[int, int]
    micropython: str
    machine: str
    manifest_sha256: str
    image_sha256: str | None
    """Of the MicroPython that was written, if any was."""
    board: str
    """The variant whose pins it has now ..."""
    board_before: str | None
    """... and had before, if that is known."""
    sent: tuple[str, ...]
    there: int
    """Files that were there already."""
    removed: tuple[str, ...]
    sent_bytes: int
    silent: tuple[str, ...]
    """IMUs that do not answer: "thigh", "shank"."""
    elapsed_s: float


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class _Change:
    """What has to be done to the board's files."""

    send: tuple[BoardFile, ...]
    remove: tuple[str, ...]
    there: int
    freed_bytes: int


def flash(
    port: Port,
    image: Image | None,
    tell: Tell,
    variant: str | None = None,
    *,
    anyway: bool = False,
) -> Flashed:
    """Put our firmware on the board at `port`, MicroPython's `image` first where one is given.

    `variant` is of firmware_files.BOARDS; without one a band stays what it is. `anyway` even on a
    board with too little memory. Every error is a KneeTrackError that says what to do; after each
    of them the same call goes on.
    """
    began_s = time.monotonic()
    if image is not None:
        _put_image(port, image, tell)
    waits = "press RESET on the board once" if image is not None else ""
    tell(Progress("Asking the board", 0, 1, waits))
    board = _at_prompt(port, fresh=image is not None)
    try:
        about = board.about()
        _check(about, BAND, port)
        if not anyway:
            _check_memory(about, port)
        variant = variant or (about.variant if about.variant in BOARDS else BOARDS[0])
        files = compiled(
            about.form, lambda done, of: tell(Progress("Compiling", done, of)), variant
        )
        listed = manifest(files, about.form)
        change = _change(
            [*files, listed], board.held([*(file.name for file in files), MANIFEST, _SLOTS])
        )
        if change.send or change.remove:
            is_tight = _is_tight(about, change, port)
            board = _halted(board, without_updates=is_tight)
            _put_files(board, change, tell)
            _finish(board, files, listed, tell)
        tell(Progress("Starting the band", 0, 1))
        board.reset()
    finally:
        board.close()
    name, silent = asyncio.run(_band_at(board.port))
    return Flashed(
        name,
        board.port.device,
        __version__,
        wire.PROTOCOL_VERSION,
        about.version_text,
        about.machine,
        listed.sha256,
        None if image is None else image.sha256,
        variant,
        about.variant,
        tuple(file.name for file in change.send),
        change.there,
        change.remove,
        sum(len(file.data) for file in change.send),
        silent,
        time.monotonic() - began_s,
    )


def _put_image(port: Port, image: Image, tell: Tell) -> None:
    """MicroPython onto the chip; what a band that is there already keeps is not lost."""
    tell(Progress("Asking the board", 0, 1, "is there a band on it already?"))
    try:
        with Board(port, tries=2) as board:  # 6 s: it waits so long for a host that has just left
            about = board.about()
            check_keeps(image, about.vfs, about.kept)
    except NoPrompt:
        pass  # a new board, or one in its download mode
    _write(port, image, lambda share: tell(Progress("Writing MicroPython", share, 1)))


def _write(port: Port, image: Image, tell: Callable[[float], None]) -> None:
    """By esptool, which asks a running MicroPython for its download mode: that is another port."""
    at = flash_ports.again(port)
    try:
        write_image(at, image, tell)
    except NotTaken:
        moved = flash_ports.again(port)
        if moved.device == at.device:
            raise
        write_image(moved, image, tell)


def _at_prompt(port: Port, *, fresh: bool) -> Board:
    if not fresh:
        try:
            return Board(port)
        except LinkLost:  # it was being started anew
            flash_ports.pause(1.0)
            return Board(flash_ports.again(port))
    try:
        return connect(port, IMAGE_WITHIN_S)
    except LinkError as error:
        raise LinkError(
            f"MicroPython was written, but does not answer on {port} within {IMAGE_WITHIN_S:.0f} s."
            " Press RESET, then run kneetrack flash without --micropython."
        ) from error


def _check(about: About, target: Target, port: Port) -> None:
    """LinkError where it is no board for this firmware, or its MicroPython is too old."""
    if about.implementation != "micropython":
        raise LinkError(
            f"The board on {port} runs {about.implementation}. Give --micropython IMAGE.bin; if "
            f"it is not taken, bring the chip into its download mode before: {DOWNLOAD_MODE}."
        )
    if about.platform != target.platform or target.chip not in about.machine:
        raise LinkError(
            f'The board on {port} is "{about.machine}", and a band is an {target.chip}. '
            "Is another board on the cable? Choose by --port."
        )
    if about.version[:2] < LEAST_MICROPYTHON:
        least = ".".join(str(part) for part in LEAST_MICROPYTHON)
        raise LinkError(
            f"The board runs MicroPython {about.version_text}; {least} or later is needed. Give "
            "--micropython IMAGE.bin."
        )
    if not about.block_bytes:
        size = "" if about.flash_bytes is None else f" ({about.flash_bytes >> 20} MB)"
        raise LinkError(
            f"The board's MicroPython has no place for files: its image is for more flash than the "
            f"board has{size}. Give --micropython {RECOMMENDED.name}."
        )
    check_march(about.form, target.march)


def _check_memory(about: About, port: Port) -> None:
    """LinkError where the board says that it has too little memory for the firmware to start."""
    if about.memory_bytes is None or about.memory_bytes >= NEEDS_BYTES:
        return
    raise LinkError(
        f"The board on {port} has {about.memory_bytes // 1000} kB of memory, and the firmware "
        f"needs about {NEEDS_BYTES // 1000}: it would stop with a MemoryError at its start. Take a "
        "board with PSRAM, as the Feather 5477, or freeze the firmware into an image of your own "
        "(firmware/manifest.py). Nothing of the firmware was sent; --anyway sends it."
    )


def _change(files: list[BoardFile], held: dict[str, Held]) -> _Change:
    """What differs. A module that is not ours any more would be imported all the same."""
    wanted = {file.name for file in files}
    send = tuple(
        file for file in files if file.name not in held or held[file.name].sha256 != file.sha256
    )
    stale = tuple(sorted(name for name in held if name not in wanted))
    gone = [*stale, *(file.name for file in send if file.name in held)]
    return _Change(send, stale, len(files) - len(send), sum(held[name].size for name in gone))


def _is_tight(about: About, change: _Change, port: Port) -> bool:
    """Whether updates over the radio, which the cable takes out of force, have to make room.

    LinkError where that is not enough either, before anything is changed.
    """
    block = about.block_bytes
    needed = sum(-(-len(file.data) // block) * block for file in change.send)
    free = about.free_bytes + change.freed_bytes
    if needed > free + about.updates_bytes:
        raise full(port, needed, free + about.updates_bytes)
    return needed > free


def _halted(board: Board, *, without_updates: bool) -> Board:
    """The board without its program, and with all of its memory."""
    board.remove(_MAIN)
    board.remove(_SLOTS)  # before the start, which would put a slot before what is sent
    if without_updates:
        board.remove_updates()
    board.reset()
    return connect(board.port, STARTS_WITHIN_S)


def _put_files(board: Board, change: _Change, tell: Tell) -> None:
    """All that differs but main.py and the manifest; main.py under its waiting name."""
    for name in change.remove:
        board.remove(name)
    board.make_folders()
    files = [_waiting(file) if file.name == _MAIN else file for file in change.send]
    files = [file for file in files if file.name != MANIFEST]
    total = sum(len(file.data) for file in files)
    tell(Progress("Sending", 0, total))
    board.send(files, lambda name, written: tell(Progress("Sending", written, total, name)))


def _waiting(main: BoardFile) -> BoardFile:
    return BoardFile(_WAITING, main.data, main.sha256)


def _finish(board: Board, files: list[BoardFile], listed: BoardFile, tell: Tell) -> None:
    """See that everything is there; then, and only then, the board has a program again."""
    tell(Progress("Checking", 0, 1))
    main = next(file for file in files if file.name == _MAIN)
    held = board.held([_WAITING, *(file.name for file in files)])
    waiting = held.get(_WAITING)
    if waiting is None or waiting.sha256 != main.sha256:  # it did not differ, and was taken away
        board.send([_waiting(main)], lambda name, written: None)
        held = board.held([_WAITING, *(file.name for file in files)])
    for file in files:
        there = held.get(_WAITING if file is main else file.name)
        if there is None or there.sha256 != file.sha256:
            raise LinkError(
                f"{file.name} did not arrive whole on {board.port}. Run the same command again, "
                "with another cable if need be. If that changes nothing, the board's flash is worn."
            )
    version = board.firmware_version()
    if version != __version__:
        raise LinkError(
            f"The board imports firmware {version} and not {__version__}: something else of that "
            "name is frozen into its MicroPython. Give --micropython IMAGE.bin, an official one."
        )
    board.send([listed], lambda name, written: None)
    board.rename(_WAITING, _MAIN)


async def _band_at(port: Port) -> tuple[str, tuple[str, ...]]:
    """Name of the band that answers there now, and its silent IMUs."""
    ends_s = time.monotonic() + STARTS_WITHIN_S
    while True:
        at = flash_ports.again(port)
        try:
            async with open_link(f"serial:{at}") as link:
                feature = link.feature
                if (feature.protocol_major, feature.protocol_minor) != wire.PROTOCOL_VERSION:
                    raise ProtocolMismatch(
                        f"The band answers with protocol {feature.protocol_major}."
                        f"{feature.protocol_minor}, which is not what was put on it. Press RESET "
                        "and run this again."
                    )
                chips = {"thigh": feature.thigh_chip, "shank": feature.shank_chip}
                return link.name, tuple(name for name, chip in chips.items() if not chip)
        except ProtocolMismatch:
            raise
        except LinkError as error:
            if time.monotonic() > ends_s:
                raise LinkError(
                    f"All files are on the board and checked, but no band answers on {at} within "
                    f"{STARTS_WITHIN_S:.0f} s. Press RESET and try kneetrack doctor --link "
                    f"serial:{at}."
                ) from error
            await asyncio.sleep(0.3)
