"""`@micropython.native` for what a simulated leg computes hundreds of times a second.

MicroPython's compiler knows the decorator by its name and makes machine code that calls the same
arithmetic: the same numbers to the bit, in less time. CPython, where tools and tests use the
simulator's files, has no such module; there the decorator does nothing.
"""

try:
    import micropython
except ImportError:

    class micropython:  # noqa: N801
        @staticmethod
        def native(function):
            return function


__all__ = ["micropython"]
