"""A written file is whole or not there, and never in the way of something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from kneetrack.errors import InputError
from kneetrack.whole_file import whole_file


def test_a_file_appears_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    out = tmp_path / "angles.csv"
    with whole_file(out) as file:
        file.write("knee\n")
        assert not out.exists()
    assert out.read_text() == "knee\n"
    assert out.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [out]


def test_where_the_writing_fails_the_old_file_stays_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "angles.csv"
    out.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(out) as file:
        file.write(str(1 // 0))
    assert out.read_text() == "old" and list(tmp_path.iterdir()) == [out]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "page.html"
    kept.parent.mkdir()
    link = tmp_path / "page.html"
    link.symlink_to(kept)
    with whole_file(link) as file:
        file.write("page")
    assert link.is_symlink() and kept.read_text() == "page"


def test_a_neighbour_with_a_similar_name_is_left_alone(tmp_path: Path) -> None:
    neighbour = tmp_path / "angles.csv.part"
    neighbour.write_text("someone's")
    with whole_file(tmp_path / "angles.csv") as file:
        file.write("knee")
    assert neighbour.read_text() == "someone's"


def test_what_cannot_be_replaced_is_written_to() -> None:
    with whole_file(Path("/dev/null")) as file:
        file.write("knee")
    assert not Path("/dev/null").is_file()


def test_a_full_disk_names_the_file_and_what_to_do() -> None:
    with pytest.raises(InputError, match=r"/dev/full can't be written: No space.*Make room"):  # noqa: SIM117
        with whole_file(Path("/dev/full")) as file:
            file.write("knee")
