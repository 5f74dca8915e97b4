"""Motion-BIDS: a data set that grows by one session with every export.

After the Brain Imaging Data Structure, its part on motion (Jeung et al., "Motion-BIDS", Scientific
Data 11:716, 2024; bids-specification, "Motion"). In the export's folder `bids`:

    dataset_description.json  README  participants.tsv  participants.json
    sub-ANNA/ses-20261122T140205/sub-ANNA_ses-..._scans.tsv
    sub-ANNA/ses-20261122T140205/motion/
        sub-..._task-squat_tracksys-kneeRight_motion.tsv       no header: channels.tsv names columns
        sub-..._task-squat_tracksys-kneeRight_motion.json  _channels.tsv  _channels.json
        sub-..._task-squat_tracksys-kneeRight_events.tsv  _events.json
        the same for tracksys-imuRight, tracksys-kneeLeft, ...

A band's knee (104 Hz) and its raw IMUs (208 Hz) are tracking systems of their own, for BIDS wants
one rate and one clock in each. Every file begins with a LATENCY channel: seconds from the file's
own first sample, whose instant (UTC) is `acq_time` in scans.tsv. The log has when it was begun, not
when the first sample was taken, so against other devices acq_time is right to about a second;
between the files of a session it is exact (fractions are kept). Events count from the first sample
of the file that they belong to.

Signs are the project's: flexion +, valgus + (inward), internal rotation +, on both legs; channels
say so. Quaternions lead from the sensor to an earth frame of its own, z up. Missing is n/a.

A label in BIDS has letters and digits only: the subject's is the athlete's alias, or what
--subject says, without accents or anything else; task is the movement. What a laboratory wrote into
dataset_description.json, README.md and participants (ages, groups) stays: the first two are written
where there are none, participants.tsv gets a row more.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kneecore import __version__
from kneetrack.errors import InputError, UsageError
from kneetrack.export.about import NOTE, SIGNS
from kneetrack.export.bids_channels import EARTHS, IMU, KNEE, Channel
from kneetrack.export.columns import DECIMALS, EVENTS
from kneetrack.export.csv_files import write_rows
from kneetrack.export.events import Happening, happenings
from kneetrack.export.formats import BIDS_FOLDER, Options, others
from kneetrack.export.grid import FloatArray
from kneetrack.export.recording import Leg, Progress, Recording, Series
from kneetrack.whole_file import whole_file

VERSION = "1.10.0"
UNKNOWN = "n/a"
DECIMALS_KNEE = (*DECIMALS["angles"][:5], *DECIMALS["orientations"][1:9], 0)
DECIMALS_IMU = DECIMALS["imu"]


def write(recording: Recording, folder: Path, options: Options, told: Progress) -> Iterator[Path]:
    root = folder / BIDS_FOLDER
    subject = f"sub-{_subject(options.subject or recording.result.session.get('athlete'))}"
    session = f"ses-{_session(recording)}"
    _refuse_another(recording, folder, options, f"{BIDS_FOLDER}/{subject}/", session)
    task = _label(recording.legs[0].session.result.exercise, "unknown")
    place = root / subject / session
    stem = f"{subject}_{session}"
    motion = place / "motion"
    try:
        motion.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError(f"{motion} can't be made: {error.strerror or error}.") from error
    scans: list[tuple[str, str]] = []
    found = happenings(recording)
    for leg in recording.legs:
        for system, channels, decimals, times, rows, series in _systems(leg):
            name = f"{stem}_task-{task}_tracksys-{system}"
            path = motion / f"{name}_motion.tsv"
            with whole_file(path) as file:
                for share in write_rows(
                    file, times - times[0], rows, decimals, separator="\t", unknown=UNKNOWN
                ):
                    told(f"Writing {path.name}", share)
            yield path
            sidecar = _sidecar(recording, leg, system, channels, times, series)
            yield _json(motion / f"{name}_motion.json", sidecar)
            rows_of = [one.row for one in channels]
            yield _tsv(motion / f"{name}_channels.tsv", Channel.HEADER, rows_of)
            frames = {"reference_frame": {"Levels": EARTHS}}
            yield _json(motion / f"{name}_channels.json", frames)
            mine = [row for row in found if row.side in ("", leg.side.word)]
            events = _event_rows(mine, float(times[0]))
            yield _tsv(motion / f"{name}_events.tsv", _EVENTS, events)
            yield _json(motion / f"{name}_events.json", _EVENTS_JSON)
            scans.append((f"motion/{path.name}", _acquired(recording, float(times[0]))))
    path = place / f"{stem}_scans.tsv"
    files = {name for name, _ in scans}
    before = [row for row in _rows(path)[1:] if row[0] not in files and (place / row[0]).is_file()]
    _tsv(path, ("filename", "acq_time"), [*before, *scans])  # a leg exported by itself, earlier
    yield path
    yield from _top(root, subject)


def _refuse_another(
    recording: Recording, folder: Path, options: Options, of_subject: str, session: str
) -> None:
    """UsageError where a label would make one person of two, or one session: labels have letters
    and digits only, so those of P-1 and P1 are one."""
    alias = recording.result.session.get("athlete")
    for name, said in others(folder, recording.name):
        files = [file for file in said.get("files", ()) if str(file).startswith(of_subject)]
        if files and options.subject is None and said.get("athlete") != alias:
            raise UsageError(
                f"BIDS would make one person of {alias} and {said.get('athlete')} ({name}), for a "
                "label has letters and digits only. Say who it is with --subject."
            )
        if recording.started is None and any(f"/{session}/" in str(file) for file in files):
            raise UsageError(
                f"BIDS would make one session of {recording.name} and {name}, for a label has "
                "letters and digits only and neither has a date. Rename one."
            )


def _systems(
    leg: Leg,
) -> Sequence[tuple[str, Sequence[Channel], Sequence[int], FloatArray, FloatArray, Series]]:
    """Name, channels, decimals, times and columns of each tracking system."""
    side = leg.side.word.capitalize()
    knee = np.column_stack([leg.angles.rows[:, :4], leg.orientations.rows])
    found = [(f"knee{side}", KNEE[leg.side], DECIMALS_KNEE, leg.angles.times, knee, leg.angles)]
    if leg.imu is not None:
        found.append(
            (f"imu{side}", IMU[leg.side], DECIMALS_IMU, leg.imu.times, leg.imu.rows, leg.imu)
        )
    return found


def _sidecar(
    recording: Recording,
    leg: Leg,
    system: str,
    channels: Sequence[Channel],
    times: FloatArray,
    series: Series,
) -> dict[str, Any]:
    kinds = [one.kind for one in channels]
    seconds = float(times[-1] - times[0])
    counts = {
        f"{name}ChannelCount": kinds.count(name)
        for name in ("ACCEL", "GYRO", "JNTANG", "LATENCY", "MISC", "ORNT")
    }
    effective = (len(times) - 1) / seconds if seconds > 0 else 1.0 / series.period_s
    return {
        "TaskName": leg.session.result.exercise.replace("_", " "),
        "TaskDescription": f"{leg.session.result.exercise.replace('_', ' ')}, "
        f"{len(leg.session.result.reps)} reps found",
        "Instructions": "A free training session; the person chose load, depth and pace.",
        "SamplingFrequency": round(1.0 / series.period_s, 6),
        "SamplingFrequencyEffective": round(effective, 6),
        "TrackingSystemName": f"{system}: two IMUs on thigh and shank of one leg",
        "Manufacturer": "KneeTrack (simulated)" if recording.simulated else "KneeTrack",
        "ManufacturersModelName": "knee band",
        "SoftwareVersions": f"kneetrack {__version__}",
        "InstitutionName": UNKNOWN,
        "InstitutionAddress": UNKNOWN,
        "InstitutionalDepartmentName": UNKNOWN,
        "RecordingDuration": round(seconds, 4),
        "MotionChannelCount": len(channels),
        "TrackedPointsCount": 2,
        **counts,
        "ANGACCELChannelCount": 0,
        "MAGNChannelCount": 0,
        "POSChannelCount": 0,
        "VELChannelCount": 0,
        "MissingValues": f"{UNKNOWN}: the sample never came, or angles mean nothing there",
        "RotationRule": "right-hand",
        "RotationOrder": UNKNOWN,
        "SpatialAxes": UNKNOWN,
        "SubjectArtefactDescription": "sensors on skin move against the bone, by several degrees",
    }


_EVENTS = ("onset", "duration", "trial_type", "side", "set", "rep", "value")
_EVENTS_JSON: dict[str, Any] = {
    "trial_type": {"Description": EVENTS[3].meaning},
    **{
        name: {"Description": column.meaning}
        for name, column in zip(
            ("side", "set", "rep", "value"), (EVENTS[2], *EVENTS[4:]), strict=True
        )
    },
}


def _event_rows(rows: Sequence[Happening], first_s: float) -> list[tuple[Any, ...]]:
    return [
        (
            f"{row.onset_s - first_s:.4f}",
            f"{row.duration_s:.4f}",
            row.event,
            row.side,
            row.set,
            row.rep,
            row.text,
        )
        for row in rows
    ]


def _top(root: Path, subject: str) -> Iterator[Path]:
    """The files of the data set as a whole, where they are not there; one participant more."""
    about = root / "dataset_description.json"
    if not about.exists():
        yield _json(
            about,
            {
                "Name": "KneeTrack sessions",
                "BIDSVersion": VERSION,
                "DatasetType": "raw",
                "License": UNKNOWN,
                "Authors": [UNKNOWN],
                "Keywords": ["knee", "IMU", "training"],
                "GeneratedBy": [{"Name": "kneetrack", "Version": __version__}],
            },
        )
    readme = root / "README.md"
    if not any(root.glob("README*")):
        with whole_file(readme) as file:
            file.write(_README)
        yield readme
    people = root / "participants.tsv"
    header, *known = _rows(people) or [["participant_id"]]
    if "participant_id" not in header:
        raise InputError(
            f"{people}, line 1 has no column participant_id; mend it, or move it away."
        )
    if subject not in [row[header.index("participant_id")] for row in known]:
        known.append([subject if name == "participant_id" else UNKNOWN for name in header])
        yield _tsv(people, header, sorted(known))
    described = root / "participants.json"
    if not described.exists():
        yield _json(described, {"participant_id": {"Description": "The athlete's alias, no name."}})


def _rows(path: Path) -> list[list[str]]:
    """The header and rows of a table of the data set; none where there is no file."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [line.split("\t") for line in lines if line]


