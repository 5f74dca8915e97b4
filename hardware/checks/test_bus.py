"""Checks 2 and 9: rise time, current to sink, clock; length of cable and sockets."""

import pytest

from kneehard import bus


def test_rise_time_and_sinking_keep_the_standard(shelf, variant):
    assert bus.find_electrical_problems(shelf, variant) == []


def test_cable_is_short_enough_and_every_plug_has_a_socket(shelf, variant):
    assert bus.find_reach_problems(shelf, variant) == []


def test_variant_a_by_hand(shelf):
    a = bus.of(shelf, shelf.variant("a"))
    # 10k, 10k and 4.7k; five chips at 10 pF less one, three boards at 11 pF, 0.45 m at 100 pF/m.
    assert a.pull_up_ohm == pytest.approx(1 / (1 / 10e3 + 1 / 10e3 + 1 / 4.7e3))
    assert a.capacitance_pf == pytest.approx(40 + 33 + 45)
    assert a.rise_ns == pytest.approx(242.2, abs=0.1)
    assert 0.8473 * a.pull_up_ohm * (73 + 0.45 * a.cable_room_pf_m) * 1e-3 == pytest.approx(300)
    assert a.sink_ma == pytest.approx(2.9 / 2.4227, abs=0.001)


def test_mutant_weak_pull_ups_are_too_slow(shelf):
    slow = shelf.variant("a").with_parts(shank_imu=shelf.part("imu_sox"))
    assert bus.of(shelf, slow).fastest_hz == 100_000
    assert bus.find_electrical_problems(shelf, slow) == ["rise time 333 ns is too long for 400 kHz"]


def test_mutant_strong_pull_ups_sink_too_much(mutant):
    def spoil(tables, variants):
        tables["part"]["imu_dso"]["figures"]["pull_up"]["value"] = 1000

    shelf = mutant(spoil)
    assert bus.find_electrical_problems(shelf, shelf.variant("a")) == ["a chip has to sink 3.48 mA"]


def test_mutant_a_longer_cable(mutant):
    def spoil(tables, variants):
        tables["part"]["cable_qt_400"]["figures"]["length"]["value"] = 1500

    shelf = mutant(spoil)
    a = shelf.variant("a")
    assert bus.find_reach_problems(shelf, a) == ["1.55 m of cable, more than 1.2 m"]
    assert bus.find_electrical_problems(shelf, a)


def test_mutant_a_third_plug_on_a_board(mutant):
    shelf = mutant(lambda t, v: v["a"]["cable"][1].update({"from": "band"}))
    found = bus.find_reach_problems(shelf, shelf.variant("a"))
    assert found == ["2 plugs on band, which has too few sockets"]
