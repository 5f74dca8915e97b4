"""Writing a file in one step: what stands under its name is whole, or is what stood there before.

What is written goes into a file of a name of its own in the same folder, which then takes the place
of the one that was asked for. A link keeps being a link: what it points to is replaced. What is no
regular file (/dev/stdout, a pipe) can't be replaced and is written to as it is.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any, Literal

from kneetrack.errors import InputError


@contextlib.contextmanager
def whole_file(out: Path) -> Generator[IO[str], None, None]:
    """A text file (UTF-8, line ends as given) that becomes `out` where the block ends well.

    Readable for its owner only: it tells of a body. Raises InputError where `out` can't be written,
    and leaves nothing behind then.
    """
    with _whole(out, "w", "utf-8", "") as file:
        yield file


@contextlib.contextmanager
def whole_binary_file(out: Path) -> Generator[IO[bytes], None, None]:
    """The same for bytes."""
    with _whole(out, "wb") as file:
        yield file


@contextlib.contextmanager
def _whole(
    out: Path, mode: Literal["w", "wb"], encoding: str | None = None, newline: str | None = None
) -> Generator[IO[Any], None, None]:
    try:
        if out.exists() and not out.is_file():
            with out.open(mode, encoding=encoding, newline=newline) as file:
                yield file
            return
        target = out.resolve()
        part = tempfile.NamedTemporaryFile(  # noqa: SIM115 (closed below, before it is renamed)
            mode,
            encoding=encoding,
            newline=newline,
            dir=target.parent,
            prefix=f".{target.name}.",
            delete=False,
        )
        try:
            with part as file:
                yield file
            Path(part.name).replace(target)
        finally:
            Path(part.name).unlink(missing_ok=True)
    except BrokenPipeError:
        raise  # the reader of a pipe has seen enough: no fault of the file
    except OSError as error:
        raise InputError(
            f"{out} can't be written: {error.strerror or error}. Make room or choose another place."
        ) from error
