"""What the checks make of what they find: each limit, on both sides of it."""

import asyncio
from pathlib import Path

import pytest

from kneecore import settings, wire
from kneetrack.errors import CommandRefused
from kneetrack.link import LinkFigures, open_link
from kneetrack.maintenance import doctor
from kneetrack.maintenance.band_rows import answer_row, connection_rows, status_rows
from kneetrack.maintenance.bluetooth import bluetooth_rows, why_not
from kneetrack.maintenance.computer import packages_row, storage_rows
from kneetrack.maintenance.rows import Row, State
from kneetrack.maintenance.streaming import Streamed, stream_rows
from kneetrack.protocol import read_status

OLD_LOG = Path(__file__).parents[1] / "replay" / "logs" / "protocol_1_1.mcap"


class OldBand:
    """The band of protocol 1.1 that a frozen log was made with, its radio as it is told."""

    def __init__(self, figures: LinkFigures | None = None) -> None:
        asyncio.run(self._enter())
        self.figures = figures or LinkFigures()

    async def _enter(self) -> None:
        async with open_link(f"log:{OLD_LOG}?speed=max") as link:
            self.feature, self.info, self.name = link.feature, link.info, link.name


def states(rows: list[Row]) -> dict[str, State]:
    return {row.name: row.state for row in rows}


def status(**changes: float) -> bytes:
    values = {
        "state": wire.STATE_IDLE, "faults": 0, "uptime_ms": 60_000, "thigh_overruns": 0,
        "shank_overruns": 0, "dropped_packets": 0, "thigh_temperature_c": 24.0,
        "shank_temperature_c": 25.0, "battery_percent": 80, "connection_interval_ms": 15.0,
        "supervision_timeout_ms": 4000, "storage_free_kib": 6000, "recordings": 0,
        "power": 0, "minutes_left": 65535, "reset_cause": 1, "cues": 0,
    }  # fmt: skip
    return wire.STATUS.pack(*(values | changes).values())


def rows_for(**changes: float) -> list[Row]:
    read = read_status(status(**changes))
    assert read is not None
    return status_rows(OldBand(), "ble", read)


def test_an_older_bands_firmware_is_a_note_that_names_the_update() -> None:
    rows = {row.name: row for row in connection_rows(OldBand(), "ble", 1.0)}
    assert rows["Protocol"].state is State.NOTE and "1.1" in rows["Protocol"].text
    assert "Update the band" in rows["Protocol"].remedy
    assert rows["Pairing"].state is State.NOTE
    assert rows["Signal"].state is rows["MTU"].state is State.NOTE, "not known"


@pytest.mark.parametrize(
    ("rssi", "mtu", "signal", "size"),
    [
        (-50, 247, State.OK, State.OK),
        (-80, 220, State.NOTE, State.NOTE),
        (-95, 23, State.PROBLEM, State.PROBLEM),
    ],
)
def test_signal_and_mtu_are_judged(rssi: int, mtu: int, signal: State, size: State) -> None:
    found = states(connection_rows(OldBand(LinkFigures(rssi, mtu)), "ble", 1.0))
    assert (found["Signal"], found["MTU"]) == (signal, size)


def test_a_cable_has_neither_signal_nor_pairing() -> None:
    found = states(connection_rows(OldBand(), "serial", 0.1))
    assert found["Pairing"] is State.OK and "Signal" not in found


def test_a_band_that_is_well_gives_no_problem() -> None:
    assert set(states(rows_for()).values()) <= {State.OK, State.NOTE}


