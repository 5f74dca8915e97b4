"""References from day to day: kept, compared, and used again only where they still hold."""

from __future__ import annotations

import io
import json
import math
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from kneecore import joint, quaternion
from kneecore.calibration import Calibration
from kneecore.excursion import FROM_DEG, STEP_DEG
from kneetrack.analysis.kept_reference import CARRIED_DEG, choose, mounting_of
from kneetrack.analysis.session import LegSession, SessionResult, to_json
from kneetrack.analysis.strapping import moved, sitting
from kneetrack.calibration.references import Athlete, KeptReference, References, load, load_all
from kneetrack.calibration.store import CalibrationFile, as_on_the_band
from kneetrack.cli import references as command
from kneetrack.cli.app import run as command_line
from kneetrack.detection import Analyzer, Reference
from kneetrack.detection.reliability import (
    PRIOR_SEM_DEG,
    as_found,
    between_sessions,
    compare,
    usual,
)
from kneetrack.errors import CalibrationError
from kneetrack.samples import Quaternion, Side

BINS = 41  # 20 to 100 deg
GRID = FROM_DEG + STEP_DEG * np.arange(BINS)
ATHLETE = Athlete("A/ü", Side.RIGHT)
MORNING, NOON, NEXT_WEEK = (
    "2026-08-01T08:00:00+00:00",
    "2026-08-01T12:00:00+00:00",
    "2026-08-08T08:00:00+00:00",
)
UPRIGHT = (0.0, 1.0, 0.0)
DEG = math.pi / 180.0


def reference(offset_deg: float = 0.0, by_depth_deg: float = 0.0, bins: int = BINS) -> Reference:
    valgus = offset_deg + by_depth_deg * np.sin(np.radians(GRID[:bins]))
    rotation = 8.0 + 0.0 * GRID[:bins]
    return Reference(
        valgus_down_deg=tuple(valgus.tolist()),
        valgus_up_deg=tuple((valgus + 0.2).tolist()),
        rotation_down_deg=tuple(rotation.tolist()),
        rotation_up_deg=tuple(rotation.tolist()),
        source="functional",
        reps=5,
        sem_deg=0.4,
        spread_deg=0.3,
    )


def turned(axis: tuple[float, float, float], angle_deg: float) -> Quaternion:
    return quaternion.from_axis_angle(axis, angle_deg * DEG)


THIGH = turned((0.3, 0.5, -0.8), 130.0)
SHANK = turned((-0.7, 0.1, 0.4), 60.0)


def made(
    own: Reference | None,
    utc: str,
    *,
    thigh: Quaternion = THIGH,
    shank: Quaternion = SHANK,
    crosstalk_deg: float | None = None,
    side: Side = Side.RIGHT,
) -> CalibrationFile:
    held = as_on_the_band(Calibration(int(side), thigh, shank, axis_sigma_rad=2.0 * DEG))
    return CalibrationFile(
        calibration=held,
        grade="A",
        rests_on={"bias": "table", "gravity": "stand", "axis": "functional"},
        crosstalk_deg=crosstalk_deg,
        reference=None if own is None else own.to_json(),
        created_utc=utc,
    )


def kept(*of: CalibrationFile) -> tuple[KeptReference, ...]:
    return tuple(KeptReference.of(one) for one in of)


def used(chosen: CalibrationFile) -> Reference:
    return Reference.from_json(chosen.reference)


# --- the store -----------------------------------------------------------------------------------


def test_references_are_kept_for_their_owner_only_and_read_back(tmp_path: Path) -> None:
    one, other = kept(made(reference(), MORNING), made(reference(1.0), NEXT_WEEK, thigh=SHANK))
    path = References(ATHLETE).with_one(other).with_one(one).save(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(ATHLETE, tmp_path).kept == (one, other)  # in order of time
    assert load_all("A/ü", tmp_path) == (load(ATHLETE, tmp_path),)
    assert load_all("B", tmp_path) == ()
    assert load(replace(ATHLETE, alias="A-ü"), tmp_path).kept == ()
    assert load(replace(ATHLETE, simulated=True), tmp_path).kept == ()
    assert load(replace(ATHLETE, side=Side.LEFT), tmp_path).kept == ()


def test_of_one_calibration_only_the_latest_reference_stays() -> None:
    one, again = kept(made(reference(), MORNING), made(reference(1.0), NOON))
    assert References(ATHLETE).with_one(one).with_one(again).kept == (again,)


def test_the_last_one_deleted_takes_the_file_along(tmp_path: Path) -> None:
    both = References(ATHLETE)
    for one in kept(made(reference(), MORNING), made(reference(), NEXT_WEEK, thigh=SHANK)):
        both = both.with_one(one)
    path = both.save(tmp_path)
    left = both.without("2026-08-01")
    assert [one.utc for one in left.kept] == [NEXT_WEEK]
    left.without("2026").save(tmp_path)
    assert not path.exists()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"kind": "kneetrack-references", "format": 9}', "{broken"]
)
def test_a_file_that_is_none_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / ATHLETE.file_name).write_text(text)
    with pytest.raises(CalibrationError, match=r"A--_.*is no file of references"):
        load(ATHLETE, tmp_path)


