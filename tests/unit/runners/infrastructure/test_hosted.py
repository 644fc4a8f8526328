"""A job takes its own handle out of its environment, and nobody else's."""

import os

import pytest

from rescind.events.words import Handle
from rescind.runners.infrastructure.base import HANDLE_VARIABLE
from rescind.runners.infrastructure.hosted import take_handle

HANDLE = Handle(kind="docker", scope="docker:E1", identity={"mark": "m"}, exclusive_to="f")


def given(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv(HANDLE_VARIABLE, told)


def test_the_handle_is_taken_out_so_that_nothing_it_starts_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, HANDLE.model_dump_json())

    assert take_handle("f") == HANDLE

    assert HANDLE_VARIABLE not in os.environ
    assert take_handle("f") is None


def test_a_flow_run_of_another_job_does_not_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, HANDLE.model_dump_json())

    assert take_handle("g") is None
    assert HANDLE_VARIABLE not in os.environ


def test_a_process_that_is_not_the_first_of_its_job_has_no_handle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # This one was started by no `rescind run --on process`, and leads no session of its own.
    def another(_pid: int) -> int:
        return os.getpid() + 1

    monkeypatch.setattr(os, "getsid", another)
    process = HANDLE.model_copy(update={"kind": "process", "identity": {"mark": "0" * 32}})
    given(monkeypatch, process.model_dump_json())

    assert take_handle("f") is None


@pytest.mark.parametrize("told", ["", "{", "[]", '{"kind": "docker"}'])
def test_what_is_no_handle_is_none(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    given(monkeypatch, told)

    assert take_handle("f") is None
