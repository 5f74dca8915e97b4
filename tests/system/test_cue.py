"""`kneetrack record --cue`: from the options to the log, over a simulated band."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from command_line import kneetrack
from kneetrack.analysis import analyse
from kneetrack.cli.cue import tagged
from kneetrack.cue import Plan, Policy, Way, cued_reps
from kneetrack.errors import UsageError
from kneetrack.link.radio import virtual
from kneetrack.samples import Verdict
from kneetrack.sessionlog import read_log

SQUATS = "sim:squats?valgus=12&reps=3&table=2&stand=3.5&functional=3"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("cued") / "a.mcap"
    options = ("--cue", "every", "--cue-by", "bell", "--cue-text", "knees over toes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "run", virtual.run)  # however busy this machine is
        said = kneetrack("record", "--link", SQUATS, "--out", path, *options, "--before", "pain=no")
    assert said.returncode == 0, said.stderr
    return path, said


def test_the_reps_that_moved_inward_are_cued_and_noted(recorded) -> None:
    path, said = recorded
    log = read_log(path)
    inward = {
        rep.index
        for rep in analyse(path).legs[0].result.reps
        if rep.verdict in (Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE)
    }
    assert inward and cued_reps(log.events, "right") == dict.fromkeys(inward, Way.INWARD)
    assert said.stdout.count("cue: knees over toes") == len(inward)
    assert "no terminal that has a bell" in " ".join(said.stderr.split())


def test_the_plan_the_tag_and_the_answers_are_kept(recorded) -> None:
    session = read_log(recorded[0]).session
    assert session["cue"]["policy"] == "every" and session["cue"]["text"] == "knees over toes"
    assert session["tags"] == {"cue": "knees over toes"}
    assert session["before"] == {"pain": "no"}


@pytest.mark.parametrize(
    ("plan", "tags"),
    [
        (Plan(Policy.FADED, text=" spread the floor "), {"cue": "spread the floor"}),
        (Plan(Policy.FADED, text=" "), {"cue": "faded"}),
        (Plan(Policy.OFF, text="spread the floor"), {}),
        (Plan(Policy.EVERY, text="spread the floor", load_kg=60.0), {}),
        (None, {}),
    ],
)
def test_a_session_is_tagged_with_the_words_and_only_where_cues_are_given(plan, tags) -> None:
    assert tagged({}, plan) == tags
    own = {"cue": "my own", "shoes": "flat"}
    assert tagged(own, plan) == own


def test_words_too_long_for_a_tag_are_refused() -> None:
    with pytest.raises(UsageError, match="--cue-text is 101 letters long"):
        tagged({}, Plan(Policy.EVERY, text="x" * 101))


def test_a_replay_gives_the_same_cues(recorded) -> None:
    path, live = recorded
    again = kneetrack("replay", path, "--speed", "max")
    assert again.returncode == 0, again.stderr

    def cues(text: str) -> list[str]:
        return [line for line in text.splitlines() if "cue: " in line]

    assert cues(again.stdout) == cues(live.stdout)


def test_what_would_hear_cues_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = kneetrack("cue", "--cue-text", "knees over toes")
    assert said.returncode == 0
    assert "voice: none found" in said.stdout and "heard by: bell" in said.stdout
    told = " ".join(said.stderr.split())
    assert "No speech program was found" in told and "No player of sounds was found" in told


def test_the_test_gives_each_kind_once() -> None:
    said = kneetrack("cue", "--test", "--cue-by", "bell", "--cue-text", "knees over toes")
    assert "inward: knees over toes" in said.stdout and "outward: outward" in said.stdout
    assert "0 of 3" in said.stdout  # there is no terminal here
    assert "could not be heard" in " ".join(said.stderr.split())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--cue", "often"), "--cue is one of every, faded, end, off"),
        (("--cue", "every", "--cue-when", "later"), "--cue-when is one of after, during"),
        (("--cue", "every", "--cue-by", "drum"), "--cue-by is one of auto, voice, sound, bell"),
        (("--cue-text", "knees out"), "add how often"),
        (("--before", "pain=perhaps"), "--before is none, or pain"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: tuple[str, ...], told: str) -> None:
    said = kneetrack("record", "--link", SQUATS, *options)
    assert said.returncode == 2
    assert told in said.stderr and len(said.stderr.strip().splitlines()) == 1