def test_a_damaged_entry_is_refused_in_words(tmp_path: Path) -> None:
    path = References(ATHLETE, kept(made(reference(), MORNING))).save(tmp_path)
    value = json.loads(path.read_text())
    value["references"][0]["q_thigh_sensor"] = [2, 0, 0, 0]
    path.write_text(json.dumps(value))
    with pytest.raises(CalibrationError, match="is damaged"):
        load(ATHLETE, tmp_path)


# --- how alike -----------------------------------------------------------------------------------


def test_references_are_compared_where_both_go() -> None:
    found = compare(reference(1.0, 4.0), reference(0.0, 0.0, 30))
    assert found is not None
    assert found.deepest_deg == FROM_DEG + 29 * STEP_DEG
    assert found.largest_deg == pytest.approx(1.0 + 4.0 * math.sin(74 * DEG), abs=0.1)
    assert 0.0 < found.rms_deg < found.largest_deg
    assert compare(reference(-3.0), reference()).largest_deg == pytest.approx(-3.0)  # type: ignore[union-attr]
    assert compare(reference(), reference(bins=8)) is None


def test_sem_and_mdc_of_many_sessions_are_those_of_the_differences() -> None:
    random = np.random.default_rng(5)
    between = between_sessions([reference(o) for o in random.normal(0.0, 2.0, 50)])
    assert between.learned and between.sessions == 50
    assert between.sem_deg == pytest.approx(2.0, rel=0.25)
    assert between.mdc95_deg == pytest.approx(1.96 * math.sqrt(2.0) * between.sem_deg)
    assert between.told_apart_deg(49) < between.mdc95_deg


def test_few_sessions_don_t_make_a_person_look_surer_than_is_known() -> None:
    for count in (0, 1, 2):
        between = between_sessions([reference()] * count)
        assert not between.learned and between.sem_deg == PRIOR_SEM_DEG
    alike = between_sessions([reference()] * 3)
    assert alike.learned and 0.5 * PRIOR_SEM_DEG < alike.sem_deg < PRIOR_SEM_DEG


def test_the_usual_reference_is_not_drawn_by_one_odd_session() -> None:
    of = [reference(0.0), reference(0.3), reference(9.0), reference(-0.1, bins=35)]
    found = usual(of)
    assert len(found.valgus_down_deg) == BINS
    assert found.valgus_down_deg[0] == pytest.approx(0.15)
    assert found.sem_deg == pytest.approx(0.4)


# --- whether the strap sits as before ------------------------------------------------------------


def test_another_stance_and_another_find_of_the_axis_are_no_other_strapping() -> None:
    old = mounting_of(made(reference(), MORNING))
    leaned = quaternion.multiply(turned((1.0, 0.0, 0.5), 2.0), THIGH)
    found = quaternion.multiply(turned(UPRIGHT, 5.0), leaned)
    same = sitting(mounting_of(made(None, NOON, thigh=found)), old)
    assert same.as_before and not same.same_calibration
    assert same.gravity_deg[0] == pytest.approx(2.0, abs=0.1)
    assert same.axis_deg[0] == pytest.approx(5.0, abs=0.1)
    assert sitting(old, old).same_calibration
    assert not sitting(mounting_of(made(None, NEXT_WEEK, thigh=found)), old).as_before


