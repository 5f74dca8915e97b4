"""Small JSON files that stay on this computer: their folder, and reading one."""

from __future__ import annotations

import json
from pathlib import Path

from kneetrack.errors import CalibrationError
from kneetrack.sessionlog import user_data_dir


def kept_in(name: str, folder: Path | None = None) -> Path:
    """The folder `name` of the user's data, or `folder` in its place; made if it is not there.

    Readable for its owner only. Raises CalibrationError where it can't be made.
    """
    folder = folder or user_data_dir() / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CalibrationError(
            f"The folder {folder} can't be made: {error.strerror}. Make room or allow it."
        ) from error
    return folder


def json_in(path: Path) -> object:
    """What the file holds; None where it can't be read, or holds no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):  # ValueError: not UTF-8, not JSON
        return None


def what_is_wrong(error: Exception) -> str:
    """What is wrong with a file, as a phrase."""
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing in it"
    if isinstance(error, ValueError):
        return str(error)
    return "something in it is not what it should be"
