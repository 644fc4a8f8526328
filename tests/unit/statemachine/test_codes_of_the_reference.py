"""The codes that the reference names for a request are those that a decision can refuse it with."""

import re
from pathlib import Path
from typing import Final

import pytest

from rescind.events.describe import ASKED, request_classes
from rescind.events.journal import RequestRefused
from rescind.events.refusals import Code
from rescind.events.requests import (
    AnyRequest,
    BulkForget,
    CancellationClock,
    Clock,
    FlowCancel,
    FlowRegister,
    RunnerForget,
)
from rescind.statemachine.policy import Policy
from tests.bulks import BULK, created, paused, resumed, started_bulk, stopped_bulk
from tests.scenario import Scenario, given, unsigned
from tests.words import A, cancel, cancel_task, flow, granted, lost, registered, runner, with_body
from tests.words import started as without_body
from tests.world import NOON_MS, RUN

GOLDEN: Final = Path(__file__).parent / "golden" / "decisions.txt"

CANCELS: Final[tuple[AnyRequest, ...]] = (
    FlowCancel(flow_run_id=RUN),
    cancel_task("t"),
    *(created, started_bulk, paused, resumed, stopped_bulk),
)

# What the situations of the golden table do not lead to.
BESIDE: Final[dict[str, Scenario]] = {
    "flow.register runner_lost": given(runner, lost(), FlowRegister(flow_run_id=RUN, runner_id=A)),
    "flow.start no_such_edge": given(runner, flow, registered("body"), with_body),
    "flow.cancel no_such_edge": given(
        runner,
        FlowRegister(flow_run_id=RUN, runner_id=A),
        FlowCancel(flow_run_id=RUN, runner_id=A, named_end="timed_out"),
    ),
    "task.cancel duplicate": given(
        runner,
        flow,
        without_body,
        registered("t"),
        granted("t"),
        cancel_task("t", request_id="mine"),
        cancel_task("t", request_id="mine"),
    ),
    "cancellation.clock early": given(flow, cancel).when(
        CancellationClock(flow_run_id=RUN, clock=Clock.FORGET, due_at=NOON_MS + 604_800_000)
    ),
    "runner.forget early": given(runner, lost()).when(
        RunnerForget(runner_id=A, due_at=NOON_MS + 604_800_000)
    ),
    "bulk.forget early": given(created).when(
        BulkForget(bulk_id=BULK, due_at=NOON_MS + 604_800_000)
    ),
}


def refused_in_the_golden_table() -> set[str]:
    """Each type of request with each code that stands beside it."""
    found: set[str] = set()
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            kind = line.split()[0].rstrip(",")
            found |= {f"{kind} {code}" for code in re.findall(r"request\.refused (\w+)", line)}
    return found


def listed() -> set[str]:
    """Each type of request with each code that the reference has for it."""
    return {
        f"{model.model_fields['type'].default} {code.value}"
        for model, asked in ASKED.items()
        for code in asked.refusals
        if code is not Code.NOT_ALLOWED
    }


@pytest.mark.parametrize("what", BESIDE)
def test_the_golden_table_is_not_all_that_can_be_refused(what: str) -> None:
    last = BESIDE[what].entries[-1].event
    assert isinstance(last, RequestRefused)
    assert f"{last.request_type} {last.code.value}" == what


def test_what_is_listed_can_happen_and_what_can_happen_is_listed() -> None:
    # That a record is unreadable is said of any request, and once for all of them.
    seen = {what for what in refused_in_the_golden_table() if not what.endswith(" unreadable")}
    assert seen | BESIDE.keys() == listed()


@pytest.mark.parametrize("asking", CANCELS, ids=lambda asking: asking.type)
def test_without_a_signature_a_cancel_may_be_not_allowed(asking: AnyRequest) -> None:
    closed = given(policy=Policy(accept_unsigned_cancels=False))
    closed.when(unsigned(asking)).then_refused("not_allowed")


def test_not_allowed_is_listed_for_cancels_and_for_what_only_the_service_asks() -> None:
    named = {model for model, asked in ASKED.items() if Code.NOT_ALLOWED in asked.refusals}
    cancels = {type(asking) for asking in CANCELS}
    assert named == {model for model in request_classes() if model.service_only} | cancels
