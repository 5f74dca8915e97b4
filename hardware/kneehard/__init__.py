"""The band's hardware as data and arithmetic: parts and variants, the bus, power, timing.

`parts.load()` reads parts.toml and variants/; everything else computes from what it returns. Only
the standard library is used, and nothing here was measured on a board.
"""
