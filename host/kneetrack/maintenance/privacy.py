"""What KneeTrack keeps on this computer: found, told, handed over, deleted.

Everything lies in one folder of the user's (`sessionlog.user_data_dir`). What a file is, is told by
its content, not by its name, so that the leavings of a write that was cut off are found, too. What
was saved elsewhere (--out) is not known here.

The names that stand in files are the aliases that were given (--athlete), nothing else names a
person. Recordings without one belong to nobody, and go with `--all` only. What was said of a
recording later (`kneetrack.edits`) goes with it, and may say whose it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from kneecore import __version__
from kneetrack.edits import journal, read
from kneetrack.errors import InputError, LogError
from kneetrack.maintenance.part_file import is_part_file
from kneetrack.sessionlog import read_session, user_data_dir
from kneetrack.sessionlog.appending import in_use
from kneetrack.sessionlog.records import MAGIC

RECORDING = "recording"
CALIBRATION = "calibration"
REFERENCES = "references"
SENSOR = "sensor"
REPORT = "report"
EDITS = "edits"
PART = "part"
FETCHED = "fetched"
CATALOGUE = "catalogue"
FOLDERS = "folders"
OTHER = "other"
HOLDS = {
    RECORDING: "all that a band sent in a session, what was made of it, what was said before it",
    CALIBRATION: "how the sensors sit on a leg, and the reference squats it was made with",
    REFERENCES: "reference squats from session to session, one file a person and leg",
    SENSOR: "what a band's sensors get wrong; the band's name, nothing of a person",
    REPORT: "a session as a page to read",
    EDITS: "what was said of a recording later: load, effort, tags, notes, reps that don't count",
    PART: "a recording of a band as far as it has been fetched; kneetrack sync goes on with it",
    FETCHED: "which recordings of which bands are here, so that none is fetched twice",
    CATALOGUE: "what kneetrack sessions found in all recordings; made anew from them at any time",
    FOLDERS: "where else recordings are looked for",
    OTHER: "not known to this version",
}
MANIFEST = "manifest.json"

_JSON_KINDS = {
    "kneetrack-calibration": CALIBRATION,
    "kneetrack-references": REFERENCES,
    "kneetrack-sensor": SENSOR,
    "kneetrack-fetched": FETCHED,
    "kneetrack-folders": FOLDERS,
}
_SQLITE = b"SQLite format 3\0"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Kept:
    """One file: what it is, and the alias that stands in it (None: nobody's)."""

    path: Path
    kind: str
    athlete: str | None
    size_bytes: int
    open_to_others: bool  # other users of the computer may read it

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "kind": self.kind,
            "athlete": self.athlete,
            "size_bytes": self.size_bytes,
            "open_to_others": self.open_to_others,
        }


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that is kept in `folder`, by path."""

    folder: Path
    files: tuple[Kept, ...]
    open_folders: tuple[Path, ...]  # that others may look into

    @property
    def athletes(self) -> tuple[str, ...]:
        return tuple(sorted({one.athlete for one in self.files if one.athlete is not None}))

    def of(self, athlete: str) -> tuple[Kept, ...]:
        """All files that name that person. InputError where there are none."""
        found = tuple(one for one in self.files if one.athlete == athlete)
        if not found:
            known = ", ".join(self.athletes) or "nobody"
            raise InputError(f'Nothing is kept of "{athlete}". Named are: {known}.')
        return found


def holdings(folder: Path | None = None) -> Holdings:
    """Look at everything in `folder`, the user's data folder unless given."""
    folder = user_data_dir() if folder is None else folder
    paths = sorted(folder.rglob("*"))
    files = [_kept(path) for path in paths if path.is_file() and not path.is_symlink()]
    owners = _owners(files)
    known = tuple(replace(one, athlete=owners.get(_log_of(one), one.athlete)) for one in files)
    folders = (path for path in (folder, *paths) if path.is_dir())
    return Holdings(folder, known, tuple(path for path in folders if _open_to_others(path)))


