"""The band: what it does when, and the loops that keep it going.

`App` holds the state (table in `states`) and is what the control point acts on. Two loops run:
`_sample` reads the FIFOs and passes pairs on, every POLL_MS; `_serve` looks after the radio, the
commands, the lamp and the battery. Whatever is awaited is a sleep, so nothing runs in between at
any other point.

The IMUs are read in every state: so a fault is known, and told, before anybody wants to start.
Garbage is collected once a second, just after a poll, when the most time is left to the next.
"""

import asyncio
import gc
import time

from kneeband import battery, button, config, lsm6ds, states
from kneeband.control import Control
from kneeband.measurement import Measurement
from kneecore import calibration, sensors, wire

_NO_NEWS = (wire.STATE_IDLE, 0)  # what a host may expect of a band it connects to


class App:
    """Made of its parts by `main`; `run` never returns."""

    def __init__(self, sampler, peripheral, store, gauge, indicator, pressed):
        self.state = states.IDLE
        self._sampler = sampler
        self._peripheral = peripheral
        self._store = store
        self._gauge = gauge
        self._indicator = indicator
        self._button = pressed
        self._control = Control(self)
        self._boot_id = 0
        self._calibration = None
        self._sensors_id = 0
        self._measurement = None
        self._wants_raw = False
        self._faults = 0
        self._told = _NO_NEWS  # (state, faults) as last told to the host ...
        self._told_ms = 0  # ... and when
        self._battery_percent = battery.UNKNOWN

    async def run(self):
        """Start everything and keep it going."""
        self._store.load()
        self._boot_id = self._store.count_start()
        if self._store.calibration:
            self._calibration = calibration.from_wire(self._store.calibration)
        if self._store.sensors:
            self._correct_by(sensors.from_wire(self._store.sensors))
        self._sampler.start()
        self._peripheral.start(self._feature())
        self._look_for_faults()
        await asyncio.gather(self._sample(), self._serve())

    # --- what the control point asks for ---------------------------------------------------------

    def start(self, raw: bool) -> int:
        """Begin to stream; a wire.RESULT_*."""
        if self._peripheral.mtu < wire.MTU_MIN:
            return wire.RESULT_MTU_TOO_SMALL
        if self.state in states.REFUSALS:
            return states.REFUSALS[self.state]
        self._wants_raw = raw
        self._happened(states.START)
        return wire.RESULT_SUCCESS

    def stop(self) -> int:
        """End streaming. Nothing to end is success too."""
        self._happened(states.STOP)
        return wire.RESULT_SUCCESS

    def change_side(self, side: int) -> int:
        """Worn on that leg from now on; a calibration of the other leg is dropped."""
        if self.state in (states.STREAMING, states.INTERRUPTED):
            return wire.RESULT_WRONG_STATE
        if side == self._store.side:
            return wire.RESULT_SUCCESS
        return self._keep(side, None, b"")

    def use_calibration(self, value, record: bytes) -> int:
        """Store and use that calibration, at once where streaming."""
        result = self._keep(value.side, value, record)
        if result == wire.RESULT_SUCCESS and self._measurement is not None:
            self._measurement.use_calibration(value)
        return result

    def use_sensors(self, value, record: bytes) -> int:
        """Store and use that calibration of the IMUs.

        The leg's calibration is dropped where this is another one: its axes and its stance were
        found with other counts. For the same reason not while streaming.
        """
        if self.state in (states.STREAMING, states.INTERRUPTED):
            return wire.RESULT_WRONG_STATE
        if record == self._store.sensors:
            return wire.RESULT_SUCCESS
        store = self._store
        before = store.sensors
        store.sensors = record
        result = self._keep(store.side, None, b"")
        if result == wire.RESULT_SUCCESS:
            self._correct_by(value)
            self._peripheral.set_feature(self._feature())
        else:
            store.sensors = before
        return result

    def identify(self, duration_s: int):
        """Have the lamp flicker."""
        self._indicator.identify(duration_s)

    def status(self) -> bytes:
        """A wire.STATUS record of this moment."""
        sampler = self._sampler
        return wire.STATUS.pack(
            states.WIRE_STATES[self.state],
            self._all_faults(),
            sampler.clock.now_us() // 1000 & 0xFFFFFFFF,
            sampler.thigh.overruns,
            sampler.shank.overruns,
            self._peripheral.dropped,
            _temperature_c(sampler.thigh),
            _temperature_c(sampler.shank),
            self._battery_percent,
            0,
            0,
            0,
            0,
        )

    def calibration_record(self) -> bytes:
        """The calibration in force as it came, or nothing."""
        return self._store.calibration

    def sensors_record(self) -> bytes:
        """The calibration of the IMUs as it came, or nothing."""
        return self._store.sensors

    # --- actions of the state table --------------------------------------------------------------

    def begin(self):
        self._measurement = Measurement(
            self._peripheral, self._boot_id, self._store.side, self._calibration, self._wants_raw
        )

    def end(self):
        self._measurement.close()
        self._measurement = None

    def interrupt(self):
        self._measurement.mark(wire.FLAG_IMU_FAULT)

    def resume(self):
        self._measurement.restart()

    def _happened(self, event):
        transition = states.TRANSITIONS.get((self.state, event))
        if transition is None:
            return
        action, self.state = transition
        if action is not None:
            getattr(self, action)()

    # --- the loops -------------------------------------------------------------------------------

    async def _sample(self):
        due = time.ticks_ms()
        collected = due
        while True:
            while True:
                count = self._sampler.poll()
                if count and self.state == states.STREAMING:
                    self._measurement.take(self._sampler, count)
                if not self._sampler.behind:
                    break
                await asyncio.sleep_ms(0)
            self._look_for_faults()
            if time.ticks_diff(due, collected) >= config.COLLECT_MS:
                collected = due
                gc.collect()
            due = time.ticks_add(due, config.POLL_MS)
            late = time.ticks_diff(time.ticks_ms(), due)
            if late > 0:
                due = time.ticks_add(due, late)
            await asyncio.sleep_ms(max(0, -late))

    async def _serve(self):
        peripheral = self._peripheral
        measured = time.ticks_add(time.ticks_ms(), -config.BATTERY_MS)
        while True:
            if peripheral.left:
                self._happened(states.DISCONNECTED)
                self._told = _NO_NEWS
                peripheral.advertise()
            request = peripheral.next_request()
            while request is not None:
                peripheral.respond(self._control.handle(request))
                request = peripheral.next_request()
            self._tell()
            peripheral.serve()
            pressed = self._button.poll()
            if pressed == button.HELD:
                peripheral.open_pairing(config.PAIRING_S)
            elif pressed == button.LONG:
                peripheral.forget(wire.FORGET_ALL)
            self._indicator.show(states.WIRE_STATES[self.state])
            if time.ticks_diff(time.ticks_ms(), measured) >= config.BATTERY_MS:
                measured = time.ticks_ms()
                self._measure_battery()
            await asyncio.sleep_ms(config.POLL_MS)

    # --- inside --------------------------------------------------------------------------------

    def _look_for_faults(self):
        faults = self._sampler.faults
        if faults and not self._faults:
            self._happened(states.FAILED)
        elif self._faults and not faults:
            self._happened(states.RECOVERED)
            self._peripheral.set_feature(self._feature())
        self._faults = faults

    def _all_faults(self):
        return self._faults | (wire.FAULT_STORE if self._store.damaged else 0)

    def _tell(self):
        """Indicate STATUS where the state or the faults are not those last told, and now and then.

        While streaming it tells the temperatures, by which a zero that wanders can be explained.
        """
        now = (states.WIRE_STATES[self.state], self._all_faults())
        due = self.state == states.STREAMING and (
            time.ticks_diff(time.ticks_ms(), self._told_ms) >= config.STATUS_MS
        )
        if self._peripheral.connected and (due or now != self._told):
            self._told_ms = time.ticks_ms()
            self._peripheral.respond(bytes((wire.OP_STATUS,)) + self.status())
            self._told = now

    def _correct_by(self, value):
        self._sampler.use_sensors(value)
        self._sensors_id = value.sensors_id

    def _keep(self, side, value, record):
        store = self._store
        before = (store.side, store.calibration)
        store.side, store.calibration = side, record
        if not store.save():
            store.side, store.calibration = before
            return wire.RESULT_FAILED
        self._calibration = value
        self._peripheral.set_feature(self._feature())
        return wire.RESULT_SUCCESS

    def _feature(self):
        return wire.FEATURE.pack(
            wire.PROTOCOL_VERSION[0],
            wire.PROTOCOL_VERSION[1],
            self._boot_id,
            self._store.side,
            self._sampler.thigh.imu.chip,
            self._sampler.shank.imu.chip,
            wire.PAIR_PERIOD_US,
            wire.KNEE_DIVIDER,
            lsm6ds.GYR_LSB_RAD_S,
            lsm6ds.ACC_LSB_M_S2,
            self._calibration.calibration_id if self._calibration else 0,
            self._sensors_id,
        )

    def _measure_battery(self):
        self._battery_percent = self._gauge.percent()
        if self._battery_percent != battery.UNKNOWN:
            self._peripheral.set_battery(self._battery_percent)


def _temperature_c(stream) -> float:
    """Die temperature, 0 where the IMU does not answer."""
    if stream.failed:
        return 0.0
    try:
        return stream.imu.temperature_c()
    except OSError:
        return 0.0
