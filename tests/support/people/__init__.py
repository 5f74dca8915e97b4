"""People who squat with two IMUs on: a generator of sessions that shares nothing with firmware/sim.

Its squat shapes, soft tissue, sway and chip errors are its own, so that a method which does well on
both generators does not do so by knowing one of them. `Person.drawn(seed)` says who,
`session(person, ...)` gives the recording and the truth. Deterministic by seed.
"""

from .course import Plan
from .person import Person
from .session import Session, Truth, session
from .truth import TrueRep

__all__ = ["Person", "Plan", "Session", "TrueRep", "Truth", "session"]
