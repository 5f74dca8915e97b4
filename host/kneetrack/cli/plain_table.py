"""The one look of our tables: a line under the head, no frame, columns set apart by blanks.

Without a frame a table copies well into a message, and reads well aloud.
"""

from __future__ import annotations

from rich import box
from rich.table import Table


def plain_table(title: str | None = None, *, gap: int = 1, apart: bool = False) -> Table:
    """An empty table. `gap` widens what lies between columns; `apart`: a blank line around it."""
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=apart,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        title=title,
        title_justify="left",
    )
