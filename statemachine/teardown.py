"""The end of a runner's infrastructure from outside: when it is ordered, of whom, and for how long.

It is ordered where its runner is lost, and at the deadline where the infrastructure is exclusive
to the flow run; never for one of several that share it. What a lost runner held, or what is
overdue, then waits for the evidence, and the sweeps that would end it pass it over. That is all
that a teardown holds up, and it has a clock: somebody is asked again and again, and at its end it
is given up. So whether anybody lives who could do it decides nothing but what can be claimed.
"""

from collections.abc import Iterator

from rescind.events.journal import InfrastructureTeardown
from rescind.events.words import Handle
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.draft import Draft
from rescind.statemachine.policy import Policy
from rescind.statemachine.runs import FlowRun, RunnerRecord, Teardown
from rescind.statemachine.terms import teardown_times

__all__ = [
    "asked_of_newcomer",
    "done",
    "is_awaited",
    "is_exclusive",
    "is_same",
    "may_be_ordered",
    "order",
    "struck",
]


def may_be_ordered(flow: FlowRun, runner: RunnerRecord | None) -> bool:
    """Whether a flow run that has work of this runner can order an end of its infrastructure."""
    return (
        runner is not None
        and runner.handle is not None
        and runner.runner_id not in flow.teardowns
        and not flow.quarantined
    )


def is_exclusive(flow: FlowRun, handle: Handle | None) -> bool:
    """Whether this flow run alone is ended by ending that."""
    return handle is not None and handle.exclusive_to == flow.flow_run_id


def is_awaited(flow: FlowRun, runner_id: str | None) -> bool:
    """Whether what this runner holds of the flow run waits for the end of its infrastructure."""
    known = flow.teardowns.get(runner_id or "")
    return known is not None and known.over is None and is_exclusive(flow, known.handle)


def done(flow: FlowRun, runner_id: str | None) -> Teardown | None:
    """The teardown of this runner, if it was seen to be done."""
    known = flow.teardowns.get(runner_id or "")
    return known if known is not None and known.over == "done" else None


def is_same(one: Handle, other: Handle) -> bool:
    """Whether two handles are of the same thing: "not found" says nothing about another."""
    return (one.kind, one.scope, one.identity) == (other.kind, other.scope, other.identity)


def order(
    flow: FlowRun, runner: RunnerRecord, draft: Draft, at_ms: int, policy: Policy
) -> Happened:
    """The order to end the infrastructure of a runner, told to somebody if anybody is there."""
    assert runner.handle is not None
    until_ms = teardown_times(flow, at_ms, policy).until_ms
    return _ask(flow, runner.runner_id, runner.handle, None, until_ms, draft, at_ms, policy)


def struck(flow: FlowRun, draft: Draft, at_ms: int, policy: Policy) -> tuple[Happened, ...]:
    """What follows when the clock of a flow run's teardowns strikes: asked again, or given up."""
    happened: list[Happened] = []
    for target, known in flow.teardowns.items():
        if known.over is not None:
            continue
        if known.until_ms <= at_ms:
            happened.append(_give_up(flow, target, known))
        elif known.again_ms <= at_ms:
            happened.append(_ask_again(flow, target, known, draft, at_ms, policy))
    return tuple(happened)


def asked_of_newcomer(
    newcomer: RunnerRecord, draft: Draft, at_ms: int, policy: Policy
) -> Iterator[tuple[str, Happened]]:
    """What a runner that has come is asked at once, by flow run: what nobody living was asked."""
    capabilities = newcomer.capabilities
    if capabilities is None or not capabilities.can_tear_down:
        return
    living = draft.able_in(newcomer.scope)
    for flow in draft.tearing_down():
        if flow.quarantined:
            continue
        for target, known in flow.teardowns.items():
            is_his = known.over is None and known.handle.scope == newcomer.scope
            if is_his and target != newcomer.runner_id and known.asked_of not in living:
                yield (
                    flow.flow_run_id,
                    _ask_again(flow, target, known, draft, at_ms, policy),
                )


def _ask_again(
    flow: FlowRun, target: str, known: Teardown, draft: Draft, at_ms: int, policy: Policy
) -> Happened:
    return _ask(flow, target, known.handle, known, known.until_ms, draft, at_ms, policy)


def _ask(
    flow: FlowRun,
    target: str,
    handle: Handle,
    known: Teardown | None,
    until_ms: int,
    draft: Draft,
    at_ms: int,
    policy: Policy,
) -> Happened:
    last = None if known is None else known.asked_of
    runner_id = _next(draft.able_in(handle.scope), target, last)
    times = teardown_times(flow, at_ms, policy)
    before = 0 if known is None or (last is None) != (runner_id is None) else known.asked
    return Happened(
        InfrastructureTeardown(
            outcome="asked",
            target_runner_id=target,
            runner_id=runner_id,
            handle=handle,
            cancellation_id=None if flow.cancellation is None else flow.cancellation.id,
            grace_seconds=times.grace_seconds,
            # Twice as long each time: a flow run's own deadline may be a year.
            again_at=at_ms + (times.again_ms << min(before, 20)),
            until=until_ms,
            message=_why_nobody(runner_id, handle),
        )
    )


def _next(able: list[str], target: str, last: str | None) -> str | None:
    """In turn: who was asked and does not answer may be alive and of no use."""
    others = [runner_id for runner_id in able if runner_id != target]
    later = [runner_id for runner_id in others if last is not None and runner_id > last]
    return next(iter(later or others), None)


def _give_up(flow: FlowRun, target: str, known: Teardown) -> Happened:
    return Happened(
        InfrastructureTeardown(
            outcome="given_up",
            target_runner_id=target,
            runner_id=known.asked_of,
            handle=known.handle,
            cancellation_id=None if flow.cancellation is None else flow.cancellation.id,
            message=_why_nobody(known.asked_of, known.handle),
        )
    )


def _why_nobody(asked_of: str | None, handle: Handle) -> str:
    return "" if asked_of else f"no living runner ends what is in {handle.scope}"
