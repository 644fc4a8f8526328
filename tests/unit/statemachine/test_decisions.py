"""What every request leads to in every situation: a changed decision is a changed line."""

from pathlib import Path
from typing import Any, Final

import orjson

from rescind.events.moments import moment_to_text
from rescind.events.requests import AnyRequest, Clock, Unreadable, read_request, request_adapter
from rescind.events.words import Mode
from rescind.statemachine.clocks import bulk_clocks, flow_clocks, runner_clocks, task_clocks
from tests import golden
from tests.bulks import BULK
from tests.scenario import Step, given, told
from tests.unit.statemachine.bulk_situations import BULK_REQUESTS, BULK_SITUATIONS
from tests.unit.statemachine.situations import SITUATIONS
from tests.words import HANDLE, STRANGER, A, B, C
from tests.world import NOON_MS, RUN, World

LATE_MS: Final = NOON_MS + 400 * 86_400_000
OF_A: Final = {"runner_id": A}
EDGE: Final = {"flow_run_id": "run-0", "task_run_id": "c"}
T: Final = {"task_run_id": "t"}
FAILED: Final = {**T, "end": "failed"}
RETRY: Final = {**FAILED, "retry_at": "2026-11-22T12:00:05.000Z"}
OUTSIDE: Final[dict[str, Any]] = {
    "runner_id": C,
    "target_runner_id": B,
    "handle": HANDLE.model_dump(mode="json"),
}


def _of_t(**more: Any) -> dict[str, Any]:
    return {"items": [{**T, **more}]}


