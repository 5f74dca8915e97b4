"""A laboratory's recorder: hears one LSL stream in a process of its own, and prints it as JSON.

    python lsl_listener.py NAME COUNT

prints "found" when the stream is open, then `info` (the stream's XML), `values`, `times`.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main(name: str, count: int) -> None:
    import pylsl

    lsl: Any = pylsl
    lsl.set_config_content("[multicast]\nResolveScope = machine\n[log]\nlevel = -2\n")
    streams = lsl.resolve_byprop("name", name, timeout=8.0)
    if not streams:
        print("none", flush=True)
        return
    inlet = lsl.StreamInlet(streams[0])
    inlet.open_stream(timeout=4.0)
    print("found", flush=True)
    values: list[Any] = []
    times: list[float] = []
    while len(values) < count:
        value, time_s = inlet.pull_sample(timeout=8.0)
        if value is None:
            break
        values.append(value)
        times.append(time_s)
    print(json.dumps({"info": inlet.info(timeout=4.0).as_xml(), "values": values, "times": times}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
