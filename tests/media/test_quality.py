"""Which layers a viewer gets: down at once, up slowly, the largest first, and sound before picture."""

from __future__ import annotations

from realtime.media.quality import PATIENT_S, Chooser, Mode, Offered, costs

SPEAKER = Offered(0, (1_200_000.0, 350_000.0, 100_000.0))
OTHER = Offered(1, (1_000_000.0, 300_000.0, 80_000.0))


def _chooser(*, mode: Mode = "automatic", shown: dict[int, int] | None = None) -> Chooser:
    chooser = Chooser()
    chooser.mode, chooser.shown = mode, shown or {}
    return chooser


def test_calm_line_gets_all_that_the_window_shows() -> None:
    chooser = _chooser(shown={0: 1280, 1: 300})

    assert chooser.choose([SPEAKER, OTHER], 0.0) == {0: 0, 1: 2}
    assert chooser.reason is None


def test_picture_that_is_not_shown_is_not_sent() -> None:
    chooser = _chooser(shown={0: 0})

    choice = chooser.choose([SPEAKER, OTHER], 0.0)

    assert choice == {0: None, 1: 0}
    assert chooser.wants_all_sound(choice)


def test_estimate_that_grows_slowly_lowers_nothing() -> None:
    chooser = _chooser()
    for second in range(10):
        chooser.estimated(150_000 * 1.06**second, second)

        assert chooser.choose([SPEAKER], second) == {0: 0}


def test_estimate_that_falls_lowers_at_once_and_raises_later() -> None:
    chooser = _chooser()
    chooser.choose([SPEAKER], 0.0)
    chooser.estimated(1_500_000, 0.5)
    chooser.estimated(500_000, 1.0)

    assert chooser.choose([SPEAKER], 1.0) == {0: 1}
    assert chooser.reason == "network"
    assert chooser.choose([SPEAKER], 1.0 + PATIENT_S / 2) == {0: 1}
    assert chooser.choose([SPEAKER], 1.1 + PATIENT_S) == {0: 0}


def test_failed_try_makes_the_next_one_wait_longer() -> None:
    chooser = _chooser()
    now, waits = 0.0, []
    for _ in range(3):
        chooser.choose([SPEAKER], now)
        chooser.estimated(1_500_000, now)
        chooser.estimated(500_000, now)
        fell = now
        while chooser.choose([SPEAKER], now) != {0: 0}:
            now += 0.5
        waits.append(now - fell)
        now += 1

    assert waits[0] < waits[1] < waits[2]


def test_line_too_narrow_for_any_picture_keeps_the_loudest_voices() -> None:
    chooser = _chooser()
    chooser.choose([SPEAKER], 0.0)
    chooser.estimated(500_000, 0.0)
    chooser.estimated(50_000, 1.0)

    choice = chooser.choose([SPEAKER], 1.0)

    assert choice == {0: None}
    assert not chooser.wants_all_sound(choice)


def test_one_jolt_takes_no_picture_away_and_a_line_that_stays_narrow_does() -> None:
    for later, expected in ((130_000, 2), (70_000, None)):
        chooser = _chooser(mode="low")
        chooser.choose([SPEAKER], 0.0)
        chooser.estimated(150_000, 0.0)
        chooser.estimated(70_000, 1.0)

        assert chooser.choose([SPEAKER], 1.0) == {0: 2}
        chooser.estimated(later, 3.0)
        assert chooser.choose([SPEAKER], 3.6) == {0: expected}


def test_few_packets_of_a_small_picture_say_little() -> None:
    """Three of twenty in one second, with nothing lost before and after."""
    chooser = _chooser()
    chooser.choose([SPEAKER], 0.0)
    for second, fraction in enumerate((0.0, 0.0, 0.15, 0.0, 0.05, 0.1)):
        chooser.lost(fraction, second)

        assert chooser.choose([SPEAKER], second) == {0: 0}


def test_loss_of_a_bad_radio_keeps_a_small_picture() -> None:
    chooser = _chooser()
    chooser.choose([SPEAKER], 0.0)
    for second in range(1, 8):
        chooser.lost(0.15, second)

        assert chooser.choose([SPEAKER], second)[0] is not None


def test_last_picture_stays_though_it_grows() -> None:
    """It was judged to be borne; what it takes goes up and down with what is seen."""
    chooser = _chooser()
    chooser.choose([SPEAKER], 0.0)
    for second in range(1, 10):
        chooser.lost(0.15, second)
        chooser.choose([SPEAKER], second)

    grown = Offered(0, (1_500_000.0, 450_000.0, 160_000.0))

    assert chooser.choose([grown], 9.5) == {0: 2}


def test_report_of_few_packets_weighs_little() -> None:
    chooser = _chooser()
    chooser.choose([SPEAKER], 0.0)
    chooser.lost(0.5, 1.0, packets=4)

    assert chooser.choose([SPEAKER], 1.0) == {0: 0}
    chooser.lost(0.5, 2.0, packets=400)

    assert chooser.choose([SPEAKER], 2.0) == {0: 1}


def test_smaller_pictures_give_way_to_the_largest() -> None:
    chooser = _chooser(shown={0: 300, 1: 1280})
    chooser.choose([SPEAKER, OTHER], 0.0)
    chooser.estimated(800_000, 0.0)
    chooser.estimated(450_000, 1.0)

    assert chooser.choose([SPEAKER, OTHER], 1.0) == {0: 2, 1: 1}


def test_wishes_of_the_viewer_are_heeded() -> None:
    assert _chooser(mode="high", shown={0: 100}).choose([SPEAKER], 0.0) == {0: 0}
    assert _chooser(mode="low").choose([SPEAKER], 0.0) == {0: 2}
    assert _chooser(mode="audio").choose([SPEAKER], 0.0) == {0: None}


def test_full_uplink_of_the_server_gives_less_and_says_so() -> None:
    chooser = _chooser(mode="high")
    chooser.ceiling = "low"

    assert chooser.choose([SPEAKER], 0.0) == {0: 2}
    assert chooser.reason == "uplink"


def test_layer_that_its_speaker_stopped_is_not_chosen() -> None:
    stopped = Offered(0, (0.0, 350_000.0, 100_000.0))

    assert _chooser(mode="low").choose([Offered(0, (900_000.0, 0.0, 0.0))], 0.0) == {0: 0}
    assert _chooser(mode="low").choose([stopped], 0.0) == {0: 2}


def test_costs_are_megabytes_an_hour() -> None:
    found = costs([SPEAKER, OTHER], [30_000.0, 20_000.0, 10_000.0], {0: 1280, 1: 0})

    assert found == {"automatic": 567, "high": 567, "low": 72, "audio": 22}
