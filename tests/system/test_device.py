"""`kneetrack device`: what one band tells and does."""

import json

from command_line import kneetrack
from kneecore import wire


def test_info_tells_the_same_to_people_and_programs():
    code, out, err = kneetrack("device", "info", "--link", "sim:squats?side=left", "--json")
    told = json.loads(out)
    assert code == 0, err
    assert told["format"] == 1
    assert told["name"] == "KneeBand-F4F5"
    assert told["protocol"] == list(wire.PROTOCOL_VERSION)
    assert (told["state"], told["recordings"], told["mtu"]) == ("idle", 0, wire.MTU)
    assert told["storage_free_kib"] > 4000
    code, out, err = kneetrack("device", "info", "--link", "sim:squats")
    assert code == 0, err
    assert "KneeBand-F4F5" in out
    assert "None" not in out


def test_a_band_flickers_and_forgets_when_told():
    code, out, err = kneetrack("device", "identify", "--link", "sim:squats", "--seconds", "3")
    assert (code, out) == (0, "The lamp of KneeBand-F4F5 flickers for 3 s.\n"), err
    code, out, err = kneetrack("device", "forget", "--link", "sim:squats")
    assert (code, out) == (0, "KneeBand-F4F5 has forgotten this computer.\n"), err
    code, out, err = kneetrack("device", "pair", "--link", "sim:squats")
    assert (code, out) == (0, "KneeBand-F4F5 and this computer know each other.\n"), err


def test_a_recording_is_no_device():
    code, _, err = kneetrack("device", "info", "--link", "log:any.mcap")
    assert code == 2
    assert "is a recording, no band" in err
