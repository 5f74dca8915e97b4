"""The band cues by itself, from the button's or a host's recording: the host would have, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import kneetrack
from kneecore import wire
from kneetrack.analysis import analyse
from kneetrack.analysis.log import log_samples
from kneetrack.analysis.trace import reference_of
from kneetrack.cue import Coach, Kind, Plan, Policy, When
from kneetrack.detection import Analyzer
from kneetrack.samples import Side, Verdict

LINK = "sim:squats?reps=5&valgus=10&functional=3&table=2&stand=2&seed=3&speed=max"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("band_cue") / "cued.mcap"
    done = kneetrack(
        "record", "--link", LINK, "--cue", "every", "--cue-by", "band", "--out", path, "--no-check"
    )
    assert done.returncode == 0, done.stderr
    assert "The band cues by itself" in done.stderr
    return path


def test_the_log_tells_the_cues_and_they_are_the_hosts(log: Path) -> None:
    leg = analyse(log).legs[0]
    reference = reference_of(leg.calibration)
    analyzer = Analyzer(Side.RIGHT, reference=reference)
    _, cues = Coach(Plan(Policy.EVERY, When.DURING)).feed_all(analyzer, log_samples(log))
    ours = [cue.time_s for cue in cues if cue.kind is Kind.DURING]
    theirs = leg.result.band_cues_s
    assert len(ours) == len(theirs) > 0
    # The packet that tells of it begins with the sample after; single precision may be one off.
    period_s = wire.KNEE_PERIOD_US * 1e-6
    for ours_s, theirs_s in zip(ours, theirs, strict=True):
        assert theirs_s - period_s == pytest.approx(ours_s, abs=1.5 * period_s)


def test_reps_that_moved_inward_and_no_others_were_cued(log: Path) -> None:
    result = analyse(log).legs[0].result
    moved = {Verdict.MOVED_INWARD, Verdict.MOVED_INWARD_LARGE}
    for rep in result.reps:
        cued = any(rep.start_s < at_s <= rep.end_s for at_s in result.band_cues_s)
        assert cued == (rep.verdict in moved), rep


def test_analyze_tells_them(log: Path) -> None:
    done = kneetrack("analyze", log)
    assert done.returncode == 0 and "The band gave" in done.stdout
    reps = [
        f"in rep {rep.index + 1}"
        for rep in analyse(log).legs[0].result.reps
        if rep.verdict is not None and rep.verdict.value.startswith("moved_inward")
    ]
    assert f": {', '.join(reps)}." in done.stdout and reps
    told = json.loads(kneetrack("analyze", log, "--json").stdout)["legs"][0]["band_cues_s"]
    assert told == [round(at, 4) for at in analyse(log).legs[0].result.band_cues_s]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cue-by", "band"), "add how often"),
        (("--cue", "every", "--cue-by", "band", "--cue-when", "after"), "during the rep"),
    ],
)
def test_what_the_band_does_not_do_is_refused(options: tuple[str, ...], said: str) -> None:
    done = kneetrack("record", "--link", LINK, *options)
    assert done.returncode == 2 and said in done.stderr
