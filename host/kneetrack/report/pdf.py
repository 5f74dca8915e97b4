"""The same page as a PDF, by WeasyPrint.

It sets the very HTML, so the PDF can't say anything else; it needs no browser, breaks tables
between rows with their heads repeated, and gives the same bytes for the same page. What it needs
besides is Pango, a library of the system: there on nearly every Linux desktop, by Homebrew on
macOS, by MSYS2 on Windows. Where it is missing the HTML is made for printing, and any browser saves
it as PDF. (A browser without a window is not everywhere, and 300 MB; matplotlib's PdfPages would
mean a second layout of everything, with tables broken by hand.)
"""

# WeasyPrint carries no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kneetrack.errors import UsageError, install
from kneetrack.whole_file import whole_binary_file

MARK = "%PDF-"


def check_available() -> Callable[..., Any]:
    """WeasyPrint's HTML. Raises UsageError with the remedy where it, or Pango, is missing."""
    try:
        from weasyprint import HTML  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UsageError(
            "PDF needs WeasyPrint; without it write HTML, and print it to PDF from a browser. "
            f"{install('pdf')}"
        ) from None
    except OSError:
        raise UsageError(
            "PDF needs the library Pango (Debian: apt install libpango-1.0-0 libpangoft2-1.0-0; "
            "macOS: brew install pango). Or write HTML, and print it to PDF from a browser."
        ) from None
    return HTML


def write(page: str, out: Path) -> None:
    """Write the page as PDF to `out`, in one step. UsageError, InputError as `html.write`."""
    html = check_available()
    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # of CSS that is for browsers only
    made: bytes = html(string=page, url_fetcher=_no_network).write_pdf()
    with whole_binary_file(out) as file:
        file.write(made)


def _no_network(url: str, *_: object, **__: object) -> dict[str, Any]:
    raise ValueError(f"a report needs nothing from elsewhere, and asked for {url}")
