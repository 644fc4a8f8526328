"""A child that is started in the very moment in which its parent is cancelled.

Each race is from its seed; see `tests.sizes` for how many.
"""

import pytest

from rescind.events.words import CascadePolicy
from rescind.statemachine.edges import is_running
from tests.model.families import LINE, Family
from tests.scenario import told
from tests.sizes import FULL, shares_of
from tests.words import CHILD
from tests.world import RUN

(RACES,) = shares_of(500 if FULL else 50, each=500)


def race(seed: int, cascade: CascadePolicy, *, loses: bool) -> Family:
    """Somebody cancels, and perhaps the runner dies, somewhere on the way of the child."""
    family = Family(seed, cascade)
    family.starts_the_child()
    cancel_at, lose_at = (family.chance.randrange(40) for _ in range(2))
    for step in range(40):
        if step == cancel_at:
            family.cancels_the_parent()
        if step == lose_at and loses:
            family.loses_the_runner()
        family.goes_on()
    family.comes_to_rest()
    for side in (family.parent, family.child):
        assert side.world.auditor.findings(at_end=False) == []
    return family


@pytest.mark.sized
@pytest.mark.parametrize("loses", [False, True], ids=["", "and its runner is lost"])
@pytest.mark.parametrize("cascade", [CascadePolicy.WAIT, CascadePolicy.REQUEST])
def test_no_child_is_left_running_by_a_cancel_in_the_moment_of_its_start(
    cascade: CascadePolicy, loses: bool
) -> None:
    began = 0
    for seed in RACES:
        family = race(seed, cascade, loses=loses)
        parent, child = family.parent.world.base, family.child.world.base
        line = parent.tasks.get(RUN, {}).get(LINE)
        known = child.flows.get(CHILD)

        assert parent.flows[RUN].end is not None, f"seed {seed}"
        assert line is None or line.end is not None, f"seed {seed}"
        assert known is None or known.end is not None, f"seed {seed}"
        began += family.began
    # Else the races would say nothing.
    assert 0 < began < len(RACES)


@pytest.mark.sized
def test_a_child_under_none_goes_on_whatever_the_moment_of_the_cancel() -> None:
    running = 0
    for seed in RACES:
        family = race(seed, CascadePolicy.NONE, loses=False)
        known = family.child.world.base.flows.get(CHILD)

        assert family.parent.world.base.flows[RUN].end is not None, f"seed {seed}"
        assert "child.cancel_sent t" not in told(family.parent.world.journal)
        if known is not None:
            assert is_running(known.state), f"seed {seed}"
            running += 1
    assert running > 0
