"""Random lives in which runners are lost and torn down: nothing waits for ever, or is only said."""

from collections import Counter
from typing import Final

from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from rescind.events.journal import InfrastructureTeardown, TaskCancelled, TaskFailed
from rescind.events.words import How
from tests.model.driver import live_and_be_torn_down
from tests.model.liveness import it_ends_well
from tests.model.shell import WIDE, Shell
from tests.scenario import told

STEPS: Final = 40
MET: Final = {
    "infrastructure.teardown asked",
    "infrastructure.teardown done",
    "infrastructure.teardown failed",
    "infrastructure.teardown given_up",
    "infrastructure.teardown started",
    "task.cancelled deadline False",
    "task.cancelled deadline True",
    "task.cancelled forced True",
    "task.cancelled runner_lost False",
    "task.failed crashed False",
    "task.failed crashed True",
}
NEVER_RAN: Final = {How.NEVER_STARTED, How.NOT_RETRIED}


@given(seed=st.integers(0, 2**32 - 1))
@settings(phases=[Phase.reuse, Phase.generate])
def test_whatever_becomes_of_a_teardown_all_of_it_ends_and_the_journal_is_clean(seed: int) -> None:
    note(f"live_and_be_torn_down(seed={seed}, steps={STEPS})")
    shell = live_and_be_torn_down(seed, STEPS)

    it_ends_well(shell)
    _what_is_claimed_was_seen(shell)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=settings().max_examples // 2, phases=[Phase.reuse, Phase.generate])
def test_how_requests_fall_into_transactions_decides_nothing_of_a_teardown(seed: int) -> None:
    note(f"live_and_be_torn_down(seed={seed}, steps={STEPS}, policy=WIDE)")
    it_ends_well(live_and_be_torn_down(seed, STEPS, WIDE))


def test_these_lives_meet_every_end_that_a_teardown_can_lead_to() -> None:
    met = Counter[str]()
    for seed in range(60):
        shell = live_and_be_torn_down(seed, STEPS)
        it_ends_well(shell)
        met.update(_ends(shell))

    assert MET - met.keys() == set()


def _ends(shell: Shell) -> list[str]:
    lines = list[str]()
    for entry, line in zip(shell.world.journal, told(shell.world.journal), strict=True):
        event = entry.event
        if isinstance(event, InfrastructureTeardown):
            lines.append(line)
        elif isinstance(event, TaskCancelled) and entry.cause is not None:
            lines.append(f"task.cancelled {event.how.value} {event.stopped_confirmed}")
        elif isinstance(event, TaskFailed) and entry.cause is not None:
            lines.append(f"task.failed {event.end} {event.stopped_confirmed}")
    return lines


def _what_is_claimed_was_seen(shell: Shell) -> None:
    """What the service itself says to have stopped was torn down, and somebody has seen that."""
    done = {
        entry.id: entry.event.target_runner_id
        for entry in shell.world.journal
        if isinstance(entry.event, InfrastructureTeardown) and entry.event.outcome == "done"
    }
    for entry in shell.world.journal:
        event = entry.event
        if not isinstance(event, TaskCancelled | TaskFailed) or entry.cause is None:
            continue
        if isinstance(event, TaskCancelled) and event.how in NEVER_RAN:
            continue
        if event.stopped_confirmed:
            assert done[str(event.evidence["teardown"])] == event.runner_id
