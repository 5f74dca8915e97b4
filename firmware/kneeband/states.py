"""What the band does, as a table: (state, event) -> (action, next state).

    IDLE          connected or not, nothing is sent
    STREAMING     knee samples (and raw pairs) go out
    FAULT         an IMU does not answer; nothing can be started
    INTERRUPTED   an IMU failed while streaming: it goes on by itself when the IMU is back.
                  To the host this is STATE_FAULT too.

An action is the name of a method of `app.App`. What is not in the table changes nothing, but for a
START that can't be followed: REFUSALS says why.
"""

from micropython import const

from kneecore import wire

IDLE = const(0)
STREAMING = const(1)
FAULT = const(2)
INTERRUPTED = const(3)

START = const(0)
STOP = const(1)
DISCONNECTED = const(2)
FAILED = const(3)  # an IMU stopped answering
RECOVERED = const(4)  # both answer again

TRANSITIONS = {
    (IDLE, START): ("begin", STREAMING),
    (IDLE, FAILED): (None, FAULT),
    (STREAMING, STOP): ("end", IDLE),
    (STREAMING, DISCONNECTED): ("end", IDLE),
    (STREAMING, FAILED): ("interrupt", INTERRUPTED),
    (FAULT, RECOVERED): (None, IDLE),
    (INTERRUPTED, RECOVERED): ("resume", STREAMING),
    (INTERRUPTED, STOP): ("end", FAULT),
    (INTERRUPTED, DISCONNECTED): ("end", FAULT),
}

REFUSALS = {
    STREAMING: wire.RESULT_WRONG_STATE,
    INTERRUPTED: wire.RESULT_WRONG_STATE,
    FAULT: wire.RESULT_SENSOR_FAULT,
}

WIRE_STATES = (wire.STATE_IDLE, wire.STATE_STREAMING, wire.STATE_FAULT, wire.STATE_FAULT)
