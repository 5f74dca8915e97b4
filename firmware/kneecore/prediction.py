"""What blocks predict of a knee sample, and how a difference from that is written.

Sampled at 104 Hz, a knee moves smoothly: what is left after a prediction takes 4 to 7 bits of the
16. There are four predictions of a number:

    UNIT_LENGTH   a component of a quaternion from the other three of the same sample, as the four
                  squares sum to 32767^2: two steps of Newton's iteration for the square root, from
                  the value before. Only for the largest component at the block's beginning.
    FIRST         the value before: what is left are first differences
    SECOND        the line through the two before: second differences
    THIRD         the parabola through the three before: third differences

Everything is modulo 2^16, so any numbers can be kept, and no step needs more than 30 bits. What is
left is *folded*: a difference d is written as 2d, or as -2d - 1 where it is negative.

Lossless coding by such predictors is that of Robinson's Shorten (Cambridge University Engineering
Department, TR.156, 1994), which FLAC (RFC 9639, section 9.2.5) has from it; here with plain widths
in place of their Rice codes, as a block is a fifth of a second, and this is to cost the band
little.
"""

UNIT_LENGTH = 0
FIRST = 1
SECOND = 2
THIRD = 3

MASK = 0xFFFF
WIDTH_MAX = 16
_WIDTH_TOLD_MAX = 15
_SIGN = 0x8000
_SQUARE = 32767 * 32767


def _bit_lengths() -> bytes:
    found = [0]
    for value in range(1, 256):
        found.append(found[value >> 1] + 1)
    return bytes(found)


_BIT_LENGTHS = _bit_lengths()


def folded_of(difference: int) -> int:
    """A difference modulo 2^16 as a number without a sign, small where it is small."""
    signed = ((difference + _SIGN) & MASK) - _SIGN
    return signed << 1 ^ signed >> 15


def width_of(folded: int) -> int:
    """The bits that it is written in: 0 to 14, or WIDTH_MAX."""
    if folded < 256:
        return _BIT_LENGTHS[folded]
    width = 8 + _BIT_LENGTHS[folded >> 8]
    return width if width < _WIDTH_TOLD_MAX else WIDTH_MAX


def magnitude(value: int) -> int:
    """|value| of sixteen bits with a sign, at most 32767."""
    if value & _SIGN:
        value = 0x10000 - value
    return value if value < _SIGN else _SIGN - 1


def unit_length(before: int, a: int, b: int, c: int) -> int:
    """The component that follows `before`, when the other three of its quaternion are these."""
    a = magnitude(a)
    b = magnitude(b)
    c = magnitude(c)
    square = _SQUARE - a * a
    square = square - b * b if square > b * b else 0
    square = square - c * c if square > c * c else 0
    root = magnitude(before)
    for _ in range(2):
        if root:
            root = (root + square // root) >> 1
    return -root if before & _SIGN else root


def told(width: int) -> int:
    """A width as four bits tell it."""
    return width if width < _WIDTH_TOLD_MAX else _WIDTH_TOLD_MAX


def meant(told_width: int) -> int:
    """The width that four bits tell."""
    return told_width if told_width < _WIDTH_TOLD_MAX else WIDTH_MAX
