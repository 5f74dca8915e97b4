"""What runs, from a start to its end: the states of the band, its measurement and its journal.

A recording begins for a host, who streams it, or alone, by the button or RECORD. It does not end
because its host has left: that may come back within DETACHED_S and resume it. One begun alone goes
on until it is stopped, the flash is full or the battery flat; a host may resume that too, and leave
it again.

`states` has the table; its actions are methods here.
"""

import time

from kneeband import config, states
from kneeband.journal import Journal
from kneeband.measurement import Measurement
from kneecore import calibration, wire


class Session:
    """`conditions()` gives what a recording is made with: the `head` of `Journal.begin`.

    `cueing()` gives the kneecore.cueing.Cueing of a recording, or None; `cue(what)` gets its cues.
    """

    def __init__(self, sampler, shelf, conditions, cueing, cue):
        self.state = states.IDLE
        self.journal = Journal(shelf)
        self._sampler = sampler
        self._shelf = shelf
        self._conditions = conditions
        self._cueing = cueing
        self._cue = cue
        self._head: tuple = ()
        self._measurement = None
        self._port = None  # where the stream goes ...
        self._wants_raw = False  # ... and whether with raw pairs
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
        result = self._begin_recording(alone=False)
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
        self._port, self._wants_raw = port, raw
        self._happened(states.RESUME)
        return wire.RESULT_SUCCESS

    def record(self) -> int:
        """Begin a recording that needs no host."""
        result = self._begin_recording(alone=True)
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
            self._measurement.use_cueing(self._cueing())

    def use_cueing(self):
        """Curve or policy are others from now on."""
        if self._measurement is not None:
            self._measurement.use_cueing(self._cueing())

    def serve(self, battery_percent: int):
        """Keep what was measured, and end what is over."""
        self.journal.serve()
        self._shelf.write_date()
        if self.state not in states.UNATTENDED:
            return
        if self.journal.alone:
            over = self.journal.no_room
        else:
            away_ms = time.ticks_diff(time.ticks_ms(), self._left_ms)
            over = away_ms >= config.DETACHED_S * 1000
        if over or battery_percent <= config.BATTERY_FLAT_PERCENT:
            self.stop()

    # --- actions of the state table --------------------------------------------------------------

    def begin(self):
        boot_id, side, _, _, _, record, _ = self._head
        value = calibration.from_wire(record) if record else None
        self._measurement = Measurement(self.journal.take, self._cue, boot_id, side, value)
        self._measurement.use_cueing(self._cueing())
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

    def _begin_recording(self, alone: bool) -> int:
        """Have the journal begin one; a recording whose host has left ends for it."""
        if self.state == states.RECORDING and not self.journal.alone:
            self.stop()
        if self.state in states.REFUSALS:
            return states.REFUSALS[self.state]
        self._head = self._conditions()
        number = (self._sampler.upcoming + wire.KNEE_DIVIDER - 1) // wire.KNEE_DIVIDER
        if not self.journal.begin(self._head, number, alone):
            return wire.RESULT_FAILED
        return wire.RESULT_SUCCESS
