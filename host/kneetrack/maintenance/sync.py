"""Recordings that a band made or kept by itself, brought to this computer.

    fetch      into a part file, over any number of breaks and of runs of this program (`fetching`)
    write      a session log like any other, and read it again (`synced_log`)
    remember   that it is here
    delete     it on the band, then and only then

Cut off between any two of these steps, the next run goes on there: nothing is fetched twice, and
nothing is deleted that is not in a whole log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from kneecore import wire
from kneetrack.calibration import CalibrationFile
from kneetrack.calibration.sensors import band_name
from kneetrack.errors import CalibrationError, LogError
from kneetrack.link import Link
from kneetrack.live.commands import delete_recording
from kneetrack.maintenance.fetching import Fetched, Progress, fetch
from kneetrack.maintenance.kept import Kept
from kneetrack.maintenance.part_file import PartFile
from kneetrack.maintenance.synced_log import Source, check_log, write_log
from kneetrack.maintenance.torn_partner import Partner, partner_of
from kneetrack.samples import Side
from kneetrack.sessionlog import new_log_path, user_data_dir
from kneetrack.whole_file import whole_file

REMEMBERED = 500
"""How many fetched recordings are remembered, the newest."""

CalibrationOf = Callable[[Side, int], CalibrationFile | None]
"""This computer's calibration of a leg with that id, if it has it."""


@dataclass(frozen=True, slots=True)
class Synced:
    """One recording that is here now, in a whole log at `path`."""

    kept: Kept
    path: Path
    fetched: Fetched | None
    """None where it had been fetched before."""
    partner: Partner | None
    """The log that holds the first part of the same session."""
    deleted: bool
    """On the band."""


class Sync:
    """Fetches from one band. `folder` takes the logs, `store` what is needed to go on later."""

    def __init__(self, link: Link, *, folder: Path | None = None, store: Path | None = None):
        self._link = link
        self._folder = folder
        self._store = user_data_dir() / "sync" if store is None else store
        self._store.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._band = band_name(link)
        self._source = Source(
            link.info.address,
            self._band,
            link.info.is_simulated,
            wire.FEATURE.pack(*link.feature),
        )

    async def bring(
        self,
        kept: Kept,
        *,
        about: Mapping[str, object],
        calibration_of: CalibrationOf,
        told: Callable[[Progress], None],
        keep: bool = False,
        delete_anyway: bool = False,
    ) -> Synced:
        """Fetch one finished recording, and delete it on the band unless `keep`.

        Where the band could not read a part of it, it is not deleted unless `delete_anyway`.
        `about` may name athlete, exercise, load_kg, tags; for the rest of a session whose log is
        here they are that log's. Raises LinkError, LogError, InputError; call it again then.
        """
        before = self._fetched_before(kept)
        if before is not None:
            deleted = not keep
            if deleted:
                await delete_recording(self._link, kept.recording_id)
            return Synced(kept, before, None, None, deleted)
        part = PartFile(self._store / f"{self._name(kept)}.part", kept)
        with part:
            fetched = await fetch(self._link, kept, part, told)
            path, partner = self._write(kept, part, fetched, about, calibration_of)
            self._remember(kept, path)
            deleted = not keep and (delete_anyway or not fetched.read_failed)
            if deleted:
                await delete_recording(self._link, kept.recording_id)
            part.remove()
        return Synced(kept, path, fetched, partner, deleted)

    def _write(
        self,
        kept: Kept,
        part: PartFile,
        fetched: Fetched,
        about: Mapping[str, object],
        calibration_of: CalibrationOf,
    ) -> tuple[Path, Partner | None]:
        partner = partner_of(kept, self._band, self._folders()) if not kept.is_alone else None
        about = {**about, **(partner.about if partner is not None else {})}
        calibration = calibration_of(kept.side, kept.calibration_id)
        if calibration is None and partner is not None:
            calibration = _calibration_in(partner, kept)
        path = new_log_path(
            str(about.get("exercise") or "unknown"),
            kept.side,
            folder=self._folder,
            at=kept.started,
        )
        write_log(
            path,
            part,
            kept,
            self._source,
            about=about,
            gone=fetched.gone,
            calibration=calibration,
            rest_of=None if partner is None else partner.path,
        )
        return path, partner

    def _folders(self) -> list[Path]:
        """Where the first part of a session may be."""
        usual = user_data_dir() / "sessions"
        return [usual] if self._folder is None else [self._folder, usual]

    # --- what is here already ---------------------------------------------------------------------

    def _name(self, kept: Kept) -> str:
        """Of the files that belong to a recording: which band's, and which."""
        who = re.sub(r"[^A-Za-z0-9-]", "_", self._band)
        return f"{who}_{kept.recording_id}_{kept.boot_id}_{kept.utc_s}"

    def _fetched_before(self, kept: Kept) -> Path | None:
        """The whole log of that recording, fetched earlier; None where it is not there any more."""
        named = self._remembered().get(self._name(kept))
        if named is None or not Path(named).is_file():
            return None
        try:
            check_log(Path(named), kept)
        except LogError:
            return None
        return Path(named)

    def _remembered(self) -> dict[str, str]:
        try:
            value: object = json.loads((self._store / "fetched.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        logs: object = cast(dict[str, Any], value).get("logs") if isinstance(value, dict) else None
        if not isinstance(logs, dict):
            return {}
        items = cast(dict[Any, Any], logs).items()
        return {str(name): path for name, path in items if isinstance(path, str)}

    def _remember(self, kept: Kept, path: Path) -> None:
        remembered = self._remembered()
        remembered.pop(self._name(kept), None)
        remembered[self._name(kept)] = str(path.resolve())
        newest = dict(list(remembered.items())[-REMEMBERED:])
        with whole_file(self._store / "fetched.json") as file:
            file.write(json.dumps({"kind": "kneetrack-fetched", "logs": newest}, indent=1) + "\n")


def _calibration_in(partner: Partner, kept: Kept) -> CalibrationFile | None:
    for value in reversed(partner.calibrations):
        try:
            found = CalibrationFile.from_json(value, str(partner.path))
        except CalibrationError:
            continue
        if found.side is kept.side and found.calibration.calibration_id == kept.calibration_id:
            return found
    return None
