"""Every error that KneeTrack raises on purpose. Each class is a decision for the caller.

    KneeTrackError
    ├── InputError            the user's file or argument can't be used            exit code 1
    │   ├── TraceError        a recorded IMU file (columns, units, time, side)
    │   ├── LogError          a session log
    │   └── CalibrationError  an alignment that can't be derived, or doesn't fit
    ├── UsageError            the command line makes no sense                      exit code 2
    └── LinkError             the band, or the way to it                           exit code 3
        ├── BandNotFound      nothing with that name or address answers
        ├── BandInUse         the band is there, but connected to somebody else
        ├── NotPaired         band and computer don't know each other (any more)
        ├── LinkLost          the connection ended and did not come back
        ├── ProtocolMismatch  band and host speak different versions
        └── CommandRefused    the band answered "no"

The message is one sentence (or two) that says what happened, where, and what to do about it; it is
shown as it is. Anything else that reaches the user as a traceback is a bug.
"""

from __future__ import annotations

UPDATE_BAND = "Update the band: kneetrack flash, on its cable."
"""The remedy for a band that is too old for this program, or for an update over the radio."""


def install(extra: str | None = None) -> str:
    """The remedy for a package that is not there, which the `extra` of pyproject.toml brings.
    (Never by name: kneetrack is on no package index. Double quotes are what cmd takes, too.)"""
    return (
        f'In the clone: pip install -e ".[{extra}]"' if extra else "In the clone: pip install -e ."
    )


class KneeTrackError(Exception):
    """The base of all: catch it to show `str(error)` and go on; `exit_code` is the program's."""

    exit_code = 1


class InputError(KneeTrackError):
    """The user's input can't be used; the message names the file and the remedy."""


class TraceError(InputError):
    """A trace that can't be read: a column, a unit, a time, the leg; or its sidecar."""


class LogError(InputError):
    """A file that is no session log, or one without what was asked of it."""


class CalibrationError(InputError):
    """An alignment that can't be found in a recording, or a file that doesn't fit the leg."""


class UsageError(KneeTrackError):
    """Arguments that make no sense together, or a package that is not installed."""

    exit_code = 2


class LinkError(KneeTrackError):
    """The band, or the way to it."""

    exit_code = 3


class BandNotFound(LinkError):
    """Nothing with that name or address answers."""


class BandInUse(LinkError):
    """The band is there, but connected to another computer."""


class NotPaired(LinkError):
    """Band and computer don't know each other (any more): pair them."""


class LinkLost(LinkError):
    """The connection ended and did not come back; what had come is kept."""


class ProtocolMismatch(LinkError):
    """Band and host speak different major versions; the message says which to update."""


class CommandRefused(LinkError):
    """The band refused a command; `opcode` and `result` are those of kneecore.wire."""

    def __init__(self, message: str, opcode: int, result: int) -> None:
        super().__init__(message)
        self.opcode = opcode
        self.result = result
