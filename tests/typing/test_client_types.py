# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""The client of the HTTP API keeps types. mypy and pyright hold this file; nothing of it is run but
the imports: what must not pass says so in a comment, which they would find unused otherwise.
"""

from datetime import datetime
from typing import assert_type

from rescind.client import (
    ArmedShown,
    AsyncClient,
    AsyncEventStream,
    AsyncListing,
    CancelAnswer,
    CancellationShown,
    Client,
    Event,
    EventStream,
    FlowRun,
    FlowRunWhole,
    FollowedEvent,
    Forecast,
    Listing,
    Outcome,
    PageOf,
    TaskState,
)
from rescind.events.words import Mode


def what_the_blocking_client_returns(client: Client) -> None:
    answer = client.cancel_flow_run("f", mode="abort", cascade="wait")
    assert_type(answer, CancelAnswer)
    assert_type(answer.outcome, Outcome | str)
    assert_type(client.cancel_task_run("f", "t", mode=Mode.ABORT), CancelAnswer)
    assert_type(client.can_cancel_flow_run("f"), Forecast)
    assert_type(client.show_flow_run_cancellation("f"), CancellationShown | ArmedShown)
    assert_type(client.wait_until_finished("f", 1), FlowRunWhole)
    assert_type(client.list_flow_runs(state="Running"), Listing[FlowRun])
    assert_type(next(iter(client.list_flow_runs(state=["Running"]))), FlowRun)
    assert_type(next(client.list_task_runs("f").pages()), PageOf[TaskState])
    assert_type(list(client.show_flow_run_timeline("f")), list[Event])
    with client.follow_events("f") as events:
        assert_type(events, EventStream)
        assert_type(next(events), FollowedEvent)
    assert_type(client.show_flow_run("f").started_at, datetime | None)


async def what_the_one_for_asyncio_returns(client: AsyncClient) -> None:
    assert_type(await client.cancel_flow_run("f", reason="r"), CancelAnswer)
    assert_type(await client.show_flow_run_cancellation("f"), CancellationShown | ArmedShown)
    assert_type(client.list_flow_runs(), AsyncListing[FlowRun])
    assert_type([run async for run in client.list_flow_runs()], list[FlowRun])
    async for page in client.list_task_runs("f").pages():
        assert_type(page, PageOf[TaskState])
    async with client.follow_events() as events:
        assert_type(events, AsyncEventStream)
        assert_type(await anext(events), FollowedEvent)


def what_must_not_pass(client: Client) -> None:
    client.cancel_flow_run("f", mode="gently")  # type: ignore[arg-type]
    client.cancel_flow_run("f", "reason")  # type: ignore[call-arg]
    client.cancel_task_run("f")  # type: ignore[call-arg]
    client.cancel_task_run("f", "t", cascade="wait")  # type: ignore[call-arg]
    client.list_flow_runs(registered_from="yesterday")  # type: ignore[arg-type]


def test_what_is_public_can_be_imported() -> None:
    assert (Client.__name__, AsyncClient.__name__) == ("Client", "AsyncClient")
