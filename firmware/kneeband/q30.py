# ruff: noqa: F821  (ptr8 and ptr32 are words of viper's own)
"""Quaternions in fixed point, without touching the heap: an array("i") whose first four words are
w, x, y, z in Q30, that is times 2**30.

A product of two such numbers is put together from 15-bit halves,
    (a * b) >> 30  =  ah * bh + ((ah * bl) >> 15) + ((al * bh) >> 15),
so that no intermediate leaves 32 signed bits (tests/firmware/test_fits_32_bits.py sees to it).

Viper on two machines
    An int is 32 bits on the ESP32 and 64 on a PC, where a load through ptr32 does not extend the
    sign. `(word ^ top) - top`, with top = 2**31, does so on a PC and changes nothing on the ESP32.
    `top` is computed: a literal of 2**30 or more is an object there, and a compile error.
    For the same reason Python sees these quaternions in Q29: Q30 would not be a small int.
"""

from array import array

import micropython

Q30 = 1073741824.0
Q29 = 536870912.0


@micropython.viper
def multiply(out, left, right, sign: int):
    """out = left * right; with sign -1, the conjugate of left * right."""
    o = ptr32(out)
    p = ptr32(left)
    q = ptr32(right)
    top = 1
    top <<= 31
    a = (p[0] ^ top) - top
    b = ((p[1] ^ top) - top) * sign
    c = ((p[2] ^ top) - top) * sign
    d = ((p[3] ^ top) - top) * sign
    w = (q[0] ^ top) - top
    x = (q[1] ^ top) - top
    y = (q[2] ^ top) - top
    z = (q[3] ^ top) - top
    ah = a >> 15
    al = a & 0x7FFF
    bh = b >> 15
    bl = b & 0x7FFF
    ch = c >> 15
    cl = c & 0x7FFF
    dh = d >> 15
    dl = d & 0x7FFF
    wh = w >> 15
    wl = w & 0x7FFF
    xh = x >> 15
    xl = x & 0x7FFF
    yh = y >> 15
    yl = y & 0x7FFF
    zh = z >> 15
    zl = z & 0x7FFF
    a = ah * wh + ((ah * wl) >> 15) + ((al * wh) >> 15)
    a -= bh * xh + ((bh * xl) >> 15) + ((bl * xh) >> 15)
    a -= ch * yh + ((ch * yl) >> 15) + ((cl * yh) >> 15)
    a -= dh * zh + ((dh * zl) >> 15) + ((dl * zh) >> 15)
    b = ah * xh + ((ah * xl) >> 15) + ((al * xh) >> 15)
    b += bh * wh + ((bh * wl) >> 15) + ((bl * wh) >> 15)
    b += ch * zh + ((ch * zl) >> 15) + ((cl * zh) >> 15)
    b -= dh * yh + ((dh * yl) >> 15) + ((dl * yh) >> 15)
    c = ah * yh + ((ah * yl) >> 15) + ((al * yh) >> 15)
    c -= bh * zh + ((bh * zl) >> 15) + ((bl * zh) >> 15)
    c += ch * wh + ((ch * wl) >> 15) + ((cl * wh) >> 15)
    c += dh * xh + ((dh * xl) >> 15) + ((dl * xh) >> 15)
    d = ah * zh + ((ah * zl) >> 15) + ((al * zh) >> 15)
    d += bh * yh + ((bh * yl) >> 15) + ((bl * yh) >> 15)
    d -= ch * xh + ((ch * xl) >> 15) + ((cl * xh) >> 15)
    d += dh * wh + ((dh * wl) >> 15) + ((dl * wh) >> 15)
    o[0] = a
    o[1] = b
    o[2] = c
    o[3] = d


@micropython.viper
def halve(out, quaternion):
    """out = a Q30 quaternion as Q29: numbers that Python reads without making objects of them."""
    o = ptr32(out)
    q = ptr32(quaternion)
    top = 1
    top <<= 31
    i = 0
    while i < 4:
        o[i] = ((q[i] ^ top) - top) >> 1
        i += 1


@micropython.viper
def store(out, w: int, x: int, y: int, z: int):
    """out = the Q30 quaternion of four Q29 numbers."""
    o = ptr32(out)
    o[0] = w << 1
    o[1] = x << 1
    o[2] = y << 1
    o[3] = z << 1


@micropython.viper
def put(buffer, offset: int, quaternion):
    """Write a Q30 quaternion as four little-endian int16 counts of 1/32767."""
    b = ptr8(buffer)
    q = ptr32(quaternion)
    top = 1
    top <<= 31
    i = 0
    while i < 4:
        x = (q[i] ^ top) - top
        x = (x - (x >> 15) + 16384) >> 15  # times 32767 / 2**30
        if x > 32767:  # the length's 3e-5
            x = 32767
        b[offset] = x & 0xFF
        b[offset + 1] = (x >> 8) & 0xFF
        offset += 2
        i += 1


def make():
    """A new quaternion: no turn."""
    out = array("i", bytes(16))
    assign(out, (1.0, 0.0, 0.0, 0.0))
    return out


@micropython.native
def assign(out, q):
    """out = the four floats of q."""
    store(out, int(q[0] * Q29), int(q[1] * Q29), int(q[2] * Q29), int(q[3] * Q29))
