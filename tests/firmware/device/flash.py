"""The simulated flash memory: NOR, slow, and what is in it stays."""

import os
import sys

from sim import vclock
from sim.flash import ERASE_US, PAGE, SECTOR, SIZE, Flash, PowerCut, insert

vclock.set_speed(0.0)
SMALL = 16 * SECTOR


def held(flash, sector, count, offset=0):
    buffer = bytearray(count)
    flash.readblocks(sector, buffer, offset)
    return bytes(buffer)


def took(work, *arguments):
    begin = vclock.now_us()
    work(*arguments)
    return vclock.now_us() - begin


def test_a_new_flash_is_erased_and_takes_no_room_on_the_host():
    flash = Flash("flash.bin")
    assert flash.blank
    assert flash.ioctl(4, 0) * flash.ioctl(5, 0) == SIZE
    assert held(flash, 0, SECTOR) == held(flash, SIZE // SECTOR - 1, SECTOR) == b"\xff" * SECTOR


def test_programming_only_clears_bits_and_erasing_sets_a_sector():
    flash = Flash("flash.bin", SMALL)
    flash.writeblocks(2, b"\xf0\x0f\xaa", 100)
    assert held(flash, 2, 5, 99) == b"\xff\xf0\x0f\xaa\xff"
    flash.writeblocks(2, b"\x3c\xff\x0f", 100)
    assert held(flash, 2, 3, 100) == b"\x30\x0f\x0a"
    flash.writeblocks(3, b"\x11", 0)
    flash.ioctl(6, 2)
    assert held(flash, 2, SECTOR) == b"\xff" * SECTOR
    assert held(flash, 3, 1) == b"\x11"
    assert flash.wear == {2: 1}


def test_a_block_written_without_an_offset_is_erased_before():
    flash = Flash("flash.bin", SMALL)
    flash.writeblocks(1, b"\x00" * SECTOR)
    flash.writeblocks(1, bytes(range(256)) * 16)
    assert held(flash, 1, 256, 256) == bytes(range(256))


def test_erasing_and_programming_take_the_time_of_the_chip():
    flash = Flash("flash.bin", SMALL)
    assert took(flash.erase, 1) == ERASE_US
    page_us = took(flash.writeblocks, 1, b"\x55" * PAGE, 0)
    assert 600 <= page_us <= 800
    pages_us = took(flash.writeblocks, 1, b"\x55" * 8 * PAGE, PAGE)
    assert abs(pages_us - 8 * page_us) < page_us
    reads_us = took(lambda: [held(flash, 1, 1024) for _ in range(100)])
    assert 2000 < reads_us < 20_000


def test_what_is_programmed_is_there_for_the_next_board():
    first = Flash("flash.bin", SMALL)
    first.erase(5)
    first.writeblocks(5, b"kept", 8)
    second = Flash("flash.bin", SMALL)  # the first was never closed: its process was killed
    assert not second.blank
    assert held(second, 5, 4, 8) == b"kept"


def test_a_power_failure_stops_a_change_half_way_and_all_after_it():
    flash = Flash("flash.bin", SMALL)
    flash.cut_after = 2
    flash.erase(0)
    flash.writeblocks(0, b"\x00" * 8, 0)
    for _ in range(2):
        try:
            flash.writeblocks(1, b"\x00" * 8, 0)
        except PowerCut:
            continue
        raise AssertionError("it had power")
    assert held(Flash("flash.bin", SMALL), 0, 9) == b"\x00" * 8 + b"\xff"
    assert held(Flash("flash.bin", SMALL), 1, 8) == b"\x00" * 4 + b"\xff" * 4


def test_a_board_comes_with_a_file_system_that_took_none_of_its_time():
    assert took(insert, "flash.bin") == 0
    with open("kneeband.dat", "wb") as file:
        file.write(b"stored")
    assert os.getcwd() == "/flash"
    os.chdir("/")
    os.umount("/flash")


def test_files_stay_and_modules_are_found_with_the_flash_as_working_directory():
    here = os.getcwd()
    with open("made_here.py", "w") as file:
        file.write("WORD = 'found'\n")
    sys.path.insert(0, "")
    sys.path.insert(0, ".")
    insert("flash.bin")
    with open("a.dat", "wb") as file:
        file.write(b"stored")
    import made_here

    assert made_here.WORD == "found"
    os.chdir(here)
    os.umount("/flash")
    insert("flash.bin")
    with open("a.dat", "rb") as file:
        assert file.read() == b"stored"
    assert os.listdir() == ["a.dat"]
