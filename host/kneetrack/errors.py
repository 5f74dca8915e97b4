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


class KneeTrackError(Exception):
    exit_code = 1


class InputError(KneeTrackError):
    """The user's input can't be used; the message names the file and the remedy."""


class TraceError(InputError):
    pass


class LogError(InputError):
    pass


class CalibrationError(InputError):
    pass


class UsageError(KneeTrackError):
    exit_code = 2


class LinkError(KneeTrackError):
    exit_code = 3


class BandNotFound(LinkError):
    pass


class BandInUse(LinkError):
    pass


class NotPaired(LinkError):
    pass


class LinkLost(LinkError):
    pass


class ProtocolMismatch(LinkError):
    pass


class CommandRefused(LinkError):
    """The band refused a command; `opcode` and `result` are those of kneecore.wire."""

    def __init__(self, message: str, opcode: int, result: int) -> None:
        super().__init__(message)
        self.opcode = opcode
        self.result = result
