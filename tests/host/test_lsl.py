"""What a lab's recorder gets of us over the Lab Streaming Layer, in this process and another."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

import lsl_listener
from kneecore import wire
from kneetrack import lsl
from kneetrack.errors import InputError, install
from kneetrack.samples import KneeSample, Rep, RepEnded, Side, Verdict
from kneetrack.sessionlog.markers import Marker

STILL = (1.0, 0.0, 0.0, 0.0)
LATE_S = 0.03


def at(number: int, *, valgus: float = 0.0, flags: int = 0) -> KneeSample:
    return KneeSample(number, number / 104.0, 10.0, valgus, 3.0, 2.0, STILL, STILL, flags)


class Clocked(lsl.Outlet):
    """An outlet that is told LSL's time, by a clock that the test turns."""

    now_s = 1000.0

    def __init__(self, **options: Any) -> None:
        super().__init__(Side.RIGHT, "test", **options)
        outer = self
        real = self._lsl

        class Turned:
            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

            def local_clock(self) -> float:
                return outer.now_s

        self._lsl = Turned()


def feed(outlet: Clocked, first: int, count: int = 8, late_s: float = 0.0, **more: Any) -> None:
    """One packet of samples, which comes LATE_S after its newest was measured, or later."""
    outlet.now_s = 1000.0 + (first + count - 1) / 104.0 + LATE_S + late_s
    outlet.packet()
    for number in range(first, first + count):
        outlet.item(at(number, **more))


@pytest.fixture(scope="module")
def pylsl() -> Any:
    module = pytest.importorskip("pylsl", reason="the extra lsl is not installed")
    module.set_config_content("[multicast]\nResolveScope = machine\n[log]\nlevel = -2\n")
    return module


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lsl, "quiet", lambda module: None)  # the fixture has configured it
    yield


def heard(pylsl: Any, name: str) -> Any:
    found = pylsl.resolve_byprop("name", name, timeout=4.0)
    if not found:
        pytest.skip("this machine's network lets no LSL stream be found")
    inlet = pylsl.StreamInlet(found[0])
    inlet.open_stream(timeout=4.0)
    return inlet


def drained(inlet: Any, count: int) -> tuple[list[Any], list[float]]:
    values: list[Any] = []
    times: list[float] = []
    while len(values) < count:
        value, time_s = inlet.pull_sample(timeout=2.0)
        if value is None:
            break
        values.append(value)
        times.append(time_s)
    return values, times


def test_angles_come_with_the_times_at_which_they_were_measured(pylsl: Any, quiet: None) -> None:
    outlet = Clocked()
    angles, events = heard(pylsl, "kneetrack-right-angles"), heard(pylsl, "kneetrack-right-events")
    for packet in range(30):
        feed(outlet, 8 * packet, late_s=0.2 if packet % 7 == 3 else 0.0, valgus=packet)
    outlet.packet()
    outlet.item(at(100))  # from the band's memory: older than what was published
    feed(outlet, 240, flags=wire.FLAG_UNALIGNED)
    values, times = drained(angles, 248)
    assert len(values) == outlet.published == 248
    for number, time_s in enumerate(times[8:], start=8):
        assert time_s == pytest.approx(1000.0 + number / 104.0 + LATE_S, abs=2e-3)
    assert values[20][:4] == pytest.approx([10.0, 2.0, 3.0, 2.0])
    assert all(math.isnan(value) for value in values[-1][:4])
    assert outlet.line is not None and outlet.line.residual_s < 0.001

    rep = Rep(
        4, 0, False, 0.5, 1.5, 90.0, *[None] * 11, None, Verdict.DOUBTFUL
    )  # fmt: skip
    outlet.event(RepEnded(rep))
    outlet.marker(Marker(2, Side.RIGHT, 2.0))
    told, when = drained(events, 2)
    first, second = (json.loads(text) for (text,) in told)
    assert first["event"] == "rep_ended" and first["rep"]["index"] == 4
    assert second == {"event": "marker", "number": 2, "side": "right", "time_s": 2.0}
    assert when == pytest.approx([1001.5 + LATE_S, 1002.0 + LATE_S], abs=2e-3)

    info = angles.info(timeout=2.0)
    channel = info.desc().child("channels").child("channel").next_sibling()
    assert channel.child_value("label") == "valgus" and channel.child_value("unit") == "degrees"
    assert "inward" in channel.child_value("sign")
    assert "late by the least delay" in info.desc().child("synchronization").child_value(
        "time_source"
    )
    assert info.nominal_srate() == pytest.approx(104.0, rel=0.01) and info.type() == "MoCap"
    channel = events.info(timeout=2.0).desc().child("channels").child("channel")
    assert channel.child_value("label") == "event" and channel.child_value("unit") == "JSON"
    outlet.close()


def test_a_source_out_of_real_time_says_so_and_markers_of_a_log_come_in_turn(
    pylsl: Any, quiet: None
) -> None:
    outlet = Clocked(real_time=False, markers=[Marker(1, Side.RIGHT, 0.1)])
    events = heard(pylsl, "kneetrack-right-events")
    feed(outlet, 0)
    feed(outlet, 8)
    told, when = drained(events, 1)
    assert json.loads(told[0][0])["number"] == 1 and when == [pytest.approx(outlet.now_s)]
    assert outlet.line is None
    source = events.info(timeout=2.0).desc().child("synchronization").child_value("time_source")
    assert source == lsl.WHEN_SENT
    outlet.close()


def test_another_process_hears_the_angles_and_what_they_are(pylsl: Any, quiet: None) -> None:
    outlet = Clocked()
    program = [sys.executable, lsl_listener.__file__, "kneetrack-right-angles", "16"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        if listener.stdout.readline().strip() != "found":
            listener.wait(10)
            pytest.skip("this machine's network lets no LSL stream be found")
        assert outlet._angles.wait_for_consumers(4.0)
        feed(outlet, 0, valgus=7.5)
        feed(outlet, 8, valgus=7.5)
        told = json.loads(listener.communicate(timeout=20)[0])
    outlet.close()
    assert [row[:4] for row in told["values"]] == [[10.0, 7.5, 3.0, 2.0]] * 16
    steps = [later - sooner for sooner, later in pairwise(told["times"][8:])]
    assert steps == pytest.approx([1 / 104.0] * 7, abs=2e-3)
    info = ElementTree.fromstring(told["info"])
    assert [info.findtext(name) for name in ("type", "channel_format")] == ["MoCap", "float32"]
    channels = info.findall("desc/channels/channel")
    assert len(channels) == int(info.findtext("channel_count") or 0) == 5
    for channel in channels:  # the XDF conventions for motion capture
        assert all(channel.findtext(name) for name in ("label", "object", "type", "unit"))
    assert channels[1].findtext("label") == "valgus" and channels[1].findtext("unit") == "degrees"
    assert channels[1].findtext("object") == "right knee"
    for name in ("acquisition/manufacturer", "acquisition/model", "acquisition/compensated_lag",
                 "synchronization/time_source", "synchronization/can_drop_samples"):  # fmt: skip
        assert info.findtext(f"desc/{name}"), name


@pytest.mark.parametrize(
    ("error", "told"),
    [(ImportError("no"), install("lsl")), (RuntimeError("no"), "PYLSL_LIB")],
)
def test_what_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fail(name: str) -> Any:
        raise error

    monkeypatch.setattr(lsl, "import_module", fail)
    with pytest.raises(InputError) as caught:
        lsl.pylsl()
    assert told in str(caught.value)