@pytest.mark.parametrize(
    ("changes", "name", "state"),
    [
        ({"battery_percent": 19}, "Battery", State.NOTE),
        ({"battery_percent": 4}, "Battery", State.PROBLEM),
        ({"battery_percent": 255}, "Battery", State.NOTE),
        ({"power": 3}, "Battery", State.NOTE),
        ({"reset_cause": settings.RESET_WATCHDOG}, "Last start", State.NOTE),
        ({"reset_cause": settings.RESET_CRASH}, "Last start", State.NOTE),
        ({"reset_cause": settings.RESET_BROWN_OUT}, "Last start", State.NOTE),
        ({"faults": wire.FAULT_THIGH_IMU}, "Thigh sensor", State.PROBLEM),
        ({"faults": wire.FAULT_SHANK_IMU}, "Shank sensor", State.PROBLEM),
        ({"faults": wire.FAULT_STORE}, "Memory", State.PROBLEM),
        ({"recordings": 2}, "Memory", State.NOTE),
        ({"storage_free_kib": 100}, "Memory", State.NOTE),
        ({"connection_interval_ms": 60.0}, "Interval", State.NOTE),
        ({"connection_interval_ms": 0}, "Interval", State.NOTE),
        ({"dropped_packets": 3}, "Switched on for", State.NOTE),
        ({"shank_overruns": 1}, "Switched on for", State.NOTE),
    ],
)
def test_what_the_band_reports_is_judged(changes: dict, name: str, state: State) -> None:
    good, row = ({r.name: r for r in rows_for(**c)}[name] for c in ({}, changes))
    assert good.state is State.OK
    assert row.state is state
    if state is State.PROBLEM:
        assert row.remedy


def test_an_older_bands_shorter_report_is_understood() -> None:
    read = read_status(status()[: wire.STATUS_LEAST])
    assert read is not None
    found = states(status_rows(OldBand(), "ble", read))
    assert found["Memory"] is found["Interval"] is State.NOTE


def test_a_chip_that_the_band_does_not_know_is_named_with_those_it_takes() -> None:
    strange = OldBand()
    strange.feature = strange.feature._replace(thigh_chip=0xEA)
    read = read_status(status(faults=wire.FAULT_THIGH_IMU | wire.FAULT_THIGH_CHIP))
    assert read is not None
    rows = {row.name: row for row in status_rows(strange, "ble", read)}
    assert "WHO_AM_I 0xEA" in rows["Thigh sensor"].text
    assert "0x6C (LSM6DSOX" in rows["Thigh sensor"].remedy
    assert rows["Shank sensor"].state is State.OK


def test_a_sensor_that_always_says_the_same_does_not_live() -> None:
    moving = [(0.0, 0.1 * n, 9.8) for n in range(20)]
    streamed = Streamed(5.0, 100, 520, 0, 20, 0, [0.02, 0.03], True, moving, [(0.0, 0.0, 9.8)] * 20)
    found = states(stream_rows(streamed, "ble"))
    assert found["Thigh sensor moves"] is State.OK
    assert found["Shank sensor moves"] is State.PROBLEM
    streamed.shank_acc = [(0.0, 0.001 * n, 0.1) for n in range(20)]
    assert states(stream_rows(streamed, "ble"))["Shank sensor moves"] is State.PROBLEM, "no gravity"


def test_on_a_real_bands_clock_the_quickest_packet_is_zero() -> None:
    delays = [1000.0 + 0.010 * n for n in range(20)]
    rows = stream_rows(Streamed(5.0, 20, 160, 0, 0, 0, delays), "ble")
    row = next(row for row in rows if row.name == "Delay")
    assert row.figures["from"] == "quickest_packet"
    assert row.figures["most_ms"] == pytest.approx(190)


def test_a_cable_is_put_right_as_a_cable_and_the_radio_as_a_radio() -> None:
    slow, late = [1.0] * 5, Streamed(5.0, 20, 160, 40, 0, 0, [0.0, *[0.5] * 19])
    for kind, word in (("serial", "cable"), ("ble", "closer")):
        rows = [
            answer_row(slow, kind),
            *stream_rows(late, kind)[:2],
            *stream_rows(Streamed(), kind),
        ]
        assert all(word in row.remedy for row in rows), rows
    read = read_status(status(dropped_packets=3))
    assert read is not None
    rows = {row.name: row for row in status_rows(OldBand(), "serial", read)}
    assert "Interval" not in rows and "cable" in rows["Switched on for"].remedy


