"""What reps amount to: statistics of a set, a leg, a session, and what may be said of them.

Pure functions over `Rep`, `RepSet` and `LegResult`; whoever keeps sessions, shows or exports them
goes by these.

values    one rep's value by its name; which reps have a say in it
slopes    whether a value goes up or down over the reps of a set (Theil-Sen)
sets      one set: share in range, streak, medians, spread, slopes
session   one leg of one session: the same over its sets
sides     right against left, in degrees, and what is told apart
advice    suggestions of load and of asking somebody: a table of rules
words     all of it as sentences (biomechanics E)
"""
