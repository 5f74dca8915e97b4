"""The catalogue follows the logs: what is new, changed, gone or damaged, and who else uses it."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kept_sessions import Made, make
from kneetrack import edits
from kneetrack.analysis import analyse
from kneetrack.catalogue import Catalogue
from kneetrack.catalogue.entry import OWN, TOTAL, Wanted
from kneetrack.catalogue.folders import add_folder
from kneetrack.catalogue.store import NAME
from kneetrack.detection import rep_json
from kneetrack.samples import Side

BOTH = (Side.RIGHT, Side.LEFT)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, with one session in it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "kneetrack"
    (folder / "sessions").mkdir(parents=True)
    make(folder / "sessions", "one", Made(valgus_deg=(0.0, 9.0, 0.0, 0.0), sides=BOTH))
    return folder


def test_what_is_kept_is_what_analyse_finds(data: Path) -> None:
    catalogue = Catalogue.open()
    assert catalogue.bring_up_to_date().read == 1
    (session,) = catalogue.sessions(figures=[OWN, TOTAL])
    result = analyse(data / "sessions" / "one.mcap")

    assert (session.athlete, session.exercise, session.load_kg) == ("A", "squat", 60.0)
    assert session.started is not None
    assert session.started.isoformat() == "2026-08-01T08:00:00+00:00"
    kept = {one.side: one.reps for one in catalogue.reps(session)}
    for leg in result.legs:
        found = session.leg(leg.result.side)
        assert found is not None
        reps = [rep for rep in leg.result.reps if not rep.is_reference]
        assert (found.reps, len(reps)) == (4, 4)
        own = sorted(rep.own_excursion_deg or 0.0 for rep in reps)
        assert found.figures[OWN].median == pytest.approx((own[1] + own[2]) / 2)
        assert found.in_range == 3
        # Each repetition comes back as analysis had it, to the decimals of `analyze --json`.
        again = [rep_json(rep) for rep in kept[leg.result.side] if not rep.is_reference]
        assert again == [rep_json(rep) for rep in reps]


def test_sessions_come_in_order_whether_seconds_or_milliseconds_are_known(data: Path) -> None:
    """Logs told `started_at` to the second once."""
    for name, at in (("c", "00:01.000"), ("a", "00:00"), ("b", "00:00.500")):
        make(data / "sessions", name, Made(started=f"2026-07-01T08:{at}+00:00"))
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    assert [one.path.stem for one in catalogue.sessions()] == ["a", "b", "c", "one"]


def test_only_what_is_new_or_changed_is_read(data: Path) -> None:
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    assert catalogue.bring_up_to_date().read == 0

    second = make(data / "sessions", "two", Made(started="2026-08-02T08:00:00+00:00", seed=2))
    assert catalogue.bring_up_to_date().read == 1
    edits.append(second, edits.Set({"load_kg": 72.5, "tags": {"shoes": "flat"}}))
    assert catalogue.bring_up_to_date().read == 1
    (found,) = catalogue.sessions(Wanted(load_kg=72.5))
    assert found.path == second
    assert found.tags == {"shoes": "flat"}
    edits.undo(second)
    assert catalogue.bring_up_to_date().read == 1
    assert not catalogue.sessions(Wanted(load_kg=72.5))

    os.utime(second)
    assert catalogue.bring_up_to_date().read == 1
    second.unlink()
    brought = catalogue.bring_up_to_date()
    assert (brought.read, brought.gone) == (0, 1)
    assert len(catalogue.sessions()) == 1
    catalogue.rebuild()
    assert not catalogue.sessions()
    assert catalogue.bring_up_to_date().read == 1
    assert len(catalogue.sessions()) == 1


def test_another_analysis_reads_all_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    monkeypatch.setattr("kneetrack.catalogue.catalogue.analysis_mark", lambda: "another")
    assert catalogue.bring_up_to_date().read == 1
    assert catalogue.bring_up_to_date().read == 0


def test_a_rep_that_is_left_out_has_no_say(data: Path) -> None:
    path = data / "sessions" / "one.mcap"
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    (before,) = catalogue.sessions()
    moved = max(catalogue.reps(before)[0].reps, key=lambda rep: rep.own_excursion_deg or 0.0)
    edits.append(path, edits.Labelled(Side.RIGHT, (moved.start_s + moved.end_s) / 2, "not a squat"))
    catalogue.bring_up_to_date()
    (after,) = catalogue.sessions()
    assert [leg.reps for leg in after.legs] == [3, 4]
    assert after.legs[0].share == 1.0


def test_a_bad_log_is_told_and_stops_nothing(data: Path) -> None:
    bad = data / "sessions" / "bad.mcap"
    bad.write_bytes(b"nonsense")
    whole = (data / "sessions" / "one.mcap").read_bytes()
    torn = data / "sessions" / "torn.mcap"
    torn.write_bytes(whole[: len(whole) * 2 // 3])
    torn_head = data / "sessions" / "torn_head.mcap"
    torn_head.write_bytes(whole[:100])
    catalogue = Catalogue.open()
    assert catalogue.bring_up_to_date().read == 4
    assert {one.path for one in catalogue.refused()} == {bad, torn_head}
    assert all(one.reason for one in catalogue.refused())
    assert catalogue.bring_up_to_date().read == 0
    # The torn copy is the same recording: the whole one is listed.
    (listed,) = catalogue.sessions()
    assert listed.path.name == "one.mcap"
    shutil.copy(data / "sessions" / "one.mcap", bad)
    catalogue.bring_up_to_date()
    assert {one.path for one in catalogue.refused()} == {torn_head}
    assert len(catalogue.sessions()) == 1


def test_a_fault_of_the_analysis_is_told_of_its_log_only(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(data / "sessions", "two", Made(started="2026-08-02T08:00:00+00:00", seed=2))

    def faulty(path: Path) -> object:
        if path.stem == "two":
            raise ZeroDivisionError("by nothing")
        return analyse(path)

    monkeypatch.setattr("kneetrack.analysis.analyse", faulty)
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    assert [one.path.stem for one in catalogue.sessions()] == ["one"]
    (refused,) = catalogue.refused()
    assert "ZeroDivisionError" in str(refused.reason)


@pytest.mark.parametrize("damage", ["no database", "empty page", "cut", "other version", "a table"])
def test_a_damaged_or_older_catalogue_is_made_anew(data: Path, damage: str) -> None:
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    catalogue.close()
    path = data / NAME
    held = path.read_bytes()
    if damage == "no database":
        path.write_bytes(b"x" * 9000)
    elif damage == "empty page":
        path.write_bytes(held[:4096] + bytes(4096) + held[8192:])
    elif damage == "cut":
        path.write_bytes(held[: len(held) // 2])
    else:
        statement = "PRAGMA user_version = 7" if damage == "other version" else "DROP TABLE reps"
        with sqlite3.connect(path) as database:
            database.execute(statement)
        database.close()
    again = Catalogue.open()
    again.bring_up_to_date()
    (session,) = again.sessions(figures=[OWN])
    assert len(again.reps(session)[0].reps) >= 4
    assert session.legs[0].figures
    assert any("made anew" in sentence for sentence in again.told)
    (fresh,) = Catalogue.open().sessions()
    assert fresh.path == session.path


def test_damage_while_it_is_open(data: Path) -> None:
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    (data / NAME).write_bytes(b"x" * 9000)
    assert len(catalogue.sessions()) == 1
    assert len(catalogue.told) == 1


def test_logs_elsewhere_and_a_folder_that_is_away(data: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    (stick / "deeper").mkdir(parents=True)
    make(stick / "deeper", "two", Made(started="2026-08-02T08:00:00+00:00", seed=2))
    shutil.copy(data / "sessions" / "one.mcap", stick / "copy.mcap")
    add_folder(data, stick)
    catalogue = Catalogue.open()
    assert catalogue.bring_up_to_date().read == 3
    names = [one.path.name for one in catalogue.sessions()]
    assert names == ["one.mcap", "two.mcap"]  # the copy is the same recording
    stick.rename(tmp_path / "away")
    brought = catalogue.bring_up_to_date()
    assert brought.away == (stick,)
    assert brought.gone == 0
    assert len(catalogue.sessions()) == 2
    (tmp_path / "away").rename(stick)
    assert catalogue.bring_up_to_date().read == 0
    catalogue.rebuild()
    assert stick in catalogue.folders


def test_a_copy_does_not_hide_what_was_said_of_the_original(data: Path, tmp_path: Path) -> None:
    original = data / "sessions" / "one.mcap"
    stick = tmp_path / "a_stick"  # before the user's own folder by name
    stick.mkdir()
    copy = stick / "a_copy.mcap"
    shutil.copy2(original, copy)
    add_folder(data, stick)
    catalogue = Catalogue.open()

    def listed() -> tuple[Path, tuple[Path, ...]]:
        catalogue.bring_up_to_date()
        (one,) = catalogue.sessions()
        return one.path, one.copies

    assert listed() == (original, (copy,))  # the user's own folder
    # What leaves reps out of the original makes it the one with fewer of them.
    (before,) = catalogue.sessions()
    rep = catalogue.reps(before)[0].reps[-1]
    edits.append(original, edits.Labelled(Side.RIGHT, (rep.start_s + rep.end_s) / 2, "left out"))
    assert listed() == (original, (copy,))
    # A journal of which nothing stands says nothing.
    edits.append(copy, edits.Set({"load_kg": 40.0}))
    edits.undo(copy)
    assert listed() == (original, (copy,))
    edits.append(copy, edits.Set({"load_kg": 40.0}))
    edits.undo(original)
    assert listed() == (copy, (original,))  # only of the copy something was said
    edits.undo(copy)
    # In one folder: the one that was written first, whatever it is called.
    beside = data / "sessions" / "a.mcap"
    shutil.copy(original, beside)
    os.utime(beside, ns=(0, original.stat().st_mtime_ns + 10**9))
    assert listed() == (original, (beside, copy))


def test_it_is_for_its_owner_only(data: Path) -> None:
    before = os.umask(0)
    try:
        Catalogue.open().bring_up_to_date()
    finally:
        os.umask(before)
    for path in data.glob("catalogue*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_forgotten_people_leave_nothing_in_the_file(data: Path) -> None:
    make(
        data / "sessions", "two",
        Made(started="2026-08-02T08:00:00+00:00", about={"athlete": "Zenobia", "note": "Palmyra"}),
    )  # fmt: skip
    catalogue = Catalogue.open()
    catalogue.bring_up_to_date()
    assert b"Zenobia" in (data / NAME).read_bytes()
    (data / "sessions" / "two.mcap").unlink()
    catalogue.forget("Zenobia")
    held = (data / NAME).read_bytes()
    assert b"Zenobia" not in held
    assert b"Palmyra" not in held
    assert len(catalogue.sessions()) == 1


_AT_ONCE = """
import sys
from pathlib import Path
from kneetrack.catalogue import Catalogue
catalogue = Catalogue.open()
for _ in range(3):
    catalogue.rebuild()
    catalogue.bring_up_to_date()
print(len(catalogue.sessions()), len(catalogue.refused()))
"""


def test_several_processes_at_once(data: Path) -> None:
    for number in range(2, 5):
        started = f"2026-08-{number:02d}T08:00:00+00:00"
        make(data / "sessions", f"s{number}", Made(started=started, seed=number))
    (data / "sessions" / "bad.mcap").write_bytes(b"nonsense")
    (data / NAME).write_bytes(b"x" * 9000)  # and each finds it damaged
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _AT_ONCE], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    ended = [process.communicate(timeout=200) for process in running]
    assert [err for _, err in ended] == [b""] * 3
    catalogue = Catalogue.open()
    assert not catalogue.told
    catalogue.bring_up_to_date()
    assert len(catalogue.sessions()) == 4
    assert len(catalogue.refused()) == 1
    with sqlite3.connect(data / NAME) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        (copies,) = database.execute(
            "SELECT count(*) FROM (SELECT path FROM sessions GROUP BY path HAVING count(*) > 1)"
        ).fetchone()
        assert copies == 0
    database.close()
