"""One code for each kind of end."""

import inspect
from pathlib import Path

import pytest

import rescind.errors
from rescind.cli.describe import PAGE, page
from rescind.cli.exits import Exit, exit_of
from rescind.errors import (
    AlreadyUpError,
    BrokerUnavailableError,
    BrokerUnsupportedError,
    CannotInterruptError,
    NoAnswerError,
    PortTakenError,
    RescindError,
    SettingsError,
    UnknownEventError,
    UnknownRunError,
    UnknownTaskError,
)
from rescind.runners.flowrunner.exiting import EXIT_CODE

ROOT = Path(__file__).resolve().parents[3]


def test_no_two_ends_have_one_code() -> None:
    assert len({int(code) for code in Exit}) == len(list(Exit))
    assert all(code.meaning.endswith(".") for code in Exit)


def test_a_process_that_ends_itself_has_the_code_that_is_said_of_it() -> None:
    assert int(Exit.ENDED_ITSELF) == EXIT_CODE


@pytest.mark.parametrize(
    "error,code",
    [
        (SettingsError([("RESCIND_BOOTSTRAP", "host:port", "'x'")]), 2),
        (BrokerUnavailableError("127.0.0.1:9092"), 3),
        (BrokerUnsupportedError("127.0.0.1:9092", "Kafka 3.9", "4.1 to 4.4"), 4),
        (PortTakenError(9092), 4),
        (AlreadyUpError("data", 1, None), 4),
        (CannotInterruptError("it is not Linux"), 4),
        (UnknownRunError("f"), 5),
        (UnknownTaskError("f", "t"), 5),
        (UnknownEventError("flow.danced.v1"), 6),
        (NoAnswerError("cli-1", 10), 7),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_code_says_of_what_kind_the_trouble_is(error: RescindError, code: int) -> None:
    assert exit_of(error) == code


ERRORS = [
    kind
    for _, kind in inspect.getmembers(rescind.errors, inspect.isclass)
    if issubclass(kind, RescindError)
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_that_is_no_success_and_no_bug(kind: type[RescindError]) -> None:
    assert exit_of(kind.__new__(kind)) not in {Exit.OK, Exit.BUG, Exit.INTERRUPTED}


def test_the_reference_page_is_what_the_command_says_of_itself() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "run `make schema`"
