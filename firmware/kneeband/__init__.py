"""The band: buses, clock, radio and storage around `kneecore`. MicroPython only."""
