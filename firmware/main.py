"""Runs after boot.py: starts the program that it has chosen. An update over the radio leaves this
file as it is, so nothing of the band stands here."""

import slots

try:
    import kneeband.program  # noqa: F401  (never ends)
except Exception as error:
    slots.failed(error)