def test_a_band_that_sends_nothing_is_a_problem() -> None:
    (row,) = stream_rows(Streamed(), "ble")
    assert row.state is State.PROBLEM and "nothing came" in row.text


def rfkill(folder: Path, number: int, kind: str, soft: str, hard: str) -> None:
    switch = folder / "class" / "rfkill" / f"rfkill{number}"
    switch.mkdir(parents=True)
    for name, text in (("type", kind), ("soft", soft), ("hard", hard)):
        (switch / name).write_text(text + "\n")


def adapter_row(folder: Path, *, needed: bool = True) -> Row:
    nowhere = f"unix:path={folder}/no-bus"
    return asyncio.run(
        bluetooth_rows(needed, system="linux", sys_folder=folder, bus_address=nowhere)
    )[0]


def test_adapters_and_their_switches_are_read_from_the_kernel(tmp_path: Path) -> None:
    assert adapter_row(tmp_path).state is State.PROBLEM
    assert adapter_row(tmp_path, needed=False).state is State.NOTE
    (tmp_path / "class" / "bluetooth" / "hci0").mkdir(parents=True)
    (tmp_path / "class" / "bluetooth" / "hci0:64").mkdir()  # a connection
    rfkill(tmp_path, 0, "wlan", "1", "1")
    assert adapter_row(tmp_path).state is State.OK
    assert adapter_row(tmp_path).figures["adapters"] == ["hci0"]
    rfkill(tmp_path, 1, "bluetooth", "1", "0")
    assert "rfkill unblock" in adapter_row(tmp_path).remedy
    (tmp_path / "class" / "rfkill" / "rfkill1" / "hard").write_text("1\n")
    assert "switch or key" in adapter_row(tmp_path).text


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_have_no_layers_to_ask(system: str) -> None:
    assert asyncio.run(bluetooth_rows(True, system=system)) == []


def test_bleaks_reasons_become_sentences_with_a_remedy() -> None:
    from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason

    for reason in BleakBluetoothNotAvailableReason:
        said = why_not(BleakBluetoothNotAvailableError("no", reason))
        if "UNKNOWN" not in reason.name:
            assert said is not None and said[1], reason
    assert why_not(OSError("else")) is None


def test_packages_are_those_of_the_kind_of_link() -> None:
    sim, log = (packages_row(kind).figures["versions"] for kind in ("sim", "log"))
    assert "bumble" in sim and "bumble" not in log
    assert packages_row("sim").state is State.OK


def test_storage_that_others_may_read_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert states(storage_rows())["Recordings kept"] is State.OK
    (tmp_path / "kneetrack").chmod(0o755)
    assert states(storage_rows())["Recordings kept"] is State.NOTE


def test_a_folder_that_cannot_be_made_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kneetrack").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (row,) = storage_rows()
    assert row.state is State.PROBLEM and "--out" in row.remedy


@pytest.mark.parametrize(
    ("result", "state"),
    [(wire.RESULT_CHARGING, State.NOTE), (wire.RESULT_SENSOR_FAULT, State.PROBLEM)],
)
def test_a_band_on_a_cable_is_no_problem_and_the_way_to_measure_is_told(
    monkeypatch: pytest.MonkeyPatch, result: int, state: State
) -> None:
    async def refused(link: object, stream_s: float) -> Streamed:
        raise CommandRefused("It is plugged in.", wire.OP_START, result)

    monkeypatch.setattr(doctor, "stream", refused)
    streamed = doctor._streamed(OldBand(), "ble", read_status(status()), 5.0)  # pyright: ignore
    (row,) = asyncio.run(streamed)
    assert row.state is state
    assert ("serial:auto" in row.remedy) is (state is State.NOTE)
