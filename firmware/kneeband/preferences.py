"""What a person has set (`kneecore.settings`), kept over restarts.

    magic "KS1", a settings.SETTINGS record

A `kneeband.sealed` file. One that is damaged, or holds a value out of its limits, is passed over:
the defaults hold, and `damaged` says so until the next good write.
"""

from kneeband import config, sealed
from kneecore import settings

_MAGIC = b"KS1"


class Preferences:
    """`load` once; `values` are a settings.SETTINGS."""

    def __init__(self, path: str = config.PREFERENCES_PATH):
        self._path = path
        self.record = settings.SETTINGS.pack(*settings.DEFAULTS)
        self.values = settings.SETTINGS.unpack_from(self.record)
        self.damaged = False

    def load(self):
        """Read what is there. A file that is missing gives the defaults."""
        data = sealed.read(self._path)
        self.damaged = data is not None and not self._parse(data)

    def keep(self, record: bytes) -> bool:
        """Keep and use a settings.SETTINGS record within its limits; False if that failed."""
        if not sealed.write(self._path, _MAGIC + record):
            return False
        self.damaged = False
        return self._parse(_MAGIC + record)

    def _parse(self, data) -> bool:
        record = bytes(data[len(_MAGIC) :])
        if bytes(data[: len(_MAGIC)]) != _MAGIC or len(record) != settings.SETTINGS.size:
            return False
        values = settings.SETTINGS.unpack_from(record)
        if settings.wrong(values):
            return False
        self.record, self.values = record, values
        return True
