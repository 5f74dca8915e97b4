"""Logs of older versions open for ever, and give what they gave then.

`logs/protocol_1_1.mcap` was recorded by the version of commit a84d7fb (protocol 1.1, before blocks,
Session Transfer and the longer STATUS) from `sim:squats`: three calibration squats, three reps. The
JSON beside it is what `analyze --json` of that version said. These files are never made anew.
"""

import json
import shutil
import stat
from pathlib import Path

import pytest

from kneetrack.analysis import analyse, to_json
from kneetrack.cli.app import run
from kneetrack.samples import Side
from kneetrack.sessionlog import read_log
from kneetrack.sessionlog.repair import repair

LOGS = Path(__file__).parent / "logs"
LOG = LOGS / "protocol_1_1.mcap"
THEN = json.loads((LOGS / "protocol_1_1.json").read_text())
TOLERANCE = {"_s": 0.03, "_deg": 0.4, "_cm": 0.3}
"""Methods may become better; an old log must not turn into another recording by that."""


def check_analysis(path: Path) -> None:
    (leg,), (then,) = to_json(analyse(path))["legs"], THEN["legs"]
    assert leg["calibration"]["grade"] == then["calibration"]["grade"]
    assert [rep["verdict"] for rep in leg["reps"]] == [rep["verdict"] for rep in then["reps"]]
    for rep, old in zip(leg["reps"], then["reps"], strict=True):
        for key in ("start_s", "end_s", "peak_flexion_deg", "own_excursion_deg"):
            tolerance = TOLERANCE["_" + key.rpartition("_")[2]]
            assert rep[key] == pytest.approx(old[key], abs=tolerance), key


def test_a_log_of_protocol_1_1_is_analysed_as_it_was_then() -> None:
    log = read_log(LOG)
    assert log.session["versions"]["protocol"] == "1.1"
    assert log.torn is None and log.packet_count == 602
    assert len(log.temperatures(Side.RIGHT)) >= 2, "its shorter STATUS is understood"
    check_analysis(LOG)


def test_a_log_of_protocol_1_1_replays_with_the_events_of_its_recording(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["replay", str(LOG), "--speed", "max"]) == 0
    told = capsys.readouterr()
    assert "rep 3" in told.out and "moved inward" in told.out


def test_a_log_of_protocol_1_1_is_whole_to_repair_and_made_whole_when_torn(tmp_path: Path) -> None:
    assert repair(LOG).was_whole
    torn = tmp_path / "torn.mcap"
    torn.write_bytes(LOG.read_bytes()[:-3000])
    done = repair(torn)
    assert done.out is not None and not done.was_whole
    log = read_log(done.out)
    assert log.torn is None and log.session == read_log(LOG).session
    check_analysis(done.out)


def test_a_report_and_angles_come_of_a_log_of_protocol_1_1(tmp_path: Path) -> None:
    copy = shutil.copy(LOG, tmp_path / "old.mcap")
    assert run(["report", str(copy), "--out", str(tmp_path / "r.html")]) == 0
    assert run(["angles", str(copy), "--out", str(tmp_path / "a.csv")]) == 0
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 1700
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600
