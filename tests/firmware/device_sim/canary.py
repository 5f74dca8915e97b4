"""A minute of a small board: two chips on a moving leg, read by one task while another beats."""

import asyncio
import binascii

from sim import scenarios, vclock
from sim.imu_model import LSM6DSModel
from sim.motion import Motion

vclock.set_speed(0.0)
scenario = scenarios.make("squats", seed=5)
motion = Motion(scenario.source)
chips = [LSM6DSModel(mount, motion, scenario.chip, 5) for mount in ("thigh", "shank")]
motion.chips += chips
beats = 0
words = 0


async def beat():
    global beats
    while True:
        await asyncio.sleep_ms(10)
        beats += 1


async def read():
    global words
    digest = 0
    for second in range(1, 61):
        while vclock.now_us() < second * 1_000_000:
            await asyncio.sleep_ms(20)
            for chip in chips:
                status = chip.read(0x3A, 2, vclock.now_us())
                count = status[0] | (status[1] & 3) << 8
                words += count
                digest = binascii.crc32(chip.read(0x78, 7 * count, vclock.now_us()), digest)
        print(second, digest)


async def scene():
    for chip in chips:
        chip.write(0x09, b"\x55", vclock.now_us())
        chip.write(0x0A, b"\x06", vclock.now_us())
        chip.write(0x10, b"\x54\x5c", vclock.now_us())
    motion.play(None, 0.0)
    task = asyncio.create_task(beat())
    await read()
    await asyncio.sleep_ms(0)
    task.cancel()
    print(vclock.now_us(), "us", beats, "beats", words, "words")


asyncio.run(scene())
