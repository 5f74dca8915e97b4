"""FORMATS: which formats there are, what each holds and how it says what. Start at `export`.

One row a format; `kneetrack export`, its help and host/EXPORTS.md go by it. A format's own file has
its theory at its head and a generator `write(recording, folder, options, told)` of the files, each
as soon as it is there; where one fails, those before it are taken away again. Nothing heavy is
imported before a format is asked for.

An export leaves NAME_export.json beside its files: what was exported, and the list of the files.
Files on that list are written over by the next export of the same recording; others never.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kneetrack.errors import InputError, UsageError, install
from kneetrack.whole_file import whole_file

if TYPE_CHECKING:
    from kneetrack.export.recording import Progress, Recording

MODELS = ("rajagopal", "gait2392")
ABOUT = "_export.json"
BIDS_FOLDER = "bids"


@dataclass(frozen=True, slots=True)
class Format:
    """`package` is what `extra` brings; empty where nothing is needed. The rest is for people."""

    name: str
    module: str
    files: str
    holds: str
    times: str
    gaps: str
    start: str
    signs: str
    package: str = ""
    extra: str = ""


_OWN_SIGNS = "flexion +, valgus (inward) +, internal rotation +, both legs"
_ROWS = (
    Format(
        "csv",
        "csv_files",
        "NAME_SIDE_angles.csv, _orientations.csv, _imu.csv; NAME_reps.csv, NAME_events.csv",
        "angles, sensor quaternions and raw IMU of each leg; reps with every measure; events",
        "time_s of every sample",
        "a row with a time and empty cells",
        "NAME_export.json, and utc in reps",
        _OWN_SIGNS,
    ),
    Format(
        "parquet",
        "parquet",
        "NAME_SIDE_angles.parquet, _orientations, _imu; NAME_reps.parquet, NAME_events.parquet",
        "as csv; unit and meaning in every field's metadata",
        "time_s of every sample",
        "a row with a time and nulls",
        "in the metadata `kneetrack`, and utc in reps",
        _OWN_SIGNS,
        "pyarrow",
        "tables",
    ),
    Format(
        "sto",
        "opensim",
        "NAME_orientations.sto",
        "thigh and shank segments as femur_r_imu, tibia_r_imu, femur_l_imu, tibia_l_imu",
        "one column of time; a step of 9.616 ms, in between on the arc",
        "rows left out, listed in the header",
        "StartedUTC in the header",
        "segment to ground, w,x,y,z; x forward, y up, z to the right",
    ),
    Format(
        "mot",
        "opensim",
        "NAME_angles.mot",
        "knee_angle_r, knee_adduction_r, knee_rotation_r, and _l; degrees",
        "one column of time; a step of 9.616 ms, in between on the line",
        "rows left out, listed in the header",
        "StartedUTC in the header",
        "knee_adduction = -valgus, knee_rotation internal +; knee_angle: flexion + "
        "(rajagopal), flexion - (gait2392)",
    ),
    Format(
        "bids",
        "bids",
        "bids/: dataset_description.json, participants.tsv, sub-*/ses-*/motion/*_tracksys-*",
        "Motion-BIDS: a tracking system for each leg's knee (angles, quaternions) and IMUs",
        "LATENCY, from the file's first sample",
        "n/a",
        "acq_time in scans.tsv, with the leg's first sample",
        _OWN_SIGNS,
    ),
    Format(
        "c3d",
        "c3d",
        "NAME.c3d, or NAME_1.c3d, NAME_2.c3d, ... of 10 min each",
        "RKneeAngles, LKneeAngles as ANGLES points; raw IMU as analog channels; rep events",
        "one rate: 103.99 Hz points, twice that analog; in between on the line",
        "points: invalid (residual -1); analog: NaN",
        "KNEETRACK:STARTED_UTC",
        "x flexion +, y adduction + (-valgus), z internal rotation +: as Vicon's KneeAngles",
        "ezc3d",
        "c3d",
    ),
)
FORMATS = {row.name: row for row in _ROWS}
ALIASES = {"opensim": ("sto", "mot"), "all": tuple(FORMATS)}


@dataclass(frozen=True, slots=True)
class Options:
    """`model` says which OpenSim model's sign knee_angle has, `subject` BIDS' label of the person.

    None: the athlete's alias.
    """

    model: str = MODELS[0]
    subject: str | None = None


def formats_of(words: Iterable[str]) -> tuple[Format, ...]:
    """The formats that were asked for, each once, in the order of the table. UsageError."""
    asked: set[str] = set()
    for word in words:
        names = ALIASES.get(word, (word,))
        if not FORMATS.keys() >= set(names):
            raise UsageError(
                f'There is no format "{word}". There are {", ".join(FORMATS)}, opensim (sto and '
                "mot) and all."
            )
        asked.update(names)
    return tuple(row for name, row in FORMATS.items() if name in asked)


def check(formats: Sequence[Format], source: Path, folder: Path) -> None:
    """Before anything is read: that packages are there, and the folder can be one.

    Raises InputError and UsageError.
    """
    for row in formats:
        if row.package:
            try:
                import_module(row.package)
            except ImportError:
                raise InputError(
                    f"The format {row.name} needs the package {row.package}, which is not "
                    f"installed. {install(row.extra)}"
                ) from None
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a folder for the files of an export.")
    if not folder.absolute().parent.is_dir():
        raise InputError(f"The folder {folder.absolute().parent} does not exist; make it first.")
    if not folder.is_dir():
        return
    ours = set(_listed(folder / f"{source.stem}{ABOUT}"))
    for path in sorted(folder.glob(f"{source.stem}*")):
        if path.is_file() and _is_target(path, source.stem, formats) and path.name not in ours:
            raise UsageError(
                f"{path} exists already and is from no earlier export of {source.name}, so it is "
                "not written over; choose another folder."
            )


def export(
    recording: Recording,
    formats: Sequence[Format],
    folder: Path,
    options: Options,
    told: Progress,
) -> tuple[Path, ...]:
    """Write the recording into `folder`, which is made where it is not there; what was written.

    Raises InputError where something can't be written, UsageError where the folder has an export of
    another recording of that name. Nothing new is left then, nor after Ctrl-C.
    """
    from kneetrack.export.about import about

    list_file = folder / f"{recording.name}{ABOUT}"
    said = about(recording)
    before = _about(list_file)
    begun, key = before.get("started_utc"), before.get("undated")
    if (begun and begun != said["started_utc"]) or (key and key != said["undated"]):
        raise UsageError(
            f"{list_file} is of another recording with the same name, "
            f"{f'begun {begun}' if begun else 'that lay elsewhere'}; choose another folder."
        )
    old = {folder, *folder.rglob("*")} if folder.exists() else set[Path]()
    _make(folder)
    written: list[Path] = []
    try:
        for row in formats:
            module: Any = import_module(f"kneetrack.export.{row.module}")
            for path in module.WRITERS[row.name](recording, folder, options, told):
                written.append(path)
        _list(list_file, said, written)
    except BaseException:  # Ctrl-C as well: a part of an export looks like one
        _take_away([path for path in written if path not in old], folder, old)
        raise
    return (*written, list_file)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} can't be made: {error.strerror or error}.") from error


def _list(list_file: Path, said: dict[str, Any], written: Sequence[Path]) -> None:
    folder = list_file.parent
    before = [name for name in _listed(list_file) if (folder / name).exists()]
    now = [path.relative_to(folder).as_posix() for path in written]
    with whole_file(list_file) as file:
        told_of = {**said, "files": sorted({*before, *now})}
        json.dump(told_of, file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def _take_away(files: Iterable[Path], folder: Path, old: Collection[Path]) -> None:
    """These files of `folder`, and what folders are not `old` and hold nothing else."""
    for path in files:
        path.unlink(missing_ok=True)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in sorted(folders, key=lambda one: -len(one.parts)):
        if path not in old:
            with contextlib.suppress(OSError):  # something of somebody else's is in it
                path.rmdir()


def others(folder: Path, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of the folder's exports of other recordings than `name`: their name, what they say."""
    for path in sorted(folder.glob(f"*{ABOUT}")):
        if (other := path.name.removesuffix(ABOUT)) != name:
            yield other, _about(path)


def _about(path: Path) -> dict[str, Any]:
    """What an earlier export says of itself; nothing where there is none."""
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _listed(path: Path) -> list[str]:
    """The files of an earlier export."""
    names: object = _about(path).get("files")
    return [*map(str, cast("list[object]", names)), path.name] if isinstance(names, list) else []


def _is_target(path: Path, stem: str, formats: Sequence[Format]) -> bool:
    """Whether an export could write that file."""
    rest = path.name.removeprefix(stem)
    if rest == ABOUT:
        return True
    endings = {"csv": ".csv", "parquet": ".parquet", "sto": ".sto", "mot": ".mot", "c3d": ".c3d"}
    suffixes = {endings[row.name] for row in formats if row.name in endings}
    return path.suffix in suffixes and (rest.startswith("_") or path.suffix == ".c3d")
