"""Markers set by a key while recording: in the log, in analysis, in replay's last line."""

from __future__ import annotations

from pathlib import Path

from kneetrack.analysis import analyse, to_json
from kneetrack.cli.desk import Desk
from kneetrack.cli.marking import Marks, told
from kneetrack.samples import Channel, KneeSample, Packet, Side
from kneetrack.sessionlog import SessionWriter, read_log
from kneetrack.sessionlog.markers import Marker, marker_event, markers_in

STILL = (1.0, 0.0, 0.0, 0.0)


def at(time_s: float) -> KneeSample:
    return KneeSample(round(104 * time_s), time_s, 0.0, 0.0, 0.0, 2.0, STILL, STILL, 0)


def test_the_key_marks_both_legs_with_one_number_once_there_are_samples() -> None:
    written: list[dict[str, object]] = []
    marks = Marks(lambda event: written.append(dict(event)))
    right, left = marks.leg(Side.RIGHT), marks.leg(Side.LEFT)
    desk = Desk("q ends")
    marks.offer(desk)
    assert not desk.take("m") and written == []
    right.item(at(2.5))
    assert "m marks" in desk.hint()
    assert desk.take("m")
    right.item(at(3.25))
    right.item(at(3.0))  # sent late, from the band's memory
    left.item(at(7.0))
    assert desk.take("M")
    assert markers_in(written) == (
        Marker(1, Side.RIGHT, 2.5),
        Marker(2, Side.RIGHT, 3.25),
        Marker(2, Side.LEFT, 7.0),
    )
    assert "2 so far" in desk.hint()
    assert told(markers_in(written)) == "Markers (key m): 1 at 2.50, 2 at 3.25/7.00 s."


def test_an_m_in_a_note_is_a_letter() -> None:
    written: list[dict[str, object]] = []
    marks = Marks(lambda event: written.append(dict(event)))
    marks.leg(Side.RIGHT).item(at(1.0))
    desk = Desk("q ends")
    desk.leg(Side.RIGHT, lambda event: written.append(dict(event)))
    marks.offer(desk)
    for letter in "num\r":
        desk.take(letter)
    assert markers_in(written) == () and written[0]["note"] == "um"


def test_markers_are_kept_in_the_log_and_told_by_its_analysis(tmp_path: Path) -> None:
    path = tmp_path / "marked.mcap"
    with SessionWriter(path, {"exercise": "squat"}) as writer:
        writer.packet(Side.RIGHT, Packet(Channel.CONTROL, b"\0", 1.0))
        writer.event(marker_event(Marker(1, Side.RIGHT, 12.34567)))
        writer.event({"event": "marker", "number": "one", "side": "right", "time_s": 3.0})
    assert markers_in(read_log(path).events) == (Marker(1, Side.RIGHT, 12.3457),)
    document = to_json(analyse(path))
    assert document["markers"] == [{"number": 1, "side": "right", "time_s": 12.3457}]
