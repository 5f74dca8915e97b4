"""All sessions at a glance, derived from the logs and what was said of them later.

catalogue   Catalogue: start here. What is new is read, what is gone is left out, sessions are found
store       the SQLite file, its damage, and who may write it: sqlite3 is used there only
folders     where logs are looked for, and which have changed
reading     one log to one entry; entry: its legs and figures, as values; rows: as rows
intervals   a middle and a difference with what they are good for
told_apart  the least difference between sessions that means something, and how it is known
trend       one measure through a person's sessions; selftests: the same of self-tests, by leg
compare     one condition against another, right against left
persons     one person's course in one movement
loads       load against repetitions in range
"""

from kneetrack.catalogue.catalogue import Brought, Catalogue
from kneetrack.catalogue.entry import Figure, Leg, Session

__all__ = ["Brought", "Catalogue", "Figure", "Leg", "Session"]
