"""The Knee Control Point: bytes written by the host to actions, and results back to bytes.

There is no radio in here: `Control.handle` takes one request and returns the response to indicate.
Which commands there are and how their operands are laid out stands in `wire.COMMANDS`; what a value
may be is checked here; whether it can be done now, the band (`app`) and its session say. What is
streamed goes to the port that the command came from.

    session.start(port, raw), session.resume(port, boot_id, recording_id, raw), session.record(),
    session.stop(), session.delete(recording_id)     -> wire.RESULT_*
    session.listed(after_id), session.journal.record()
                                                     -> bytes of a wire.RECORDING (empty: none)
    band.change_side(side)                           -> wire.RESULT_*
    band.use_calibration(calibration, record)        -> wire.RESULT_*
    band.use_sensors(sensors, record)                -> wire.RESULT_*
    band.use_reference(value, record), band.use_cue(policy, keep)
                                                     -> wire.RESULT_*
    band.cue_policy()                                -> wire.CUE_*
    band.forget(port, which)                         -> wire.RESULT_*
    band.identify(duration_s), band.set_time(utc_s)
    band.use_config(record)                          -> wire.RESULT_*
    band.status(port), band.calibration_record(), band.sensors_record(), band.config_record(),
    band.update.record()                             -> bytes of the record (empty: there is none)
    band.update.actions(port)                        -> {opcode: action(operand)}, as those here
"""

from kneecore import calibration, sensors, settings, wire

_SIDES = (wire.SIDE_RIGHT, wire.SIDE_LEFT)
_WAYS = (wire.WAY_DOWN, wire.WAY_UP)
_POLICIES = (wire.CUE_OFF, wire.CUE_EVERY, wire.CUE_FADED, wire.CUE_END)


