"""The stages of the loop, by name, and what they are said to take."""

from sim import stage_times, stages

NAMES = [name for name, _, _ in stages.STAGES]


def test_every_function_of_every_stage_is_there_and_in_one_stage_only():
    functions = [name for _, _, functions in stages.STAGES for name, _ in functions]
    assert len(set(functions)) == len(functions)
    for name in functions:
        assert callable(getattr(*stages.place(name))), name


def test_every_stage_has_its_time_on_every_chip():
    for times in stage_times.US_PER_CALL.values():
        assert set(times) == set(NAMES + [stages.REST, stages.COLLECT])
        assert all([us > 0 for us in times.values()]), times


def test_an_original_esp32_is_slower_than_an_s3():
    slow, fast = stage_times.US_PER_CALL["esp32"], stage_times.US_PER_CALL["esp32s3"]
    assert all([slow[name] >= fast[name] for name in fast])
