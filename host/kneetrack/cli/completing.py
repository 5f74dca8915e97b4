"""What the shell may complete beyond commands and options: links and simulated scenarios,
movements, people, measures, sides.

`kneetrack --install-completion` (typer's) puts a line into the shell's start file, which has this
program asked at every TAB. Parameters are known by their names, so that a new command's `--athlete`
is completed without a word of its own. People are those whose calibration, reference or session is
kept here.

bash takes a colon for the end of a word: `sim:squ` comes as three, and only what stands behind the
colon may be answered.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any

VARIABLE = "_KNEETRACK_COMPLETE"

SCENARIOS = (
    "axis_error", "balance", "clean", "drift", "drop_jumps", "hack_squat", "hold", "left",
    "loaded", "loss", "lunge_test", "lunges", "noisy_chip", "outward", "proportional", "rerack",
    "restance", "running", "single_leg_squats", "sit_to_stands", "slip", "squats", "step_downs",
    "step_ups", "still", "swings", "tremor", "tumble", "unzeroed", "walk", "walking",
)  # fmt: skip
"""Those of firmware/sim/scenarios.py; a test compares."""

Completes = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Word:
    """A completion, as typer writes it down for each shell."""

    value: str
    help: str | None = None
    type: str = "plain"


def links(begun: str) -> Iterable[str]:
    """Addresses of bands, scenarios after `sim:`."""
    if begun.startswith("sim:"):
        return [f"sim:{name}" for name in SCENARIOS]
    return ["ble:auto", "serial:auto", "sim:", "trace:"]


def exercises(_: str) -> Iterable[str]:
    """Movements by name."""
    from kneetrack.traces import EXERCISES

    return EXERCISES


def athletes(_: str) -> Iterable[str]:
    """Everybody of whom something is kept."""
    from kneetrack.calibration import CalibrationFile
    from kneetrack.calibration.kept import kept_in
    from kneetrack.catalogue import Catalogue
    from kneetrack.errors import InputError

    found: set[str | None] = set()
    for path in kept_in("calibrations").glob("*.json"):
        with contextlib.suppress(InputError):
            found.add(CalibrationFile.load(path).athlete)
    if Catalogue.is_there():
        catalogue = Catalogue.open()
        found |= {one.athlete for one in catalogue.sessions()}
        catalogue.close()
    return sorted(name for name in found if name)


def measures(_: str) -> Iterable[str]:
    """Values of a rep, by name."""
    from kneetrack.insight.values import NAMES

    return NAMES


def sides(_: str) -> Iterable[str]:
    return ("left", "right")


BY_PARAMETER: Mapping[str, Completes] = {
    "link": links,
    "scenario": lambda _: SCENARIOS,
    "exercise": exercises,
    "movement": exercises,
    "athlete": athletes,
    "measure": measures,
    "side": sides,
}


def attach(command: Any, environment: MutableMapping[str, str] = os.environ) -> None:
    """Have `command` (typer's) and all below it complete those parameters, where a shell asks."""
    if VARIABLE not in environment:
        return
    colon = environment[VARIABLE].endswith("bash") and rejoin(environment)
    _attach(command, colon)


def _attach(command: Any, colon: bool) -> None:
    for parameter in command.params:
        completes = BY_PARAMETER.get(parameter.name)
        # A flag of that name takes no value; one with choices of its own knows them.
        if completes is not None and not getattr(parameter, "is_flag", False):
            parameter.shell_complete = partial(_words, completes, colon)
    for below in getattr(command, "commands", {}).values():
        _attach(below, colon)


def _words(completes: Completes, colon: bool, _: Any, begun: str) -> list[Word]:
    """The completions of `begun`; with `colon` only what stands behind its last colon."""
    found = [one for one in completes(begun) if one.startswith(begun)]
    cut = begun.rfind(":") + 1 if colon else 0
    return [Word(one[cut:]) for one in found]


def rejoin(environment: MutableMapping[str, str]) -> bool:
    """Put together what bash has parted at colons; whether the word at the cursor was."""
    words = environment.get("COMP_WORDS", "").split("\n")
    at = int(environment.get("COMP_CWORD") or len(words) - 1)
    joined: list[str] = []
    new_at, parted = at, False
    for place, word in enumerate(words):
        belongs = place > 0 and (word == ":" or words[place - 1] == ":")
        if belongs and joined:
            joined[-1] += word
        else:
            joined.append(word)
        if place == at:
            new_at, parted = len(joined) - 1, belongs
    environment["COMP_WORDS"], environment["COMP_CWORD"] = "\n".join(joined), str(new_at)
    return parted