@pytest.mark.parametrize(
    ("segment", "axis", "angle_deg"),
    [
        ("thigh", (1.0, 0.0, 0.0), 5.0),
        ("shank", (0.0, 0.0, 1.0), -4.0),
        ("thigh", UPRIGHT, 12.0),
        ("shank", UPRIGHT, -12.0),
    ],
)
def test_a_strap_put_on_anew_is_noticed(
    segment: str, axis: tuple[float, float, float], angle_deg: float
) -> None:
    old = made(reference(), MORNING)
    turn = turned(axis, angle_deg)
    anew = (
        made(None, NOON, thigh=quaternion.multiply(turn, THIGH))
        if segment == "thigh"
        else made(None, NOON, shank=quaternion.multiply(turn, SHANK))
    )
    assert not sitting(mounting_of(anew), mounting_of(old)).as_before


@pytest.mark.parametrize("side", [Side.RIGHT, Side.LEFT])
def test_a_reference_is_carried_over_as_the_reps_would_have_been_seen(side: Side) -> None:
    """On rotations put together here: a squat, seen by axes that are off by 6 and 2 deg."""
    turns = (turned(UPRIGHT, 6.0), turned(UPRIGHT, 2.0))
    old = made(None, MORNING, side=side)
    new = made(
        None,
        NOON,
        side=side,
        thigh=quaternion.multiply(turns[0], THIGH),
        shank=quaternion.multiply(turns[1], SHANK),
    )
    before = reference(1.0, 2.0)
    after = moved(before, int(side), mounting_of(new), mounting_of(old))
    for at in (5, 20, 35):
        angles = [GRID[at] * DEG, before.valgus_down_deg[at] * DEG, 8.0 * DEG]
        shank = turned((0.0, 0.0, 1.0), -GRID[at] / 3.0)
        thigh = quaternion.multiply(shank, quaternion.conjugate(joint.compose(*angles, int(side))))
        thigh = quaternion.multiply(thigh, quaternion.conjugate(turns[0]))
        shank = quaternion.multiply(shank, quaternion.conjugate(turns[1]))
        shank = quaternion.multiply(turned(UPRIGHT, 2.0 - 6.0), shank)  # re-zeroed in the stance
        seen = joint.angles(*quaternion.multiply(quaternion.conjugate(thigh), shank), int(side))
        expected = np.interp(seen[0] / DEG, GRID, after.valgus_down_deg)
        assert seen[1] / DEG == pytest.approx(expected, abs=0.05)
    deep = after.valgus_down_deg[35] - before.valgus_down_deg[35]
    assert abs(deep) > 3.0
    assert (deep > 0.0) == (side is Side.RIGHT)


# --- what serves ---------------------------------------------------------------------------------


def test_today_s_squats_serve_and_agreement_is_said() -> None:
    earlier = kept(made(reference(), MORNING, thigh=SHANK))
    chosen = choose(made(reference(0.8), NEXT_WEEK), earlier)
    assert used(chosen.made).valgus_down_deg == pytest.approx(reference(0.8).valgus_down_deg)
    assert chosen.warnings == () and "agree" in chosen.remarks[0]
    assert used(chosen.made).sem_between_deg is None  # of two sessions nobody knows


def test_squats_unlike_the_usual_ones_are_told_with_size_and_side() -> None:
    days = [
        made(reference(o), f"2026-08-0{d}T08:00:00+00:00") for d, o in enumerate((0, 0.5, 0.2), 1)
    ]
    chosen = choose(made(reference(0.2, 7.0), NEXT_WEEK, thigh=SHANK), kept(*days))
    (said,) = chosen.warnings
    assert "further in than your usual ones" in said and "lie 7." in said
    assert "the strap or you, it can't be told" in said
    assert used(chosen.made).mdc95_deg is not None
    chosen = choose(made(reference(-6.0), NEXT_WEEK, thigh=SHANK), kept(*days))
    assert "further out" in chosen.warnings[0]


def test_a_knee_that_came_inward_is_told_even_where_the_axis_was_refined_by_it() -> None:
    """Valgus that goes with depth is taken for the axis: the curve is flat, the crosstalk isn't."""
    straight, caving = reference(), reference(0.0, 7.0)
    for side, crosstalk in ((Side.RIGHT, -7.0), (Side.LEFT, 7.0)):
        flat = made(straight, NEXT_WEEK, crosstalk_deg=crosstalk, side=side, thigh=SHANK)
        apart = compare(as_found(straight, crosstalk, int(side)), caving)
        assert apart is not None and abs(apart.largest_deg) < 1e-6
        chosen = choose(flat, kept(made(straight, MORNING, crosstalk_deg=0.0, side=side)))
        assert "further in than your usual ones" in chosen.warnings[0]


