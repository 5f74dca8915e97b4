"""The JSON file beside a trace: whose leg, which exercise, what happens when.

    {"side": "right", "exercise": "squat", "shank_length_m": 0.4,
     "windows": [{"kind": "stand", "start_s": 6.0, "end_s": 10.0}, ...], "notes": "..."}

Only `side` is needed. Windows may overlap and may be missing; unknown keys are left alone, `truth`
is handed on (the simulator writes what it knows there).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from kneetrack.errors import TraceError
from kneetrack.samples import Side, Window

EXERCISES = (
    "squat",
    "single_leg_squat",
    "lunge",
    "step_down",
    "step_up",
    "sit_to_stand",
    "drop_jump",
    "walk",
    "run",
    "balance",
    "lunge_test",
    "unknown",
)
WINDOW_KINDS = ("table", "stand", "functional", "reference", "set")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What NAME.json says of a trace: the leg, what was done, windows in s of `time_s`.

    `side` is None where it does not say; `truth` is a simulation's own.
    """

    side: Side | None
    exercise: str = "unknown"
    shank_length_m: float | None = None
    windows: tuple[Window, ...] = ()
    notes: str = ""
    truth: dict[str, Any] | None = None


def read_sidecar(path: Path) -> Sidecar:
    """What `path` says. Raises TraceError with the key that can't be understood."""
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise TraceError(f"{path} is not a text file; a sidecar is JSON in UTF-8.") from None
    except json.JSONDecodeError as error:
        raise TraceError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}); mend that line."
        ) from None
    except RecursionError:
        raise TraceError(f"{path} is nested without end; a sidecar is one JSON object.") from None
    if not isinstance(value, dict):
        raise TraceError(f'{path} holds no JSON object; it should look like {{"side": "right"}}.')
    sidecar = cast(dict[str, Any], value)
    truth = sidecar.get("truth")
    return Sidecar(
        side=_side(path, sidecar.get("side")),
        exercise=_word(path, "exercise", sidecar.get("exercise", "unknown"), EXERCISES),
        shank_length_m=_shank_length(path, sidecar.get("shank_length_m")),
        windows=_windows(path, sidecar.get("windows", [])),
        notes=str(sidecar.get("notes", "")),
        truth=cast(dict[str, Any], truth) if isinstance(truth, dict) else None,
    )


def _side(path: Path, value: object) -> Side | None:
    if value is None:
        return None
    word = _word(path, "side", value, ("right", "left"))
    return Side.from_word(word)


def _word(path: Path, key: str, value: object, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise TraceError(f"{path}: {key} is {json.dumps(value)}; it must be one of {_list(known)}.")
    return value


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _shank_length(path: Path, value: object) -> float | None:
    if value is None:
        return None
    length = _number(path, "shank_length_m", value)
    if not 0.15 <= length <= 0.8:
        raise TraceError(
            f"{path}: shank_length_m is {length:g}; give the distance from knee to ankle in "
            "metres, about 0.4."
        )
    return length


def _windows(path: Path, value: object) -> tuple[Window, ...]:
    if not isinstance(value, list):
        raise TraceError(f"{path}: windows must be a list.")
    windows: list[Window] = []
    for index, row in enumerate(cast(list[object], value)):
        where = f"windows[{index}]"
        if not isinstance(row, dict):
            raise TraceError(f"{path}: {where} must be an object with kind, start_s and end_s.")
        items = cast(dict[str, object], row)
        kind = _word(path, f"{where}.kind", items.get("kind"), WINDOW_KINDS)
        start = _number(path, f"{where}.start_s", items.get("start_s"))
        end = _number(path, f"{where}.end_s", items.get("end_s"))
        if not start < end:
            raise TraceError(
                f"{path}: {where} ({kind}) ends at {end:g} s, before it starts at {start:g} s."
            )
        windows.append(Window(kind, start, end))
    return tuple(windows)


def _number(path: Path, key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        raise TraceError(f"{path}: {key} is {json.dumps(value)}; it must be a number.")
    return float(value)
