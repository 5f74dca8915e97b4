"""The bonds: which hosts the band knows, and the keys by which it knows them.

The Bluetooth stack has no memory of its own in MicroPython. It hands each secret over when a host
has paired (IRQ_SET_SECRET) and asks for it when that host is back (IRQ_GET_SECRET). A secret is a
kind (1: ours, 2: the peer's; NimBLE's BLE_STORE_OBJ_TYPE_*), a key (the peer's identity address)
and a value that is the stack's own business. All secrets of one key are one bond.

The stack's calls come between two bytecodes of the program and must not wait, so they only touch
what is in RAM; `save`, called from the program's loop, puts it on flash. Until then a power cut
loses a new bond, never an old one: the file is a `kneeband.sealed` one.

    magic "KS1", u8 count, then per secret: u8 kind, u8 + key, u8 + value

At most BONDS_MAX hosts are known, in the order of their last use. One more takes the place of the
one that was away for longest: whoever holds the button to let a new host in should not have to find
out first which old one to send away.
"""

from kneeband import config, sealed

_MAGIC = b"KS1"
_LONGEST = 255


class Bonds:
    """`load` once; `save` where `unsaved`."""

    def __init__(self, path: str = config.BONDS_PATH):
        self._path = path
        self._secrets = []  # (kind, key, value), the least recently used host first
        self.unsaved = False
        self.damaged = False
        """What was stored could not be read, or the last write failed."""

    def load(self):
        """Read what is there; a file that is missing means that nobody is known."""
        data = sealed.read(self._path)
        self.damaged = data is not None and not self._parse(data)

    def save(self) -> bool:
        """Write all of it; False (and `damaged`) if that failed, and no more is `unsaved`."""
        self.unsaved = False
        data = bytearray(_MAGIC)
        data.append(len(self._secrets))
        for kind, key, value in self._secrets:
            data.append(kind)
            for part in (key, value):
                data.append(len(part))
                data += part
        self.damaged = not sealed.write(self._path, data)
        return not self.damaged

    @property
    def count(self) -> int:
        """How many hosts are known."""
        return len(self._keys())

    def get(self, kind: int, index: int, key):
        """The secret of that kind and key (None: the `index`-th of that kind), or None."""
        for one, own_key, value in self._secrets:
            if one == kind and (key is None or own_key == key):
                if index == 0:
                    return value
                index -= 1
        return None

    def put(self, kind: int, key: bytes, value: bytes) -> bool:
        """Keep a secret. False for one that no stack would hand over."""
        if len(key) > _LONGEST or len(value) > _LONGEST or not key:
            return False
        others = [s for s in self._secrets if s[:2] != (kind, key)]
        self._secrets = others + [(kind, key, value)]
        self.used(key)
        keys = self._keys()
        for old in keys[: max(0, len(keys) - config.BONDS_MAX)]:
            self.drop(old)
        self.unsaved = True
        return True

    def used(self, key: bytes):
        """That host is here: it is the last to be given up."""
        keys = self._keys()
        if keys and keys[-1] != key and key in keys:
            others = [s for s in self._secrets if s[1] != key]
            self._secrets = others + [s for s in self._secrets if s[1] == key]
            self.unsaved = True

    def drop(self, key: bytes) -> bool:
        """Forget that host; False if it was not known."""
        others = [s for s in self._secrets if s[1] != key]
        known = len(others) != len(self._secrets)
        self._secrets = others
        self.unsaved = self.unsaved or known
        return known

    def drop_all(self):
        """Forget everybody."""
        self._secrets = []
        self.unsaved = True

    def _keys(self):
        """The keys, the least recently used first."""
        keys = []
        for _, key, _ in self._secrets:
            if key in keys:
                keys.remove(key)
            keys.append(key)
        return keys

    def _parse(self, data) -> bool:
        if len(data) <= len(_MAGIC) or data[: len(_MAGIC)] != _MAGIC:
            return False
        secrets = []
        at = len(_MAGIC) + 1
        for _ in range(data[len(_MAGIC)]):
            kind = data[at]
            key_end = at + 2 + data[at + 1]
            value_end = key_end + 1 + data[key_end]
            secrets.append((kind, data[at + 2 : key_end], data[key_end + 1 : value_end]))
            at = value_end
        self._secrets = secrets
        return True
