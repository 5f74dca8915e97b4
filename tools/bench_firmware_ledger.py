"""Takes the time, or the heap, of functions while a program runs: each one's own (MicroPython).

A wrapper reads before and after its function and keeps what is the function's own: less what
wrapped functions took that it called. What the wrappers take themselves is measured on a function
that does nothing, and told: `within` for a function's every call, `around` for every wrapped call
that it makes. Of garbage a wrapper leaves the tuple of its arguments: BY_TUPLE weighs the calls.
"""

import gc

_CALLS = 50
_TRIES = 60
_ARGUMENTS = (None, None, None)  # as most have

BY_TUPLE = (0, 1, 1, 2, 2, 2, 2, 3)
"""Blocks of the heap that a tuple of so many takes: two words, and one each; four to a block."""


class Ledger:
    """`read` gives microseconds, or bytes on the heap; `weights` the calls by their arguments."""

    def __init__(self, read, weights=(1,) * 8):
        self._read = read
        self._weights = weights
        self.accounts = {}
        """Name: [calls, own, weight of the wrapped calls that it made]."""
        self._inner = [0]  # what wrapped functions took, of each that runs now ...
        self._called = [0]  # ... and how many they were
        self.within, self.around = self._calibrated()
        self.accounts = {}

    def wrapped(self, name, function):
        account = self.accounts.setdefault(name, [0, 0, 0])
        read = self._read
        inner = self._inner
        called = self._called
        weights = self._weights

        def wrapper(*arguments):
            inner.append(0)
            called.append(0)
            begin = read()
            try:
                return function(*arguments)
            finally:
                took = read() - begin
                account[0] += 1
                account[1] += took - inner.pop()
                account[2] += called.pop()
                inner[-1] += took
                called[-1] += weights[len(arguments)]

        return wrapper

    def wrap(self, owner, attribute, name):
        setattr(owner, attribute, self.wrapped(name, getattr(owner, attribute)))

    def clear(self):
        for account in self.accounts.values():
            account[0] = account[1] = account[2] = 0
        self._inner[0] = self._called[0] = 0

    def closed(self, took):
        """The accounts since `clear`; "rest" has what is in no other of the `took`."""
        accounts = {name: tuple(account) for name, account in self.accounts.items() if account[0]}
        accounts["rest"] = (1, took - self._inner[0], self._called[0])
        return accounts

    def _calibrated(self):
        """(within, around) a call: the least of many tries, for a busy machine only ever adds."""
        tries = [self._tried() for _ in range(_TRIES)]
        empty, bare, own, through = [min([each[k] for each in tries]) for k in range(4)]
        around = (through - empty) / _CALLS / self._weights[len(_ARGUMENTS)]
        return (own - (bare - empty)) / _CALLS, around

    def _tried(self):
        """An empty loop; with a function that does nothing; the same wrapped: its own, the rest."""
        wrapped = self.wrapped("", _nothing)
        account = self.accounts[""]
        gc.collect()
        gc.disable()
        empty = self._timed(None)
        bare = self._timed(_nothing)
        self.clear()
        through = self._timed(wrapped) - self._inner[0]
        gc.enable()
        return empty, bare, account[1], through

    def _timed(self, function):
        read = self._read
        begin = read()
        if function is None:
            for _ in range(_CALLS):
                pass
        else:
            for _ in range(_CALLS):
                function(*_ARGUMENTS)
        return read() - begin


def _nothing(*arguments):
    return None
