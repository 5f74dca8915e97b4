"""Many recordings to one table of reps: its rows, its columns, what is kept and read anew."""

from __future__ import annotations

import csv
import datetime
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kept_sessions import Made, make
from kneetrack import edits
from kneetrack.analysis import analyse, sources_in
from kneetrack.catalogue.reading import analysis_mark
from kneetrack.cohort import Asked, Built, build, plan
from kneetrack.cohort import table as cohort_table
from kneetrack.cohort.build import CutShort
from kneetrack.cohort.columns import FIXED
from kneetrack.cohort.task import Done, Failed, Outcome, Task, read
from kneetrack.detection import rep_json
from kneetrack.detection.measure_table import MEASURES
from kneetrack.errors import InputError, UsageError
from kneetrack.samples import Label, Side

parquet: Any = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings, of one leg, of both, and of a person who said more."""
    folder = tmp_path_factory.mktemp("made")
    make(folder, "a", Made(valgus_deg=(0.0, 8.0, 0.0), about={"rpe": 7.0}))
    make(folder, "b", Made(valgus_deg=(0.0, 0.0), sides=(Side.RIGHT, Side.LEFT), seed=2))
    about = {"athlete": "B", "tags": {"shoes": "flat", "mood": "good"}, "load_kg": 80.0}
    make(folder, "c", Made(valgus_deg=(1.0, 2.0), about=about, seed=3))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The same, to be changed: one of them lies in a folder below."""
    for name, place in (("a", "a"), ("b", "below/b"), ("c", "c")):
        path = tmp_path / "logs" / f"{place}.mcap"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((made / f"{name}.mcap").read_bytes())
    return tmp_path / "logs"