class Control:
    """The commands that reach one band by one port."""

    def __init__(self, band, port):
        self._band = band
        self._session = band.session
        self._port = port
        actions = {
            wire.OP_START: self._start,
            wire.OP_STOP: self._stop,
            wire.OP_SET_SIDE: self._set_side,
            wire.OP_SET_CALIBRATION: self._set_calibration,
            wire.OP_SET_SENSORS: self._set_sensors,
            wire.OP_IDENTIFY: self._identify,
            wire.OP_QUERY: self._query,
            wire.OP_RESUME: self._resume,
            wire.OP_RECORD: self._record,
            wire.OP_LIST: self._list,
            wire.OP_DELETE: self._delete,
            wire.OP_SET_TIME: self._set_time,
            wire.OP_FORGET: self._forget,
            wire.OP_SET_REFERENCE: self._set_reference,
            wire.OP_SET_CUE: self._set_cue,
            wire.OP_SET_CONFIG: self._set_config,
        }
        actions.update(band.update.actions(port))
        self._commands = {
            opcode: (record, actions[opcode]) for opcode, _, record, _ in wire.COMMANDS
        }

    def handle(self, request: bytes) -> bytes:
        """Do what `request` asks and return the response to it."""
        opcode = request[0] if request else 0
        result, payload = self._do(opcode, request[1:])
        return bytes((wire.OP_RESPONSE, opcode, result)) + payload

    def _do(self, opcode, operand):
        command = self._commands.get(opcode)
        if command is None:
            return wire.RESULT_UNKNOWN_OPCODE, b""
        record, action = command
        if len(operand) != (record.size if record else 0):
            return wire.RESULT_INVALID_OPERAND, b""
        answer = action(operand)
        return answer if isinstance(answer, tuple) else (answer, b"")

    def _start(self, operand):
        options = wire.START.unpack_from(operand).options
        if options & ~wire.START_RAW:
            return wire.RESULT_INVALID_OPERAND
        return self._told(self._session.start(self._port, bool(options & wire.START_RAW)))

    def _resume(self, operand):
        boot_id, recording_id, options = wire.RESUME.unpack_from(operand)
        if options & ~wire.START_RAW:
            return wire.RESULT_INVALID_OPERAND
        raw = bool(options & wire.START_RAW)
        return self._told(self._session.resume(self._port, boot_id, recording_id, raw))

    def _record(self, operand):
        return self._told(self._session.record(self._port.wired))

    def _told(self, result):
        """With the RECORDING that runs now, if it succeeded."""
        if result != wire.RESULT_SUCCESS:
            return result
        return result, self._session.journal.record()

    def _stop(self, operand):
        return self._session.stop()

    def _set_side(self, operand):
        side = wire.SET_SIDE.unpack_from(operand).side
        if side not in _SIDES:
            return wire.RESULT_INVALID_OPERAND
        return self._band.change_side(side)

    def _set_calibration(self, operand):
        try:
            value = calibration.from_wire(operand)
        except ValueError:
            return wire.RESULT_INVALID_OPERAND
        if value.calibration_id == 0:
            return wire.RESULT_INVALID_OPERAND
        return self._band.use_calibration(value, bytes(operand))

    def _set_sensors(self, operand):
        try:
            value = sensors.from_wire(operand)
        except ValueError:
            return wire.RESULT_INVALID_OPERAND
        if value.sensors_id == 0:
            return wire.RESULT_INVALID_OPERAND
        return self._band.use_sensors(value, bytes(operand))

    def _identify(self, operand):
        self._band.identify(wire.IDENTIFY.unpack_from(operand).duration_s)
        return wire.RESULT_SUCCESS

    def _list(self, operand):
        record = self._session.listed(wire.LIST.unpack_from(operand).after_id)
        return (wire.RESULT_SUCCESS, record) if record else wire.RESULT_NOT_FOUND

    def _delete(self, operand):
        return self._session.delete(wire.DELETE.unpack_from(operand).recording_id)

    def _set_time(self, operand):
        self._band.set_time(wire.SET_TIME.unpack_from(operand).utc_s)
        return wire.RESULT_SUCCESS

    def _forget(self, operand):
        which = wire.FORGET.unpack_from(operand).which
        if which not in (wire.FORGET_ME, wire.FORGET_ALL):
            return wire.RESULT_INVALID_OPERAND
        return self._band.forget(self._port, which)

    def _set_reference(self, operand):
        value = wire.REFERENCE.unpack_from(operand)
        if value.way not in _WAYS or not 0 < value.points <= wire.REFERENCE_POINTS:
            return wire.RESULT_INVALID_OPERAND
        return self._band.use_reference(value, bytes(operand))

    def _set_cue(self, operand):
        policy, keep = wire.CUE.unpack_from(operand)
        if policy not in _POLICIES or keep not in (0, 1):
            return wire.RESULT_INVALID_OPERAND
        return self._band.use_cue(policy, bool(keep))

    def _set_config(self, operand):
        if settings.wrong(settings.SETTINGS.unpack_from(operand)):
            return wire.RESULT_INVALID_OPERAND
        return self._band.use_config(bytes(operand))

    def _query(self, operand):
        what = wire.QUERY.unpack_from(operand).what
        if what == wire.QUERY_STATUS:
            return wire.RESULT_SUCCESS, self._band.status(self._port)
        if what == wire.QUERY_CALIBRATION:
            record = self._band.calibration_record()
        elif what == wire.QUERY_SENSORS:
            record = self._band.sensors_record()
        elif what == wire.QUERY_CONFIG:
            record = self._band.config_record()
        elif what == wire.QUERY_CUE:
            record = wire.CUE.pack(self._band.cue_policy(), 1)
        elif what == wire.QUERY_UPDATE:
            record = self._band.update.record()
        elif what == wire.QUERY_RECORDING:
            record = self._session.journal.record()
            return (wire.RESULT_SUCCESS, record) if record else wire.RESULT_NOT_FOUND
        else:
            return wire.RESULT_INVALID_OPERAND
        if not record:
            return wire.RESULT_WRONG_STATE
        return wire.RESULT_SUCCESS, record
