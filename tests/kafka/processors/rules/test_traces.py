"""The core's random traces of 50 steps on a real Kafka; see `tests.sizes` for how many."""

from typing import Final

import pytest

from rescind.events.journal import RequestRefused
from rescind.events.refusals import Code
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.rules.traces import Playing
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_right
from tests.model.driver import trace_of
from tests.sizes import FULL, shares_of

STEPS: Final = 50
MET: Final = {
    "cancellation.clock_fired",
    "cancellation.sent",
    "child.cancel_sent",
    "child.finished",
    "flow.cancelled",
    "flow.cancelling",
    "flow.failed",
    "request.forwarded",
    "request.refused",
    "task.cancelled",
    "task.started",
}
"""Or they would say nothing."""
SHARES: Final = list(shares_of(200 if FULL else 4, each=25))


@pytest.mark.sized
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seeds", SHARES, ids=str)
async def test_after_traces_with_restarts_the_invariants_hold_and_the_fold_is_the_state(
    service: Service, seeds: range
) -> None:
    playing = Playing(service, {seed: trace_of(seed, STEPS) for seed in seeds})

    await playing.to_the_end()

    await assert_right(service)
    assert playing.checked > 0
    met = set(types_of(service.journal.entries))
    assert met >= MET
    codes = {e.event.code for e in service.journal.entries if isinstance(e.event, RequestRefused)}
    assert Code.INTERNAL_ERROR not in codes
