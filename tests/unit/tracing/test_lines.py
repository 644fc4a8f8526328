"""Lines name what they are about as long as they are about it."""

import asyncio

import structlog

from rescind.tracing.lines import about
from rescind.tracing.messaging import carried

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-00"


def bound() -> dict[str, object]:
    return structlog.contextvars.get_contextvars()


def test_what_is_known_is_bound_and_what_is_not_stays_as_it_was() -> None:
    with about(flow_run_id="f", request_id="r"):
        with about(task_run_id="t", traceparent=GIVEN):
            assert bound() == {
                "flow_run_id": "f",
                "request_id": "r",
                "task_run_id": "t",
                "trace_id": TRACE,
            }
        assert bound() == {"flow_run_id": "f", "request_id": "r"}
    assert bound() == {}


def test_the_trace_is_the_one_that_is_carried_where_no_other_is_named() -> None:
    with carried(GIVEN), about():
        assert bound() == {"trace_id": TRACE}


def test_a_malformed_traceparent_is_no_trace() -> None:
    with about(traceparent="00-nonsense"):
        assert bound() == {}


async def test_what_a_task_of_the_loop_says_is_about_the_same() -> None:
    async def says() -> dict[str, object]:
        return dict(bound())

    with about(flow_run_id="f"):
        task = asyncio.create_task(says())
    assert await task == {"flow_run_id": "f"}
