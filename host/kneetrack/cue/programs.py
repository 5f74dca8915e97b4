"""The system's own players and voices: looked for, never required, and what they are given.

A cue is a short tone, rising for inward and falling for outward, twice where it is about a whole
set; or words. Tones are written as WAV files once, for every player plays those. A program that
fails, as a player does on a computer without a loudspeaker, is told of and not asked again.
"""

from __future__ import annotations

import array
import math
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kneetrack.cue.coach import Way

LONGEST_S = 6.0
"""A program that takes longer is ended."""

RATE_HZ = 22050
TONE_S = 0.11
FADE_S = 0.008
LOUD = 0.6
_HZ = {Way.INWARD: (660.0, 990.0), Way.OUTWARD: (660.0, 440.0)}

_PLAYERS = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("afplay",),
    ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
)
_VOICES = (
    ("say",),
    ("spd-say", "--wait"),
    ("espeak-ng",),
    ("espeak",),
)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that takes what it is to play or say as its last argument."""

    command: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.command[0]

    def run(self, what: str, started: Callable[[subprocess.Popen[bytes]], None]) -> str:
        """Have it done to its end; what went wrong, or "". `started` is told the process."""
        try:
            process = subprocess.Popen(
                [*self.command, what],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            return f"{self.name}: {error.strerror or error}"
        started(process)
        try:
            code = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"{self.name} did not end within {LONGEST_S:.0f} s"
        return f"{self.name} ended with code {code}" if code > 0 else ""


def find_player(which: Callable[[str], str | None] = shutil.which) -> Program | None:
    """The first player of sound files there is."""
    return _first(_PLAYERS, which)


def find_voice(which: Callable[[str], str | None] = shutil.which) -> Program | None:
    """The first speech program there is."""
    return _first(_VOICES, which)


def _first(
    commands: Sequence[tuple[str, ...]], which: Callable[[str], str | None]
) -> Program | None:
    return next((Program(command) for command in commands if which(command[0])), None)


def names(commands: str) -> str:
    """What could be installed, for a sentence: `player` or `voice`."""
    if sys.platform.startswith("linux"):
        return "pipewire-bin or alsa-utils" if commands == "player" else "espeak-ng"
    return "ffmpeg" if commands == "player" else "espeak-ng"


def write_tones(folder: Path) -> dict[tuple[Way, bool], Path]:
    """A WAV file for each way, of a rep and of a set (True)."""
    made: dict[tuple[Way, bool], Path] = {}
    for way, notes in _HZ.items():
        for of_set in (False, True):
            path = folder / f"{way.value}{'_set' if of_set else ''}.wav"
            _write(path, notes * 2 if of_set else notes)
            made[way, of_set] = path
    return made


def _write(path: Path, notes: Sequence[float]) -> None:
    samples = array.array("h")
    count = round(TONE_S * RATE_HZ)
    fade = round(FADE_S * RATE_HZ)
    for hertz in notes:
        for at in range(count):
            edge = min(1.0, at / fade, (count - at) / fade)
            level = LOUD * edge * math.sin(2.0 * math.pi * hertz * at / RATE_HZ)
            samples.append(round(32767 * level))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
