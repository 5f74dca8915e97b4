"""How cues are heard: programs looked for, fallen back from, and never waited for."""

from __future__ import annotations

import os
import stat
import time
import wave
from pathlib import Path

import pytest

from kneetrack.cue import Cue, Kind, Way, words_of
from kneetrack.cue.programs import Program, find_player, find_voice, write_tones
from kneetrack.cue.sounding import LATE_S, By, Sounder

INWARD = Cue(Kind.REP, Way.INWARD, 1.0, 0, 0, 6.0)
OUTWARD = Cue(Kind.REP, Way.OUTWARD, 2.0, 0, 1, -6.0)
OF_SET = Cue(Kind.SET, Way.INWARD, 3.0, 0, None, None, 3, 8)
SHARED = Cue(Kind.SET, Way.OUTWARD, 3.0, 0, None, -6.0)


class Bell:
    def __init__(self, there: bool = True) -> None:
        self.rung = 0
        self.there = there

    def __call__(self) -> bool:
        self.rung += self.there
        return self.there


def script(folder: Path, name: str, body: str) -> Program:
    """A program of that name, as the system's own would be."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Program((str(path),))


def heard(sounder: Sounder, *cues: Cue, side: str = "") -> Sounder:
    with sounder:
        for cue in cues:
            sounder.sound(cue, side)
    return sounder


def test_words_say_what_was_measured_and_the_persons_own_for_inward() -> None:
    assert words_of(INWARD) == "inward"
    assert words_of(INWARD, "knees over toes") == "knees over toes"
    assert words_of(OUTWARD, "knees over toes") == "outward"
    assert words_of(OF_SET, "knees over toes") == "Set over: 3 of 8 inward."
    assert words_of(SHARED) == "Set over: all reps further out."


def test_a_voice_speaks_the_words_and_says_whose_leg(tmp_path: Path) -> None:
    said = tmp_path / "said"
    voice = script(tmp_path, "voice", f'echo "$1" >> {said}')
    sounder = Sounder(By.AUTO, "knees over toes", bell=Bell(), voice=voice)
    assert sounder.by is By.VOICE and not sounder.remarks
    heard(sounder, INWARD, OUTWARD, side="left")
    assert said.read_text().splitlines() == ["left: knees over toes", "left: outward"]
    assert sounder.heard == 2


def test_words_are_never_options_of_the_program(tmp_path: Path) -> None:
    said = tmp_path / "said"
    voice = script(tmp_path, "voice", f'echo "$1" >> {said}')
    heard(Sounder(By.VOICE, "--file=/etc/passwd; rm x", bell=Bell(), voice=voice), INWARD)
    assert said.read_text() == "file=/etc/passwd; rm x\n"


def test_a_tone_is_played_each_way_its_own(tmp_path: Path) -> None:
    played = tmp_path / "played"
    player = script(tmp_path, "player", f'basename "$1" >> {played}; test -s "$1"')
    sounder = heard(Sounder(By.AUTO, "", bell=Bell(), player=player), INWARD, OUTWARD, OF_SET)
    assert played.read_text().split() == ["inward.wav", "outward.wav", "inward_set.wav"]
    assert sounder.heard == 3 and not sounder.troubles


def test_the_tones_are_short_and_not_clipped(tmp_path: Path) -> None:
    for path in write_tones(tmp_path).values():
        with wave.open(str(path)) as file:
            assert 0.15 < file.getnframes() / file.getframerate() < 0.6
            data = memoryview(file.readframes(file.getnframes())).cast("h")
        assert 10_000 < max(data) < 32_000


def test_without_any_program_the_bell_rings_and_that_is_said() -> None:
    bell = Bell()
    sounder = Sounder(By.AUTO, "knees over toes", bell=bell)
    assert sounder.by is By.BELL
    assert len(sounder.remarks) == 2 and "speech" in sounder.remarks[0]
    heard(sounder, INWARD)
    assert bell.rung == 1 and sounder.heard == 1


def test_the_bell_is_no_remark_where_it_was_asked_for() -> None:
    assert not Sounder(By.BELL, "", bell=Bell()).remarks


def test_without_a_terminal_it_is_said_that_nothing_was_heard() -> None:
    sounder = heard(Sounder(By.BELL, "", bell=Bell(there=False)), INWARD, INWARD)
    assert sounder.heard == 0 and len(sounder.troubles) == 1


@pytest.mark.parametrize("missing", [True, False])
def test_a_program_that_fails_is_replaced_by_the_next_for_good(
    tmp_path: Path, missing: bool
) -> None:
    voice = script(tmp_path, "voice", "exit 3")
    if missing:
        os.remove(voice.command[0])
    player = script(tmp_path, "player", "exit 1")
    bell = Bell()
    sounder = Sounder(By.VOICE, "", bell=bell, voice=voice, player=player)
    heard(sounder, INWARD, OUTWARD)
    assert sounder.by is By.BELL and bell.rung == 2 and sounder.heard == 2
    assert ["voice" in sounder.troubles[0], "bell" in sounder.troubles[1]] == [True, True]


def test_nothing_waits_for_a_cue_and_one_that_is_late_is_dropped(tmp_path: Path) -> None:
    player = script(tmp_path, "player", f"sleep {LATE_S + 0.3}")
    sounder = Sounder(By.SOUND, "", bell=Bell(), player=player)
    with sounder:
        begun_s = time.monotonic()
        for _ in range(3):
            sounder.sound(INWARD)
        assert time.monotonic() - begun_s < 0.05
    assert sounder.heard == 1 and sounder.dropped == 2


def test_what_this_computer_has_is_looked_for_by_name() -> None:
    def which(*there: str):
        return lambda name: f"/usr/bin/{name}" if name in there else None

    assert find_player(which()) is None and find_voice(which()) is None
    player, voice = find_player(which("aplay", "ffplay")), find_voice(which("espeak-ng", "espeak"))
    assert player is not None and player.name == "aplay"
    assert voice is not None and voice.name == "espeak-ng"