# By what is asked, as the second column of the table has it. `flow_run_id` is the one of all.
REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "flow.register": {},
    "flow.register, owned": {**OF_A},
    "flow.register, owned by a stranger": {"runner_id": STRANGER},
    "flow.start": {**OF_A},
    "flow.start with a body": {**OF_A, "body": {"task_run_id": "body"}},
    "flow.start by another": {"runner_id": B},
    "flow.start by a stranger": {"runner_id": STRANGER},
    "flow.finish success": {**OF_A, "end": "success"},
    "flow.finish failed": {**OF_A, "end": "failed"},
    "flow.finish cancelled": {**OF_A, "end": "cancelled"},
    "flow.finish success by another": {"runner_id": B, "end": "success"},
    "flow.cancel": {"request_id": "new"},
    "flow.cancel, out of time": {**OF_A, "request_id": "new", "named_end": "timed_out"},
    "flow.cancel, out of time, by another": {
        "runner_id": B,
        "request_id": "new",
        "named_end": "timed_out",
    },
    "flow.cancel abort": {"request_id": "new", "mode": Mode.ABORT.value},
    "flow.cancel by its parent": {"request_id": "new", "parent": EDGE},
    "flow.cancel by a stranger to it": {"request_id": "new", "parent": {**EDGE, **T}},
    "flow.cancel if it is not registered": {
        "request_id": "new",
        "parent": EDGE,
        "only_unregistered": True,
    },
    "flow.cancel again": {"request_id": "cancel-1"},
    "flow.cancel of a bulk cancellation": {
        "request_id": "new",
        "bulk_id": "bulk-1",
        "registered_until": moment_to_text(NOON_MS),
    },
    "flow.cancel of one before its time": {
        "request_id": "new",
        "bulk_id": "bulk-1",
        "registered_until": moment_to_text(NOON_MS - 1),
    },
    "flow.register below itself": {"parent": {**EDGE, "flow_run_id": RUN}},
    "task.register": _of_t(),
    "task.register of a child": _of_t(kind="child", child_flow_run_id="run-2"),
    "task.register of a child, itself": _of_t(kind="child", child_flow_run_id=RUN),
    "task.start": {**OF_A, **_of_t()},
    "task.start second attempt": {**OF_A, **_of_t(attempt=2)},
    "task.start by another": {"runner_id": B, **_of_t()},
    "task.start by a stranger": {"runner_id": STRANGER, **_of_t()},
    "task.finish success": {**OF_A, **_of_t(end="success")},
    "task.finish failed": {**OF_A, "items": [FAILED]},
    "task.finish failed, to be retried": {**OF_A, "items": [RETRY]},
    "task.finish cancelled": {**OF_A, **_of_t(end="cancelled", how="graceful")},
    "task.finish cancelled, never started": {
        **OF_A,
        **_of_t(end="cancelled", how="never_started"),
    },
    "task.finish success, second attempt": {**OF_A, **_of_t(end="success", attempt=2)},
    "task.finish success by another": {"runner_id": B, **_of_t(end="success")},
    "task.finish of the body, success": {
        **OF_A,
        "items": [{"task_run_id": "body", "end": "success"}],
    },
    "task.finish of the body, cancelled": {
        **OF_A,
        "items": [{"task_run_id": "body", "end": "cancelled"}],
    },
    "task.cancel": {**T, "request_id": "new"},
    "task.cancel abort": {**T, "request_id": "new", "mode": Mode.ABORT.value},
    "task.cancel of the body": {"task_run_id": "body", "request_id": "new"},
    "task.stopping": {**OF_A, **_of_t(rung="flag", after_ms=0)},
    "task.stopping by another": {"runner_id": B, **_of_t(rung="flag", after_ms=0)},
    "task.cleanup": {**OF_A, **T, "outcome": "done"},
    "cancellation.acknowledge nothing held": {**OF_A, "cancellation_id": "?"},
    "cancellation.acknowledge t held": {**OF_A, "cancellation_id": "?", "held": [T]},
    "cancellation.acknowledge t held, more to come": {
        **OF_A,
        "cancellation_id": "?",
        "held": [T],
        "last": False,
    },
    "cancellation.acknowledge by another": {"runner_id": B, "cancellation_id": "?"},
    "cancellation.acknowledge by a stranger": {"runner_id": STRANGER, "cancellation_id": "?"},
    "cancellation.acknowledge of another": {**OF_A, "cancellation_id": "stop-9-9-9"},
    "executor.report failed": {**OF_A, "outcome": "failed", "message": "it raised"},
    "executor.report warning": {**OF_A, "outcome": "warning", "message": "it cannot"},
    "executor.report failed by another": {"runner_id": B, "outcome": "failed", "message": "no"},
    "executor.report failed by a stranger": {
        "runner_id": STRANGER,
        "outcome": "failed",
        "message": "no",
    },
    "infrastructure.report started": {**OUTSIDE, "outcome": "started"},
    "infrastructure.report done": {**OUTSIDE, "outcome": "done"},
    "infrastructure.report failed": {**OUTSIDE, "outcome": "failed"},
    "infrastructure.report of another": {**OUTSIDE, "outcome": "done", "target_runner_id": A},
    "infrastructure.report of another handle": {
        **OUTSIDE,
        "outcome": "done",
        "handle": {**OUTSIDE["handle"], "identity": {"id": "c2"}},
    },
    "infrastructure.report done by another": {**OUTSIDE, **OF_A, "outcome": "done"},
    "infrastructure.report done by itself": {**OUTSIDE, "runner_id": B, "outcome": "done"},
    "infrastructure.report done by a stranger": {
        **OUTSIDE,
        "runner_id": STRANGER,
        "outcome": "done",
    },
    "runner.register": {**OF_A},
    "runner.register elsewhere": {**OF_A, "partition": 3},
    "runner.leave": {**OF_A},
    "runner.lost": {**OF_A},
    "runner.lost of another": {"runner_id": B},
    "runner.lost of a stranger": {"runner_id": STRANGER},
    "runner.forget": {**OF_A, "due_at": "?"},
    "cancellation.clock acknowledge": {"clock": "acknowledge", "due_at": "?"},
    "cancellation.clock deadline": {"clock": "deadline", "due_at": "?"},
    "cancellation.clock wait_seconds_max": {"clock": "wait_seconds_max", "due_at": "?"},
    "cancellation.clock teardown": {"clock": "teardown", "due_at": "?"},
    "cancellation.clock armed": {"clock": "armed", "due_at": "?"},
    "cancellation.clock forget": {"clock": "forget", "due_at": "?"},
    "cancellation.clock deadline of t": {**T, "clock": "deadline", "due_at": "?"},
    "child.finished success": {**T, "child_flow_run_id": "run-2", "end": "success"},
    "child.finished cancelled": {**T, "child_flow_run_id": "run-2", "end": "cancelled"},
    "child.finished of another": {**T, "child_flow_run_id": "run-3", "end": "success"},
    "request.denied": {"asked": "flow.cancel", "permission": "cancel"},
}


