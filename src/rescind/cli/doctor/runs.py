"""Are runs where they should be: cancellations past their deadline, quarantine, dead letters."""

import time

from rescind.cli.doctor.check import Check, fail, ok, warn
from rescind.cli.reading.filters import is_stuck
from rescind.cli.reading.states import read_flows
from rescind.cli.session import Session
from rescind.events.states import FlowState
from rescind.kafka.reading.snapshots import read_all
from rescind.kafka.reading.visits import starts
from rescind.telling.words import duration

__all__ = ["check_runs"]

_NAMED_MAX = 5


async def check_runs(session: Session) -> list[Check]:
    found = await read_flows(session)
    now_ms = round(time.time() * 1000)
    checks = [_known(list(found.by_id.values()))]
    stuck = [flow for flow in found.by_id.values() if is_stuck(flow, now_ms)]
    checks += [_stuck(flow, now_ms) for flow in stuck[:_NAMED_MAX]]
    if len(stuck) > _NAMED_MAX:
        more = f"{len(stuck) - _NAMED_MAX} more are stuck"
        checks.append(fail("stuck", more, "`rescind ls --stuck` lists them"))
    elif not stuck:
        checks.append(ok("stuck", "no cancellation is over its deadline"))
    if found.unreadable:
        says = f"{found.unreadable} records of {session.names.flow_states} cannot be read"
        checks.append(warn("states", says, "see who else writes there: `rescind topics acls`"))
    checks.append(await _dead_letters(session))
    return checks


def _known(flows: list[FlowState]) -> Check:
    running = sum(flow.is_running and not flow.is_cancelling for flow in flows)
    cancelling = sum(flow.is_cancelling for flow in flows)
    pending = sum(flow.state == "Pending" for flow in flows)
    return ok(
        "flow runs",
        f"{len(flows)} known: {pending} pending, {running} running, {cancelling} cancelling",
    )


def _stuck(flow: FlowState, now_ms: int) -> Check:
    if flow.quarantined:
        says = f"{flow.flow_run_id} is quarantined: its journal holds an impossible event"
        return fail("stuck", says, f"`rescind journal tail --flow {flow.flow_run_id}` shows it")
    begun = flow.cancellation
    late = duration(now_ms - begun.deadline_at) if begun is not None else "?"
    return fail(
        "stuck",
        f"{flow.flow_run_id} is cancelling, {late} past its deadline",
        f"`rescind audit explain {flow.flow_run_id}` says who is waited for and why; "
        f"`rescind cancel {flow.flow_run_id} --abort` waits no longer",
    )


async def _dead_letters(session: Session) -> Check:
    topic = session.names.dead_letters
    since = await starts(session.connection, topic)
    count = sum([len(records) async for records in read_all(session.connection, topic, since)])
    if not count:
        return ok("dead letters", "none")
    says = f"{count} requests that could not be read, or events for hooks, of the last 30 days"
    return warn("dead letters", says, f"`rescind dead-letters ls` says why each is in {topic}")
