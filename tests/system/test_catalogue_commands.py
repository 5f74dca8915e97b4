"""sessions, trend and compare as they are typed, on a week of sessions."""

import json
from pathlib import Path

import pytest

from command_line import is_one_sentence, kneetrack
from kept_sessions import Made, make
from kneetrack.samples import Side


def test_a_week_of_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    empty = kneetrack("sessions")
    assert (empty.returncode, "No sessions yet" in empty.stdout) == (0, True)
    logs = tmp_path / "logs"
    logs.mkdir()
    for day in range(1, 4):
        for hour, shoes, shift in ((8, "flat", 6.0), (10, "lifting", 0.0)):
            about = {"tags": {"shoes": shoes}}
            started = f"2026-08-{day:02d}T{hour:02d}:00:00+00:00"
            made = Made(started, shift_deg=shift, about=about, seed=10 * day + hour,
                        sides=(Side.RIGHT, Side.LEFT) if hour == 8 else (Side.RIGHT,),
                        left_more_deg=6.0)  # fmt: skip
            make(logs, f"{day}_{shoes}", made)
    make(logs, "sim", Made(about={"simulated": True}))
    (logs / "bad.mcap").write_bytes(b"nonsense")

    said = kneetrack("sessions", logs)
    assert said.returncode == 0
    assert "Simulated" in said.stdout
    assert "bad.mcap" in said.stderr
    assert max(map(len, said.stdout.splitlines())) <= 80
    found = json.loads(kneetrack("sessions", "--json", "--athlete", "A").stdout)
    assert len(found["sessions"]) == 7
    assert [each["path"].endswith("bad.mcap") for each in found["refused"]] == [True]
    since = json.loads(kneetrack("sessions", "--since", "2026-08-03", "--json").stdout)
    assert len(since["sessions"]) == 2

    apart = kneetrack("compare", "--tag", "shoes=flat", "--versus", "shoes=lifting").stdout
    assert apart.startswith("A, squat: shoes=flat against shoes=lifting")
    assert "means of 3 pairs of sessions on the same days" in apart
    assert "the middle rep (median) counts" in apart
    assert "Means of the reps" not in apart
    heads = next(line for line in apart.splitlines() if "95 % interval" in line)
    assert heads.split()[:2] == ["flat", "lifting"]
    long = "2026-08-01T08-00-00_squat_right.mcap"
    (logs / "1_flat.mcap").rename(logs / long)
    kneetrack("edit", logs / long, "--tag", "stance=wide", "--note", "after a long walk home")
    two = kneetrack("compare", logs / long, logs / "2_lifting.mcap").stdout
    assert f"\n  first   {long}\n" in two
    assert "means of 5 reps of one session and 5 of another" in two
    assert "Means of the reps, in which every rep counts" in two
    assert max(map(len, two.splitlines())) <= 80
    assert "shoes=flat, stance=wide, after a long walk home\n" in kneetrack("sessions").stdout
    (logs / long).rename(logs / "1_flat.mcap")

    course = kneetrack("trend", "--side", "right")
    assert course.returncode == 0
    assert max(map(len, course.stdout.splitlines())) <= 80
    legs = json.loads(kneetrack("trend", "--json").stdout)["legs"]
    assert [(leg["side"], len(leg["sessions"])) for leg in legs] == [("right", 6), ("left", 3)]
    loads = json.loads(kneetrack("trend", "--load", "--json").stdout)
    assert [(row["load_kg"], row["sessions"]) for row in loads["loads"]] == [(60.0, 6)]

    said = kneetrack("compare", "--tag", "shoes=flat", "--versus", "shoes=lifting", "--json")
    (right,) = json.loads(said.stdout)["legs"]
    inward = next(e for e in right["effects"] if e["measure"] == "valgus_excursion_deg")
    assert (inward["basis"], inward["counts"], inward["verdict"]) == ("pairs", [3, 3], "differ")
    assert inward["difference"] == pytest.approx(6.0, abs=1.0)
    sides = json.loads(kneetrack("compare", "--sides", "--json").stdout)
    inward = next(e for e in sides["session"] if e["name"] == "valgus_excursion_deg")
    assert inward["right_minus_left"] == pytest.approx(-6.0, abs=1.0)
    assert inward["told_apart"]

    for wrong, code in (
        (("trend", "--athlete", "Nobody"), 1),
        (("trend", "no_such_measure"), 2),
        (("compare", "1_flat"), 2),
        (("compare", "1_flat", "no_such"), 1),
        (("compare", "--tag", "shoes=flat", "--versus", "shoes=socks"), 1),
        (("sessions", "--since", "yesterday"), 2),
        (("sessions", tmp_path / "nowhere"), 1),
    ):
        refused = kneetrack(*wrong)
        assert refused.returncode == code, (wrong, refused)
        assert is_one_sentence(refused.stderr.strip().splitlines()[-1]), (wrong, refused.stderr)

    assert kneetrack("privacy", "delete", "--athlete", "A", "--yes").returncode == 1
    dropped = kneetrack("sessions", "--drop", logs)
    assert "No sessions yet" in dropped.stdout


def test_two_people_and_two_legs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    logs = tmp_path / "kneetrack" / "sessions"
    logs.mkdir(parents=True)
    make(logs, "a", Made(sides=(Side.RIGHT, Side.LEFT)))
    make(logs, "b", Made("2026-08-02T08:00:00+00:00", about={"athlete": "Zoe"}))
    make(logs, "c", Made("2026-08-03T08:00:00+00:00", sides=(Side.LEFT,)))
    make(logs, "d", Made("2026-08-04T08:00:00+00:00"))
    make(logs, "e", Made("2026-08-05T08:00:00+00:00", about={"exercise": "lunge"}))

    for one, other, names in (("b", "d", "Zoe against A"), ("d", "b", "A against Zoe")):
        said = kneetrack("compare", one, other).stdout.splitlines()
        assert said[0].startswith(f"{names}, squat: ")
        (warning,) = [line for line in said if line.startswith("! ")]
        assert "Zoe" in warning
        assert " A" in warning
    said = kneetrack("compare", "a", "d").stdout
    assert said.startswith("A, squat: a against d")
    assert "! a.mcap has both legs and d.mcap has the right leg only" in said
    apart = kneetrack("compare", "c", "d")
    assert apart.returncode == 1
    assert "c.mcap has the left leg only and d.mcap has the right leg only" in apart.stderr
    other = kneetrack("compare", "a", "e")
    assert "a.mcap is squat, e.mcap is lunge" in other.stderr
    same = kneetrack("compare", "d", "a", "--side", "right", "--json")
    assert json.loads(same.stdout)["athlete"] == "A"
    assert json.loads(kneetrack("compare", "b", "d", "--json").stdout)["athlete"] is None
