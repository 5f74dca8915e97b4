"""Registers as attributes: a chip's register map is the body of its class.

    class Chip(RegisterDevice):
        who_am_i = Byte(0x0F)
        block_data_update = Flag(0x12, 6)
        gyr_rate = Bits(0x11, 4, 4)
        temperature = Word(0x20, signed=True)

Reading an attribute reads the register; writing one reads, changes the bits and writes back. That
is for configuration, a few hundred microseconds an access. What comes 208 times a second is read by
one burst into a buffer of the caller's own.

The bus is given, never made here: anything with `readfrom_mem_into` and `writeto_mem` of
`machine.I2C` will do. A chip that does not answer shows as the bus' OSError.
"""


class RegisterDevice:
    """A chip at `address` of `bus`."""

    def __init__(self, bus, address: int):
        self._bus = bus
        self.address = address
        self._one = bytearray(1)
        self._two = bytearray(2)

    def read_byte(self, register: int) -> int:
        self._bus.readfrom_mem_into(self.address, register, self._one)
        return self._one[0]

    def write_byte(self, register: int, value: int):
        self._one[0] = value
        self._bus.writeto_mem(self.address, register, self._one)

    def read_word(self, register: int) -> int:
        """Two registers, the lower one first, as ST's chips order them."""
        self._bus.readfrom_mem_into(self.address, register, self._two)
        return self._two[0] | self._two[1] << 8

    def read_into(self, register: int, buffer):
        """A burst from `register` that fills `buffer`. Nothing is allocated."""
        self._bus.readfrom_mem_into(self.address, register, buffer)


class Bits:
    """`width` bits of `register` from bit `low` up, as an unsigned number."""

    def __init__(self, register: int, low: int, width: int):
        self._register = register
        self._low = low
        self._mask = (1 << width) - 1

    def __get__(self, device, owner):
        return device.read_byte(self._register) >> self._low & self._mask

    def __set__(self, device, value):
        if value & ~self._mask:
            raise ValueError("{} does not fit the field".format(value))
        rest = device.read_byte(self._register) & ~(self._mask << self._low)
        device.write_byte(self._register, rest | value << self._low)


class Flag:
    """One bit of `register`, as a bool."""

    def __init__(self, register: int, bit: int):
        self._register = register
        self._mask = 1 << bit

    def __get__(self, device, owner):
        return bool(device.read_byte(self._register) & self._mask)

    def __set__(self, device, value):
        byte = device.read_byte(self._register)
        device.write_byte(self._register, byte | self._mask if value else byte & ~self._mask)


class Byte:
    """A whole register; `signed` for two's complement. Written without reading first."""

    def __init__(self, register: int, signed: bool = False):
        self._register = register
        self._signed = signed

    def __get__(self, device, owner):
        value = device.read_byte(self._register)
        return value - 256 if self._signed and value > 127 else value

    def __set__(self, device, value):
        device.write_byte(self._register, value & 0xFF)


class Word:
    """Two registers as one little-endian number; read only."""

    def __init__(self, register: int, signed: bool = False):
        self._register = register
        self._signed = signed

    def __get__(self, device, owner):
        value = device.read_word(self._register)
        return value - 65536 if self._signed and value > 32767 else value
