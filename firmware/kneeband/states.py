"""What the band does, as a table: (state, event) -> (action, next state).

    IDLE          connected or not, nothing is measured
    STREAMING     knee samples (and raw pairs) are kept and go out to a host
    RECORDING     knee samples are kept; nobody receives them, because there is no host or it left
    FAULT         an IMU does not answer; nothing can be started
    INTERRUPTED   an IMU failed while streaming: it goes on by itself when the IMU is back
    HELD_UP       the same while recording
                  To the host both are STATE_FAULT too.

An action is the name of a method of `session.Session`. What is not in the table changes nothing;
where nothing can be started, REFUSALS says why. The one event STOP ends a recording for whatever
reason: a host's STOP, the button, no room, a flat battery, a host that did not come back.
"""

from micropython import const

from kneecore import wire

IDLE = const(0)
STREAMING = const(1)
FAULT = const(2)
INTERRUPTED = const(3)
RECORDING = const(4)
HELD_UP = const(5)

START = const(0)
STOP = const(1)
DISCONNECTED = const(2)
FAILED = const(3)  # an IMU stopped answering
RECOVERED = const(4)  # both answer again
RECORD = const(5)
RESUME = const(6)

TRANSITIONS = {
    (IDLE, START): ("begin", STREAMING),
    (IDLE, RECORD): ("begin", RECORDING),
    (IDLE, FAILED): (None, FAULT),
    (STREAMING, STOP): ("end", IDLE),
    (STREAMING, DISCONNECTED): ("detach", RECORDING),
    (STREAMING, FAILED): ("interrupt", INTERRUPTED),
    (RECORDING, STOP): ("end", IDLE),
    (RECORDING, RESUME): ("attach", STREAMING),
    (RECORDING, FAILED): ("interrupt", HELD_UP),
    (FAULT, RECOVERED): (None, IDLE),
    (INTERRUPTED, RECOVERED): ("go_on", STREAMING),
    (INTERRUPTED, STOP): ("end", FAULT),
    (INTERRUPTED, DISCONNECTED): ("detach", HELD_UP),
    (HELD_UP, RECOVERED): ("go_on", RECORDING),
    (HELD_UP, STOP): ("end", FAULT),
    (HELD_UP, RESUME): ("attach", INTERRUPTED),
}

MEASURING = (STREAMING, RECORDING)
STREAMED = (STREAMING, INTERRUPTED)
UNATTENDED = (RECORDING, HELD_UP)

REFUSALS = {
    STREAMING: wire.RESULT_WRONG_STATE,
    INTERRUPTED: wire.RESULT_WRONG_STATE,
    FAULT: wire.RESULT_SENSOR_FAULT,
    RECORDING: wire.RESULT_BUSY,
    HELD_UP: wire.RESULT_SENSOR_FAULT,
}

WIRE_STATES = (
    wire.STATE_IDLE,
    wire.STATE_STREAMING,
    wire.STATE_FAULT,
    wire.STATE_FAULT,
    wire.STATE_RECORDING,
    wire.STATE_FAULT,
)
