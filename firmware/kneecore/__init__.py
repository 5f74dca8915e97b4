"""The mathematics, the protocol and the pipeline of KneeTrack, for Python and MicroPython alike.

Everything here runs unchanged on the band (MicroPython, single-precision floats) and on the host
(CPython). That is why nothing is imported but `math`, `struct`, `array` and `collections`, and why
the newer syntax of Python is absent.
"""

__version__ = "0.1.0"