class Here:
    """A worker in this process; `read` is what it did. `turn` changes the order of its answers."""

    def __init__(self, turn: bool = False) -> None:
        self.read: list[str] = []
        self._turn = turn

    def __call__(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        for task in reversed(tasks) if self._turn else tasks:
            self.read.append(task.source)
            yield task, read(task)


def run(folder: Path, **asked: Any) -> tuple[Built, Here]:
    here = Here()
    return build(Asked(folder, **asked), folder.parent / "reps.parquet", here), here


def rows_of(path: Path) -> list[dict[str, Any]]:
    return parquet.read_table(str(path)).to_pylist()


def test_every_rep_of_every_leg_is_a_row_with_what_analyze_says_of_it(folder: Path) -> None:
    built, _ = run(folder)
    rows = rows_of(built.out)
    expected = [
        (source, leg.result.side.word, rep_json(rep))
        for source in ("a.mcap", "below/b.mcap", "c.mcap")
        for leg in analyse(folder / source).legs
        for rep in leg.result.reps
    ]
    assert len(rows) == len(expected) == built.reps > 20
    for row, (source, side, rep) in zip(rows, expected, strict=True):
        assert (row["source"], row["side"], row["rep"]) == (source, side, rep["index"])
        assert row["verdict"] == rep["verdict"]
        assert row["doubt"] == rep["doubt"]
        for name in ("peak_flexion_deg", "own_excursion_deg", "start_s", "descent_s"):
            assert row[name] == pytest.approx(rep[name], abs=1e-4), name
        for name, value in rep["measures"].items():
            assert row[name] == pytest.approx(value, abs=1e-4), name
    assert sum(row["own_excursion_deg"] is not None for row in rows) > 6
    assert sum(row["tremor_deg_s"] is not None for row in rows) > 6


def test_what_was_said_of_a_session_stands_in_each_of_its_rows(folder: Path) -> None:
    built, _ = run(folder)
    rows = rows_of(built.out)
    first = rows[0]
    assert (first["athlete"], first["load_kg"], first["rpe"]) == ("A", 60.0, 7.0)
    assert first["utc"] == datetime.datetime(2026, 8, 1, 8, tzinfo=datetime.UTC)
    assert (first["calibration_grade"], first["simulated"]) == ("none", False)
    last = rows[-1]
    assert (last["athlete"], last["tag_shoes"], last["tag_mood"]) == ("B", "flat", "good")
    assert first["tag_mood"] is None
    assert {row["tag_cue"] for row in rows} == {None}, "known tags have a column all the same"


def test_only_what_has_a_verdict_that_holds_counts_as_judged(folder: Path) -> None:
    rep = next(r for r in analyse(folder / "a.mcap").legs[0].result.reps if not r.is_reference)
    label = Label(0.5 * (rep.start_s + rep.end_s), edits.LEFT_OUT)
    edits.append(folder / "a.mcap", edits.Labelled(Side.RIGHT, label.time_s, label.text))
    rows = [row for row in rows_of(run(folder)[0].out) if row["source"] == "a.mcap"]
    labelled = [row for row in rows if row["label"] is not None]
    assert [row["is_judged"] for row in labelled] == [False]
    assert not any(row["is_judged"] for row in rows if row["is_reference"])
    assert any(row["is_judged"] for row in rows)


def test_the_table_says_what_its_columns_mean_and_what_made_it(folder: Path) -> None:
    built, _ = run(folder)
    schema = parquet.read_schema(str(built.out))
    assert set(MEASURES) <= set(schema.names)
    assert schema.field("load_kg").metadata == {b"unit": b"kg", b"meaning": b"The load, as told."}
    assert all(schema.field(name).metadata[b"meaning"] for name in schema.names)
    told = json.loads(schema.metadata[b"kneetrack"])
    assert told["versions"]["analysis"] == analysis_mark("traces", "cohort")
    assert (told["recordings"], told["reps"], told["complete"]) == (3, built.reps, True)
    assert [column["name"] for column in told["columns"]] == schema.names
    assert oct(built.out.stat().st_mode & 0o777) == "0o600"


def test_units_stand_in_the_names() -> None:
    ends = {"°": ("_deg",), "s": ("_s",), "cm": ("_cm",), "%": ("_percent",), "kg": ("_kg",),
            "°/s": ("_deg_s",), "°·s": ("_deg_times_s",), "/min": ("_per_min",)}  # fmt: skip
    for column in FIXED:
        if column.unit:
            assert column.name.endswith(ends[column.unit]), column


def test_the_order_in_which_workers_answer_makes_no_difference(folder: Path) -> None:
    one, other = folder.parent / "one.parquet", folder.parent / "other.parquet"
    build(Asked(folder), one, Here())
    build(Asked(folder), other, Here(turn=True))
    assert one.read_bytes() == other.read_bytes()


def test_groups_of_rows_go_across_recordings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows_of(run(folder)[0].out)
    monkeypatch.setattr(cohort_table, "GROUP_ROWS", 5)
    built, here = run(folder)
    assert here.read == []
    file = parquet.ParquetFile(str(built.out))
    sizes = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
    assert sizes[:-1] == [5] * (len(sizes) - 1)
    assert sum(sizes) == built.reps
    assert rows_of(built.out) == whole


def test_a_second_run_reads_only_what_is_new_or_changed(folder: Path, made: Path) -> None:
    assert run(folder)[1].read == ["a.mcap", "below/b.mcap", "c.mcap"]
    built, here = run(folder)
    assert (here.read, built.as_before) == ([], 3)
    edits.append(folder / "c.mcap", edits.Set({"load_kg": 90.0}))
    (folder / "d.mcap").write_bytes((made / "a.mcap").read_bytes())
    os.utime(folder / "a.mcap")
    built, here = run(folder)
    assert (here.read, built.as_before) == (["a.mcap", "c.mcap", "d.mcap"], 1)
    assert {row["load_kg"] for row in rows_of(built.out) if row["source"] == "c.mcap"} == {90.0}


def test_other_ways_of_analysis_and_another_version_are_read_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder)
    built, here = run(folder, side=Side.RIGHT)
    assert len(here.read) == 3
    assert {row["side"] for row in rows_of(built.out)} == {"right"}
    monkeypatch.setattr(plan, "mark", lambda: "a later one")
    assert len(run(folder, side=Side.RIGHT)[1].read) == 3


def test_a_recording_that_is_no_more_leaves_table_and_parts(folder: Path) -> None:
    built, _ = run(folder)
    parts = built.out.with_name("reps.parquet.parts")
    assert len(list(parts.iterdir())) == 3
    (folder / "a.mcap").unlink()
    built, here = run(folder)
    assert here.read == []
    assert {row["source"] for row in rows_of(built.out)} == {"below/b.mcap", "c.mcap"}
    assert len(list(parts.iterdir())) == 2


def test_a_damaged_part_is_made_anew(folder: Path) -> None:
    before = run(folder)[0].out.read_bytes()
    for part in (folder.parent / "reps.parquet.parts").iterdir():
        part.write_bytes(part.read_bytes()[:1000])
    built, here = run(folder)
    assert len(here.read) == 3
    assert built.out.read_bytes() == before


