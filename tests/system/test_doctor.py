"""`kneetrack doctor` names what lacks and what to do, on a computer with and without Bluetooth."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kneetrack.cli.app import run

NO_BUS = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere/bus"}


def doctor(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "kneetrack.cli", "doctor", *arguments],
        env=os.environ | {"XDG_DATA_HOME": str(home)} | NO_BUS | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def rows_of(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    rows = json.loads(done.stdout)["rows"]
    assert all(row["remedy"] for row in rows if row["state"] == "problem"), "each has a remedy"
    return {row["name"]: row for row in rows}


def test_a_good_simulated_band_is_found_good_with_all_its_figures(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--link", "sim:squats?speed=max", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = rows_of(done)
    assert all(row["state"] != "problem" for row in rows.values())
    assert json.loads(done.stdout)["ok"] is True
    assert rows["Packages"]["figures"]["versions"]["bumble"]
    assert rows["Protocol"]["state"] == "ok"
    assert rows["MTU"]["figures"]["mtu"] >= 200
    assert rows["Signal"]["figures"]["rssi_dbm"] < 0
    assert "advertisement" in rows["Signal"]["text"]
    assert rows["Memory"]["figures"]["free_kib"] > 1000
    assert rows["Memory"]["figures"]["recordings"] == 0
    assert rows["Answers"]["figures"]["most_ms"] > 0
    streaming = rows["Streaming"]["figures"]
    assert streaming["knee_lost"] == 0 and streaming["samples_per_s"] == pytest.approx(104, abs=3)
    assert streaming["duration_s"] >= 5.0
    assert 0 < rows["Delay"]["figures"]["p50_ms"] < 200
    for sensor in ("Thigh", "Shank"):
        assert rows[f"{sensor} sensor"]["figures"]["chip"] == 0x6C
        assert rows[f"{sensor} sensor moves"]["figures"]["acc_m_s2"] == pytest.approx(9.8, abs=0.5)


def test_a_radio_that_loses_packets_is_a_problem_of_the_way_to_the_band(tmp_path: Path) -> None:
    link = "sim:squats?table=0&stand=1&functional=0&loss=0.2&speed=max"
    done = doctor(tmp_path, "--link", link)
    assert done.returncode == 3, done.stdout
    assert "knee samples lost" in done.stdout and "closer" in done.stdout
    assert "1 problem" in done.stdout


def test_without_bluetooth_the_first_thing_that_lacks_is_named(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json")
    rows = rows_of(done)
    assert done.returncode == 3
    if sys.platform == "linux":
        assert "D-Bus does not run" in rows["Bluetooth service"]["text"]
        assert rows["Band"]["state"] == "note"
    assert rows["Python"]["state"] == "ok" and rows["Storage"]["state"] == "ok"


def test_bluetooth_that_is_not_needed_is_no_problem(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--link", "sim:squats?speed=max", "--no-stream", "--json")
    assert done.returncode == 0
    rows = rows_of(done)
    assert "Streaming" not in rows
    if sys.platform == "linux":
        assert rows["Bluetooth service"]["state"] == "note"


@pytest.mark.parametrize("link", ["log:a.mcap", "nonsense", "sim:wrong"])
def test_what_is_no_band_is_refused_before_anything_is_looked_at(
    link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--link", link]) == 2
    told = capsys.readouterr()
    assert len(told.err.strip().splitlines()) == 1 and not told.out


# --- a system bus of our own, with what stands for BlueZ on it -----------------------------------

BLUEZ = """
import asyncio, sys
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

how = sys.argv[1]

def answer(message):
    if message.member != "GetManagedObjects":
        return None
    if how == "denied":
        return Message.new_error(message, "org.freedesktop.DBus.Error.AccessDenied", "no")
    adapter = {"org.bluez.Adapter1": {"Powered": Variant("b", how == "on")}}
    objects = {} if how == "none" else {"/org/bluez/hci0": adapter}
    return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])

async def serve():
    bus = await MessageBus(bus_address=sys.argv[2]).connect()
    bus.add_message_handler(answer)
    await bus.request_name("org.bluez")
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(serve())
"""


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a message bus that runs for these tests."""
    program = shutil.which("dbus-daemon")
    if program is None or sys.platform != "linux":
        pytest.skip("this system has no dbus-daemon")
    folder = tmp_path_factory.mktemp("bus")
    config = folder / "bus.conf"
    config.write_text(
        textwrap.dedent(f"""\
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><listen>unix:path={folder}/s</listen>
            <policy context="default"><allow send_destination="*" eavesdrop="true"/>
            <allow eavesdrop="true"/><allow own="*"/></policy></busconfig>""")
    )
    with subprocess.Popen(
        [program, "--nofork", "--print-address", f"--config-file={config}"],
        stdout=subprocess.PIPE,
        text=True,
    ) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        yield address
        daemon.terminate()


def service_row(bus: str) -> dict[str, Any]:
    code = (
        "import asyncio, json, sys; from kneetrack.maintenance.bluetooth import bluetooth_rows;"
        "print(json.dumps(asyncio.run(bluetooth_rows(True, bus_address=sys.argv[1]))[1].to_json()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, bus], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_bus_without_bluez_is_told(bus: str) -> None:
    row = service_row(bus)
    assert row["state"] == "problem" and "does not run" in row["text"]
    assert "bluetooth" in row["remedy"]


@pytest.mark.parametrize(
    ("how", "state", "text", "remedy"),
    [
        ("on", "ok", "hci0 is switched on", ""),
        ("off", "problem", "hci0 is switched off", "power on"),
        ("none", "problem", "no adapter", "rfkill"),
        ("denied", "problem", "may not use it", "usermod -aG bluetooth"),
    ],
)
def test_what_bluez_says_of_its_adapters_is_told(
    bus: str, how: str, state: str, text: str, remedy: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BLUEZ, how, bus], stdout=subprocess.PIPE, text=True
    ) as bluez:
        assert bluez.stdout is not None and bluez.stdout.readline() == "ready\n"
        row = service_row(bus)
        bluez.terminate()
    assert row["state"] == state and text in row["text"] and remedy in row["remedy"]
