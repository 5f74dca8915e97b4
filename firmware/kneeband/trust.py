"""Whom the band trusts, and who may become one of them.

A host is trusted once the link is encrypted by a key of its bond: one that the band kept in this
connection, or one that the stack asked for in it and was given. The stack's own word "bonded" is
not enough: NimBLE says so even where the secret was refused.

A new bond is kept only while the window is open, which takes someone at the band's button, and one
new bond closes it. Whoever tries outside of it is `refused`, for as long as that connection lasts.

A peer that claims a known address and can't prove it makes NimBLE drop the old bond and pair anew
(BLE_GAP_EVENT_REPEAT_PAIRING; MicroPython answers it with RETRY). Outside the window the bond is
kept, but hidden from the stack until that link has ended: as long as it finds one it asks again,
without end.

What the stack calls here runs between two bytecodes of the program: it only looks and notes.
"""

import time

from micropython import const

_OUR_SECRET = const(1)  # what NimBLE asks for to encrypt the link of a known host


class Trust:
    """The one connection's standing: `begin` for each; then the stack tells and asks."""

    def __init__(self, bonds):
        self.bonds = bonds
        self._until_ms = None  # of the window
        self.begin()

    def begin(self):
        """Nothing is known of whoever connects next."""
        self.held = False
        """The host was trusted at some time in this connection."""
        self.refused = False
        """They asked for what they may not have."""
        self.is_new = False
        """The bond was made in this connection."""
        self._encrypted = False
        self._key = None  # of a bond that is kept ...
        self._hidden = None  # ... and of one that the stack is not to find

    @property
    def holds(self) -> bool:
        """The host is trusted."""
        return self._encrypted and self._key is not None and not self.refused

    @property
    def window(self) -> bool:
        """A new host may bond now."""
        until_ms = self._until_ms
        return until_ms is not None and time.ticks_diff(until_ms, time.ticks_ms()) > 0

    def open_window(self, duration_s: int):
        """Let one new host bond within that time; 0 ends it."""
        self._until_ms = time.ticks_add(time.ticks_ms(), duration_s * 1000) if duration_s else None

    def settle(self):
        """Close the window on a new host that is trusted, and on one that time has closed."""
        if not self.window or (self.is_new and self.holds):
            self._until_ms = None

    def set_encrypted(self, encrypted: bool):
        """The stack says that the link is encrypted from now on, or is not."""
        self._encrypted = encrypted
        self.held = self.held or self.holds
        self.settle()

    def forget_this(self):
        """Drop the bond with the host that is trusted."""
        if self._key is not None:
            self.bonds.drop(self._key)

    def get_secret(self, kind: int, index: int, key):
        """The secret that the stack asks for, or None."""
        if key is not None and key == self._hidden:
            return None
        value = self.bonds.get(kind, index, key)
        if value is not None and key is not None and kind == _OUR_SECRET:
            self._key = key
            self.bonds.used(key)
        return value

    def set_secret(self, kind: int, key: bytes, value: bytes) -> bool:
        """Keep a secret; False where it is not kept."""
        if not self.window and not (self.holds and self._key == key):
            self.refused = True
            return False
        if not self.bonds.put(kind, key, value):
            return False
        self._key = key
        self.is_new = True
        self.held = self.held or self.holds
        self.settle()  # at once: who bonds and leaves must not leave the window open
        return True

    def drop_secret(self, kind: int, key: bytes) -> bool:
        """The stack wants it gone; whether there was one that it won't find any more."""
        if self.window:
            return self.bonds.drop(key)
        known = self._hidden != key and self.bonds.get(kind, 0, key) is not None
        self._hidden = key
        self.refused = True
        return known
