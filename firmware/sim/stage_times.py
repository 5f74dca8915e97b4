"""Microseconds of a stage of `sim.stages`, each time its first function is called.

Estimates; `python tools/bench_firmware.py --write` made them and tells how. No board was
timed."""

US_PER_CALL = {
    "esp32s3": {
        "fifo": 135,
        "dating": 230,
        "grid": 270,
        "counts": 8,
        "strapdown": 36,
        "correction": 594,
        "knee": 135,
        "cueing": 227,
        "samples": 175,
        "raw": 53,
        "journal": 466,
        "radio": 75,
        "pairs": 158,
        "hosts": 392,
        "person": 307,
        "rest": 1146,
        "collect": 4423,
    },
    "esp32": {
        "fifo": 184,
        "dating": 312,
        "grid": 366,
        "counts": 12,
        "strapdown": 53,
        "correction": 805,
        "knee": 183,
        "cueing": 308,
        "samples": 237,
        "raw": 72,
        "journal": 632,
        "radio": 102,
        "pairs": 215,
        "hosts": 531,
        "person": 416,
        "rest": 1554,
        "collect": 6000,
    },
}
