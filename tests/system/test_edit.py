"""`kneetrack edit`: what is said of a recording later shows wherever it is looked at."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from band_packets import Band
from command_line import is_one_sentence, kneetrack
from knee_recordings import session
from kneetrack.analysis import analyse
from kneetrack.cli.replay import compared, fold
from kneetrack.detection import Analyzer, event_dict
from kneetrack.edits import LEFT_OUT, Labelled, append, journal_of, read
from kneetrack.maintenance.privacy import delete, holdings
from kneetrack.protocol import Decoder
from kneetrack.samples import Side, Verdict
from kneetrack.sessionlog import SessionWriter, read_log
from kneetrack.sessionlog.streams import SAID
from synthetic_legs import leg, save, trace_of

BUMPS = {Side.RIGHT: [0.0, 8.0, 0.0, 0.0, 0.0, 0.0], Side.LEFT: [0.0, 0.0, 0.0, 12.0, 0.0, 0.0]}


def recorded(path: Path, sides: tuple[Side, ...], exercise: str = "squat") -> Path:
    """A log as `record` writes it, with what the analyzer said while it was recorded."""
    made = {side: session(BUMPS[side]) for side in sides}
    windows = [
        {"kind": w.kind, "start_s": w.start_s, "end_s": w.end_s} for w in made[sides[0]].windows
    ]
    facts: dict[str, Any] = {"exercise": exercise, "athlete": "A", "load_kg": 40.0}
    facts |= {"windows": windows, "tags": {"band": "light"}}
    with SessionWriter(path, facts) as writer:
        for side, recording in made.items():
            decoder = Decoder()
            analyzer = Analyzer(side, exercise, windows=recording.windows)
            for packet in Band(recording.samples, boot_id=int(side) + 3).live():
                writer.packet(side, packet)
                for event in analyzer.feed_all(decoder.feed(packet)):
                    writer.event(event_dict(event))
            for event in analyzer.flush():
                writer.event(event_dict(event))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("logs")
    return {
        "one": recorded(folder / "one.mcap", (Side.RIGHT,)),
        "both": recorded(folder / "both.mcap", (Side.RIGHT, Side.LEFT)),
    }


@pytest.fixture
def one(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(made["one"], tmp_path / "one.mcap"))


@pytest.fixture
def both(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(made["both"], tmp_path / "both.mcap"))


def good(*arguments: str | Path) -> str:
    result = kneetrack(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def document(*arguments: str | Path) -> dict[str, Any]:
    return json.loads(good(*arguments, "--json"))


def test_what_is_said_later_is_over_what_was_recorded_and_the_log_is_not_touched(one: Path) -> None:
    before = one.read_bytes()
    told = good(
        "edit", one, "--load", "135lb", "--rpe", "7", "--tag", "shoes=flat", "--note", "tired"
    )
    assert told == 'Load 61.2 kg; effort 7 of 10; note "tired"; shoes: flat.\n'
    found = document("analyze", one)
    assert found["session"] == {
        "started_utc": None,
        "exercise": "squat",
        "athlete": "A",
        "load_kg": 61.235,
        "rpe": 7.0,
        "note": "tired",
        "tags": {"band": "light", "shoes": "flat"},
    }
    assert found["edits"] == {"changes": 1, "unread_lines": 0}
    good("edit", one, "--clear", "band", "--clear", "load")
    session = document("edit", one)["session"]
    assert session["tags"] == {"shoes": "flat"} and "load_kg" not in session
    assert one.read_bytes() == before


def test_a_rep_that_was_none_is_listed_but_not_judged_and_can_be_put_back(one: Path) -> None:
    before = document("analyze", one)["legs"][0]
    assert before["reps"][1]["verdict"] == "moved_inward"
    assert before["summary"]["share_in_range"] == pytest.approx(5 / 6, abs=1e-4)
    good("edit", one, "--rep", "2", "not a squat")
    after = document("analyze", one)["legs"][0]
    assert after["reps"][1]["verdict"] is None and after["reps"][1]["label"] == "not a squat"
    assert [rep["index"] for rep in after["reps"]] == list(range(6))
    assert after["summary"]["left_out"] == 1 and after["summary"]["judged"] == 5
    assert after["summary"]["share_in_range"] == 1.0
    shown = good("analyze", one)
    assert "not a squat" in shown and "5 of 5 reps in range (100 %)" in shown
    assert "1 left out by you" in shown
    good("edit", one, "--put-back", "2")
    assert document("analyze", one)["legs"][0] == before
    good("edit", one, "--undo")
    assert document("analyze", one)["legs"][0] == after
    good("edit", one, "--undo")
    assert document("analyze", one)["legs"][0] == before
    history = document("edit", one, "--history")["history"]
    assert [entry["undone"] for entry in history] == [True, True]


def test_a_rep_is_named_by_the_start_that_the_table_gives_it(one: Path) -> None:
    start_s = document("analyze", one)["legs"][0]["reps"][2]["start_s"]
    name = f"the rep from {start_s:.1f} s"
    assert name in good("edit", one, "--rep", "3", "not a squat")
    assert name in good("edit", one)
    assert name in good("edit", one, "--put-back", "3")
    append(one, Labelled(Side.RIGHT, 12.34, "by an earlier version"))
    assert "the rep around 12.3 s: by an earlier version" in good("edit", one, "--history")


def test_what_was_said_while_recording_is_known_and_can_be_cleared(tmp_path: Path) -> None:
    log = tmp_path / "said.mcap"
    packets = Band(session([0.0]).samples, boot_id=4).live()
    with SessionWriter(log, {"exercise": "squat"}) as writer:
        for packet in packets[:20]:
            writer.packet(Side.RIGHT, packet)
        writer.event({"event": SAID, "side": "right", "set": 0, "load_kg": 61.235, "note": "stiff"})
    assert good("edit", log) == 'load 61.2 kg\nexercise squat\nnote "stiff"\n'
    good("edit", log, "--clear", "load")
    assert good("edit", log).startswith("exercise")


def test_what_is_not_there_cannot_be_cleared(one: Path) -> None:
    for word in ("shoes", "rpe"):
        refused = kneetrack("edit", one, "--clear", word)
        assert refused.returncode == 1 and is_one_sentence(refused.stderr)
        assert f'no "{word}" to forget. What can be cleared: load, athlete, band.' in refused.stderr
    assert document("edit", one)["changes"] == 0


def test_a_rep_of_one_leg_is_not_that_of_the_other(both: Path) -> None:
    result = kneetrack("edit", both, "--leave-out", "4")
    assert result.returncode == 2 and "--side" in result.stderr
    good("edit", both, "--leave-out", "4", "--side", "left")
    right, left = analyse(both).legs
    assert [rep.label for rep in right.result.reps] == [None] * 6
    assert [rep.label for rep in left.result.reps] == [None] * 3 + [LEFT_OUT] + [None] * 2
    assert not read(both).labels_of(Side.RIGHT)


def test_labels_hold_however_the_log_is_looked_at(one: Path) -> None:
    good("edit", one, "--leave-out", "2")
    (leg_now,) = analyse(one, side=Side.RIGHT).legs
    assert leg_now.result.reps[1].label == LEFT_OUT
    assert leg_now.result.sets[0].verdict is Verdict.IN_RANGE


def test_replay_shows_what_was_said_and_still_compares_with_what_was_recorded(one: Path) -> None:
    def replayed() -> tuple[Any, int, int]:
        log = read_log(one)
        _, analyzers, events = asyncio.run(fold(log, None, 0))
        return analyzers[Side.RIGHT].result(), *compared(log, events)

    result, same, count = replayed()
    assert same == count > 5 and result == analyse(one).legs[0].result
    good("edit", one, "--leave-out", "2")
    result, same, count = replayed()
    assert same == count > 5
    assert result.reps[1].label == LEFT_OUT and result == analyse(one).legs[0].result
    shown = kneetrack("replay", one, "--speed", "max")
    assert "left out" in shown.stdout and f"{count} of {count}" in shown.stderr
    assert "With what you said later (1 change, 1 rep left out)" in shown.stderr


def test_another_exercise_has_its_own_reps_looked_for(one: Path) -> None:
    good("edit", one, "--exercise", "lunge")
    (leg_now,) = document("analyze", one)["legs"]
    assert leg_now["exercise"] == "lunge"
    good("edit", one, "--exercise", "walk")
    (leg_now,) = document("analyze", one)["legs"]
    assert leg_now["exercise"] == "walk"
    assert all(rep["verdict"] is None for rep in leg_now["reps"])
    good("edit", one, "--undo")
    assert document("analyze", one)["legs"][0]["exercise"] == "lunge"


def test_the_journal_travels_with_its_log_and_a_copy_without_it_is_as_recorded(
    one: Path, tmp_path: Path
) -> None:
    good("edit", one, "--leave-out", "2")
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(one, moved / "other name.mcap")
    assert analyse(moved / "other name.mcap").edits.changes == 0
    shutil.move(journal_of(one), journal_of(moved / "other name.mcap"))
    assert analyse(moved / "other name.mcap").legs[0].result.reps[1].label == LEFT_OUT


def test_a_trace_takes_the_same(tmp_path: Path) -> None:
    trace = save(trace_of(leg()), tmp_path)
    before = document("analyze", trace)["legs"][0]
    good("edit", trace, "--leave-out", "3", "--tag", "cue=knees out")
    found = document("analyze", trace)
    assert found["legs"][0]["reps"][2]["label"] == LEFT_OUT
    assert found["session"] == {
        "started_utc": None,
        "exercise": "squat",
        "tags": {"cue": "knees out"},
    }
    assert before["reps"][2]["label"] is None


def test_both_legs_are_compared_in_degrees_under_their_tables(both: Path) -> None:
    found = {one["name"]: one for one in document("analyze", both)["sides"]}
    inward = found["valgus_excursion_deg"]
    assert inward["percent"] is None and inward["mdc95"] > 0.0
    assert inward["right_minus_left"] == pytest.approx(inward["right"] - inward["left"], abs=2e-4)
    assert found["duration_s"]["percent"] is not None
    shown = good("analyze", both)
    assert "Inward: left and right not distinguishable" in re.sub(r"\s+", " ", shown)


def test_a_suggestion_stands_below_with_its_facts_and_goes_with_what_was_said(one: Path) -> None:
    path = one
    assert document("analyze", path)["advice"] == []
    good("edit", path, "--tag", "pain=yes")
    (advice,) = document("analyze", path)["advice"]
    assert advice["rule"] == "ask" and advice["facts"] and "row 36" in advice["source"]
    assert "You noted pain" in good("analyze", path)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--leave-out", "99"], 1, "no rep 99"),
        (["--leave-out", "0"], 1, "no rep 0"),
        (["--put-back", "1"], 1, "counts already"),
        (["--undo"], 1, "Nothing was changed"),
        (["--load", "heavy"], 2, "135lb"),
        (["--rpe", "11"], 2, "from 0"),
        (["--tag", "pain=some"], 2, "yes or no"),
        (["--exercise", "dance"], 2, "--exercise is one of"),
        (["--undo", "--load", "3"], 2, "by themselves"),
        (["--exercise", "lunge", "--leave-out", "1"], 2, "first"),
        (["--side", "up", "--leave-out", "1"], 2, "--side"),
        (["--side", "left", "--leave-out", "1"], 1, "no left leg"),
        (["--rep", "2", " "], 2, "empty"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(
    one: Path, arguments: list[str], code: int, says: str
) -> None:
    result = kneetrack("edit", one, *arguments)
    assert result.returncode == code and says in result.stderr
    assert is_one_sentence(result.stderr)
    assert not journal_of(one).exists()


def test_of_several_changes_all_are_made_or_none(one: Path) -> None:
    result = kneetrack("edit", one, "--load", "50", "--leave-out", "1", "--leave-out", "77")
    assert result.returncode == 1 and not journal_of(one).exists()


def test_what_is_not_there_or_no_recording_is_told(tmp_path: Path) -> None:
    for name in ("none.mcap", "notes.txt"):
        for arguments in ([], ["--load", "5"], ["--history"], ["--undo"]):
            result = kneetrack("edit", tmp_path / name, *arguments)
            assert result.returncode == 1 and is_one_sentence(result.stderr), (name, arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_known_tags_are_listed() -> None:
    told = good("edit", "--tags")
    for key in ("stance", "toe_out", "shoes", "heel_plates", "band", "cue", "footwear", "pain"):
        assert key in told


# --- privacy -------------------------------------------------------------------------------------


def test_what_was_said_is_listed_and_deleted_with_its_log(one: Path) -> None:
    append(one, Labelled(Side.RIGHT, 3.0))
    found = holdings(one.parent)
    assert {(kept.path.name, kept.kind, kept.athlete) for kept in found.files} == {
        ("one.mcap", "recording", "A"),
        ("one.mcap.edits.jsonl", "edits", "A"),
    }
    assert not any(kept.open_to_others for kept in found.files if kept.kind == "edits")
    good("edit", one, "--athlete", "B")
    assert {kept.athlete for kept in holdings(one.parent).files} == {"B"}
    gone, refused = delete(holdings(one.parent).of("B"))
    assert len(gone) == 2 and not refused and list(one.parent.iterdir()) == []


def test_of_a_log_that_is_being_recorded_what_was_said_stays_too(tmp_path: Path) -> None:
    path = tmp_path / "now.mcap"
    with SessionWriter(path, {"athlete": "A"}):
        append(path, Labelled(Side.RIGHT, 3.0))
        gone, refused = delete(holdings(tmp_path).files)
        assert gone == () and len(refused) == 1
    assert journal_of(path).exists()
