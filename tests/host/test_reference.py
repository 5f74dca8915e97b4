"""Reference angles as laboratories write them: holes, other signs, no rotation, mistakes."""

from pathlib import Path

import numpy as np
import pytest

from kneetrack.errors import InputError
from kneetrack.traces.reference import BRIDGED_S, read_reference

HEAD = "time_s,flexion_deg,valgus_deg,rotation_deg\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "ref.csv"
    path.write_text(text)
    return path


def test_columns_are_found_by_name_and_others_passed_over(tmp_path: Path) -> None:
    text = "time_s,valgus_deg,marker,flexion_deg,rotation_deg\n0,1,9,2,3\n1,4,9,5,6\n"
    read = read_reference(written(tmp_path, text))
    assert read.times.tolist() == [0.0, 1.0]
    assert read.angles.tolist() == [[2.0, 1.0, 3.0], [5.0, 4.0, 6.0]]


def test_a_hole_is_one_angles_own_and_may_be_empty_or_nan(tmp_path: Path) -> None:
    read = read_reference(written(tmp_path, HEAD + "0,1,2,3\n1,1,,3\n2,NaN,2,3\n3,1,2,3\n"))
    assert np.isnan(read.angles).tolist() == [
        [False] * 3, [False, True, False], [True, False, False], [False] * 3,
    ]  # fmt: skip


def test_a_short_hole_is_bridged_and_a_long_one_is_not(tmp_path: Path) -> None:
    rows = [(k / 100, float(k)) for k in range(200) if not 50 < k < 55 and not 100 < k < 130]
    text = HEAD + "".join(f"{t},{value},{value},0\n" for t, value in rows)
    read = read_reference(written(tmp_path, text))
    assert 0.05 < BRIDGED_S < 0.3
    flexion = read.at(np.array([-0.01, 0.25, 0.525, 1.15, 1.0, 1.3, 1.99, 2.0]))[:, 0]
    assert flexion[[1, 2, 4, 5, 6]].tolist() == pytest.approx([25.0, 52.5, 100.0, 130.0, 199.0])
    assert np.isnan(flexion[[0, 3, 7]]).all()


@pytest.mark.parametrize(("rate_hz", "dense"), [(120, True), (30, True), (10, True), (5, False)])
def test_what_is_between_rows_is_told_where_they_are_dense(
    tmp_path: Path, rate_hz: int, dense: bool
) -> None:
    text = HEAD + "".join(f"{k / rate_hz},{k},0,0\n" for k in range(300))
    read = read_reference(written(tmp_path, text))
    assert read.is_dense == dense
    assert read.step_s == pytest.approx(1.0 / rate_hz)
    between = read.at(np.array([0.5, 20.5]) / rate_hz)[:, 0]
    assert between.tolist() == pytest.approx([0.5, 20.5] if dense else [np.nan] * 2, nan_ok=True)


def test_flexion_at_every_hundredth_row_only_is_not_dense(tmp_path: Path) -> None:
    rows = (f"{k / 100},{k if k % 100 == 0 else ''},0,0\n" for k in range(1000))
    assert not read_reference(written(tmp_path, HEAD + "".join(rows))).is_dense


def test_a_rotation_may_be_missing(tmp_path: Path) -> None:
    read = read_reference(written(tmp_path, "time_s,flexion_deg,valgus_deg\n0,1,2\n0.1,3,4\n"))
    assert not read.has_rotation
    assert np.isnan(read.at(np.array([0.05]))[0]).tolist() == [False, False, True]


def test_other_signs_turn_their_own_angle_only(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "0,1,2,3\n1,1,2,3\n")
    assert read_reference(path, ["adduction"]).angles[0].tolist() == [1.0, -2.0, 3.0]
    assert read_reference(path, ["external", "extension"]).angles[0].tolist() == [-1.0, 2.0, -3.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_s,flexion_deg\n0,1\n1,2\n", "line 1: valgus_deg missing"),
        (HEAD + "0,1,2,x\n", 'line 2, rotation_deg .* "x" is no number'),
        (HEAD + "0,1,2,3\n1,2\n", "line 3 .* 2 cells"),
        (HEAD + "0,1,2,3\n,1,2,3\n", "line 3: time_s is missing"),
        (HEAD + "1,1,2,3\n0,1,2,3\n", "line 3: time_s 0 comes after 1"),
        (HEAD + "0,1,2,3\n1,1,2,3\n\n1,1,2,3\n", "line 5: time_s 1 comes after 1"),
        (HEAD.replace(",", ";") + "0,5;1;2;3\n", "line 1: .* separated by semicolons"),
        (HEAD.replace(",", "\t") + "0.5\t1\t2\t3\n", "line 1: .* separated by tabs"),
        (HEAD + '"0,5",1,2,3\n', 'line 2, time_s .* "0,5" .* with a point'),
        (HEAD + "0,5,1,0,2,0,3,0\n", "line 2 .* 8 cells, 4 in line 1. Decimals"),
        (HEAD + "0,1,inf,3\n1,1,2,3\n", "line 2, valgus_deg"),
        (HEAD + "0,1,,3\n1,1,,3\n", "no number in the column flexion_deg or valgus_deg"),
        (HEAD, "at least two rows"),
        ("", "line 1"),
    ],
)
def test_what_is_no_reference_is_refused_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(InputError, match=rf"ref\.csv.*{words}"):
        read_reference(written(tmp_path, text))
