"""`kneetrack calibrate --athlete` from day to day, through the firmware on a simulated leg."""

import contextlib
import io
import json
from pathlib import Path

import pytest

from kneetrack.calibration import CalibrationFile
from kneetrack.cli.app import run as command_line
from kneetrack.detection import Reference

QUICK = "speed=max&reps=0&sta=0"


def kneetrack(*arguments: str | Path) -> tuple[str, str]:
    """What a command that ends well says on stdout and stderr, in one line each."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command_line([str(one) for one in arguments])
    assert code == 0, err.getvalue()
    return " ".join(out.getvalue().split()), " ".join(err.getvalue().split())


def test_the_same_person_another_strapping_a_changed_person_and_swings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seed is a mounting and a day; without soft tissue (sta=0) the person is always the same."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    def calibrated(scenario: str, *more: str) -> tuple[str, str, CalibrationFile]:
        path = tmp_path / "cal.json"
        said = kneetrack(
            "calibrate", "--athlete", "A", "--out", path, "--link", f"sim:{scenario}&{QUICK}", *more
        )  # fmt: skip
        return *said, CalibrationFile.load(path)

    _, hints, first = calibrated("squats?seed=4")
    assert "agree" not in hints

    # Leg swings under the same strap: the squats of before serve, carried over.
    _, hints, swung = calibrated("swings?seed=4", "--movement", "swing")
    assert "the strap sits as it did then" in hints
    lent = Reference.from_json(swung.reference)
    assert (lent.source, lent.carried_deg) == ("kept", 1.0)

    # Another strapping, the same squats but for a knee that comes in with the depth.
    out, _, caving = calibrated("squats?seed=5&type=depth&valgus=8")
    assert "further in than your usual ones" in out
    assert "the strap or you, it can't be told" in out
    own = Reference.from_json(caving.reference)
    assert own.source == "functional"  # today's serve, and it is said

    listed = json.loads(kneetrack("references", "--athlete", "A", "--json")[0])["references"]
    assert [one["sessions"] for one in listed] == [2]
    utc = [one["utc"] for one in listed[0]["references"]]
    assert utc == [first.created_utc, caving.created_utc]
    log = tmp_path / "log.mcap"
    bare = tmp_path / "bare.json"
    CalibrationFile.from_json({**caving.to_json(), "reference": None}, "bare").save(bare)
    _, hints = kneetrack(
        "record", "--athlete", "A", "--calibration", bare, "--out", log, "--link",
        "sim:squats?seed=5&functional=0&table=0&stand=2&reps=4&speed=max&sta=0",
    )  # fmt: skip
    assert "the strap sits as it did then" in hints
    (leg,) = json.loads(kneetrack("analyze", log, "--json")[0])["legs"]
    assert leg["reference"]["source"] == "kept"  # the log has it, whatever is deleted later
    assert leg["reference"]["reps"] == own.reps
    assert leg["reference"]["mdc95_deg"] is None