_README = f"""\
# KneeTrack sessions

Knee angles, sensor orientations and raw IMU data of training sessions, written by
`kneetrack export --format bids`.

{SIGNS}

Times are seconds from the first sample of each file (channel `latency`); `acq_time` in scans.tsv
says when that was, in UTC. It is known to about a second against other devices, and exactly between
the files of one session. Missing samples are n/a.

{NOTE}
"""


def _label(word: object, otherwise: str) -> str:
    plain = unicodedata.normalize("NFKD", str(word or ""))
    return re.sub(r"[^0-9A-Za-z]", "", plain) or otherwise


def _subject(word: object) -> str:
    """The label of a person. UsageError where a name leaves none: two of them must not be one."""
    label = _label(word, "")
    if word and not label:
        raise UsageError(
            f'A label in BIDS has the letters A to Z and digits, of which "{word}" has none. Say '
            "who it is with --subject P07."
        )
    return label or "unknown"


def _session(recording: Recording) -> str:
    if recording.started is None:
        return _label(recording.name, "unknown")
    return recording.started.strftime("%Y%m%dT%H%M%S")


def _acquired(recording: Recording, at_s: float) -> str:
    at = recording.utc(at_s)
    return UNKNOWN if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _json(path: Path, value: Any) -> Path:
    with whole_file(path) as file:
        json.dump(value, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")
    return path


def _tsv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE,
                        escapechar="\\")  # fmt: skip
    writer.writerow(header)
    writer.writerows(
        [[UNKNOWN if value is None or value == "" else _plain(value) for value in row]
         for row in rows]
    )  # fmt: skip
    with whole_file(path) as file:
        file.write(text.getvalue())
    return path


def _plain(value: object) -> str:
    """A cell may hold no tab and no line's end."""
    return " ".join(str(value).split())


WRITERS = {"bids": write}
