"""What is stuck: the command asks a state record, the read model the state; the answer is one."""

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rescind.cli.reading.filters import STUCK_AFTER_MS as STUCK_AFTER_MS_OF_THE_COMMAND
from rescind.cli.reading.filters import is_stuck
from rescind.events.states import FlowState
from rescind.statemachine.clocks import STUCK_AFTER_MS, stuck_from
from rescind.statemachine.records import public_flow
from tests.model.driver import live


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_the_command_and_the_core_agree_on_what_is_stuck(seed: int) -> None:
    for flow in live(seed, 120).world.base.flows.values():
        for known in (flow, flow._replace(quarantined=True)):
            since = stuck_from(known)
            state = FlowState.model_validate_json(public_flow(known))
            for now_ms in (1, since or 1, (since or 1) + 1, known.registered_ms, 2**50):
                assert is_stuck(state, now_ms) is (since is not None and since < now_ms)


def test_both_give_a_deadline_the_same_moment() -> None:
    assert STUCK_AFTER_MS_OF_THE_COMMAND == STUCK_AFTER_MS
