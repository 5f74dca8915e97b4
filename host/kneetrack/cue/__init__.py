"""Cues: a bell, a sound or the person's own words when a rep moved otherwise than the reference.

plan        what a person asked for, and which reps have their turn
coach       when a cue is given: a fold over samples and events, the same live and in a replay
sounding    how it is heard, beside everything else
programs    the system's players and voices, looked for and never required
"""

from kneetrack.cue.coach import Coach, Cue, Kind, Way, cued_reps, words_of
from kneetrack.cue.plan import Plan, Policy, When

__all__ = ["Coach", "Cue", "Kind", "Plan", "Policy", "Way", "When", "cued_reps", "words_of"]