def test_what_every_request_leads_to_in_every_situation() -> None:
    sections = [_section(f"flow run {name}", past, REQUESTS) for name, past in SITUATIONS.items()]
    sections += [
        _section(f"bulk cancellation {name}", past, BULK_REQUESTS)
        for name, past in BULK_SITUATIONS.items()
    ]

    golden.matches(Path(__file__).parent / "golden" / "decisions.txt", "\n".join(sections))


def test_every_request_of_the_wire_is_asked() -> None:
    schema = request_adapter.json_schema()

    assert {name.split(" ")[0].rstrip(",") for name in (*REQUESTS, *BULK_REQUESTS)} == set(
        schema["discriminator"]["mapping"]
    )


def _section(title: str, past: tuple[Step, ...], requests: dict[str, dict[str, Any]]) -> str:
    lines = [f"  {name:48}{_outcome(past, name, words)}" for name, words in requests.items()]
    return "\n".join([title, "", *lines, ""])


def _outcome(past: tuple[Step, ...], name: str, words: dict[str, Any]) -> str:
    world = given(*past).world
    request = _request(world, name, words)
    world.now_ms = LATE_MS
    return ", ".join(told(world.ask(request)))


def _request(world: World, name: str, asked: dict[str, Any]) -> AnyRequest:
    words = dict(asked)
    if name.startswith("bulk."):
        words["bulk_id"] = BULK
    if words.get("cancellation_id") == "?":
        words["cancellation_id"] = _cancellation_id(world) or "none"
    if words.get("due_at") == "?":
        words["due_at"] = moment_to_text(_due_ms(world, words) or NOON_MS)
    body = {"type": name.split(" ", maxsplit=1)[0].rstrip(","), **words}
    if not body["type"].startswith(("runner.", "bulk.")):
        body["flow_run_id"] = RUN
    read = read_request(orjson.dumps(body))
    assert not isinstance(read, Unreadable), read
    return read


def _cancellation_id(world: World) -> str | None:
    flow = world.base.flows.get(RUN)
    if flow is None:
        return None
    if flow.cancellation is not None:
        return flow.cancellation.id
    task = world.base.tasks.get(RUN, {}).get("t")
    return None if task is None or task.cancellation is None else task.cancellation.id


def _due_ms(world: World, words: dict[str, Any]) -> int | None:
    flow = world.base.flows.get(RUN)
    if "bulk_id" in words:
        bulk = world.base.bulks.get(BULK)
        return None if bulk is None else bulk_clocks(bulk, world.policy).get(Clock.FORGET)
    if "clock" not in words:
        known = world.base.runners.get(words["runner_id"])
        return None if known is None else runner_clocks(known, world.policy).get(Clock.FORGET)
    if words["clock"] == "armed":
        armed = world.base.armed.get(RUN)
        return None if armed is None else armed.until_ms
    task_run_id = words.get("task_run_id")
    if flow is None:
        return None
    if task_run_id is None:
        running = flow_clocks(flow, world.policy)
    else:
        task = world.base.tasks.get(RUN, {}).get(task_run_id)
        running = {} if task is None else task_clocks(task, flow)
    return {clock.value: due_ms for clock, due_ms in running.items()}.get(words["clock"])
