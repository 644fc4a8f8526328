"""Random traces of 50 steps on the core, each from its seed; see `tests.sizes` for how many."""

from typing import Final

import pytest

from tests.model.driver import live_shortly, trace_of
from tests.model.liveness import it_ends_well
from tests.model.shell import Shell
from tests.sizes import FULL, shares_of

STEPS: Final = 50
SHARES: Final = list(shares_of(10_000 if FULL else 50, each=50))


@pytest.mark.sized
@pytest.mark.parametrize("seeds", SHARES, ids=str)
def test_after_each_trace_the_invariants_hold_and_the_journal_is_whole(seeds: range) -> None:
    for seed in seeds:
        try:
            it_ends_well(live_shortly(seed, STEPS))
        except Exception as error:
            error.add_note(f"it_ends_well(live_shortly({seed}, {STEPS}))")
            raise


def test_a_trace_that_is_played_again_leads_to_the_same_journal() -> None:
    shell = Shell()

    shell.play(trace_of(seed=7, steps=STEPS))

    assert shell.world.journal == live_shortly(7, STEPS).world.journal
    assert shell.trace == trace_of(seed=7, steps=STEPS)
