"""The firmware, as `kneetrack flash` puts it on a band, has room in the band's memory."""

from kneehard import parts


def short_of(shelf: parts.Shelf, board: parts.Part) -> list[str]:
    """What the board's memory is too small for."""
    heap = shelf.figures["firmware_heap"].in_unit("kB")
    inside = shelf.figures["firmware_code"].in_unit("kB") + shelf.figures["bluetooth_ram"].in_unit(
        "kB"
    )
    ram, psram = board.get("ram", "kB"), board.get("psram", "kB")
    found = []
    if inside > ram:
        found.append("machine code and Bluetooth, which are inside the chip")
    if heap > max(ram - inside, 0) + psram:
        found.append("heap")
    return found


def test_the_band_has_the_memory_that_its_firmware_needs(shelf, variant):
    assert short_of(shelf, variant.nodes["band"].part) == []


def test_the_same_board_without_psram_has_not(shelf):
    assert short_of(shelf, shelf.part("feather_8mb")) == ["heap"]


def test_mutant_more_machine_code_than_the_chip_has_room_for(mutant):
    def spoil(tables, variants):
        tables["figures"]["firmware_code"]["value"] = 220

    shelf = mutant(spoil)
    assert len(short_of(shelf, shelf.part("feather"))) == 1
