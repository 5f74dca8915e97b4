"""Numbers to read from across the room: three lines of a terminal, two pixels in each character, or
where there is room five lines, a pixel in two characters."""

from __future__ import annotations

# 3 x 5 pixels a glyph, a row of pixels a string.
_GLYPHS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    "+": ("   ", " # ", "###", " # ", "   "),
    "-": ("   ", "   ", "###", "   ", "   "),
    ".": (" ", " ", " ", " ", "#"),
    "°": ("##", "##", "  ", "  ", "  "),
    " ": (" ", " ", " ", " ", " "),
}
_HALVES = {(" ", " "): " ", ("#", " "): "▀", (" ", "#"): "▄", ("#", "#"): "█"}


def big(text: str) -> str:
    """`text` (digits, sign, point, degree sign) as three lines of block characters."""
    rows = [" ".join(_GLYPHS[character][row] for character in text) for row in range(5)]
    rows.append(" " * len(rows[0]))
    return "\n".join(
        "".join(_HALVES[pair] for pair in zip(rows[at], rows[at + 1], strict=True))
        for at in (0, 2, 4)
    )


def huge(text: str) -> str:
    """The same as five lines."""
    rows = [" ".join(_GLYPHS[character][row] for character in text) for row in range(5)]
    return "\n".join("".join("██" if pixel == "#" else "  " for pixel in row) for row in rows)
