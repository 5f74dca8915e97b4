"""How a cue is heard: the terminal's bell, a tone, or words, in a thread of its own.

    sound(cue)  puts it down and returns at once: nothing that records or shows waits for it

One cue at a time. One that comes while another is heard waits, but not for long: after LATE_S it is
dropped, for it would be about a rep that is no longer the last. What can't be heard as wished is
heard in the next way there is (words, tone, bell), and `troubles` tell of that, once each.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from kneetrack.cue import programs
from kneetrack.cue.coach import Cue, Kind, Way, words_of

LATE_S = 1.5
CLOSE_S = 4.0
"""So long the end waits for a cue that is still to be heard."""


_NO_BELL = "Cues could not be heard: this is no terminal that has a bell. They are in the log."


class By(StrEnum):
    """How a cue is heard. `AUTO`: words where there are any, else a tone, else the bell.

    `BAND`: not here. The band gives it by itself, with its motor (`cue.on_band`).
    """

    AUTO = "auto"
    VOICE = "voice"
    SOUND = "sound"
    BELL = "bell"
    BAND = "band"


class Sounder:
    """Has cues heard. `bell` rings the terminal's; it is False where there is none.

    `by` is how cues are heard now; `remarks` what this computer has not, `troubles` what failed.
    """

    def __init__(
        self,
        by: By,
        text: str,
        *,
        bell: Callable[[], bool],
        voice: programs.Program | None = None,
        player: programs.Program | None = None,
    ) -> None:
        self._text = text
        self._bell = bell
        self._programs = {By.VOICE: voice, By.SOUND: player}
        self.remarks: list[str] = []
        self.troubles: list[str] = []
        self.heard = 0
        self.dropped = 0
        self.by: By = self._possible(by)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tones: dict[tuple[Way, bool], Path] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: queue.Queue[tuple[Cue, str, float] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="cues", daemon=True)

    def __enter__(self) -> Sounder:
        if self._programs[By.SOUND] is not None and self.by is not By.BELL:
            try:
                self._folder = tempfile.TemporaryDirectory(prefix="kneetrack-cues-")
                self._tones = programs.write_tones(Path(self._folder.name))
            except OSError as error:
                self._programs[By.SOUND] = None
                self.by = By.VOICE if self.by is By.VOICE else By.BELL
                self.troubles.append(f"The tones of cues can't be kept ({error.strerror}).")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join(CLOSE_S)
        process = self._process
        if process is not None and self._thread.is_alive():
            with contextlib.suppress(OSError):
                process.kill()
            self._thread.join(CLOSE_S)
        if self._folder is not None:
            self._folder.cleanup()

    def sound(self, cue: Cue, side: str = "") -> None:
        """Have it heard, after the `side` where words are spoken. Returns at once."""
        self._waiting.put((cue, side, time.monotonic()))

    # --- beside ----------------------------------------------------------------------------------

    def _possible(self, by: By) -> By:
        """What comes nearest to `by`; what is lacking goes into `remarks`."""
        voice, player = self._programs[By.VOICE], self._programs[By.SOUND]
        if by is By.BELL:
            return by
        if by is By.VOICE or (by is By.AUTO and self._text):
            if voice is not None:
                return By.VOICE
            self.remarks.append(_lacking("voice"))
        if player is not None:
            return By.SOUND
        self.remarks.append(_lacking("player"))
        return By.BELL

    def _work(self) -> None:
        while True:
            waiting = self._waiting.get()
            if waiting is None:
                return
            cue, side, since_s = waiting
            if time.monotonic() - since_s > LATE_S and cue.kind is not Kind.SET:
                self.dropped += 1
                continue
            self._hear(cue, side)

    def _hear(self, cue: Cue, side: str) -> None:
        """In the best way that works; one that fails is given up for good."""
        for by in (By.VOICE, By.SOUND):
            program = self._programs[by]
            if program is None or self.by is not by:
                continue
            trouble = program.run(self._given(cue, side), self._started)
            self._process = None
            if not trouble:
                self.heard += 1
                return
            tone = by is By.VOICE and self._programs[By.SOUND] is not None
            self.by = By.SOUND if tone else By.BELL
            how = "a tone" if tone else "the terminal's bell"
            self.troubles.append(f"Cues can't be heard as wished ({trouble}): {how} instead.")
        if self._bell():
            self.heard += 1
        elif _NO_BELL not in self.troubles:
            self.troubles.append(_NO_BELL)

    def _given(self, cue: Cue, side: str) -> str:
        if self.by is By.VOICE:
            words = words_of(cue, self._text).lstrip("-")  # no option of the program
            return f"{side}: {words}" if side else words
        return str(self._tones[cue.way, cue.kind is Kind.SET])

    def _started(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process


def sounder(by: By, text: str, *, bell: Callable[[], bool]) -> Sounder:
    """One that uses what this computer has."""
    return Sounder(
        by,
        text,
        bell=bell,
        voice=programs.find_voice(),
        player=programs.find_player(),
    )


def _lacking(what: str) -> str:
    """What this computer has not, and what would bring it."""
    if what == "voice":
        return (
            "No speech program was found on this computer, so your words are shown and not spoken; "
            f"one is: {programs.names('voice')}."
        )
    return (
        "No player of sounds was found on this computer, so cues ring the terminal's bell; "
        f"one is in: {programs.names('player')}."
    )
