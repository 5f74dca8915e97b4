"""KneeTrack on the host: connect to a band, find the reps, log, replay and report."""

from kneecore import __version__

__all__ = ["__version__"]
