"""Virtual time under MicroPython's own asyncio. The ticks wrap a second after the start.

The offset lies at the wrap of milliseconds (12.4 days), which is one of microseconds too.
"""

from sim import vclock

vclock.TICKS_OFFSET_US = 2**30 * 1000 - 1_000_000  # before anybody imports `time`

import asyncio  # noqa: E402
import socket  # noqa: E402
import time  # noqa: E402

import utime  # noqa: E402

vclock.set_speed(0.0)


def test_time_starts_at_zero_and_moves_only_by_sleeping():
    assert vclock.now_us() == 0
    for _ in range(1000):
        pass
    assert vclock.now_us() == 0
    time.sleep_ms(5)
    time.sleep_us(7)
    assert vclock.now_us() == 5007
    assert time.time_ns() == 5_007_000


def test_an_hour_passes_at_once():
    time.sleep(3600)
    assert time.time() == 3600


def test_ticks_wrap_as_on_the_device():
    before_us, before_ms = time.ticks_us(), time.ticks_ms()
    assert before_us == 2**30 - 1_000_000 and before_ms == 2**30 - 1000
    time.sleep_ms(1500)
    assert time.ticks_us() == 500_000 and time.ticks_ms() == 500
    assert time.ticks_diff(time.ticks_us(), before_us) == 1_500_000
    assert time.ticks_diff(before_us, time.ticks_us()) == -1_500_000
    assert time.ticks_diff(time.ticks_ms(), before_ms) == 1500
    assert time.ticks_add(before_ms, 1500) == 500


def test_a_delta_of_half_the_period_overflows():
    for delta in (2**29, -(2**29)):
        try:
            time.ticks_add(0, delta)
        except OverflowError:
            continue
        raise AssertionError(delta)


def test_the_boards_clock_starts_where_its_ticks_do():
    assert vclock.board_us() == time.ticks_us()


async def _beat(name, period_ms, log, count):
    for _ in range(count):
        await asyncio.sleep_ms(period_ms)
        log.append((name, vclock.now_us()))


def test_asyncio_keeps_time_across_the_wrap():
    log = []

    async def scene():
        await asyncio.gather(_beat("a", 100, log, 30), _beat("b", 250, log, 12))

    asyncio.run(scene())
    assert vclock.now_us() == 3_000_000
    assert [t for name, t in log if name == "a"] == [100_000 * i for i in range(1, 31)]
    assert [t for name, t in log if name == "b"] == [250_000 * i for i in range(1, 13)]


def test_tasks_that_are_ready_run_before_time_moves():
    seen = []

    async def ready(n):
        for _ in range(5):
            seen.append((n, vclock.now_us()))
            await asyncio.sleep(0)

    async def scene():
        await asyncio.sleep_ms(10)
        await asyncio.gather(ready(1), ready(2), asyncio.create_task(_beat("x", 1, [], 1)))

    asyncio.run(scene())
    assert [t for _, t in seen] == [10_000] * 10
    assert [n for n, _ in seen] == [1, 2] * 5


def test_events_and_timeouts_work():
    async def scene():
        event = asyncio.Event()

        async def later():
            await asyncio.sleep_ms(30)
            event.set()

        task = asyncio.create_task(later())
        await asyncio.wait_for_ms(event.wait(), 100)
        assert vclock.now_us() == 30_000
        event.clear()
        try:
            await asyncio.wait_for_ms(event.wait(), 100)
        except asyncio.core.TimeoutError:
            assert vclock.now_us() == 130_000
            await task
            return
        raise AssertionError("no timeout")

    asyncio.run(scene())


def test_a_socket_wakes_a_loop_that_waits_for_nothing_else():
    door = socket.socket()
    address = None
    for port in range(43210, 43310):
        try:
            address = socket.getaddrinfo("127.0.0.1", port)[0][-1]
            door.bind(address)
            break
        except OSError:
            continue
    door.listen(1)
    near = socket.socket()
    near.connect(address)
    far = door.accept()[0]
    got = []

    async def scene():
        async def answer():
            await asyncio.sleep_ms(20)
            far.write(b"hello\n")

        task = asyncio.create_task(answer())
        got.append(await asyncio.StreamReader(near).readline())
        await task

    asyncio.run(scene())
    assert got == [b"hello\n"]


def test_the_clock_is_held_until_it_may_advance():
    looks = []

    def credits(timeout_ms):
        looks.append(vclock.now_us())

    vclock.may_advance = lambda to_us: to_us == 10_000 and len(looks) >= 3
    vclock.wait_sockets = credits
    time.sleep_ms(10)
    assert looks == [0, 0, 0]
    assert vclock.now_us() == 10_000


def test_an_alarm_rings_at_its_time_in_the_middle_of_a_sleep():
    rung = []
    vclock.set_alarm(1234, lambda: rung.append(vclock.now_us()))
    time.sleep_ms(10)
    assert rung == [1234]
    assert vclock.now_us() == 10_000


def test_time_follows_the_machines_clock_at_its_speed():
    vclock.set_speed(50.0)
    real = utime.ticks_us()
    start = vclock.now_us()
    time.sleep_ms(1000)
    passed = vclock.now_us() - start
    # Looks at the two clocks lie around each other: what one saw is bounded by the other.
    assert 1_000_000 <= passed <= 50 * (utime.ticks_us() - real)


def test_changing_speed_does_not_move_time():
    time.sleep_ms(100)
    vclock.set_speed(0.001)
    assert 100_000 <= vclock.now_us() < 101_000
    vclock.set_speed(0.0)
    assert 100_000 <= vclock.now_us() < 101_000


def test_the_bus_takes_its_time():
    import machine

    class Silent:
        def answers(self, now_us):
            return True

        def read_into(self, register, buffer, now_us):
            buffer[0] = register

    machine.attach(0, 0x6A, Silent())
    bus = machine.I2C(0, scl=machine.Pin(4), sda=machine.Pin(3), freq=100_000)
    assert bus.readfrom_mem(0x6A, 0x0F, 7)[0] == 0x0F
    assert vclock.now_us() == (10 * 9 + 3) * 10  # address, register, address, seven bytes
