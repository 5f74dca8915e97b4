"""One table of checks and its two callers; what is told of a calibration; other systems' rows."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import gen_doctor_doc
from kneecore import wire
from kneecore.calibration import Calibration
from kneetrack.calibration.store import CalibrationFile, as_on_the_band
from kneetrack.link import LinkFigures
from kneetrack.maintenance import preflight, systems
from kneetrack.maintenance.band_rows import connection_rows, interval_row, status_rows
from kneetrack.maintenance.checks import BY_NAME, CHECKS, COMPLAINTS, Before
from kneetrack.maintenance.computer import storage_row
from kneetrack.maintenance.rows import Row, State
from kneetrack.maintenance.systems import Facts, system_rows
from kneetrack.maintenance.worn import CALIBRATION, ZERO, Worn, worn_rows
from kneetrack.protocol import read_status
from kneetrack.samples import Channel, Side

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
DEMANDS = ROOT.parent / "shared" / "reference" / "peers-and-demands.md"
BLE = range(12, 27)  # the numbers of its table B that are about a wireless sensor


class Band:
    """What a link tells of a band on entry."""

    name = "KneeBand-1A2B"

    def __init__(self, channels: frozenset[Channel] | None = frozenset(Channel)) -> None:
        self.figures = LinkFigures(-50, 247, channels)
        values = dict.fromkeys(wire.FEATURE.fields, 0)
        major, minor = wire.PROTOCOL_VERSION
        values |= {"protocol_major": major, "protocol_minor": minor}
        values |= {"thigh_chip": 0x6C, "shank_chip": 0x6C}
        self.feature = type("Feature", (), values)


def status(**changes: float):
    values = {
        "state": wire.STATE_IDLE, "faults": 0, "uptime_ms": 7_200_000, "thigh_overruns": 0,
        "shank_overruns": 0, "dropped_packets": 0, "thigh_temperature_c": 24.0,
        "shank_temperature_c": 25.0, "battery_percent": 80, "connection_interval_ms": 15.0,
        "supervision_timeout_ms": 4000, "storage_free_kib": 6000, "recordings": 0,
        "power": 0, "minutes_left": 65535, "reset_cause": 1, "cues": 0,
    }  # fmt: skip
    read = read_status(wire.STATUS.pack(*(values | changes).values()))
    assert read is not None
    return read


def made(**changes) -> CalibrationFile:
    one = (1.0, 0.0, 0.0, 0.0)
    held = as_on_the_band(Calibration(wire.SIDE_RIGHT, one, one))
    hour_ago = (NOW - timedelta(hours=1)).isoformat()
    good = CalibrationFile(
        calibration=held, grade="A", rests_on={"bias": "table", "gravity": "stand", "axis": "x"},
        created_utc=hour_ago, zero_utc=hour_ago, zero_temperature_c=(22.0, 22.0), sensors_id=7,
    )  # fmt: skip
    return replace(good, **changes)


def worn(calibration: CalibrationFile | None, **changes) -> dict[str, Row]:
    one = Worn(
        side=Side.RIGHT, held_id=5, sensors_id=7, made=calibration, now=NOW, uptime_s=7200.0,
        temperature_c=(24.0, 25.0), athlete="A",
    )  # fmt: skip
    return {row.name: row for row in worn_rows(replace(one, **changes))}


# --- the table -----------------------------------------------------------------------------------


def test_every_row_of_a_band_is_in_the_table() -> None:
    rows = [
        *connection_rows(Band(), "ble", 1.0),
        *status_rows(Band(), "ble", status()),
        *worn(made()).values(),
    ]
    assert {row.name for row in rows} <= set(BY_NAME)
    assert all(row.state is State.OK for row in rows), [row for row in rows if row.state != "ok"]
    assert len(BY_NAME) == len(CHECKS), "no name twice"


def test_every_complaint_is_told_by_rows_or_by_a_line_why_not() -> None:
    assert len({complaint.name for complaint in COMPLAINTS}) == len(BLE)
    for complaint in COMPLAINTS:
        assert set(complaint.rows) <= set(BY_NAME), complaint.name
        assert complaint.answer.endswith(".") and complaint.issues
        assert complaint.rows or complaint.answer.startswith("No row")


@pytest.mark.skipif(not DEMANDS.exists(), reason="the list of complaints is not here")
def test_the_complaints_are_those_of_the_list() -> None:
    listed = dict(re.findall(r"^\|(\d+)\|.*?\|(.*?)\|$", DEMANDS.read_text(), re.MULTILINE))
    assert len(listed) >= max(BLE)
    told = " ".join(issue for complaint in COMPLAINTS for issue in complaint.issues)
    for number in BLE:
        for issue in re.findall(r"#\d+", listed[str(number)]):
            assert issue in told, f"{number}: {issue}"


def test_the_page_is_written_from_the_table() -> None:
    assert gen_doctor_doc.PATH.read_text() == gen_doctor_doc.document()


# --- before a recording --------------------------------------------------------------------------


def before(calibration: CalibrationFile | None, band: Band | None = None, **changes) -> list[Row]:
    one = Worn(side=Side.RIGHT, held_id=5, sensors_id=7, made=calibration, now=NOW)
    return preflight.rows_of_band(band or Band(), "ble", status(**changes), one)


def test_when_all_is_well_there_is_one_line() -> None:
    rows = [*before(made()), storage_row()]
    assert [row for row in rows if row.state is not State.OK] == []
    assert not preflight.refusing(rows)
    line = preflight.summary(rows)
    for word in ("battery 80 %", "both sensors answer", "zeroed on a table", "60 min old", "room"):
        assert word in line


@pytest.mark.parametrize(
    ("changes", "name", "refuses"),
    [
        ({"faults": wire.FAULT_SHANK_IMU}, "Shank sensor", True),
        ({"battery_percent": 3}, "Battery", False),
        ({"battery_percent": 15}, "Battery", False),
        ({"recordings": 2}, "Memory", False),
        ({"thigh_temperature_c": 34.0}, ZERO, False),
    ],
)
def test_what_is_not_well_is_told_with_its_remedy(changes: dict, name: str, refuses: bool) -> None:
    rows = before(made(), **changes)
    (row,) = [row for row in rows if row.state is not State.OK]
    assert row.name == name and row.remedy
    assert bool(preflight.refusing(rows)) is refuses
    assert BY_NAME[name].before is (Before.REFUSES if refuses else Before.TOLD)


def test_what_a_system_cannot_tell_is_not_told_every_day() -> None:
    band = Band()
    band.figures = LinkFigures()
    names = {row.name for row in before(made(), band, battery_percent=255)}
    assert not names & {"Signal", "MTU", "Battery"}


def test_a_full_disk_and_a_place_that_takes_no_log_are_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storage_row(tmp_path, legs=2).state is State.OK
    nowhere = storage_row(tmp_path / "not there")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("", (), {"free": 40e6}))
    full = storage_row(tmp_path, legs=2)
    assert "40 min of 2 legs" in full.text
    assert preflight.refusing([nowhere, full]) == [nowhere, full]


# --- the calibration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calibration", "changes", "state", "text"),
    [
        (None, {}, State.NOTE, "not made on this computer"),
        (None, {"held_id": 0}, State.NOTE, "angles mean nothing yet"),
        (made(created_utc="2026-11-20T10:00:00Z"), {}, State.NOTE, "2 days old): an old one"),
        (made(created_utc=None), {}, State.NOTE, "not known"),
        (made(), {"uptime_s": 600.0}, State.NOTE, "switched off since"),
        (made(grade="C"), {}, State.NOTE, "worth much more"),
        (made(), {"side": Side.LEFT}, State.PROBLEM, "left leg"),
        (made(sensors_id=6), {}, State.PROBLEM, "does not fit"),
        (made(sensors_id=0, created_utc=None), {"is_simulated": True}, State.OK, "grade A"),
    ],
)
def test_a_calibration_is_told_to_hold_or_not(
    calibration: CalibrationFile | None, changes: dict, state: State, text: str
) -> None:
    assert worn(made())[CALIBRATION].state is State.OK
    row = worn(calibration, **changes)[CALIBRATION]
    assert row.state is state and text in row.text
    side = "left" if changes.get("side") is Side.LEFT else "right"
    if state is not State.OK:
        assert f"kneetrack calibrate --side {side} --athlete A" in row.remedy


@pytest.mark.parametrize(
    ("calibration", "text"),
    [
        (made(zero_utc="2026-11-21T10:00:00Z"), "another day"),
        (made(zero_temperature_c=(22.0, 37.0)), "12 K colder now: they have moved"),
        (made(rests_on={"bias": "stand"}), "not measured on a table"),
    ],
)
def test_zeros_that_have_moved_are_told(calibration: CalibrationFile, text: str) -> None:
    good = worn(made())[ZERO]
    assert good.state is State.OK and "60 min ago, 3 K warmer now" in good.text
    row = worn(calibration)[ZERO]
    assert row.state is State.NOTE and text in row.text and "table" in row.remedy


# --- other systems -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "state", "word"),
    [
        (Facts("linux", "6.8.0-45-generic", (6, 8, 0)), State.OK, "every band"),
        (Facts("linux", "6.8.0", (6, 8), cache="no"), State.OK, "of none"),
        (Facts("linux", "5.15.153.1-microsoft-standard-WSL2", (5, 15)), State.PROBLEM, "WSL"),
        (Facts("win32", "10.0.22631", (10, 0, 22631)), State.OK, "Windows 11"),
        (Facts("win32", "10.0.19045", (10, 0, 19045)), State.NOTE, "Windows 10"),
        (Facts("win32", "10.0.14393", (10, 0, 14393)), State.PROBLEM, "too old"),
        (Facts("darwin", "14.5", (14, 5)), State.OK, "by their name"),
        (Facts("darwin", "10.14.6", (10, 14, 6)), State.PROBLEM, "too old"),
        (Facts("freebsd14", "14.1", (14, 1)), State.NOTE, "nobody has tried"),
    ],
)
def test_each_system_is_told_with_its_remedy(facts: Facts, state: State, word: str) -> None:
    row = system_rows(facts, needed=True)[0]
    assert row.state is state and word in row.text
    assert bool(row.remedy) is (state is not State.OK)
    assert system_rows(facts, needed=False)[0].state is not State.PROBLEM


def test_macos_names_the_program_that_is_asked_for_bluetooth() -> None:
    (_, row) = system_rows(Facts("darwin", "14.5", (14, 5), terminal="iTerm.app"), needed=True)
    assert row.name == "Bluetooth permission" and "iTerm," in row.text


def test_a_long_interval_has_each_systems_own_remedy() -> None:
    slow = status(connection_interval_ms=60.0)
    systems_ = (Facts("linux"), Facts("darwin"), Facts("win32", "", (10, 0, 19045)),
                Facts("win32", "", (10, 0, 22631)), Facts("aix"))  # fmt: skip
    assert len({interval_row(slow, facts).remedy for facts in systems_}) == len(systems_)
    assert interval_row(status(), Facts("linux")).state is State.OK


@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_services_of_an_older_firmware_are_a_problem(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Band(frozenset(Channel) - {Channel.TRANSFER})
    monkeypatch.setattr("kneetrack.maintenance.band_rows.facts_here", lambda: Facts(system))
    row = next(row for row in connection_rows(old, "ble", 1.0) if row.name == "Services")
    assert row.state is State.PROBLEM and "transfer" in row.text
    assert row.remedy.startswith(systems.how_to_forget(Facts(system)))


def test_bluez_tells_its_version_and_cache(tmp_path: Path) -> None:
    assert systems.bluez_version("usb:v1D6Bp0246d0542") == (5, 66)
    assert systems.bluez_version("usb:v1D6Bp0247d0542") is None
    assert systems.bluez_version("bluetooth:v00E0p1200d1436") is None
    conf = tmp_path / "main.conf"
    assert systems.cache_of(conf) == ""
    conf.write_text("[General]\n#Name = x%h\n\n[GATT]\nCache = Yes\n")
    assert systems.cache_of(conf) == "yes"
    conf.write_text("no section at all = 1\n")
    assert systems.cache_of(conf) == ""
