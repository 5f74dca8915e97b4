"""Start of the band: power to the bus, the parts, the program. Nothing else happens here."""

import asyncio
import sys
import time

import bluetooth
import board
import micropython
from machine import I2C, Pin, reset

from kneeband import imus
from kneeband.app import App
from kneeband.battery import Battery
from kneeband.button import Button
from kneeband.clock import BoardClock
from kneeband.da7280 import Da7280
from kneeband.guard import Guard, note_crash
from kneeband.habits import Habits
from kneeband.haptic import Haptic
from kneeband.indicator import Indicator
from kneeband.lines import Lines
from kneeband.peripheral import Peripheral
from kneeband.power import Power, computer_frames
from kneeband.preferences import Preferences
from kneeband.sampler import Sampler
from kneeband.shelf import Shelf
from kneeband.store import Store
from kneeband.usb import SerialPort

# 1. The IMUs get power, and time to boot.
Pin(board.I2C_POWER, Pin.OUT, value=1)
time.sleep_ms(board.I2C_POWER_UP_MS)


# 2. One bus for both IMUs and the fuel gauge, one clock for all times.
def begin_bus():
    """The same bus again and again: MicroPython has one of each number."""
    return I2C(board.I2C_ID, scl=Pin(board.SCL), sda=Pin(board.SDA), freq=board.I2C_FREQUENCY_HZ)


bus = begin_bus()
lines = Lines(board.SCL, board.SDA, begin_bus)
thigh = imus.Socket(bus, imus.THIGH)
sampler = Sampler(thigh, imus.Socket(bus, imus.SHANK), BoardClock(), lines)

# 3. The radio, the cable, the memory, power, lamp, motor and button; then everything runs.
radio = Peripheral(bluetooth.BLE())
cable = SerialPort(sys.stdin.buffer, sys.stdout.buffer, micropython.kbd_intr)
lamp = Indicator(Pin(board.LED, Pin.OUT, value=0))
motor = Haptic(Pin(board.CUE, Pin.OUT, value=0), Da7280(bus))
button = Button(Pin(board.BUTTON, Pin.IN, Pin.PULL_UP))
guard = Guard()
app = App(
    sampler,
    (radio, cable),
    Store(),
    Habits(),
    Preferences(),
    Shelf(),
    Power(Battery(bus), computer_frames),
    guard,
    lamp,
    motor,
    button,
)
try:
    asyncio.run(app.run())
except KeyboardInterrupt:
    guard.at_prompt()
    raise
except Exception as error:
    # 4. It never ends by itself. Should it fail, the prompt would keep the radio's connection and
    # send nothing: so it says why, once the serial port had time to pass that on, and starts anew.
    # (Ctrl-C is no Exception: it gives the prompt. boot.py can hold up a band that fails at once.)
    sys.print_exception(error, sys.stderr)  # pyright: ignore[reportArgumentType]
    note_crash(error)
    time.sleep_ms(200)
    reset()
