"""Letters and the arrow that are cut into the lids: straight strokes of one width.

No font is used: a font differs from machine to machine, and its thin strokes do not print. Each
letter stands in a box of `HEIGHT` by its width; strokes are centre lines, cut `sizes.STROKE` wide.
"""

HEIGHT = 4.6
WIDTH = 3.2
GAP = 2.3
"""Between two letters' centre lines: leaves a ridge of more than 1 mm."""

Stroke = tuple[tuple[float, float], ...]

LETTERS: dict[str, tuple[Stroke, ...]] = {
    "A": (((0, 0), (0, 0.75), (0.3, 1), (0.7, 1), (1, 0.75), (1, 0)), ((0, 0.42), (1, 0.42))),
    "D": (((0, 0), (0, 1), (0.6, 1), (1, 0.7), (1, 0.3), (0.6, 0), (0, 0)),),
    "E": (((1, 0), (0, 0), (0, 1), (1, 1)), ((0, 0.5), (0.85, 0.5))),
    "G": (
        ((1, 0.85), (0.75, 1), (0.25, 1), (0, 0.75), (0, 0.25), (0.25, 0), (1, 0), (1, 0.42)),
        ((1, 0.42), (0.6, 0.42)),
    ),
    "H": (((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0.5), (1, 0.5))),
    "I": (((0.5, 0), (0.5, 1)),),
    "K": (((0, 0), (0, 1)), ((1, 1), (0, 0.45), (1, 0))),
    "N": (((0, 0), (0, 1), (1, 0), (1, 1)),),
    "O": (
        ((0.3, 0), (0, 0.25), (0, 0.75), (0.3, 1), (0.7, 1), (1, 0.75), (1, 0.25), (0.7, 0)),
        ((0.7, 0), (0.3, 0)),
    ),
    "P": (((0, 0), (0, 1), (0.75, 1), (1, 0.8), (1, 0.6), (0.75, 0.42), (0, 0.42)),),
    "S": (
        ((0, 0), (0.8, 0), (1, 0.15), (1, 0.35), (0.8, 0.5), (0.2, 0.5)),
        ((0.2, 0.5), (0, 0.65), (0, 0.85), (0.2, 1), (1, 1)),
    ),
    "T": (((0.5, 0), (0.5, 1)), ((0, 1), (1, 1))),
    "U": (((0, 1), (0, 0.25), (0.25, 0), (0.75, 0), (1, 0.25), (1, 1)),),
}  # fmt: skip


def word(text: str, x: float, y: float, scale: float = 1.0) -> list[list[tuple[float, float]]]:
    """Centre lines of `text`, its middle at (x, y)."""
    widths = [0.0 if letter == "I" else WIDTH for letter in text]
    total = sum(widths) + GAP * (len(text) - 1)
    lines = []
    at = -total / 2
    for letter, width in zip(text, widths, strict=True):
        for stroke in LETTERS[letter]:
            lines.append(
                [
                    (
                        x + scale * (at + (0.0 if letter == "I" else u * width)),
                        y + scale * HEIGHT * (v - 0.5),
                    )
                    for u, v in stroke
                ]
            )
        at += width + GAP
    return lines


def arrow(x: float, y: float) -> list[list[tuple[float, float]]]:
    """An arrow up the leg, and UP beside it."""
    shaft = [(x - 5.5, y - 3.25), (x - 5.5, y + 3.25)]
    head = [(x - 8.3, y + 0.3), (x - 5.5, y + 3.25), (x - 2.7, y + 0.3)]
    return [shaft, head, *word("UP", x + 4.0, y)]
