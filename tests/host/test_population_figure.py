"""The example that makes a population figure of a table of reps."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kept_sessions import Made, make
from kneetrack.cohort import Asked, build
from kneetrack.cohort.task import read

pytest.importorskip("pyarrow", reason="needs pyarrow")
pytest.importorskip("matplotlib", reason="needs matplotlib")

EXAMPLE = Path(__file__).resolve().parents[2] / "host" / "examples" / "population_figure.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("population_figure", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    for k, (who, load) in enumerate([("A", 60.0), ("A", 80.0), ("B", None)]):
        own = (9.0, 0.0, 0.0, 0.0) if k == 1 else (0.0, 0.0, 0.0, 0.0)
        make(folder, f"{k}", Made(valgus_deg=own, about={"athlete": who, "load_kg": load}, seed=k))
    build(Asked(folder), folder / "reps.parquet", lambda tasks: ((t, read(t)) for t in tasks))
    return folder / "reps.parquet"


def test_what_is_drawn_is_what_the_table_holds(example: ModuleType, table: Path) -> None:
    rows = example.judged_reps(table, "squat")
    assert example.sessions_of(rows) == {"A": [(4, 4), (3, 4)], "B": [(4, 4)]}
    loads = example.by_load(rows)
    assert {load: len(found) for load, found in loads.items()} == {
        "60 kg": 4, "80 kg": 4, "no load told": 4,
    }  # fmt: skip
    assert max(loads["80 kg"]) == pytest.approx(9.0, abs=1.0)
    assert max(loads["60 kg"]) < 2.0


def test_the_interval_of_a_share_knows_that_reps_of_a_session_are_alike(
    example: ModuleType,
) -> None:
    share, alike = example.share_with_interval([(5, 10), (5, 10), (5, 10), (5, 10)])
    other, apart = example.share_with_interval([(10, 10), (0, 10), (10, 10), (0, 10)])
    assert share == other == 50.0
    assert alike == pytest.approx((35.2, 64.8), abs=0.1), "Wilson of 20 of 40"
    assert apart[1] - apart[0] > 2.0 * (alike[1] - alike[0])
    assert example.share_with_interval([(7, 10)]) == (70.0, None)
    _, sure = example.share_with_interval([(10, 10), (10, 10)])
    assert sure == pytest.approx((83.9, 100.0), abs=0.1), "and does not shrink to nothing"


def test_the_figure_is_made_and_its_caption_says_what_it_rests_on(
    example: ModuleType, table: Path, tmp_path: Path
) -> None:
    caption = example.caption(example.judged_reps(table, "squat"), 2, "kneetrack")
    assert caption.startswith("12 judged reps of 3 recordings, 2 people; kneetrack.")
    out = tmp_path / "figure.png"
    command = [sys.executable, str(EXAMPLE), str(table), "--out", str(out)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{out}: 12 reps\n"
    assert out.read_bytes().startswith(b"\x89PNG")
    assert out.stat().st_size > 20_000


def test_a_table_without_such_reps_is_told(table: Path) -> None:
    command = [sys.executable, str(EXAMPLE), str(table), "--exercise", "lunge"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, f"{table} has no judged reps of lunge.\n")
