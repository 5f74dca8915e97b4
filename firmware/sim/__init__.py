"""The board in software: clock, buses, IMUs and leg under the unmodified firmware.

The folder `shims` goes first on MICROPYPATH and replaces the modules through which firmware meets
its hardware (`time`, `select`, `machine`, `bluetooth`); this package holds what stands behind them.
"""
