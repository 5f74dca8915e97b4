"""What runs, from a start to its end: the states of the band, its measurement and its journal.

A recording begins for a host, who streams it, or alone, by the button or RECORD. It does not end
because its host has left: that may come back within DETACHED_S and resume it. One begun alone goes
on until it is stopped, the flash is full or the battery flat; a host may resume that too, and leave
it again.

While a cable gives power only its own host records, without cues (`power` has the rule).

`states` has the table; its actions are methods here.
"""

import time

from kneeband import config, states
from kneeband.journal import Journal
from kneeband.measurement import Measurement
from kneecore import calibration, update_wire, wire


class Session:
    """`conditions()` gives what a recording is made with: the `head` of `Journal.begin`.

    By `habits` cues are given; `cue(what)` gets them.
    """

    def __init__(self, sampler, shelf, conditions, habits, cue):
        self.state = states.IDLE
        self.journal = Journal(shelf)
        self._sampler = sampler
        self._shelf = shelf
        self._conditions = conditions
        self._habits = habits
        self._cue = cue
        self._head: tuple = ()
        self._measurement = None
        self._port = None  # where the stream goes ...
        self._wants_raw = False  # ... and whether with raw pairs
        self._plugged = False  # a cable gives power
        self._flat = False  # the battery is as good as empty
        self._by_cable = False  # the recording is of a host that knows that
        self.cues = 0
        """Given in the recording that runs, or ran last."""
        self._left_ms = 0  # when the host that streamed went

    @property
    def measuring(self) -> bool:
        """Something runs, even if an IMU does not answer just now."""
        return self._measurement is not None

    @property
    def streamed(self) -> bool:
        """Some port gets live packets."""
        return self.state in states.STREAMED

    # --- what a control point asks for -----------------------------------------------------------

    def start(self, port, raw: bool) -> int:
        """Begin a recording and stream it to `port`; a wire.RESULT_*."""
        if port.mtu < wire.MTU_MIN:
            return wire.RESULT_MTU_TOO_SMALL
        result = self._begin_recording(alone=False, by_cable=port.wired)
        if result == wire.RESULT_SUCCESS:
            self._port, self._wants_raw = port, raw
            self._happened(states.START)
        return result

    def resume(self, port, boot_id: int, recording_id: int, raw: bool) -> int:
        """Stream the recording that runs on, to `port`."""
        if port.mtu < wire.MTU_MIN:
            return wire.RESULT_MTU_TOO_SMALL
        running = self.journal.running and self.journal.recording_id == recording_id
        if not running or boot_id != self._head[0]:
            return wire.RESULT_NOT_FOUND
        if self.state in states.STREAMED:
            return wire.RESULT_WRONG_STATE
        if self._plugged and not port.wired:
            return wire.RESULT_CHARGING
        self._by_cable = port.wired
        self._port, self._wants_raw = port, raw
        self._happened(states.RESUME)
        return wire.RESULT_SUCCESS

    def record(self, by_cable: bool = False) -> int:
        """Begin a recording that needs no host."""
        result = self._begin_recording(True, by_cable)
        if result == wire.RESULT_SUCCESS:
            self._happened(states.RECORD)
        return result

    def stop(self) -> int:
        """End the recording. Nothing to end is success too."""
        self._happened(states.STOP)
        return wire.RESULT_SUCCESS

    def listed(self, after_id: int) -> bytes:
        """The wire.RECORDING of the next finished recording after that one; nothing: no more."""
        self.journal.settle()
        recording_id = self._shelf.after(after_id)
        if not recording_id:
            return b""
        return wire.RECORDING.pack(*self._shelf.describe(recording_id))

    def delete(self, recording_id: int) -> int:
        """Delete a finished recording."""
        if recording_id and recording_id == self.journal.recording_id:
            if self.journal.running:
                return wire.RESULT_WRONG_STATE
            self.journal.discard()
            return wire.RESULT_SUCCESS
        if not recording_id or self._shelf.describe(recording_id) is None:
            return wire.RESULT_NOT_FOUND
        return wire.RESULT_SUCCESS if self._shelf.delete(recording_id) else wire.RESULT_FAILED

    # --- what else happens -----------------------------------------------------------------------

    def take(self, count: int):
        """The sampler has made `count` pairs."""
        if self.state in states.MEASURING:
            self._measurement.take(self._sampler, count)

    def left(self, port):
        """The host at `port` has gone."""
        if not self.measuring:
            self._habits.recording_over()  # what it wanted for one that did not come
        if port is self._port:
            self._happened(states.DISCONNECTED)

    def failed(self):
        """An IMU does not answer any more."""
        self._happened(states.FAILED)

    def recovered(self):
        """Both answer again."""
        self._happened(states.RECOVERED)

    def pressed(self):
        """A short press of the button: begin alone, or end what nobody attends."""
        if self.state in states.UNATTENDED:
            self.stop()
        else:
            self.record()

    def use_calibration(self, value):
        """From now on."""
        if self._measurement is not None:
            self._measurement.use_calibration(value)
            self.use_cueing(value.calibration_id)

    def use_cueing(self, calibration_id: int):
        """Curve or policy are others from now on."""
        if self._measurement is not None:
            self._measurement.use_cueing(self._cueing(calibration_id))

    def serve(self, battery_percent: int, plugged: bool = False):
        """Keep what was measured, and end what is over."""
        if plugged != self._plugged:
            self._plugged = plugged
            self.use_cueing(self._conditions()[2])
        if not plugged and self._port is None:
            self._by_cable = False  # whoever it was may have it on the leg by now
        if plugged and self.measuring and not self._by_cable:
            self.stop()
        self._flat = battery_percent <= config.BATTERY_FLAT_PERCENT and not plugged
        self.journal.serve()
        self._shelf.write_date()
        if self.state not in states.UNATTENDED:
            return
        if self.journal.alone:
            over = self.journal.no_room
        else:
            away_ms = time.ticks_diff(time.ticks_ms(), self._left_ms)
            over = away_ms >= config.DETACHED_S * 1000
        if over or self._flat:
            self.stop()

    # --- actions of the state table --------------------------------------------------------------

    def begin(self):
        boot_id, side, calibration_id, _, _, record, _ = self._head
        value = calibration.from_wire(record) if record else None
        self._measurement = Measurement(self.journal.take, self._give, boot_id, side, value)
        self._measurement.use_cueing(self._cueing(calibration_id))
        if self._port is not None:
            self.attach()

    def attach(self):
        self.journal.attend()
        self._measurement.attach(self._port, self._wants_raw)

    def detach(self):
        self._port = None
        self._left_ms = time.ticks_ms()
        self.journal.abandon()
        self._measurement.detach()

    def end(self):
        self._measurement.close()
        self._measurement = None
        self._port = None
        self._habits.recording_over()
        self.journal.close()

    def interrupt(self):
        self._measurement.mark(wire.FLAG_IMU_FAULT)

    def go_on(self):
        self._measurement.restart()

    # --- inside ----------------------------------------------------------------------------------

    def _happened(self, event):
        transition = states.TRANSITIONS.get((self.state, event))
        if transition is None:
            return
        action, self.state = transition
        if action is not None:
            getattr(self, action)()

    def _give(self, what):
        self._cue(what)
        self.cues = min(0xFFFF, self.cues + 1)

    def _cueing(self, calibration_id):
        return None if self._plugged else self._habits.cueing(calibration_id, self.journal.alone)

    def _begin_recording(self, alone: bool, by_cable: bool) -> int:
        """Have the journal begin one; a recording whose host has left ends for it."""
        if self.state == states.RECORDING and not self.journal.alone:
            self.stop()
        if self.state in states.REFUSALS:
            return states.REFUSALS[self.state]
        if self._plugged and not by_cable:
            return wire.RESULT_CHARGING
        if alone and self._flat:
            return update_wire.RESULT_BATTERY_LOW
        self._by_cable = by_cable
        self.cues = 0
        self._head = self._conditions()
        number = (self._sampler.upcoming + wire.KNEE_DIVIDER - 1) // wire.KNEE_DIVIDER
        if not self.journal.begin(self._head, number, alone):
            return wire.RESULT_FAILED
        return wire.RESULT_SUCCESS