def _owners(files: Sequence[Kept]) -> dict[Path, str | None]:
    """Whose each recording is, by its path without the suffix: as was said last."""
    owners = {_log_of(one): one.athlete for one in files if one.kind == RECORDING}
    for one in files:
        if one.kind == EDITS:
            with contextlib.suppress(InputError):
                said = read(journal.log_of(one.path)).values
                if "athlete" in said:
                    owners[_log_of(one)] = said["athlete"]
    return owners


def _log_of(one: Kept) -> Path:
    """What a recording, its journal and its report have in common; any other file's own path."""
    if one.kind == EDITS:
        return journal.log_of(one.path).with_suffix("")
    return one.path.with_suffix("") if one.kind in (RECORDING, REPORT) else one.path


def export(
    files: Sequence[Kept],
    base: Path,
    out: Path,
    progress: Callable[[Path], None] = lambda path: None,
) -> None:
    """Write the files and a manifest that explains them into a new ZIP file at `out`.

    Readable for its owner only, and there as a whole or not at all. Raises InputError where it
    can't be written or is there already.
    """
    if out.exists():
        raise InputError(f"{out} exists already and is not written over; choose another name.")
    manifest = {
        "kind": "kneetrack-export",
        "format": 1,
        "kneetrack": __version__,
        "about": (
            "Recordings (.mcap) open with `kneetrack analyze FILE` and any reader of MCAP files; "
            "the JSON files are text, with units in their names."
        ),
        "holds": HOLDS,
        "files": [
            {**one.to_json(), "path": one.path.relative_to(base).as_posix()} for one in files
        ],
    }
    part: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}.")
        part = Path(name)
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle,
        ):
            bundle.writestr(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
            for one in files:
                bundle.write(one.path, one.path.relative_to(base).as_posix())
                progress(one.path)
        part.replace(out)
    except OSError as error:
        raise InputError(
            f"{out} can't be written: {error.strerror or error}. Make room or choose another place."
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def delete(files: Sequence[Kept]) -> tuple[tuple[Kept, ...], tuple[str, ...]]:
    """Delete the files; which are gone, and one sentence for each that is not."""
    gone: list[Kept] = []
    refused: list[str] = []
    stay: set[Path] = set()
    for one in sorted(files, key=lambda each: each.kind != RECORDING):
        if one.kind == EDITS and _log_of(one) in stay:
            continue
        try:
            if one.kind == RECORDING and in_use(one.path):
                stay.add(_log_of(one))
                refused.append(f"{one.path} is being recorded at this moment; it stays.")
                continue
            one.path.unlink(missing_ok=True)
        except OSError as error:
            refused.append(f"{one.path} can't be deleted: {error.strerror or error}.")
        else:
            gone.append(one)
    return tuple(gone), tuple(refused)


def _kept(path: Path) -> Kept:
    kind, athlete = _content(path)
    return Kept(path, kind, athlete, path.stat().st_size, _open_to_others(path))


def _content(path: Path) -> tuple[str, str | None]:
    """What the file is and whom it names."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if head.startswith(MAGIC):
                return RECORDING, _alias(read_session(path))
            if head.startswith(_SQLITE):
                return CATALOGUE, None
            if head.startswith(journal.MARK):
                return EDITS, None
            if head.lstrip().startswith(b"{"):
                value: object = json.loads(head + file.read())
                if isinstance(value, dict):
                    items = cast(dict[str, Any], value)
                    return _JSON_KINDS.get(str(items.get("kind")), OTHER), _alias(items)
            if b"<!doctype html" in head.lower():
                return REPORT, None
        if is_part_file(path):
            return PART, None
    except LogError:
        return RECORDING, None
    except (OSError, ValueError):
        return OTHER, None
    return OTHER, None


def _alias(items: dict[str, Any]) -> str | None:
    value: object = items.get("athlete")
    return value if isinstance(value, str) and value else None


def _open_to_others(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & _OTHERS)
