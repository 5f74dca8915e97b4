"""Microseconds of a stage of `sim.stages`, each time its first function is called.

Estimates; `python tools/bench_firmware.py --write` made them and tells how. No board was
timed."""

US_PER_CALL = {
    "esp32s3": {
        "fifo": 159,
        "dating": 272,
        "grid": 334,
        "counts": 11,
        "strapdown": 36,
        "correction": 605,
        "knee": 131,
        "cueing": 243,
        "samples": 172,
        "raw": 45,
        "journal": 473,
        "radio": 60,
        "pairs": 166,
        "hosts": 387,
        "person": 364,
        "rest": 1260,
        "collect": 4423,
    },
    "esp32": {
        "fifo": 215,
        "dating": 369,
        "grid": 453,
        "counts": 17,
        "strapdown": 54,
        "correction": 820,
        "knee": 178,
        "cueing": 329,
        "samples": 233,
        "raw": 61,
        "journal": 642,
        "radio": 81,
        "pairs": 225,
        "hosts": 525,
        "person": 494,
        "rest": 1709,
        "collect": 6000,
    },
}
