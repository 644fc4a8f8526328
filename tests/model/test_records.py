"""Records of states that can be reached: read back as they were, and readable by everybody else."""

from typing import Final

import orjson
import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from rescind.errors import UnreadableStateError
from rescind.events import levels
from rescind.events.states import FlowState, TaskState
from rescind.events.words import Actor, ErrorInfo
from rescind.statemachine.partition import Known
from rescind.statemachine.records import (
    open_record,
    public_flow,
    public_task,
    read_open,
)
from rescind.statemachine.runs import NO_TALLY, Armed, Bulk, FlowRun, TaskRun
from tests.model.driver import live
from tests.model.shell import Shell

STEPS: Final = 120
TEXT: Final = st.text(max_size=40)


def everything(shell: Shell) -> list[Known]:
    base = shell.world.base
    tasks = [task for tasks in base.tasks.values() for task in tasks.values()]
    return [
        *base.flows.values(),
        *tasks,
        *base.runners.values(),
        *base.armed.values(),
        *base.bulks.values(),
    ]


def as_written(known: Known) -> Known:
    """Counts of a flow run are not written: they follow from its task runs."""
    if not isinstance(known, FlowRun):
        return known
    return known._replace(pending=0, running=0, holders={}, children=0, unwaited=0)


@given(seed=st.integers(0, 2**32 - 1), words=st.tuples(TEXT, TEXT, TEXT))
@settings(phases=[Phase.reuse, Phase.generate])
def test_what_can_be_reached_is_read_back_as_it_was(seed: int, words: tuple[str, str, str]) -> None:
    note(f"live(seed={seed}, steps={STEPS})")
    for known in everything(live(seed, STEPS)):
        said = with_words(known, *words)

        assert read_open(open_record(said, levels.NEWEST)) == as_written(said)
        if isinstance(said, FlowRun):
            public = public_flow(said)
            assert FlowState.model_validate_json(public).version == said.version
            assert orjson.loads(public)["state_path"] == said.state.split(".")
        elif isinstance(said, TaskRun):
            assert TaskState.model_validate_json(public_task(said)).version == said.version


def with_words(known: Known, name: str, reason: str, message: str) -> Known:
    """The same with words that people might have said, in every script."""
    actor = Actor(kind="user", id=name or "ada")
    error = ErrorInfo(type="Error", message=message, traceback=reason)
    if isinstance(known, Armed):
        return known._replace(actor=actor, reason=reason)
    if isinstance(known, Bulk):
        where = known.where.model_copy(update={"labels": {name or "team": message}})
        return known._replace(actor=actor, reason=reason, where=where)
    if isinstance(known, FlowRun | TaskRun):
        cancellation = known.cancellation
        if cancellation is not None:
            cancellation = cancellation._replace(actor=actor, reason=reason)
        # Each kind by itself: `_replace` of a union is of neither.
        if isinstance(known, FlowRun):
            labels = {name or "team": message}
            return known._replace(error=error, cancellation=cancellation, labels=labels)
        evidence = {"seen": [message, 1, 2.5, None, {"deep": True}]}
        return known._replace(error=error, cancellation=cancellation, evidence=evidence)
    return known._replace(pool=name, scope=reason)


def test_a_record_of_a_newer_release_is_not_guessed_at() -> None:
    kinds = {type(known): open_record(known, levels.NEWEST) for known in everything(live(1, STEPS))}
    for value in kinds.values():
        body = orjson.loads(value)

        with pytest.raises(UnreadableStateError, match="schema"):
            read_open(orjson.dumps({**body, "schema": levels.NEWEST + 1}))
        # A field that is not known may change what has to be done: it is not left out.
        with pytest.raises(UnreadableStateError, match="unheard_of"):
            read_open(orjson.dumps({**body, "unheard_of": 1}))


@pytest.mark.parametrize(
    "value", [b"", b"{", b"null", b"[]", b"1", b"{}", b'{"schema":1}', b'{"schema":1,"record":"x"}']
)
def test_what_is_no_record_is_told_so(value: bytes) -> None:
    with pytest.raises(UnreadableStateError):
        read_open(value)


def test_counts_and_versions_follow_from_the_task_runs_after_a_restart() -> None:
    shell = live(1, 400)
    base = shell.world.base
    assert any(flow.holders for flow in base.flows.values())
    assert any(flow.children for flow in base.flows.values())
    # A flow run's record has the version of its own last event; what came after it is recounted.
    stale = {
        key: flow._replace(
            version=1
            if any(t.version == flow.version for t in base.tasks.get(key, {}).values())
            else flow.version,
            tally=NO_TALLY,
            pending=9,
            running=9,
            holders={"x": 9},
            children=9,
            unwaited=9,
        )
        for key, flow in base.flows.items()
        if flow.end is None
    }
    assert any(flow.version == 1 for flow in stale.values())
    shell.world.base.flows = {**base.flows, **stale}

    shell.world.base.recount()

    restored = shell.world.restored()
    assert shell.world.base.flows == restored.flows
