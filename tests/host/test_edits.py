"""What is said of a recording later: how it is typed, kept, taken back, and laid over the log."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kneetrack.edits import (
    Edits,
    Labelled,
    PutBack,
    Set,
    append,
    fields,
    history,
    journal_of,
    read,
    undo,
)
from kneetrack.edits.change import from_json, to_json, together
from kneetrack.errors import InputError, UsageError
from kneetrack.samples import Label, Side


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "session.mcap"
    path.write_bytes(b"\x89MCAP0\r\n never touched")
    return path


# --- laid over -----------------------------------------------------------------------------------


def test_what_was_said_last_holds_and_tags_are_merged(log: Path) -> None:
    before = log.read_bytes()
    append(log, Set({"load_kg": 60.0, "tags": {"shoes": "flat", "cue": "knees out"}}))
    append(log, Set({"rpe": 7.0, "load_kg": 62.5, "tags": {"cue": None, "pain": "no"}}))
    edits = read(log)
    assert (edits.load_kg, edits.rpe, edits.changes) == (62.5, 7.0, 2)
    session = {"load_kg": 20.0, "athlete": "A", "tags": {"cue": "old", "band": "light"}}
    assert edits.over(session) == {
        "load_kg": 62.5,
        "rpe": 7.0,
        "athlete": "A",
        "tags": {"band": "light", "shoes": "flat", "pain": "no"},
    }
    assert session["load_kg"] == 20.0
    assert log.read_bytes() == before


def test_a_value_can_be_taken_away(log: Path) -> None:
    append(log, Set({"athlete": None}))
    assert read(log).over({"athlete": "A"}) == {"athlete": None}
    assert read(log).athlete is None


def test_labels_are_of_their_leg_and_put_back_by_the_span_of_the_rep(log: Path) -> None:
    append(log, Labelled(Side.LEFT, 12.3))
    append(log, Labelled(Side.RIGHT, 12.3, "not a squat"))
    append(log, Labelled(Side.LEFT, 20.0))
    append(log, PutBack(Side.LEFT, 11.0, 13.5))
    edits = read(log)
    assert edits.labels_of(Side.LEFT) == (Label(20.0, "left out"),)
    assert edits.labels_of(Side.RIGHT) == (Label(12.3, "not a squat"),)


# --- undo ----------------------------------------------------------------------------------------


def test_changes_are_taken_back_one_by_one_to_any_depth_and_nothing_is_forgotten(log: Path) -> None:
    for load in (10.0, 20.0, 30.0):
        append(log, Set({"load_kg": load}))
    assert undo(log) == Set({"load_kg": 30.0})
    assert read(log).load_kg == 20.0
    append(log, Set({"load_kg": 40.0}))
    assert [undo(log), undo(log), undo(log)] == [
        Set({"load_kg": 40.0}),
        Set({"load_kg": 20.0}),
        Set({"load_kg": 10.0}),
    ]
    assert read(log).over({"load_kg": 5.0}) == {"load_kg": 5.0}
    with pytest.raises(InputError, match="could be taken back"):
        undo(log)
    assert [one.undone for one in history(log)] == [True] * 4
    assert len(journal_of(log).read_text().splitlines()) == 8


def test_nothing_can_be_said_of_what_is_not_there(tmp_path: Path) -> None:
    for call in (lambda path: append(path, Set({})), undo):
        with pytest.raises(InputError, match="does not exist"):
            call(tmp_path / "none.mcap")
    assert list(tmp_path.iterdir()) == []
    assert read(tmp_path / "none.mcap") == Edits()


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_journal_is_for_its_owner_only_and_beside_what_a_link_points_to(
    log: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "link.mcap"
    link.symlink_to(log)
    old = os.umask(0)
    try:
        append(link, Set({"rpe": 5.0}))
    finally:
        os.umask(old)
    assert journal_of(log).stat().st_mode & 0o777 == 0o600
    assert read(log).rpe == 5.0 and [p.name for p in elsewhere.iterdir()] == ["link.mcap"]


def test_log_and_journal_are_moved_together(log: Path, tmp_path: Path) -> None:
    append(log, Labelled(Side.RIGHT, 3.0))
    new = tmp_path / "new"
    new.mkdir()
    shutil.move(log, new / log.name)
    shutil.move(journal_of(log), new / journal_of(log).name)
    assert read(new / log.name).labels_of(Side.RIGHT) == (Label(3.0, "left out"),)
    assert str(tmp_path) not in journal_of(new / log.name).read_text()


def test_a_line_cut_off_anywhere_costs_that_line_only(log: Path) -> None:
    append(log, Set({"load_kg": 60.0}))
    first = journal_of(log).read_bytes()
    append(log, Set({"load_kg": 70.0, "note": "müde"}))
    whole = journal_of(log).read_bytes()
    for cut in range(len(first), len(whole)):
        journal_of(log).write_bytes(whole[:cut])
        edits = read(log)
        is_whole = cut == len(whole) - 1  # but for the end of the line
        assert edits.load_kg == (70.0 if is_whole else 60.0), cut
        assert edits.unread == (0 if is_whole or cut == len(first) else 1)
        append(log, Set({"rpe": 3.0}))
        after = read(log)
        assert after.rpe == 3.0 and after.unread == edits.unread
        assert after.load_kg == edits.load_kg


def test_lines_of_another_version_or_of_nobody_are_passed_over_and_told(log: Path) -> None:
    append(log, Set({"load_kg": 60.0}))
    lines = [
        {"kind": "kneetrack-edit", "format": 2, "change": "set", "values": {"load_kg": 1.0}},
        {"kind": "kneetrack-edit", "format": 1, "change": "sing"},
        {"kind": "kneetrack-edit", "format": 1, "change": "set", "values": {"load_kg": "much"}},
        {"kind": "kneetrack-edit", "format": 1, "change": "set", "values": {"windows": []}},
        {"kind": "kneetrack-edit", "format": 1, "change": "label", "side": "both", "time_s": 1},
        {"kind": "other"},
        [],
    ]
    with journal_of(log).open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.write("[" * 100_000 + "\n\xff\n")
    edits = read(log)
    assert edits.load_kg == 60.0 and edits.unread == len(lines) + 2
    assert len(edits.remarks) == 1 and "can't be read" in edits.remarks[0]


@given(st.binary(max_size=400))
def test_no_journal_whatever_makes_reading_fail(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.mcap"
    path.write_bytes(b"log")
    journal_of(path).write_bytes(b'{"kind": "kneetrack-edit"' + data)
    read(path)
    history(path)


def _say(path: Path, writer: int, count: int) -> None:
    for number in range(count):
        append(path, Set({"note": f"{writer}.{number} " + "x" * 2000}))


def test_two_writers_at_once_lose_and_mix_nothing(log: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_say, args=(log, k, 40)) for k in range(2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60.0)
        assert each.exitcode == 0
    edits = read(log)
    assert edits.changes == 80 and edits.unread == 0
    said = [
        one.change.values["note"].split()[0] for one in history(log) if isinstance(one.change, Set)
    ]
    for writer in range(2):
        own = [note for note in said if note.startswith(f"{writer}.")]
        assert own == [f"{writer}.{number}" for number in range(40)]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_takes_no_journal_is_told(log: Path) -> None:
    log.parent.chmod(0o500)
    try:
        with pytest.raises(InputError, match="can't be written"):
            append(log, Set({"rpe": 1.0}))
    finally:
        log.parent.chmod(0o700)


CHANGES = st.one_of(
    st.builds(Set, st.fixed_dictionaries({}, optional={
        "load_kg": st.none() | st.floats(0, 500),
        "rpe": st.none() | st.floats(0, 10),
        "note": st.none() | st.text(max_size=20),
        "tags": st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=3),
    })),
    st.builds(Labelled, st.sampled_from(Side), st.floats(0, 1e4), st.text(max_size=10)),
    st.builds(PutBack, st.sampled_from(Side), st.floats(0, 1e4), st.floats(0, 1e4)),
)  # fmt: skip


@given(st.lists(CHANGES, max_size=6))
def test_every_change_comes_back_from_its_line(changes: list[Set | Labelled | PutBack]) -> None:
    again = [from_json(json.loads(json.dumps(to_json(change)))) for change in changes]
    assert again == changes
    assert together(again).changes == len(changes)


# --- how it is typed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "kg"),
    [("60", 60.0), ("62.5kg", 62.5), ("62,5 kg", 62.5), ("135lb", 61.235), ("45 LBS", 20.412),
     ("0", 0.0)],
)  # fmt: skip
def test_a_load_is_in_kg_unless_it_says_pounds(word: str, kg: float) -> None:
    assert fields.load_kg(word) == pytest.approx(kg, abs=0.001)


@pytest.mark.parametrize("word", ["", "-5", "heavy", "60 st", "5000", "1e3", "nan", "60kg60"])
def test_what_is_no_load_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="load"):
        fields.load_kg(word)


def test_effort_is_from_0_to_10() -> None:
    assert [fields.rpe(word) for word in ("0", "7", "8.5", "10")] == [0.0, 7.0, 8.5, 10.0]
    for word in ("11", "-1", "hard", "7/10", "7kg"):
        with pytest.raises(UsageError, match="effort"):
            fields.rpe(word)


def test_known_tags_take_what_they_may_be_and_others_anything() -> None:
    words = ["shoes=Flat", "toe-out=15deg", "stance=45cm", "stance=wide", "pain=no", "machine=hack"]
    assert fields.tags(words) == {
        "shoes": "flat",
        "toe_out": "15",
        "stance": "wide",
        "pain": "no",
        "machine": "hack",
    }
    for word in ("pain=maybe", "toe_out=200", "toe_out=wide", "shoes=", "=x", "shoes", "band=blue"):
        with pytest.raises(UsageError):
            fields.tag(word)
    with pytest.raises(UsageError, match="yes or no"):
        fields.tag("pain=some")
    assert fields.close_to("sheos") == "shoes" and fields.close_to("machine") is None


def test_a_note_is_text_that_a_screen_can_show() -> None:
    assert fields.text("  tired\x1b[31m\n left ") == "tired [31m  left"
    for word in ("", " \n", "x" * 2001):
        with pytest.raises(UsageError):
            fields.text(word)


def test_pain_is_heard_wherever_it_was_said() -> None:
    assert fields.pain_in({"tags": {"pain": "yes"}}) and fields.pain_in({"before": {"pain": "yes"}})
    assert fields.pain_in({"before": {"pain": "no", "locking": "yes"}})
    for session in (
        {},
        {"before": {"pain": "no"}},
        {"tags": {"pain": "no"}},
        {"tags": None, "before": "pain"},
    ):
        assert not fields.pain_in(session)
