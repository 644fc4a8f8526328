"""How an attempt ended, told from its error and from what was done to it."""

import pytest

from rescind.cancelled import Cancelled
from rescind.runners.executors.base import AttemptKey, Rung, WorkError
from rescind.runners.executors.ends import came_from_interrupt, describe, end_of_death, end_of_error

KEY = AttemptKey("flow", "task")
ERROR = WorkError("OSError", "gone")
NOTHING: frozenset[Rung] = frozenset()


@pytest.mark.parametrize(
    "interrupted, taken, expected",
    [
        (False, set[Rung](), ("failed", None)),
        (False, {Rung.FLAG}, ("failed", None)),
        (False, {Rung.FLAG, Rung.INTERRUPT}, ("failed", None)),
        (False, {Rung.TERMINATE}, ("cancelled", "forced")),
        (False, {Rung.KILL}, ("cancelled", "forced")),
        (True, {Rung.FLAG}, ("cancelled", "graceful")),
        (True, {Rung.INTERRUPT, Rung.TERMINATE}, ("cancelled", "graceful")),
        (True, set[Rung](), ("cancelled", "by_runner")),
    ],
)
def test_an_error_is_a_failure_unless_cancelling_led_to_it(
    interrupted: bool, taken: set[Rung], expected: tuple[str, str | None]
) -> None:
    end = end_of_error(KEY, ERROR, interrupted=interrupted, taken=frozenset(taken), evidence={})

    assert (end.end, end.how) == expected


@pytest.mark.parametrize(
    "taken, expected",
    [
        (set[Rung](), ("crashed", None)),
        ({Rung.INTERRUPT}, ("crashed", None)),
        ({Rung.TERMINATE}, ("cancelled", "forced")),
        ({Rung.KILL}, ("cancelled", "forced")),
    ],
)
def test_a_worker_that_is_gone_has_crashed_unless_it_was_ended(
    taken: set[Rung], expected: tuple[str, str | None]
) -> None:
    end = end_of_death(KEY, ERROR, taken=frozenset(taken), evidence={})

    assert (end.end, end.how) == expected


def _raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:  # noqa: BLE001 - that is what is looked at.
        return raised


def test_an_interrupt_is_found_wherever_it_is_in_the_chain() -> None:
    hidden = OSError("in the clean-up")
    hidden.__context__ = Cancelled()
    caused = RuntimeError("wrapped")
    caused.__cause__ = hidden
    group = BaseExceptionGroup("several", [ValueError("a"), caused])

    assert came_from_interrupt(Cancelled())
    assert came_from_interrupt(hidden)
    assert came_from_interrupt(caused)
    assert came_from_interrupt(group)
    assert not came_from_interrupt(ValueError("a"))


def test_a_chain_that_bites_its_tail_is_walked_once() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__context__, second.__context__ = second, first

    assert not came_from_interrupt(first)


def test_an_error_is_described_by_its_type_its_message_and_where_it_was_raised() -> None:
    words = describe(_raised(ValueError("no such part")))

    assert (words.type, words.message) == ("ValueError", "no such part")
    assert words.traceback is not None
    assert "raise error" in words.traceback


def test_an_error_that_cannot_say_what_it_is_does_not_spoil_the_report() -> None:
    class SpeechlessError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    words = describe(_raised(SpeechlessError()))

    assert words.message == "(its own text could not be had: RuntimeError)"


def test_an_endless_message_is_cut() -> None:
    words = describe(_raised(ValueError("x" * 100_000)))

    assert len(words.message) == 4_000
    assert len(words.traceback or "") <= 16_000
