"""The band: what it is set to, and the loops that keep it going.

`App` is what the control points act on; what runs is `session`. Two loops run: `_sample` reads the
FIFOs and passes pairs on, every POLL_MS; `_serve` looks after the hosts, the journal, the button,
the lamp and the power. Whatever is awaited is a sleep, so nothing runs in between at any other
point. Writing to flash may hold both up; the FIFOs cover that (`journal`).

The IMUs are read in every state: so a fault is known, and told, before anybody wants to start.
Garbage is collected just after a poll, when the most time is left to the next (`garbage`).
"""

import asyncio
import gc
import time

from kneeband import button, config, imu, states
from kneeband.garbage import Garbage
from kneeband.host import Host
from kneeband.session import Session
from kneeband.sleep import Sleep
from kneeband.update import Update
from kneecore import calibration, cueing, sensors, settings, wire


class App:
    """Made of its parts by `main`; `run` never returns. The first of `ports` is the radio."""

    def __init__(
        self,
        sampler,
        ports,
        store,
        habits,
        preferences,
        shelf,
        power,
        guard,
        indicator,
        haptic,
        pressed,
    ):
        self._sampler = sampler
        self._ports = ports
        self._radio = ports[0]
        self._store = store
        self._habits = habits
        self._preferences = preferences
        self._shelf = shelf
        self.session = Session(sampler, shelf, self._conditions, habits, haptic.give)
        self.update = Update(self.session, shelf, power, self._all_faults, indicator)
        self._hosts = [Host(self, port, shelf) for port in ports]
        self._power = power
        self._guard = guard
        self._indicator = indicator
        self._haptic = haptic
        self._button = pressed
        self._boot_id = 0
        self._calibration_id = 0
        self._sensors_id = 0
        self._started_utc_s = 0  # UTC when the board's clock was 0, once somebody told the time
        self._faults = 0
        self._sleep = Sleep()
        self._garbage = Garbage()

    async def run(self):
        """Start everything and keep it going."""
        self._store.load()
        self._habits.load()
        self._preferences.load()
        self._use_preferences()
        self._boot_id = self._store.count_start()
        self._shelf.load()
        if self._store.calibration:
            self._calibration_id = calibration.from_wire(self._store.calibration).calibration_id
        if self._store.sensors:
            self._correct_by(sensors.from_wire(self._store.sensors))
        self._sampler.start()
        for port in self._ports:
            port.start(self._feature())
            port.name = self._radio.name
        self._look_for_faults()
        self._guard.start()
        self._garbage.collect()
        try:
            await asyncio.gather(self._sample(), self._serve())
        finally:
            gc.enable()  # for the prompt

    # --- what a control point asks for -----------------------------------------------------------

    def change_side(self, side: int) -> int:
        """Worn on that leg from now on; a calibration of the other leg is dropped."""
        if self.session.measuring:
            return wire.RESULT_WRONG_STATE
        if side == self._store.side:
            return wire.RESULT_SUCCESS
        return self._keep(side, 0, b"")

    def use_calibration(self, value, record: bytes) -> int:
        """Store and use that calibration, at once where measuring."""
        result = self._keep(value.side, value.calibration_id, record)
        if result == wire.RESULT_SUCCESS:
            self.session.use_calibration(value)
        return result

    def use_sensors(self, value, record: bytes) -> int:
        """Store and use that calibration of the IMUs.

        The leg's calibration is dropped where this is another one: its axes and its stance were
        found with other counts. For the same reason not while measuring.
        """
        if self.session.measuring:
            return wire.RESULT_WRONG_STATE
        if record == self._store.sensors:
            return wire.RESULT_SUCCESS
        store = self._store
        before = store.sensors
        store.sensors = record
        result = self._keep(store.side, 0, b"")
        if result == wire.RESULT_SUCCESS:
            self._correct_by(value)
            self._publish()
        else:
            store.sensors = before
        return result

    def use_reference(self, value, record: bytes) -> int:
        """Store and use one way of a reference curve, if it goes with the calibration in force."""
        if not self._calibration_id or value.calibration_id != self._calibration_id:
            return wire.RESULT_WRONG_STATE
        if not self._habits.keep_way(value.way, record):
            return wire.RESULT_FAILED
        self.session.use_cueing(self._calibration_id)
        return wire.RESULT_SUCCESS

    def use_cue(self, policy: int, keep: bool) -> int:
        """Use how often a cue is given, for one recording or from now on."""
        if not keep:
            self._habits.set_for_now(policy)
        elif not self._habits.keep_policy(policy):
            return wire.RESULT_FAILED
        self.session.use_cueing(self._calibration_id)
        return wire.RESULT_SUCCESS

    def cue_policy(self) -> int:
        """How often it cues in recordings that are begun without a host."""
        return self._habits.policy

    def identify(self, duration_s: int):
        """Have the lamp flicker, and the motor give a pulse; 0 ends it."""
        self._indicator.identify(duration_s)
        if duration_s:
            self._haptic.give(cueing.INWARD)

    def set_time(self, utc_s: int):
        """It is that time now (UTC): for recordings to come, and this start's that have no date."""
        self._started_utc_s = utc_s - self._sampler.clock.now_us() // 1_000_000
        self.session.journal.date(self._started_utc_s)

    def forget(self, port, which: int) -> int:
        """Drop the bond with the host at `port`, or all. Who comes by cable has none."""
        if port is self._radio:
            port.forget(which)
        elif which == wire.FORGET_ALL:
            self._radio.forget(which)
        else:
            return wire.RESULT_NOT_FOUND
        return wire.RESULT_SUCCESS

    def status(self, port) -> bytes:
        """A wire.STATUS record of this moment, for the host at `port`."""
        sampler = self._sampler
        by_motion = self._sleep.knows_motion(sampler)
        return wire.STATUS.pack(
            states.WIRE_STATES[self.session.state],
            self._all_faults(),
            sampler.clock.now_us() // 1000 & 0xFFFFFFFF,
            sampler.thigh.overruns,
            sampler.shank.overruns,
            sum([each.dropped for each in self._ports]),
            _temperature_c(sampler.thigh),
            _temperature_c(sampler.shank),
            self._power.percent,
            port.connection_interval_ms,
            port.supervision_timeout_ms,
            self._shelf.free_kib,
            self._shelf.count,
            self._power.flags | (settings.POWER_MOTION_WAKE if by_motion else 0),
            self._power.minutes_left,
            self._guard.reset_cause,
            self.session.cues,
        )

    def calibration_record(self) -> bytes:
        """The calibration in force as it came, or nothing."""
        return self._store.calibration

    def sensors_record(self) -> bytes:
        """The calibration of the IMUs as it came, or nothing."""
        return self._store.sensors

    def news(self):
        """(state, faults, power flags) as STATUS has them."""
        return states.WIRE_STATES[self.session.state], self._all_faults(), self._power.flags

    def config_record(self) -> bytes:
        """What a person may set, as it holds now."""
        return self._preferences.record

    def use_config(self, record: bytes) -> int:
        """Store and use a settings.SETTINGS record."""
        if not self._preferences.keep(record):
            return wire.RESULT_FAILED
        self._use_preferences()
        return wire.RESULT_SUCCESS

    # --- the loops -------------------------------------------------------------------------------

    async def _sample(self):
        due = time.ticks_ms()
        while True:
            while True:
                count = self._sampler.poll()
                if count:
                    self.session.take(count)
                self._garbage.take(count)
                if not self._sampler.behind:
                    break
                await asyncio.sleep_ms(0)
            self._guard.feed()
            self._look_for_faults()
            due = time.ticks_add(due, self._sampler.poll_ms)
            late = time.ticks_diff(time.ticks_ms(), due)
            if late > 0:
                due = time.ticks_add(due, late)
            await asyncio.sleep_ms(max(0, -late))

    async def _serve(self):
        while True:
            for host in self._hosts:
                host.serve()
            self._look_at_power()
            self.session.serve(self._power.percent, self._power.usb)
            self._haptic.serve()
            self.update.serve()
            self._press(self._button.poll())
            self._rest()
            self._radio.set_advertised(self._advertised())
            self._indicator.show(self.news()[0], self._radio.pairing, self._power)
            await asyncio.sleep_ms(config.POLL_MS)

    # --- inside --------------------------------------------------------------------------------

    def _conditions(self):
        """What a recording that begins now is made with (`Journal.begin`)."""
        utc_s = 0
        if self._started_utc_s:
            utc_s = self._started_utc_s + self._sampler.clock.now_us() // 1_000_000
        store = self._store
        return (
            self._boot_id,
            store.side,
            self._calibration_id,
            self._sensors_id,
            utc_s,
            store.calibration,
            store.sensors,
        )

    def _press(self, pressed):
        if pressed == button.SHORT:
            self.session.pressed()
        elif pressed == button.HELD:
            self._radio.open_pairing(config.PAIRING_S)
        elif pressed == button.LONG:
            self._radio.forget(wire.FORGET_ALL)
        elif pressed == button.OFF:
            self.session.stop()
            self._sleep.ask()

    def _rest(self):
        """Sleep, where nobody has needed the band for long enough."""
        busy = self.session.measuring or self._power.usb or self._radio.pairing
        for port in self._ports:
            busy = busy or port.connected
        after_min = 1 if self._power.flat else self._preferences.values.sleep_min
        if self._sleep.due(busy or self._indicator.updating, after_min):
            self.session.stop()
            self.session.journal.settle()
            self._sleep.begin(self._sampler, self._power.low)

    def _advertised(self):
        flags = wire.ADVERTISED_RECORDING if self.session.measuring else 0
        return flags | (wire.ADVERTISED_KEEPS if self._shelf.count else 0)

    def _look_for_faults(self):
        faults = self._sampler.faults
        if faults and not self._faults:
            self.session.failed()
        elif self._faults and not faults:
            self.session.recovered()
        if faults != self._faults:
            self._publish()  # another chip may be there, or a stranger
        self._faults = faults

    def _all_faults(self):
        damaged = self._store.damaged or self._radio.bonds_damaged or self._preferences.damaged
        return self._faults | (wire.FAULT_STORE if damaged else 0)

    def _correct_by(self, value):
        self._sampler.use_sensors(value)
        self._sensors_id = value.sensors_id

    def _keep(self, side, calibration_id, record):
        store = self._store
        before = (store.side, store.calibration)
        store.side, store.calibration = side, record
        if not store.save():
            store.side, store.calibration = before
            return wire.RESULT_FAILED
        self._calibration_id = calibration_id
        self._publish()
        return wire.RESULT_SUCCESS

    def _publish(self):
        for port in self._ports:
            port.set_feature(self._feature())

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
            imu.GYR_LSB_RAD_S,
            imu.ACC_LSB_M_S2,
            self._calibration_id,
            self._sensors_id,
        )

    def _look_at_power(self):
        power = self._power
        before = power.percent
        if power.serve(self._haptic.felt) and power.percent != before and power.known:
            for port in self._ports:
                port.set_battery(power.percent)

    def _use_preferences(self):
        values = self._preferences.values
        self._indicator.lamp = values.lamp
        self._haptic.set_pulse(values.cue_ms)


def _temperature_c(stream) -> float:
    """Die temperature, 0 where the IMU does not answer."""
    if stream.failed:
        return 0.0
    try:
        return stream.imu.temperature_c()
    except OSError:
        return 0.0
