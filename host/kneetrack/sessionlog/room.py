"""Whether a log can be kept in a folder, asked before anybody moves a leg."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from kneetrack.errors import LogError
from kneetrack.sessionlog.writer import sessions_dir

LEAST_BYTES = 5_000_000
"""Ten minutes of one leg with raw data."""


def check_room(folder: Path | None = None) -> None:
    """Raise LogError where `folder` (the user's own, unless given) takes no log, or hardly any.

    A file is made there and vanishes again: permissions alone don't tell of a file system that is
    read-only, or of a full one.
    """
    folder = sessions_dir() if folder is None else folder
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"?")
            file.flush()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise LogError(
            f"Nothing can be written in the folder {folder}: {error.strerror or error}. Choose "
            "another place with --out."
        ) from error
    if free < LEAST_BYTES:
        raise LogError(
            f"The disk of {folder} is nearly full ({free / 1e6:.1f} MB free; ten minutes of one "
            f"leg take {LEAST_BYTES / 1e6:.0f} MB). Make room, or choose another place with --out."
        )