def test_a_bad_recording_stops_nothing_and_is_listed_until_it_is_good(
    folder: Path, made: Path
) -> None:
    (folder / "bad.mcap").write_bytes(b"nothing of a log")
    (folder / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    built, _ = run(folder)
    assert built.recordings == 3
    assert [source for source, _ in built.failed] == ["bad.csv", "bad.mcap"]
    assert built.failed_list is not None
    with built.failed_list.open(encoding="utf-8", newline="") as file:
        listed = list(csv.reader(file))
    assert listed[0] == ["table", "source", "reason"]
    assert [row[:2] for row in listed[1:]] == [["reps.parquet", "bad.csv"],
                                               ["reps.parquet", "bad.mcap"]]  # fmt: skip
    assert all(row[2].endswith(".") for row in listed[1:])
    (folder / "bad.csv").unlink()
    (folder / "bad.mcap").write_bytes((made / "a.mcap").read_bytes())
    built, here = run(folder)
    assert here.read == ["bad.mcap"]
    assert built.failed_list is None
    assert not (folder.parent / "failed.csv").exists()


def test_the_list_of_failures_is_no_recording_and_keeps_those_of_other_tables(
    folder: Path,
) -> None:
    (folder / "bad.mcap").write_bytes(b"nothing of a log")
    for name in ("one.parquet", "other.parquet"):
        build(Asked(folder), folder / name, Here())
    with (folder / "failed.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["table", "one.parquet", "other.parquet"]
    assert folder / "failed.csv" not in list(sources_in(folder))


def test_what_stands_in_the_way_is_not_written_over(folder: Path) -> None:
    out = folder.parent / "reps.parquet"
    out.write_text("my thesis", encoding="utf-8")
    with pytest.raises(UsageError, match="no table of reps"):
        build(Asked(folder), out, Here())
    assert out.read_text(encoding="utf-8") == "my thesis"
    out.unlink()
    failed = folder.parent / "failed.csv"
    failed.write_text("name,grade\nme,5\n", encoding="utf-8")
    with pytest.raises(UsageError, match="something else"):
        build(Asked(folder), out, Here())
    assert failed.read_text(encoding="utf-8") == "name,grade\nme,5\n"
    with pytest.raises(InputError, match="does not exist"):
        build(Asked(folder / "nowhere"), out, Here())
    with pytest.raises(InputError, match="make it first"):
        build(Asked(folder), folder / "nowhere" / "reps.parquet", Here())


def stops_after(count: int, why: BaseException) -> Any:
    def work(tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        yield from itertools.islice(Here()(tasks), count)
        raise why

    return work


def test_what_was_done_when_a_run_was_stopped_is_kept_and_not_done_again(folder: Path) -> None:
    out = folder.parent / "reps.parquet"
    with pytest.raises(CutShort) as cut:
        build(Asked(folder), out, stops_after(2, KeyboardInterrupt()))
    assert isinstance(cut.value.why, KeyboardInterrupt)
    assert (cut.value.built.recordings, cut.value.built.missing) == (2, 1)
    assert {row["source"] for row in rows_of(out)} == {"a.mcap", "below/b.mcap"}
    told = json.loads(parquet.read_schema(str(out)).metadata[b"kneetrack"])
    assert told["complete"] is False
    built, here = run(folder)
    assert (here.read, built.as_before) == (["c.mcap"], 2)


def test_a_run_that_was_stopped_takes_no_fuller_table_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, _ = run(folder)
    before = built.out.read_bytes()
    monkeypatch.setattr(plan, "mark", lambda: "a later one")
    with pytest.raises(CutShort) as cut:
        build(Asked(folder), built.out, stops_after(1, KeyboardInterrupt()))
    assert not cut.value.built.written
    assert built.out.read_bytes() == before
    assert len(run(folder)[1].read) == 2


def test_two_runs_do_not_make_one_table_at_once(folder: Path, made: Path) -> None:
    """The other would take this one's parts for its own, or throw them away."""
    out, worker, refused = folder.parent / "reps.parquet", Here(), list[str]()

    def other(tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
        for answer in worker(tasks):
            with pytest.raises(UsageError) as error:
                build(Asked(made, Side.LEFT), out, Here())
            refused.append(str(error.value))
            yield answer

    built = build(Asked(folder), out, other)
    assert built.recordings == 3
    assert len(refused) == 3
    assert all(f"is making {out}" in text for text in refused)
    assert set(parquet.read_table(out)["source"].to_pylist()) == {
        "a.mcap",
        "below/b.mcap",
        "c.mcap",
    }
    assert build(Asked(folder), out, Here()).as_before == 3  # and none is at it any more


def test_a_fault_of_the_program_is_a_reason_and_no_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    [task, *_] = plan.plan(Asked(folder))
    assert isinstance(read(task), Done)
    monkeypatch.setattr("kneetrack.analysis.analyse", broken)
    outcome = read(task)
    assert isinstance(outcome, Failed)
    assert "ZeroDivisionError" in outcome.reason
