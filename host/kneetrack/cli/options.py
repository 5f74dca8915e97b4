"""What several commands take: links, sides, speeds, outputs."""

from __future__ import annotations

import math
from pathlib import Path

from kneetrack.errors import InputError, UsageError
from kneetrack.samples import Side

LINK_VARIABLE = "KNEETRACK_LINK"
"""The environment's word for --link where none is given; several are told apart by spaces. With
`export KNEETRACK_LINK="sim:squats?valgus=8"` every command is one of a simulated leg."""
SIDE_HELP = "The leg, where the source does not say it: right or left."
JSON_HELP = "Print JSON instead of a table."
LSL_HELP = "Publish angles and events to the Lab Streaming Layer, for anybody on the network."


def side_of(word: str | None) -> Side | None:
    """The side that was typed; UsageError where it is neither."""
    if word is None:
        return None
    try:
        return Side.from_word(word)
    except ValueError as error:
        raise UsageError(f"--{error}.") from None


def speed_of(word: str) -> float:
    """N times real time; 0.0 for `max`."""
    if word == "max":
        return 0.0
    try:
        speed = float(word)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise UsageError(f'--speed is a number of times real time, or max, not "{word}".')
    return speed


def check_output(out: Path, mark: str, option: str = "--out") -> None:
    """Refuse an output (`option`) that can't be written, or where something else is kept already.

    Only a file that begins like what the command writes (`mark` within its first hundred letters)
    is written over: a slip of the keyboard must not cost a recording. UsageError, InputError.
    """
    if out.is_dir():
        raise UsageError(f"{option} {out} is a folder; name a file in it.")
    folder = out.absolute().parent
    if not folder.is_dir():
        raise InputError(f"The folder {folder} does not exist; make it first.")
    if not out.is_file():
        return  # new, or a device or pipe, where nothing is kept
    try:
        with out.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise InputError(
            f"{out} can't be read, to see whether it may be written over: {error.strerror}. "
            "Choose another name."
        ) from None
    if head and mark.encode() not in head:
        raise UsageError(
            f"{option} {out} exists already and is something else, which is not written over; "
            "choose another name."
        )
