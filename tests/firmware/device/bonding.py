"""Bonds on flash, who is trusted, and what the radio shows of it; the stack is the test's hand."""

import asyncio
import os

import band as rig
import bench  # noqa: F401  (sets the clock free)

from kneeband import config
from kneeband.bonds import Bonds
from kneecore import wire

OUR, PEER = rig.OUR_SECRET, rig.PEER_SECRET
NEW = b"\x00newco\xc2"
PATH = "bonding.dat"


def fresh():
    for name in os.listdir():
        if name.startswith(PATH):
            os.remove(name)
    return Bonds(PATH)


def host(number):
    return b"\x01host" + bytes((number, 0xC0))


def keep(bonds, key):
    for kind in (OUR, PEER):
        assert bonds.put(kind, key, b"secret of " + key + bytes((kind,)))


def flags_of(data):
    """The ADVERTISED_* bits in advertising data."""
    return wire.ADVERTISED.unpack_from(data, len(data) - wire.ADVERTISED.size).flags


def test_what_is_saved_is_there_after_a_start():
    bonds = fresh()
    keep(bonds, host(1))
    assert bonds.unsaved and bonds.save() and not bonds.unsaved
    again = Bonds(PATH)
    again.load()
    assert again.count == 1 and not again.damaged
    assert again.get(OUR, 0, host(1)) == b"secret of " + host(1) + b"\x01"
    assert again.get(PEER, 0, None) == b"secret of " + host(1) + b"\x02"
    assert again.get(OUR, 1, None) is None and again.get(OUR, 0, host(2)) is None


def test_a_damaged_file_knows_nobody_and_says_so():
    bonds = fresh()
    keep(bonds, host(1))
    bonds.save()
    with open(PATH, "rb") as file:
        data = file.read()
    for at in range(len(data)):
        with open(PATH, "wb") as file:
            file.write(data[:at] + bytes((data[at] ^ 0x10,)) + data[at + 1 :])
        again = Bonds(PATH)
        again.load()
        assert again.damaged and again.count == 0, at
    for size in range(len(data)):
        with open(PATH, "wb") as file:
            file.write(data[:size])
        again = Bonds(PATH)
        again.load()
        assert again.damaged and again.count == 0, size


def test_one_too_many_takes_the_place_of_the_one_that_was_away_for_longest():
    bonds = fresh()
    for number in range(config.BONDS_MAX):
        keep(bonds, host(number))
    bonds.used(host(0))
    keep(bonds, host(9))
    assert bonds.count == config.BONDS_MAX
    assert bonds.get(OUR, 0, host(1)) is None and bonds.get(PEER, 0, host(1)) is None
    assert bonds.get(OUR, 0, host(0)) and bonds.get(OUR, 0, host(9))


def test_dropping_says_whether_there_was_one():
    bonds = fresh()
    keep(bonds, host(1))
    assert bonds.drop(host(1)) and not bonds.drop(host(1))  # NimBLE asks until there is none
    assert bonds.count == 0


def test_a_secret_that_no_stack_hands_over_is_not_kept():
    bonds = fresh()
    assert not bonds.put(OUR, b"", b"x")
    assert not bonds.put(OUR, b"k" * 256, b"x")
    assert not bonds.put(OUR, b"k", b"x" * 256)
    assert bonds.count == 0 and not bonds.unsaved


def test_an_encrypted_link_whose_secret_was_refused_is_nobody_s():
    async def scene(band):
        radio = band.radio
        radio.arrive()
        assert not radio.tell(rig.SET_SECRET, (OUR, NEW, b"key"))
        radio.tell(rig.ENCRYPTION_UPDATE, (1, True, False, True, 16))  # "bonded", says the stack
        assert not band.peripheral.connected
        radio.write(band.handle(wire.CONTROL_UUID), bytes((wire.OP_START, 0)))
        assert radio.tell(rig.READ, (1, band.handle(wire.FEATURE_UUID))) == 5
        await asyncio.sleep_ms(100)
        assert not radio.connected and radio.indicated == [] and radio.notified == []
        assert band.bonds.count == 1 and not band.peripheral.left
        assert radio.advertising is not None

    rig.run(scene)


def test_in_the_window_a_new_host_is_kept_and_the_window_closes():
    async def scene(band):
        radio = band.radio
        band.peripheral.open_pairing(60)
        await asyncio.sleep_ms(50)
        assert flags_of(radio.advertising[0]) & wire.ADVERTISED_PAIRING
        radio.arrive()
        await asyncio.sleep_ms(50)
        assert flags_of(radio.in_use) & wire.ADVERTISED_IN_USE
        for kind in (OUR, PEER):
            assert radio.tell(rig.SET_SECRET, (kind, NEW, b"key"))
        radio.tell(rig.ENCRYPTION_UPDATE, (1, True, False, True, 16))
        assert band.peripheral.connected
        await asyncio.sleep_ms(50)
        assert not band.peripheral.pairing
        again = Bonds("band.bonds")
        again.load()
        assert again.get(OUR, 0, NEW) == b"key"

    rig.run(scene)


def test_who_never_encrypts_is_dropped_and_the_program_never_knew():
    async def scene(band):
        band.radio.arrive()
        await asyncio.sleep_ms(config.ENCRYPT_S * 1000 - 500)
        assert band.radio.connected
        await asyncio.sleep_ms(600)
        assert not band.radio.connected and not band.peripheral.left

    rig.run(scene)


def test_a_known_address_that_pairs_anew_outside_the_window_loses_its_owner_nothing():
    async def scene(band):
        radio = band.radio
        radio.arrive()
        rounds = 0
        while radio.tell(rig.GET_SECRET, (PEER, 0, rig.HOST)):  # NimBLE's repeat pairing
            for kind in (PEER, OUR):
                radio.tell(rig.SET_SECRET, (kind, rig.HOST, None))
            rounds += 1
            assert rounds < 3
        assert not radio.tell(rig.SET_SECRET, (OUR, rig.HOST, b"another key"))
        radio.tell(rig.ENCRYPTION_UPDATE, (1, True, False, True, 16))
        assert not band.peripheral.connected
        await asyncio.sleep_ms(100)
        assert not radio.connected
        radio.connect()
        assert band.peripheral.connected  # by the key of old

    rig.run(scene)


def test_a_key_that_was_asked_for_is_worth_nothing_before_the_link_is_encrypted():
    async def scene(band):
        radio = band.radio
        radio.arrive()
        assert radio.tell(rig.GET_SECRET, (OUR, 0, rig.HOST))
        assert not band.peripheral.connected
        radio.tell(rig.ENCRYPTION_UPDATE, (1, False, False, False, 0))  # they had another
        assert not band.peripheral.connected
        assert not radio.tell(rig.SET_SECRET, (OUR, rig.HOST, b"theirs"))
        radio.tell(rig.ENCRYPTION_UPDATE, (1, True, False, True, 16))
        assert not band.peripheral.connected

    rig.run(scene)
