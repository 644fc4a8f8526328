"""A cancel, and something else in the same moment: each pair as a trace, in whatever order.

Random lives meet such moments now and then; here each is met on purpose. A trace can be played to
the core and to a service on Kafka alike, and comes to one of two ends: as if the one had been
first, or as if the other. What is in a trace lies at the same step in every one, so that many can
be played side by side and a restart falls into the midst of all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from rescind.events.requests import Unreadable, read_request
from rescind.statemachine.edges import is_finished
from tests.model.liveness import it_ends_well
from tests.model.picking import Words
from tests.model.shell import POLICY, Shell
from tests.model.trace import Answered, Restart, Sent, Step, Turn
from tests.world import NOON_MS, is_of_service

__all__ = [
    "ORDERS",
    "RACES",
    "RESTARTS",
    "Race",
    "Verdict",
    "core_verdict",
    "trace_of",
    "verdict_of",
]

Verdict = tuple[str, ...]
"""What each run of a race came to, a line each."""

F: Final = "f1"
C: Final = "c1"
OWNER: Final = {"flow_run_id": F, "runner_id": "ra"}
OTHER: Final = {"flow_run_id": F, "runner_id": "rb"}
CHILD: Final = {"flow_run_id": C, "runner_id": "ra"}
LATER: Final = "2026-11-22T12:00:05.000Z"


def _starts(task: str, by: Words = OWNER, **item: Any) -> Words:
    return {"type": "task.start", **by, "items": [{"task_run_id": task, **item}]}


def _ends(task: str, end: str, by: Words = OWNER, **item: Any) -> Words:
    return {"type": "task.finish", **by, "items": [{"task_run_id": task, "end": end, **item}]}


def _lost(runner_id: str) -> Words:
    return {"type": "runner.lost", "runner_id": runner_id}


FLOW: Final[Words] = {"type": "flow.cancel", "flow_run_id": F}
TASK: Final[Words] = {"type": "task.cancel", "flow_run_id": F, "task_run_id": "t1"}
FAILS: Final[Words] = _ends("t1", "failed", retry_at=LATER)

# The body and `other` keep it open, and `t1` is what it is about.
BEGUN: Final[tuple[Words, ...]] = (
    {"type": "runner.register", "runner_id": "ra"},
    {"type": "runner.register", "runner_id": "rb"},
    {"type": "flow.register", "flow_run_id": F},
    {"type": "flow.start", **OWNER, "body": {"task_run_id": "body"}},
    {"type": "task.register", "flow_run_id": F, "items": [{"task_run_id": "other"}]},
    {"type": "task.register", "flow_run_id": F, "items": [{"task_run_id": "t1"}]},
    _starts("other"),
)
# More than a chunk of a sweep, so that `t1` is not swept at once.
WAITING: Final[Words] = {
    "type": "task.register",
    "flow_run_id": F,
    "items": [{"task_run_id": f"waits-{number}"} for number in range(4)],
}
# Whoever is left says how it has ended.
REST: Final[tuple[Words, ...]] = (
    _ends("t1", "cancelled", how="graceful"),
    _ends("t1", "cancelled", by=OTHER, how="graceful"),
    _ends("t1", "cancelled", how="graceful", attempt=2),
)
LAST: Final[tuple[Words, ...]] = (_ends("other", "success"), _ends("body", "success"))
LINE: Final[Words] = {"task_run_id": "t1", "kind": "child", "child_flow_run_id": C}
FAMILY: Final[tuple[Words, ...]] = (
    *BEGUN[:5],
    {"type": "task.register", "flow_run_id": F, "items": [LINE]},
    *(_starts("other"), _starts("t1")),
)
A_CHILD: Final[tuple[Words, ...]] = (
    {
        "type": "flow.register",
        **CHILD,
        "parent": {"flow_run_id": F, "task_run_id": "t1"},
    },
    {"type": "flow.start", **CHILD, "body": {"task_run_id": "body"}},
)
REST_OF_FAMILY: Final[tuple[Words, ...]] = (_ends("body", "cancelled", by=CHILD),)


class Race(NamedTuple):
    """A cancel against something else.

    `before` and `then` are all over when it begins, one after the other; `after` is what those who
    are left say of it.
    """

    cancel: Words
    against: tuple[Words, ...]
    before: tuple[Words, ...] = BEGUN
    then: tuple[Words, ...] = ()
    after: tuple[Words, ...] = REST


RACES: Final[Mapping[str, Race]] = {
    "a flow run, a start": Race(FLOW, (_starts("t1"),), (*BEGUN[:5], WAITING, *BEGUN[5:])),
    "a flow run, a finish": Race(FLOW, (_ends("t1", "success"),), (*BEGUN, _starts("t1"))),
    "a flow run, a crash": Race(FLOW, (_ends("t1", "crashed"),), (*BEGUN, _starts("t1"))),
    "a flow run, a retry": Race(FLOW, (FAILS,), (*BEGUN, _starts("t1"))),
    "a flow run, a second attempt": Race(
        FLOW, (_starts("t1", attempt=2),), (*BEGUN, _starts("t1")), (FAILS,)
    ),
    "a flow run, its end": Race(FLOW, (_ends("body", "success"),), BEGUN[:4]),
    "a flow run, a loss": Race(FLOW, (_lost("rb"),), (*BEGUN, _starts("t1", OTHER))),
    "a flow run, the loss of its owner": Race(FLOW, (_lost("ra"),), (*BEGUN, _starts("t1", OTHER))),
    "a flow run, a child": Race(FLOW, A_CHILD, FAMILY, after=REST_OF_FAMILY),
    "a flow run, the end of a child": Race(
        FLOW, (_ends("body", "success", by=CHILD),), (*FAMILY, *A_CHILD), after=REST_OF_FAMILY
    ),
    "a task run, a start": Race(TASK, (_starts("t1"),)),
    "a task run, a finish": Race(TASK, (_ends("t1", "success"),), (*BEGUN, _starts("t1"))),
    "a task run, a crash": Race(TASK, (_ends("t1", "crashed"),), (*BEGUN, _starts("t1"))),
    "a task run, a retry": Race(TASK, (FAILS,), (*BEGUN, _starts("t1"))),
    "a task run, a second attempt": Race(
        TASK, (_starts("t1", attempt=2),), (*BEGUN, _starts("t1")), (FAILS,)
    ),
    "a task run, a loss": Race(TASK, (_lost("rb"),), (*BEGUN, _starts("t1", OTHER))),
    "a task run, a child": Race(TASK, A_CHILD, FAMILY, after=REST_OF_FAMILY),
    "a task run, the end of a child": Race(
        TASK, (_ends("body", "success", by=CHILD),), (*FAMILY, *A_CHILD), after=REST_OF_FAMILY
    ),
}

ORDERS: Final = ("the cancel first", "the cancel second", "both at once")
RESTARTS: Final = ("before", "between", "after")


def trace_of(race: Race, order: str, restart: str, *, in_turn: bool = False) -> list[Step]:
    """One of its lives. `in_turn`: the second is sent when all of the first has been answered."""
    cancel, against = [race.cancel], list(race.against)
    first, second = (against, cancel) if order == "the cancel second" else (cancel, against)
    # What both the slowest and the shortest need, so that each step is at its place.
    return [
        *_padded(race.before, max(len(each.before) for each in RACES.values())),
        Answered(),
        *_padded(race.then, 1),
        Answered(),
        _fall(restart == "before"),
        *_padded(first, 2),
        _WAIT if order == "both at once" else _TURN,
        Answered() if in_turn else _WAIT,
        _fall(restart == "between"),
        *_padded(second, 2),
        _TURN,
        _fall(restart == "after"),
        Answered(),
        *_padded(race.after, max(len(each.after) for each in RACES.values())),
        Answered(),
        *_padded(LAST, len(LAST)),
        Answered(),
    ]


_WAIT: Final = Turn(0, 0, sweep=True, now_ms=NOON_MS)
_TURN: Final = Turn(4, 4, sweep=True, now_ms=NOON_MS)


def _fall(is_now: bool) -> Step:
    return Restart() if is_now else _WAIT


def _padded(requests: Sequence[Words], count: int) -> list[Step]:
    sent: list[Step] = [_sent(words) for words in requests]
    return sent + [_WAIT] * (count - len(sent))


def _sent(words: Words) -> Sent:
    value = orjson.dumps(words)
    request = read_request(value)
    assert not isinstance(request, Unreadable), request
    return Sent(request.lane, value, signed=is_of_service(request))


def verdict_of(states: Iterable[tuple[str, bytes]]) -> Verdict:
    """What came of it, by the last records of the state topics and their keys, without prefixes."""
    lines = {key: orjson.loads(value) for key, value in states}
    assert all(is_finished(said["state"]) for said in lines.values()), lines
    return tuple(
        " ".join([key, said["state"].removeprefix("Finished."), said.get("how") or ""]).rstrip()
        for key, said in sorted(lines.items())
    )


def core_verdict(trace: Iterable[Step]) -> Verdict:
    """What a trace comes to on the core; the checker finds nothing, on the way and at its end."""
    shell = Shell(POLICY, is_alone=True)
    shell.play(trace)
    shell.check()
    written = shell.world.written
    came_to = verdict_of([*written.flow_states.items(), *written.task_states.items()])
    it_ends_well(shell)
    return came_to
