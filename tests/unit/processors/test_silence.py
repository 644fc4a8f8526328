"""A silent runner is lost only while heartbeats demonstrably flow; every gap begins anew."""

from rescind.processors.watching.silence import Silence

LOST_AFTER_MS = 30_000
GAP_MS = 5_000


def heard(*beats: tuple[str, int]) -> Silence:
    silence = Silence(LOST_AFTER_MS, GAP_MS)
    for who, at_ms in beats:
        if who == "canary":
            silence.canary(at_ms)
        else:
            silence.heartbeat(who, at_ms)
    return silence


def canaries(first_ms: int, last_ms: int) -> list[tuple[str, int]]:
    return [("canary", at_ms) for at_ms in range(first_ms, last_ms + 1, 1000)]


def test_nobody_is_lost_before_our_own_heartbeat_has_come_back() -> None:
    assert not heard(("r", 0)).is_lost("r", registered_ms=0)
    assert not heard(("r", 0), ("canary", 900_000)).is_lost("r", registered_ms=0)


def test_a_runner_is_lost_after_a_silence_in_which_heartbeats_flowed() -> None:
    flowing = canaries(0, 30_000)
    assert not heard(("r", 0), *flowing).is_lost("r", 0)
    assert heard(("r", 0), *flowing, ("canary", 30_001)).is_lost("r", 0)


def test_a_runner_that_is_heard_is_not_lost() -> None:
    beats = [*canaries(0, 20_000), ("r", 20_500), *canaries(21_000, 45_000)]
    assert not heard(*beats).is_lost("r", 0)


def test_one_that_never_sent_a_heartbeat_has_the_whole_time_from_its_registration() -> None:
    beats = canaries(0, 60_000)
    assert not heard(*beats).is_lost("r", registered_ms=40_000)
    assert heard(*beats).is_lost("r", registered_ms=20_000)


def test_after_a_gap_everyone_has_the_whole_time_again() -> None:
    # The broker was away for a minute, and nobody could be heard.
    beats = [("r", 0), *canaries(0, 20_000), *canaries(80_000, 109_000)]
    assert not heard(*beats).is_lost("r", 0)
    assert heard(*beats, *canaries(110_000, 111_000)).is_lost("r", 0)


def test_a_pause_as_long_as_allowed_is_no_gap() -> None:
    beats = [("r", 0), *canaries(0, 28_000), ("canary", 33_000)]
    assert heard(*beats).is_lost("r", 0)


def test_one_that_has_gone_is_forgotten_and_judged_by_its_registration_if_it_comes_again() -> None:
    silence = heard(("r", 0), ("other", 0), *canaries(0, 40_000))
    silence.keep({"other"})
    assert not silence.is_lost("r", registered_ms=39_000)
    assert silence.is_lost("other", registered_ms=39_000)