def test_without_squats_the_kept_ones_serve_while_the_strap_sits() -> None:
    before = kept(made(reference(), MORNING))
    swung = quaternion.multiply(turned(UPRIGHT, 4.0), THIGH)
    chosen = choose(made(None, NOON, thigh=swung), before)
    serving = used(chosen.made)
    assert serving.source == "kept" and serving.carried_deg == CARRIED_DEG
    assert serving.sigma_deg > reference().sigma_deg
    assert "the strap sits as it did" in chosen.remarks[0]
    same = used(choose(made(None, NOON), before).made)
    assert same.valgus_down_deg == reference().valgus_down_deg and same.carried_deg == 0.0


def test_without_squats_after_strapping_on_anew_they_don_t_and_it_is_said() -> None:
    anew = made(None, NOON, thigh=quaternion.multiply(turned((0, 0, 1.0), 9.0), THIGH))
    chosen = choose(anew, kept(made(reference(), MORNING)))
    assert chosen.made.reference is None
    assert "put on anew" in chosen.remarks[0] and "three reference reps" in chosen.remarks[0]


def test_nothing_kept_changes_nothing() -> None:
    for own in (None, reference()):
        chosen = choose(made(own, NOON), ())
        assert (chosen.remarks, chosen.warnings) == ((), ())
        assert (chosen.made.reference is None) == (own is None)


# --- the commands --------------------------------------------------------------------------------


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def said_in(hints: Console) -> str:
    assert isinstance(hints.file, io.StringIO)
    return hints.file.getvalue()


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def test_references_are_kept_listed_lent_and_deleted(
    at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hints = console()
    for utc, offset in ((MORNING, 0.0), ("2026-08-02T08:00:00+00:00", 0.4), (NEXT_WEEK, 0.1)):
        new = made(reference(offset), utc, thigh=turned((1.0, 2.0, offset), 40.0))
        new = command.keep(new, "A", simulated=False, hints=hints)
    assert used(new).sem_between_deg is not None
    swung = replace(new, reference=None, created_utc=None, athlete="A")
    lent = command.lend(replace(swung, created_utc=NEXT_WEEK), "A", simulated=False, hints=hints)
    assert used(lent).source == "kept"
    assert command.lend(swung, "B", simulated=False, hints=hints).reference is None
    assert "of A's leg, and B is recorded" in said_in(hints)

    assert command_line(["references", "--athlete", "A", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["references"]
    assert (listed["side"], listed["sessions"]) == ("right", 3)
    assert listed["mdc95_deg"] == pytest.approx(
        1.96 * math.sqrt(2) * listed["sem_between_deg"], rel=1e-3
    )
    assert command_line(["references", "--delete", "all"]) == 2
    assert command_line(["references", "--athlete", "A", "--delete", "2027"]) == 1
    assert command_line(["references", "--athlete", "A", "--delete", "2026-08-01"]) == 0
    assert "from 2 sessions" not in capsys.readouterr().out
    assert command_line(["references", "--athlete", "A", "--delete", "all"]) == 0
    assert load_all() == ()


def test_a_damaged_file_costs_a_sentence_and_no_calibration(at_home: Path) -> None:
    path = References(Athlete("A", Side.RIGHT), kept(made(reference(), MORNING))).save()
    path.write_text("{")
    hints, new = console(), made(reference(), NOON)
    assert command.keep(new, "A", simulated=False, hints=hints) == new
    assert "is no file of references" in said_in(hints)


def test_analysis_tells_the_sem_between_sessions_and_null_where_it_is_not_known() -> None:
    for between, mdc in ((None, None), (1.0, 1.96 * math.sqrt(2.0))):
        analyzer = Analyzer(Side.RIGHT, reference=replace(reference(), sem_between_deg=between))
        leg = LegSession(analyzer.result(), made(None, NOON))
        (told,) = to_json(SessionResult(Path("x.csv"), (leg,), ()))["legs"]
        assert told["reference"]["sem_between_deg"] == between
        assert told["reference"]["mdc95_deg"] == (
            None if mdc is None else pytest.approx(mdc, abs=1e-3)
        )
