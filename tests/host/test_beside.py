"""Online and offline side by side: whose number a row has, and who did not find it."""

from rich.console import Console

from kneetrack.cli.beside import comparison
from kneetrack.samples import Rep, Verdict


def rep(index: int, start_s: float) -> Rep:
    return Rep(
        index=index,
        set=0,
        is_reference=False,
        start_s=start_s,
        end_s=start_s + 3.0,
        peak_flexion_deg=80.0,
        valgus_excursion_deg=1.0,
        own_excursion_deg=0.5,
        own_excursion_sigma_deg=0.8,
        peak_valgus_deg=1.0,
        flexion_at_peak_deg=70.0,
        phase_at_peak=None,
        time_over_threshold_s=0.0,
        rotation_excursion_deg=0.0,
        medial_displacement_cm=None,
        descent_s=1.5,
        bottom_s=0.0,
        ascent_s=1.5,
        verdict=Verdict.IN_RANGE,
        doubt=(),
    )


def test_a_rep_that_one_of_them_missed_takes_no_number_of_a_neighbour() -> None:
    online = [rep(0, 10.0), rep(1, 20.0)]
    offline = [rep(0, 10.1), rep(1, 15.0)]
    console = Console(width=100)
    with console.capture() as capture:
        console.print(comparison(online, offline, title="right leg"))
    rows = [line.split() for line in capture.get().splitlines() if "in range" in line]
    assert [row[0] for row in rows] == ["1", "–", "2"]
    assert "offline only" in " ".join(rows[1])
    assert "not found offline" in " ".join(rows[2])
